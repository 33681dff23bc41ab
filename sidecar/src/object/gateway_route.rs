//! Routes of the Gateway API whose parent is a service: istiod makes VirtualServices of them.
//!
//! Follows `pilot/pkg/config/kube/gateway` at istio/istio 86c9f01f.

use mesh::Object;
use serde_json::Value;

use super::virtual_service::{Destination, HttpMatch, HttpRoute, L4Match, L4Route, VirtualService};
use super::{list, port, text};
use crate::hostname::kubernetes_host;

/// The API group of the Gateway API.
const GROUP: &str = "gateway.networking.k8s.io";

/// The VirtualServices of a route, one a parent that is a service; none for other objects.
///
/// `entry_hosts` gives the hosts of a ServiceEntry by namespace and name, and `domain` is that of the
/// cluster.
pub(crate) fn read(
    object: &Object,
    domain: &str,
    entry_hosts: &dyn Fn(&str, &str) -> Vec<String>,
) -> Vec<VirtualService> {
    let is_route =
        matches!(object.kind.as_str(), "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute");
    if object.group != GROUP || !is_route {
        return Vec::new();
    }
    let parents = list(&object.spec["parentRefs"]);
    parents.filter_map(|parent| of_parent(object, parent, domain, entry_hosts)).collect()
}

fn of_parent(
    object: &Object,
    parent: &Value,
    domain: &str,
    entry_hosts: &dyn Fn(&str, &str) -> Vec<String>,
) -> Option<VirtualService> {
    let own = object.meta.namespace.as_str();
    let namespace = parent["namespace"].as_str().unwrap_or(own);
    let name = parent["name"].as_str().unwrap_or_default();
    let hosts = match (parent["group"].as_str(), parent["kind"].as_str()) {
        (Some("" | "core"), Some("Service")) => vec![kubernetes_host(name, namespace, domain)],
        (Some("networking.istio.io"), Some("ServiceEntry")) => entry_hosts(namespace, name),
        _ => return None,
    };
    let only = port(&parent["port"]);
    let rules = || list(&object.spec["rules"]);
    let destinations = |rule: &Value| {
        list(&rule["backendRefs"]).filter_map(|it| backend(it, own, domain)).collect::<Vec<_>>()
    };
    let l4 = |rule: &Value| L4Route {
        matches: vec![L4Match { port: only, ..L4Match::default() }],
        destinations: destinations(rule),
    };
    let http = |rule: &Value| HttpRoute {
        name: text(&rule["name"]),
        matches: http_matches(rule, only),
        destinations: destinations(rule),
        mirrors: mirrors(rule, own, domain),
        delegate: None,
    };
    let mut made = VirtualService {
        meta: object.meta.clone(),
        kind: object.kind.clone(),
        hosts,
        gateways: Vec::new(),
        export_to: Vec::new(),
        http: Vec::new(),
        tls: Vec::new(),
        tcp: Vec::new(),
    };
    match object.kind.as_str() {
        "TCPRoute" => made.tcp = rules().map(l4).collect(),
        "TLSRoute" => made.tls = rules().map(l4).collect(),
        _ => made.http = rules().map(http).collect(),
    }
    Some(made)
}

fn http_matches(rule: &Value, only: Option<u16>) -> Vec<HttpMatch> {
    // A rule without matches matches `/`.
    let asks = |value: &Value| {
        let path = &value["path"];
        let other = value.as_object().is_some_and(|fields| fields.keys().any(|key| key != "path"));
        other || (path.is_object() && path["value"].as_str().is_some_and(|value| value != "/"))
    };
    let made = |asks_for_more| HttpMatch { port: only, asks_for_more, ..HttpMatch::default() };
    let matches: Vec<HttpMatch> = list(&rule["matches"]).map(|value| made(asks(value))).collect();
    if matches.is_empty() { vec![made(false)] } else { matches }
}

fn mirrors(rule: &Value, namespace: &str, domain: &str) -> Vec<Destination> {
    let filters = list(&rule["filters"]).filter(|filter| filter["type"] == "RequestMirror");
    let backends = filters.map(|filter| &filter["requestMirror"]["backendRef"]);
    backends.filter_map(|it| backend(it, namespace, domain)).collect()
}

/// The destination of a reference to a Service, or by a hostname; `None` for others.
fn backend(value: &Value, namespace: &str, domain: &str) -> Option<Destination> {
    let name = value["name"].as_str()?;
    let namespace = value["namespace"].as_str().unwrap_or(namespace);
    let group = value["group"].as_str().unwrap_or_default();
    let host = match (group, value["kind"].as_str().unwrap_or("Service")) {
        ("" | "core", "Service") => kubernetes_host(name, namespace, domain),
        ("networking.istio.io", "Hostname") => name.to_owned(),
        _ => return None,
    };
    Some(Destination { host, subset: String::new(), port: port(&value["port"]) })
}
