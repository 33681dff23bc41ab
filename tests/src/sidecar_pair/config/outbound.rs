//! What leaves a pod: the virtual outbound listener and one listener for each port or VIP.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cluster::outbound_name;
use super::{
    EGRESS, Policy, SECURE, SERVICES, Service, WILDCARD, dns_cache, extension, http_proxy,
    listener_filter, refusals, socket, tcp_proxy,
};

/// The virtual host whose routes go nowhere, and its only route.
const NOWHERE: &str = "nowhere.bookinfo.svc.cluster.local";

pub(super) fn listeners(policy: Policy, logs: &[Value]) -> Vec<Value> {
    let ports: BTreeSet<u16> = SERVICES.iter().filter(|s| s.is_http).map(|s| s.port).collect();
    let mut listeners = vec![catch_all(policy, logs)];
    listeners.extend(ports.into_iter().map(|port| http(port, policy, logs)));
    listeners.extend(SERVICES.iter().filter(|s| !s.is_http).map(|s| tcp(s, policy, logs)));
    listeners
}

/// Where TCP goes that no listener is for.
fn unmatched(policy: Policy) -> String {
    match policy {
        Policy::AllowAny | Policy::DynamicDns => "PassthroughCluster".to_owned(),
        Policy::RegistryOnly => "BlackHoleCluster".to_owned(),
        Policy::EgressProxy => outbound_name(8080, "", EGRESS),
    }
}

fn catch_all(policy: Policy, logs: &[Value]) -> Value {
    json!({
        "name": "virtualOutbound",
        "traffic_direction": "OUTBOUND",
        "address": socket("0.0.0.0", 15001),
        "use_original_dst": true,
        "access_log": refusals(logs),
        "filter_chains": [
            {
                "name": "virtualOutbound-blackhole",
                "filter_chain_match": {"destination_port": 15001},
                "filters": [tcp_proxy("BlackHoleCluster", &[])],
            },
            {
                "name": "virtualOutbound-catchall-tcp",
                "filters": [tcp_proxy(&unmatched(policy), logs)],
            },
        ],
    })
}

fn http(port: u16, policy: Policy, logs: &[Value]) -> Value {
    let mut hosts: Vec<Value> =
        SERVICES.iter().filter(|s| s.is_http && s.port == port).map(virtual_host).collect();
    if port == 9080 {
        hosts.push(json!({
            "name": NOWHERE,
            "domains": [NOWHERE],
            "routes": [to(&outbound_name(9080, "", NOWHERE), "/known", "known")],
        }));
    }
    hosts.push(unmatched_host(policy));
    let routes = json!({
        "name": port.to_string(),
        "validate_clusters": false,
        "ignore_port_in_host_matching": true,
        "virtual_hosts": hosts,
    });
    json!({
        "name": format!("0.0.0.0_{port}"),
        "traffic_direction": "OUTBOUND",
        "address": socket("0.0.0.0", port),
        "bind_to_port": false,
        "continue_on_listener_filters_timeout": true,
        "listener_filters_timeout": "0s",
        "listener_filters": [listener_filter("http_inspector")],
        "filter_chains": [{
            "filter_chain_match": {
                "transport_protocol": "raw_buffer",
                "application_protocols": ["http/1.1", "h2c"],
            },
            "filters": [http_proxy(routes, lookup(policy).as_slice(), logs)],
        }],
        "default_filter_chain": passthrough_chain(policy, logs),
    })
}

fn tcp(service: &Service, policy: Policy, logs: &[Value]) -> Value {
    let filters = vec![tcp_proxy(&outbound_name(service.port, "", service.host), logs)];
    let mut listener = json!({
        "name": format!("{}_{}", service.vip, service.port),
        "traffic_direction": "OUTBOUND",
        "address": socket(service.vip, service.port),
        "bind_to_port": false,
        "continue_on_listener_filters_timeout": true,
        "listener_filters_timeout": "0s",
        "filter_chains": [{"filters": filters}],
    });
    if [SECURE, WILDCARD].contains(&service.host) {
        listener["listener_filters"] = json!([listener_filter("tls_inspector")]);
        listener["filter_chains"][0]["filter_chain_match"] =
            json!({"server_names": [service.host]});
    }
    if service.host == WILDCARD {
        listener["default_filter_chain"] = passthrough_chain(policy, logs);
    } else {
        // Istio has none here; a mesh that logs at listeners sees what such a listener refuses.
        listener["access_log"] = json!(refusals(logs));
    }
    listener
}

/// Where connections of a listener go that none of its other filter chains takes.
fn passthrough_chain(policy: Policy, logs: &[Value]) -> Value {
    json!({"name": "PassthroughFilterChain", "filters": [tcp_proxy(&unmatched(policy), logs)]})
}

/// The virtual host of a service; that of reviews has what a VirtualService could add.
fn virtual_host(service: &Service) -> Value {
    let cluster = outbound_name(service.port, "", service.host);
    let mut routes = Vec::new();
    if service.host.starts_with("reviews.") {
        let mut abort = to(&cluster, "/abort", "abort");
        abort["typed_per_filter_config"] = fault();
        routes = vec![
            to(&outbound_name(9080, "v1", service.host), "/v1", "by-subset"),
            to(&outbound_name(9080, "", "gone.bookinfo.svc.cluster.local"), "/gone", "to-gone"),
            json!({"name": "closed", "match": {"prefix": "/closed"}, "direct_response": {"status": 502}}),
            abort,
        ];
    }
    routes.push(to(&cluster, "/", "default"));
    let short = service.host.trim_end_matches(".svc.cluster.local");
    json!({"name": service.host, "domains": [service.host, short, service.vip], "routes": routes})
}

fn fault() -> Value {
    let always = json!({"abort": {"http_status": 418, "percentage": {"numerator": 100}}});
    let named = extension("", "filters.http.fault.v3.HTTPFault", always);
    json!({"envoy.filters.http.fault": named["typed_config"]})
}

fn unmatched_host(policy: Policy) -> Value {
    let name = match policy {
        Policy::RegistryOnly => "block_all",
        Policy::AllowAny | Policy::EgressProxy => "allow_any",
        Policy::DynamicDns => "allow_any_dynamic_dns",
    };
    let cluster = match policy {
        Policy::DynamicDns => "AllowAnyDynamicDNSCluster".to_owned(),
        _ => unmatched(policy),
    };
    let mut route = json!({"name": name, "match": {"prefix": "/"}});
    if policy == Policy::RegistryOnly {
        route["direct_response"] = json!({"status": 502});
    } else {
        route["route"] = json!({"cluster": cluster, "timeout": "0s"});
    }
    json!({"name": name, "domains": ["*"], "routes": [route]})
}

/// The filter that looks up the hosts of requests.
fn lookup(policy: Policy) -> Option<Value> {
    (policy == Policy::DynamicDns).then(|| {
        extension(
            "envoy.filters.http.dynamic_forward_proxy",
            "filters.http.dynamic_forward_proxy.v3.FilterConfig",
            dns_cache(),
        )
    })
}

fn to(cluster: &str, prefix: &str, name: &str) -> Value {
    json!({
        "name": name,
        "match": {"prefix": prefix},
        "route": {
            "cluster": cluster,
            "timeout": "0s",
            "retry_policy": {
                "num_retries": 2,
                "retry_on": "connect-failure,refused-stream,unavailable,cancelled",
            },
        },
    })
}
