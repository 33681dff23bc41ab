//! What a sidecar's Envoy is configured with, written after what istiod 1.31 sends.
//!
//! Istio's own filters (metadata exchange, ALPN) are left out, since stock Envoy has none of them;
//! the protocols that the ALPN filter would offer upstream are set with each cluster instead. Every
//! access log place that Istio fills has one file logger for each of [`formats`].

mod cluster;
mod inbound;
mod outbound;

use std::path::{Path, PathBuf};

use accesslog::{Encoding, Preset};
use serde_json::{Value, json};

use super::{CLIENT, OUTSIDE, Pod, SERVER};
use crate::certs::Certs;

/// What happens to traffic for which a pod has no service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// `ALLOW_ANY`.
    AllowAny,
    /// `REGISTRY_ONLY`.
    RegistryOnly,
    /// `ALLOW_ANY` with an `egressProxy`.
    EgressProxy,
    /// `ALLOW_ANY_DYNAMIC_DNS`.
    DynamicDns,
}

/// A service as the client knows it.
struct Service {
    host: &'static str,
    vip: &'static str,
    port: u16,
    is_http: bool,
    has_mtls: bool,
    endpoint: Option<(std::net::Ipv4Addr, u16)>,
}

const fn service(
    host: &'static str,
    vip: &'static str,
    port: u16,
    endpoint: Option<(std::net::Ipv4Addr, u16)>,
) -> Service {
    Service { host, vip, port, is_http: true, has_mtls: true, endpoint }
}

const fn plain(service: Service) -> Service {
    Service { has_mtls: false, ..service }
}

const fn tcp(service: Service) -> Service {
    Service { is_http: false, ..service }
}

/// A port of [`OUTSIDE`] on which nobody listens.
pub const CLOSED: u16 = 1;

#[rustfmt::skip]
const SERVICES: &[Service] = &[
    service("reviews.bookinfo.svc.cluster.local", "10.96.0.10", 9080, Some((SERVER, 9080))),
    service("client.bookinfo.svc.cluster.local", "10.96.0.11", 9080, Some((CLIENT, 9080))),
    service("web.shop.svc.cluster.local", "10.96.0.12", 80, Some((SERVER, 8080))),
    service("strict.bookinfo.svc.cluster.local", "10.96.0.13", 9081, Some((SERVER, 9081))),
    service("guarded.bookinfo.svc.cluster.local", "10.96.0.14", 9082, Some((SERVER, 9082))),
    service("down.bookinfo.svc.cluster.local", "10.96.0.15", 9083, Some((SERVER, 9083))),
    service("extra.bookinfo.svc.cluster.local", "10.96.0.16", 7072, Some((SERVER, 7072))),
    service("empty.bookinfo.svc.cluster.local", "10.96.0.17", 9080, None),
    plain(service("plain.bookinfo.svc.cluster.local", "10.96.0.18", 9080, Some((SERVER, 9080)))),
    plain(service("refused.bookinfo.svc.cluster.local", "10.96.0.19", 9080, Some((OUTSIDE, CLOSED)))),
    tcp(service("mysql.shop.svc.cluster.local", "10.96.0.30", 3306, Some((SERVER, 3306)))),
    tcp(service("guarded.shop.svc.cluster.local", "10.96.0.31", 3307, Some((SERVER, 3307)))),
    tcp(service("extra.shop.svc.cluster.local", "10.96.0.32", 7070, Some((SERVER, 7070)))),
    tcp(service("empty.shop.svc.cluster.local", "10.96.0.33", 3308, None)),
    tcp(plain(service("mysql-plain.shop.svc.cluster.local", "10.96.0.34", 3306, Some((SERVER, 3306))))),
    tcp(plain(service("refused.shop.svc.cluster.local", "10.96.0.35", 3309, Some((OUTSIDE, CLOSED))))),
    tcp(plain(service(SECURE, "10.96.0.40", 443, Some((OUTSIDE, 443))))),
    tcp(plain(service(WILDCARD, "0.0.0.0", 8443, Some((OUTSIDE, 8443))))),
];

/// A ServiceEntry of TLS with a VIP, and one without; both are routed by server name.
const SECURE: &str = "secure.example";
const WILDCARD: &str = "*.wild.example";
/// The host of the `egressProxy`, on port 8080.
const EGRESS: &str = "egress.istio-system.svc.cluster.local";

/// The formats that everything is logged in: each default that an Istio release had.
pub fn formats() -> impl Iterator<Item = &'static Preset> {
    // `istio` is the same as `istio@1.23`.
    Preset::ALL.iter().filter(|preset| !matches!(preset.name(), "envoy" | "istio"))
}

/// The log of one pod in one format.
pub fn log_file(dir: &Path, format: &Preset) -> PathBuf {
    dir.join(format!("{}.log", format.name()))
}

/// The configuration of a pod's Envoy; its logs go into `dir`.
pub fn sidecar(pod: Pod, policy: Policy, certs: &Certs, dir: &Path) -> Value {
    let logs: Vec<Value> = formats().map(|format| logger(format, dir)).collect();
    let mut listeners = outbound::listeners(policy, &logs);
    listeners.push(inbound::listener(pod, certs, &logs));
    json!({
        "admin": {"address": socket("127.0.0.1", 0)},
        "static_resources": {
            "listeners": listeners,
            "clusters": cluster::all(certs),
        },
    })
}

fn logger(format: &Preset, dir: &Path) -> Value {
    let text = format.text();
    let template = match format.encoding() {
        Encoding::Text => json!({"text_format_source": {"inline_string": text}}),
        Encoding::Json => {
            json!({"json_format": serde_json::from_str::<Value>(text).expect("JSON")})
        }
    };
    let config = json!({"path": log_file(dir, format), "log_format": template});
    extension("envoy.access_loggers.file", "access_loggers.file.v3.FileAccessLog", config)
}

/// The loggers of the virtual listeners, which log connections that no filter chain takes.
fn refusals(logs: &[Value]) -> Vec<Value> {
    let refusal = |log: &Value| {
        let mut log = log.clone();
        log["filter"] = json!({"response_flag_filter": {"flags": ["NR"]}});
        log
    };
    logs.iter().map(refusal).collect()
}

fn tcp_proxy(cluster: &str, logs: &[Value]) -> Value {
    extension(
        "envoy.filters.network.tcp_proxy",
        "filters.network.tcp_proxy.v3.TcpProxy",
        json!({"stat_prefix": cluster, "cluster": cluster, "access_log": logs}),
    )
}

fn http_proxy(routes: Value, first: &[Value], logs: &[Value]) -> Value {
    let mut filters = first.to_vec();
    filters.push(extension(
        "envoy.filters.http.fault",
        "filters.http.fault.v3.HTTPFault",
        json!({}),
    ));
    filters.push(extension(
        "envoy.filters.http.router",
        "filters.http.router.v3.Router",
        json!({}),
    ));
    extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "http",
            "access_log": logs,
            "route_config": routes,
            "http_filters": filters,
            "normalize_path": true,
            "use_remote_address": false,
        }),
    )
}

/// Where [`Policy::DynamicDns`] looks hosts up; its cluster and its filter share it.
fn dns_cache() -> Value {
    json!({"dns_cache_config": {"name": "allow_any", "dns_lookup_family": "V4_ONLY"}})
}

fn listener_filter(name: &str) -> Value {
    let (kind, message) = match name {
        "original_dst" => ("original_dst", "OriginalDst"),
        "tls_inspector" => ("tls_inspector", "TlsInspector"),
        _ => ("http_inspector", "HttpInspector"),
    };
    extension(
        &format!("envoy.filters.listener.{kind}"),
        &format!("filters.listener.{kind}.v3.{message}"),
        json!({}),
    )
}

fn socket(address: &str, port: u16) -> Value {
    json!({"socket_address": {"address": address, "port_value": port}})
}

/// An extension by name; `kind` is its type without the common prefix.
fn extension(name: &str, kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{kind}"));
    json!({"name": name, "typed_config": config})
}
