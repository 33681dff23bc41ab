//! Services, ServiceEntries and endpoints, as they are read from manifests.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use mesh::network::{Protocol, Resolution, TargetPort};
use mesh::{Inventory, Loader, OutboundTrafficPolicyMode};

fn load(text: &str) -> Inventory {
    let mut loader = Loader::new();
    loader.add("mesh.yaml", text.as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, []);
    loaded.inventory
}

#[test]
fn protocols_of_service_ports() {
    use Protocol as P;
    for (label, port, expected) in [
        ("by name", "{port: 80, name: http}", P::Http),
        ("by the name before a dash", "{port: 80, name: http2-web}", P::Http2),
        ("grpc-web has a dash of its own", "{port: 80, name: grpc-web-x}", P::GrpcWeb),
        ("in any case", "{port: 80, name: HTTPS}", P::Https),
        ("an unknown name", "{port: 80, name: web}", P::Auto),
        ("no name", "{port: 80}", P::Auto),
        ("no name where servers speak first", "{port: 3306}", P::Tcp),
        ("a name wins there", "{port: 3306, name: mysql}", P::MySql),
        ("appProtocol wins over the name", "{port: 80, name: tcp, appProtocol: http}", P::Http),
        ("Kubernetes' own", "{port: 80, appProtocol: kubernetes.io/h2c}", P::Http2),
        ("web sockets", "{port: 80, appProtocol: kubernetes.io/ws}", P::Http),
        ("web sockets over TLS", "{port: 443, appProtocol: kubernetes.io/wss}", P::Https),
        ("UDP is nothing else", "{port: 53, name: http, protocol: UDP}", P::Udp),
    ] {
        let text = format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: x}}, spec: {{ports: [{port}]}}}}"
        );
        let inventory = load(&text);
        assert_eq!(inventory.services[0].ports[0].protocol, expected, "{label}");
    }
}

#[test]
fn addresses_and_targets_of_services() {
    let service = |spec: &str| {
        let text =
            format!("{{apiVersion: v1, kind: Service, metadata: {{name: x}}, spec: {spec}}}");
        load(&text).services.remove(0)
    };
    let one = service("{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1]}");
    assert_eq!((one.cluster_ips, one.headless), (vec!["10.0.0.1".to_owned()], false));
    let two = service("{clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1, 'fd00::1']}");
    assert_eq!(two.cluster_ips, ["10.0.0.1", "fd00::1"]);
    let headless = service("{clusterIP: None, clusterIPs: [None]}");
    assert!(headless.headless && headless.cluster_ips.is_empty());
    let alias = service("{type: ExternalName, externalName: example.com}");
    assert_eq!(alias.external_name.as_deref(), Some("example.com"));
    assert_eq!(service("{externalName: example.com}").external_name, None);
    for (port, target) in [
        ("{port: 80}", TargetPort::Number(80)),
        ("{port: 80, targetPort: 8080}", TargetPort::Number(8080)),
        ("{port: 80, targetPort: 0}", TargetPort::Number(80)),
        ("{port: 80, targetPort: web}", TargetPort::Name("web".to_owned())),
    ] {
        assert_eq!(service(&format!("{{ports: [{port}]}}")).ports[0].target, target, "{port}");
    }
    // An API server refuses it; here it is no port.
    assert!(service("{ports: [{port: 70000}]}").ports.is_empty());
}

#[test]
fn endpoints_stand_for_slices_where_there_are_none() {
    let endpoints = "
apiVersion: v1
kind: Endpoints
metadata: {name: x}
subsets:
- addresses: [{ip: 10.1.0.1, targetRef: {kind: Pod, name: p}}]
  notReadyAddresses: [{ip: 10.1.0.2}]
  ports: [{name: http, port: 8080}]
";
    let slice = "
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: x-1, labels: {kubernetes.io/service-name: x}}
addressType: IPv4
endpoints: [{addresses: [10.1.0.9], conditions: {ready: false}}]
ports: [{name: http, port: 8080}]
";
    let slices = load(endpoints).endpoint_slices;
    assert_eq!((slices.len(), slices[0].service.as_str()), (1, "x"));
    let states: Vec<_> = slices[0].endpoints.iter().map(|it| (it.ready, it.terminating)).collect();
    assert_eq!(states, [(Some(true), Some(false)), (Some(false), Some(false))]);
    assert_eq!(slices[0].endpoints[0].pod.as_deref(), Some("p"));
    let slices = load(&format!("{endpoints}{slice}")).endpoint_slices;
    assert_eq!((slices.len(), slices[0].meta.name.as_str()), (1, "x-1"));
    assert_eq!(slices[0].endpoints[0].terminating, None);
}

#[test]
fn service_entries() {
    let inventory = load(
        "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: e, namespace: a}
spec:
  hosts: [example.com]
  location: MESH_INTERNAL
  resolution: DNS_ROUND_ROBIN
  ports: [{number: 443, name: tls, protocol: TLS, targetPort: 8443}]
  workloadSelector: {labels: {app: x}}
  endpoints: [{address: 192.0.2.1, ports: {tls: 9443}, labels: {v: '1'}}]
status: {addresses: [{value: 240.240.0.1, host: example.com}]}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: w, namespace: a, labels: {app: x}}
spec: {address: 192.0.2.2, labels: {app: z, v: '2'}}
",
    );
    let entry = &inventory.service_entries[0];
    assert!(!entry.external);
    assert_eq!(entry.resolution, Resolution::DnsRoundRobin);
    assert_eq!(entry.ports[0].target, Some(8443));
    assert_eq!(entry.endpoints[0].ports["tls"], 9443);
    assert_eq!(entry.allocated["example.com"], ["240.240.0.1"]);
    assert_eq!(entry.workload_selector.as_ref().unwrap()["app"], "x");
    // The labels of the object win over those in its `spec`.
    let workload = &inventory.workload_entries[0];
    assert_eq!((workload.labels["app"].as_str(), workload.labels["v"].as_str()), ("x", "2"));
}

#[test]
fn what_mesh_config_says_of_reach() {
    let policy = |text: &str| {
        let mut loader = Loader::new();
        loader.add_mesh_config("mesh.yaml", text.as_bytes());
        let loaded = loader.finish();
        (loaded.inventory.mesh_config("").outbound_traffic_policy, loaded.errors.len())
    };
    use OutboundTrafficPolicyMode as Mode;
    for (text, expected) in [
        ("{accessLogFile: x}", (Mode::AllowAny, 0)),
        ("{outboundTrafficPolicy: {mode: REGISTRY_ONLY}}", (Mode::RegistryOnly, 0)),
        ("{outboundTrafficPolicy: {}}", (Mode::RegistryOnly, 0)),
        ("{outbound_traffic_policy: {mode: 1}}", (Mode::AllowAny, 0)),
        ("{outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}}", (Mode::AllowAnyDynamicDns, 0)),
        ("{outboundTrafficPolicy: {mode: BLOCK}}", (Mode::AllowAny, 1)),
    ] {
        assert_eq!(policy(text), expected, "{text}");
    }
}
