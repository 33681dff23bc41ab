//! Clusters: one for each service, and the proxy's own.

use serde_json::{Value, json};

use super::inbound::PORTS;
use super::{EGRESS, SERVICES, Service, dns_cache, extension, socket};
use crate::certs::Certs;
use crate::sidecar_pair::OUTSIDE;

/// Where a sidecar connects from when it calls its own workload.
const OWN_SOURCE: &str = "127.0.0.6";

pub(super) fn all(certs: &Certs) -> Vec<Value> {
    let mut clusters: Vec<Value> =
        SERVICES.iter().map(|service| outbound(service, "", certs)).collect();
    clusters.extend(SERVICES.first().map(|reviews| outbound(reviews, "v1", certs)));
    let egress = Service {
        host: EGRESS,
        vip: "",
        port: 8080,
        is_http: true,
        has_mtls: false,
        endpoint: Some((OUTSIDE, 8080)),
    };
    clusters.push(outbound(&egress, "", certs));
    clusters.extend(PORTS.iter().map(|port| from_own_source(original(&inbound_name(port.port)))));
    clusters.push(original("PassthroughCluster"));
    let mut passthrough = from_own_source(original("InboundPassthroughCluster"));
    // As istiod has it: for statistics the two are one.
    passthrough["alt_stat_name"] = json!("PassthroughCluster;");
    clusters.push(passthrough);
    clusters.push(fixed("BlackHoleCluster", None));
    clusters.push(dynamic_dns());
    clusters
}

pub(super) fn outbound_name(port: u16, subset: &str, host: &str) -> String {
    format!("outbound|{port}|{subset}|{host}")
}

pub(super) fn inbound_name(port: u16) -> String {
    format!("inbound|{port}||")
}

fn outbound(service: &Service, subset: &str, certs: &Certs) -> Value {
    let endpoint = service.endpoint.map(|(ip, port)| socket(&ip.to_string(), port));
    let mut cluster = fixed(&outbound_name(service.port, subset, service.host), endpoint);
    if service.has_mtls {
        let protocol = if service.is_http { "istio-http/1.1" } else { "istio" };
        let server_name = format!("outbound_.{}_.{subset}_.{}", service.port, service.host);
        let context = json!({
            "sni": server_name,
            "common_tls_context": certs.client.tls(&certs.ca, &[protocol]),
        });
        cluster["transport_socket"] = extension(
            "envoy.transport_sockets.tls",
            "transport_sockets.tls.v3.UpstreamTlsContext",
            context,
        );
    }
    cluster
}

fn fixed(name: &str, endpoint: Option<Value>) -> Value {
    let endpoints = endpoint.map(|address| json!({"endpoint": {"address": address}}));
    json!({
        "name": name,
        "alt_stat_name": format!("{name};"),
        "type": "STATIC",
        "connect_timeout": "10s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": endpoints.into_iter().collect::<Vec<_>>()}],
        },
    })
}

/// A cluster that goes wherever the connection was meant to go.
fn original(name: &str) -> Value {
    json!({
        "name": name,
        "alt_stat_name": format!("{name};"),
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "10s",
    })
}

/// A cluster that goes wherever the name in the request leads.
fn dynamic_dns() -> Value {
    let kind = extension(
        "envoy.clusters.dynamic_forward_proxy",
        "clusters.dynamic_forward_proxy.v3.ClusterConfig",
        dns_cache(),
    );
    json!({
        "name": "AllowAnyDynamicDNSCluster",
        "alt_stat_name": "AllowAnyDynamicDNSCluster;",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "10s",
        "cluster_type": kind,
    })
}

fn from_own_source(mut cluster: Value) -> Value {
    let source = json!({"address": OWN_SOURCE, "port_value": 0});
    cluster["upstream_bind_config"] = json!({"source_address": source});
    cluster
}
