//! What comes into a pod: the virtual inbound listener with filter chains for each port.

use serde_json::{Value, json};

use super::cluster::inbound_name;
use super::{extension, http_proxy, listener_filter, refusals, socket, tcp_proxy};
use crate::certs::Certs;
use crate::sidecar_pair::Pod;

/// What sidecars offer each other for HTTP, and for everything else.
const HTTP_PROTOCOLS: &[&str] = &["istio-http/1.0", "istio-http/1.1", "istio-h2"];
const TCP_PROTOCOLS: &[&str] = &["istio-peer-exchange", "istio"];

/// A port of the workload that a service has.
pub(super) struct Port {
    pub(super) port: u16,
    is_http: bool,
    /// Whether mTLS is `STRICT`; else plain text is taken, too.
    is_strict: bool,
    /// Whether an AuthorizationPolicy lets nobody in.
    is_guarded: bool,
}

const fn port(port: u16, is_http: bool) -> Port {
    Port { port, is_http, is_strict: false, is_guarded: false }
}

pub(super) const PORTS: &[Port] = &[
    port(9080, true),
    port(8080, true),
    Port { is_strict: true, ..port(9081, true) },
    Port { is_guarded: true, ..port(9082, true) },
    port(9083, true),
    port(3306, false),
    Port { is_guarded: true, ..port(3307, false) },
];

pub(super) fn listener(pod: Pod, certs: &Certs, logs: &[Value]) -> Value {
    // The client's workload has one port, and serves nobody but itself.
    let ports = PORTS.iter().filter(|port| pod == Pod::Server || port.port == 9080);
    let mut chains = unmatched(certs, logs);
    chains.extend(ports.flat_map(|port| matched(port, certs, logs)));
    let filters = ["original_dst", "tls_inspector", "http_inspector"].map(listener_filter);
    json!({
        "name": "virtualInbound",
        "traffic_direction": "INBOUND",
        "address": socket("0.0.0.0", 15006),
        "access_log": refusals(logs),
        "continue_on_listener_filters_timeout": true,
        "listener_filters_timeout": "0s",
        "listener_filters": filters,
        "filter_chains": chains,
    })
}

/// The chains for ports that no service has.
fn unmatched(certs: &Certs, logs: &[Value]) -> Vec<Value> {
    let cluster = "InboundPassthroughCluster";
    let http = [http_proxy(routes(cluster), &[], logs)];
    let tcp = [tcp_proxy(cluster, logs)];
    let raw = json!({"transport_protocol": "raw_buffer"});
    let raw_http =
        json!({"transport_protocol": "raw_buffer", "application_protocols": ["http/1.1", "h2c"]});
    let mtls = |protocols: &[&str]| json!({"transport_protocol": "tls", "application_protocols": protocols});
    let loop_guard = [tcp_proxy("BlackHoleCluster", &[])];
    vec![
        chain("virtualInbound-blackhole", json!({"destination_port": 15006}), &loop_guard),
        secure(chain("virtualInbound-catchall-http", mtls(HTTP_PROTOCOLS), &http), certs),
        chain("virtualInbound-catchall-http", raw_http, &http),
        secure(chain("virtualInbound", mtls(TCP_PROTOCOLS), &tcp), certs),
        chain("virtualInbound", raw, &tcp),
        chain("virtualInbound", json!({"transport_protocol": "tls"}), &tcp),
    ]
}

/// The chains for a port of a service.
fn matched(port: &Port, certs: &Certs, logs: &[Value]) -> Vec<Value> {
    let cluster = inbound_name(port.port);
    let name = format!("0.0.0.0_{}", port.port);
    let filters = if port.is_http {
        let guard = guard(port, "http");
        vec![http_proxy(routes(&cluster), guard.as_slice(), logs)]
    } else {
        let guard = guard(port, "network");
        guard.into_iter().chain([tcp_proxy(&cluster, logs)]).collect()
    };
    let matching = |rest: Value| {
        let mut matching = rest;
        matching["destination_port"] = json!(port.port);
        matching
    };
    let tls = matching(json!({"transport_protocol": "tls"}));
    let protocols = [TCP_PROTOCOLS, HTTP_PROTOCOLS].concat();
    let mtls = matching(json!({"transport_protocol": "tls", "application_protocols": protocols}));
    let raw = matching(json!({"transport_protocol": "raw_buffer"}));
    if port.is_strict {
        return vec![secure(chain(&name, tls, &filters), certs)];
    }
    vec![secure(chain(&name, mtls, &filters), certs), chain(&name, raw, &filters)]
}

/// The filter of an AuthorizationPolicy that lets nobody in.
fn guard(port: &Port, layer: &str) -> Option<Value> {
    let mut config = json!({"rules": {}});
    if layer == "network" {
        config["stat_prefix"] = json!("tcp.");
    }
    let kind = format!("filters.{layer}.rbac.v3.RBAC");
    port.is_guarded.then(|| extension(&format!("envoy.filters.{layer}.rbac"), &kind, config))
}

fn routes(cluster: &str) -> Value {
    json!({
        "name": cluster,
        "validate_clusters": false,
        "virtual_hosts": [{
            "name": "inbound|http",
            "domains": ["*"],
            "routes": [{
                "name": "default",
                "match": {"prefix": "/"},
                "route": {
                    "cluster": cluster,
                    "timeout": "0s",
                    "retry_policy": {"num_retries": 2, "retry_on": "reset-before-request"},
                },
            }],
        }],
    })
}

fn chain(name: &str, matching: Value, filters: &[Value]) -> Value {
    json!({"name": name, "filter_chain_match": matching, "filters": filters})
}

/// The chain, behind mTLS.
fn secure(mut chain: Value, certs: &Certs) -> Value {
    let context = json!({
        "require_client_certificate": true,
        "common_tls_context": certs.server.tls(&certs.ca, &["h2", "http/1.1"]),
    });
    chain["transport_socket"] = extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.DownstreamTlsContext",
        context,
    );
    chain
}
