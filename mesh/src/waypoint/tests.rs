//! Which services go through a waypoint.

use super::services_of_waypoint;
use crate::Loader;

/// A waypoint's pod `waypoint` in the namespace `ns`.
const POD: &str = "apiVersion: v1
kind: Pod
metadata:
  name: waypoint-1
  namespace: ns
  labels: {gateway.networking.k8s.io/gateway-name: waypoint}
spec: {containers: [{name: istio-proxy, args: [proxy, waypoint]}]}
---
";

/// An object with a name, a namespace and labels.
fn object(head: &str, name: &str, namespace: &str, labels: &str) -> String {
    let (version, kind) = head.rsplit_once(' ').unwrap();
    format!(
        "apiVersion: {version}\nkind: {kind}\n\
         metadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}\n---\n"
    )
}

/// A Service.
fn service(name: &str, namespace: &str, labels: &str) -> String {
    object("v1 Service", name, namespace, labels)
}

/// A ServiceEntry.
fn entry(name: &str, namespace: &str, labels: &str) -> String {
    object("networking.istio.io/v1 ServiceEntry", name, namespace, labels)
}

/// A namespace.
fn namespace(name: &str, labels: &str) -> String {
    object("v1 Namespace", name, "null", labels)
}

/// The Gateway of the waypoint.
fn gateway(labels: &str, from: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n\
         metadata: {{name: waypoint, namespace: ns, labels: {{{labels}}}}}\n\
         spec:\n  gatewayClassName: istio-waypoint\n  listeners:\n  - name: mesh\n    port: 15008\n    \
         protocol: HBONE\n    allowedRoutes: {{namespaces: {from}}}\n---\n"
    )
}

#[test]
fn labels_decide_which_services_go_through_a_waypoint() {
    let use_it = "istio.io/use-waypoint: waypoint";
    let from_afar = "istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: ns";
    let own = service("a", "ns", use_it);
    let far = service("a", "far", from_afar);
    let class = "apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\n\
                 metadata: {name: istio-waypoint, labels: {istio.io/waypoint-for: workload}}\n---\n";
    let rows: &[(&str, String, &str)] = &[
        ("nothing", String::new(), ""),
        ("a service without a label", service("a", "ns", ""), ""),
        ("a service with the label", own.clone(), "Service ns/a"),
        ("another waypoint", service("a", "ns", "istio.io/use-waypoint: other"), ""),
        ("a ServiceEntry with the label", entry("a", "ns", use_it), "ServiceEntry ns/a"),
        (
            "both, sorted",
            entry("a", "ns", use_it) + &service("c", "ns", use_it) + &service("b", "ns", use_it),
            "Service ns/b, Service ns/c, ServiceEntry ns/a",
        ),
        (
            "a namespace with the label",
            namespace("ns", use_it) + &service("a", "ns", ""),
            "Service ns/a",
        ),
        (
            "a service that says none",
            namespace("ns", use_it) + &service("a", "ns", "istio.io/use-waypoint: none"),
            "",
        ),
        (
            "a service that names another",
            namespace("ns", use_it) + &service("a", "ns", "istio.io/use-waypoint: other"),
            "",
        ),
        (
            "a service that names this one over its namespace",
            namespace("ns", "istio.io/use-waypoint: other") + &own,
            "Service ns/a",
        ),
        (
            "none on the namespace",
            namespace("ns", "istio.io/use-waypoint: none") + &own,
            "Service ns/a",
        ),
        ("the label of another namespace", service("a", "far", use_it), ""),
        ("from afar, Gateway unknown", far.clone(), "Service far/a"),
        ("from afar, Gateway says nothing", gateway("", "{}") + &far, ""),
        ("from afar, Gateway allows its own", gateway("", "{from: Same}") + &far, ""),
        ("from afar, Gateway allows all", gateway("", "{from: All}") + &far, "Service far/a"),
        (
            "from afar, Gateway selects the namespace",
            gateway(
                "",
                "{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: far}}}",
            ) + &far,
            "Service far/a",
        ),
        (
            "from afar, Gateway selects another namespace",
            gateway("", "{from: Selector, selector: {matchLabels: {team: x}}}") + &far,
            "",
        ),
        (
            "from afar by the namespace's labels",
            namespace("far", from_afar) + &gateway("", "{from: All}") + &service("a", "far", ""),
            "Service far/a",
        ),
        ("for services", gateway("istio.io/waypoint-for: service", "{}") + &own, "Service ns/a"),
        ("for all", gateway("istio.io/waypoint-for: all", "{}") + &own, "Service ns/a"),
        ("for workloads", gateway("istio.io/waypoint-for: workload", "{}") + &own, ""),
        ("for nothing", gateway("istio.io/waypoint-for: none", "{}") + &own, ""),
        ("for workloads by its class", gateway("", "{}") + class + &own, ""),
        (
            "for services, over its class",
            gateway("istio.io/waypoint-for: service", "{}") + class + &own,
            "Service ns/a",
        ),
        (
            "the waypoint's own Service",
            namespace("ns", use_it)
                + &service("waypoint", "ns", "gateway.istio.io/managed: istio.io-mesh-controller"),
            "",
        ),
        (
            "the Service of an ingress gateway",
            namespace("ns", use_it)
                + &service("gw", "ns", "gateway.istio.io/managed: istio.io-gateway-controller"),
            "Service ns/gw",
        ),
    ];
    for (label, objects, expected) in rows {
        let mut loader = Loader::new();
        loader.add("f", format!("{POD}{objects}").as_bytes());
        let loaded = loader.finish();
        assert_eq!(loaded.errors, [], "{label}");
        let found: Vec<_> = services_of_waypoint(&loaded.inventory, &loaded.inventory.workloads[0])
            .iter()
            .map(|it| format!("{} {}/{}", it.kind.as_str(), it.namespace, it.name))
            .collect();
        assert_eq!(found.join(", "), *expected, "{label}");
    }
}
