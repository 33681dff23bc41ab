//! The clusters of a proxy and their endpoints.
//!
//! Follows `pilot/pkg/networking/core/cluster_builder.go` and
//! `pilot/pkg/xds/endpoints/endpoint_builder.go` at istio/istio 86c9f01f.

use mesh::Labels;
use mesh::network::Protocol;

use super::Status;
use super::table::{EndpointTable, Unresolved};
use crate::destination_rules::Client;
use crate::object::{Sidecar, TrafficPolicy};
use crate::registry::{Endpoint, Health, Port, Provider, Resolution};
use crate::scope::{InScope, Scope};
use crate::view::View;

/// The endpoints of the clusters that every proxy has from its start.
const BOOTSTRAP: &[(&str, u16, &str)] = &[
    ("127.0.0.1", 15000, "prometheus_stats"),
    ("127.0.0.1", 15020, "agent"),
    ("unix://./var/run/secrets/workload-spiffe-uds/socket", 0, "sds-grpc"),
    ("unix://./etc/istio/proxy/XDS", 0, "xds-grpc"),
];

/// Adds the endpoints that every proxy has.
pub(super) fn bootstrap(table: &mut EndpointTable) {
    for (address, port, cluster) in BOOTSTRAP {
        table.add(address, *port, Status::Healthy, (*cluster).to_owned());
    }
}

/// Adds the endpoints of inbound clusters: those of a Sidecar's `ingress` that name one. All others
/// have the original destination.
pub(super) fn inbound(table: &mut EndpointTable, sidecar: &Sidecar, addresses: &[String]) {
    for listener in &sidecar.ingress {
        let cluster = format!("inbound|{}||", listener.port);
        let endpoint = listener.default_endpoint.as_str();
        if endpoint.starts_with("unix://") {
            table.add(endpoint, 0, Status::Healthy, cluster);
            continue;
        }
        let Some((address, port)) = endpoint.rsplit_once(':') else { continue };
        let Ok(port) = port.parse() else { continue };
        match address {
            "0.0.0.0" | "[::]" => {
                if let Some(own) = addresses.first() {
                    table.add(own, port, Status::Healthy, cluster);
                }
            }
            address => table.add(address, port, Status::Healthy, cluster),
        }
    }
}

/// Adds the endpoints of the clusters of a service: one a port, and one a port and subset.
pub(super) fn outbound(table: &mut EndpointTable, view: &View, scope: &Scope, it: &InScope) {
    let service = &it.service;
    // An alias is a domain of what it stands for, and has no clusters.
    if service.is_alias() || !has_endpoints(scope, it) {
        return;
    }
    let client = Client { namespace: &scope.namespace, labels: &scope.labels };
    let rules = view.destination_rules.of(client, service);
    let policy = rules.first().map(|rule| rule.policy).unwrap_or_default();
    let endpoints = view.registry.endpoints(&service.host, &service.namespace);
    for port in it.ports.iter().filter(|port| port.protocol != Protocol::Udp) {
        let mut cluster = Cluster { table, view, it, port, endpoints };
        cluster.add("", &Labels::new(), policy);
        let mut names: Vec<&str> = Vec::new();
        for subset in rules.iter().flat_map(|rule| &rule.subsets) {
            // Of rules for one host the first that has a subset of that name counts.
            if !names.contains(&subset.name.as_str()) {
                names.push(&subset.name);
                cluster.add(&subset.name, &subset.labels, subset.policy.over(policy));
            }
        }
    }
}

/// Whether istiod sends endpoints of a service. A headless Service's are not: the destination is what
/// the client asked for; but a gateway, whose clients ask for nothing, gets them.
fn has_endpoints(scope: &Scope, it: &InScope) -> bool {
    match &it.service.resolution {
        Resolution::Static | Resolution::Dns => true,
        Resolution::Passthrough => !scope.is_sidecar && it.service.provider == Provider::Kubernetes,
        Resolution::DynamicDns | Resolution::Alias(_) => false,
    }
}

/// The clusters of a port.
struct Cluster<'a> {
    table: &'a mut EndpointTable,
    view: &'a View,
    it: &'a InScope,
    port: &'a Port,
    endpoints: &'a [Endpoint],
}

impl Cluster<'_> {
    /// Adds the endpoints of a subset with its policy; the empty name is the whole service.
    fn add(&mut self, subset: &str, labels: &Labels, policy: TrafficPolicy) {
        if policy.passes_through == Some(true) {
            return;
        }
        let service = &self.it.service;
        let name = format!("outbound|{}|{subset}|{}", self.port.number, service.host);
        // The DNS of ServiceEntries is asked by the proxy.
        let by_dns = service.resolution == Resolution::Dns;
        let unhealthy = service.publishes_unready
            || (self.view.settings.version.sends_unhealthy_endpoints()
                && policy.needs_healthy != Some(true));
        for endpoint in self.endpoints.iter().filter(|it| *it.port_name == *self.port.name) {
            let selected =
                labels.iter().all(|(key, value)| endpoint.labels.get(key) == Some(value));
            let status = match endpoint.health {
                Health::Healthy => Status::Healthy,
                Health::Unhealthy if unhealthy => Status::Unhealthy,
                Health::Unhealthy => continue,
            };
            if !selected {
                continue;
            }
            if by_dns && endpoint.address.parse::<std::net::IpAddr>().is_err() {
                let host = endpoint.address.clone();
                let name = name.clone();
                self.table.unresolved.insert(Unresolved {
                    cluster: name,
                    host,
                    port: endpoint.port,
                });
                continue;
            }
            self.table.add(&endpoint.address, endpoint.port, status, name.clone());
        }
    }
}
