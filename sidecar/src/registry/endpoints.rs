//! The endpoints of services.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::network::{self, EndpointSlice, Pod, ServiceEntry, TargetPort, WorkloadEntry};
use mesh::{Inventory, Labels};

use crate::hostname::kubernetes_host;

/// An endpoint of a service at one of its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address: of a pod, of another machine, a host name, or `unix://PATH`.
    pub address: String,
    /// The name of the service's port.
    pub port_name: String,
    /// The number on the endpoint; 0 for a Unix domain socket.
    pub port: u16,
    /// The labels, by which subsets are told apart.
    pub labels: Arc<Labels>,
    /// Whether it may be sent.
    pub health: Health,
}

/// The state of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// It is ready.
    Healthy,
    /// It is not ready, and not about to end.
    Unhealthy,
}

/// Endpoints by host and namespace of their service.
pub(super) type ByService = HashMap<(String, String), Vec<Endpoint>>;

/// Finds the endpoints of everything in an inventory, in the namespaces that istiod looks into.
pub(super) fn find(
    inventory: &Inventory,
    domain: &str,
    discovered: &dyn Fn(&str) -> bool,
) -> ByService {
    let finder = Finder::new(inventory, discovered);
    let mut found = ByService::new();
    for service in inventory.services.iter().filter(|it| discovered(&it.meta.namespace)) {
        let host = kubernetes_host(&service.meta.name, &service.meta.namespace, domain);
        let key = (host, service.meta.namespace.clone());
        found.entry(key).or_default().extend(finder.of_service(service));
    }
    for entry in inventory.service_entries.iter().filter(|it| discovered(&it.meta.namespace)) {
        for host in &entry.hosts {
            let key = (host.clone(), entry.meta.namespace.clone());
            found.entry(key).or_default().extend(finder.of_entry(entry, host));
        }
    }
    found
}

struct Finder<'i> {
    slices: HashMap<(&'i str, &'i str), Vec<&'i EndpointSlice>>,
    pods_of: HashMap<&'i str, Vec<&'i Pod>>,
    entries_of: HashMap<&'i str, Vec<&'i WorkloadEntry>>,
    labels: HashMap<(&'i str, &'i str), Arc<Labels>>,
    none: Arc<Labels>,
}

impl<'i> Finder<'i> {
    fn new(inventory: &'i Inventory, discovered: &dyn Fn(&str) -> bool) -> Self {
        let mut finder = Self {
            slices: HashMap::new(),
            pods_of: HashMap::new(),
            entries_of: HashMap::new(),
            labels: HashMap::new(),
            none: Arc::default(),
        };
        for slice in &inventory.endpoint_slices {
            let key = (slice.meta.namespace.as_str(), slice.service.as_str());
            finder.slices.entry(key).or_default().push(slice);
        }
        for pod in inventory.pods.iter().filter(|it| discovered(&it.meta.namespace)) {
            let key = (pod.meta.namespace.as_str(), pod.meta.name.as_str());
            finder.labels.insert(key, Arc::new(pod.meta.labels.clone()));
            finder.pods_of.entry(&pod.meta.namespace).or_default().push(pod);
        }
        for entry in inventory.workload_entries.iter().filter(|it| discovered(&it.meta.namespace)) {
            finder.entries_of.entry(&entry.meta.namespace).or_default().push(entry);
        }
        finder
    }

    /// The endpoints of a Service: of its EndpointSlices; where there are none at all, those that the
    /// control plane would make of its pods.
    fn of_service(&self, service: &network::Service) -> Vec<Endpoint> {
        let meta = &service.meta;
        let mut found = match self.slices.get(&(meta.namespace.as_str(), meta.name.as_str())) {
            Some(slices) => slices.iter().flat_map(|slice| self.of_slice(slice)).collect(),
            None => self.of_pods(service),
        };
        for entry in self.selected_entries(&meta.namespace, Some(&service.selector)) {
            for port in &service.ports {
                let number = match (&port.target, entry.ports.get(&port.name)) {
                    (_, Some(number)) => *number,
                    (TargetPort::Number(number), None) => *number,
                    (TargetPort::Name(_), None) => port.number,
                };
                found.push(endpoint(entry, &port.name, number));
            }
        }
        found
    }

    fn of_slice(&self, slice: &EndpointSlice) -> Vec<Endpoint> {
        let mut found = Vec::new();
        for endpoint in &slice.endpoints {
            let health = match (endpoint.ready, endpoint.terminating) {
                (None | Some(true), _) => Health::Healthy,
                (Some(false), Some(false)) => Health::Unhealthy,
                // Left out is as good as true.
                (Some(false), None | Some(true)) => continue,
            };
            let pod = endpoint.pod.as_deref();
            let labels = pod.and_then(|pod| self.labels.get(&(slice.meta.namespace.as_str(), pod)));
            let labels = labels.unwrap_or(&self.none);
            for (address, port) in endpoint
                .addresses
                .iter()
                .flat_map(|address| slice.ports.iter().map(move |port| (address, port)))
            {
                found.push(Endpoint {
                    address: address.clone(),
                    port_name: port.name.clone(),
                    port: port.number,
                    labels: Arc::clone(labels),
                    health,
                });
            }
        }
        found
    }

    fn of_pods(&self, service: &network::Service) -> Vec<Endpoint> {
        let mut found = Vec::new();
        for pod in self.selected_pods(&service.meta.namespace, Some(&service.selector)) {
            let health = match pod.ready || service.publish_not_ready_addresses {
                true => Health::Healthy,
                false => Health::Unhealthy,
            };
            let Some(address) = pod.addresses.first() else { continue };
            for port in &service.ports {
                let number = match &port.target {
                    TargetPort::Number(number) => Some(*number),
                    TargetPort::Name(name) => pod.named_ports.get(name).copied(),
                };
                found.extend(number.map(|number| Endpoint {
                    address: address.clone(),
                    port_name: port.name.clone(),
                    port: number,
                    labels: self.labels_of(pod),
                    health,
                }));
            }
        }
        found
    }

    /// The endpoints of a ServiceEntry: those that it lists or selects; its own host where DNS knows
    /// them.
    fn of_entry(&self, entry: &ServiceEntry, host: &str) -> Vec<Endpoint> {
        let by_dns = matches!(
            entry.resolution,
            network::Resolution::Dns | network::Resolution::DnsRoundRobin
        );
        let mut found = Vec::new();
        for port in &entry.ports {
            let number = port.target.unwrap_or(port.number);
            if by_dns && entry.endpoints.is_empty() && entry.workload_selector.is_none() {
                let itself = WorkloadEntry { address: host.to_owned(), ..WorkloadEntry::default() };
                found.push(endpoint(&itself, &port.name, number));
            }
            let selector = entry.workload_selector.as_ref();
            let selected = self.selected_entries(&entry.meta.namespace, selector);
            for workload in entry.endpoints.iter().chain(selected) {
                let number = workload.ports.get(&port.name).copied().unwrap_or(number);
                found.push(endpoint(workload, &port.name, number));
            }
            for pod in self.selected_pods(&entry.meta.namespace, selector) {
                found.extend(pod.addresses.first().map(|address| Endpoint {
                    address: address.clone(),
                    port_name: port.name.clone(),
                    port: number,
                    labels: self.labels_of(pod),
                    health: if pod.ready { Health::Healthy } else { Health::Unhealthy },
                }));
            }
        }
        found
    }

    fn selected_pods(
        &self,
        namespace: &str,
        selector: Option<&Labels>,
    ) -> impl Iterator<Item = &'i Pod> {
        let pods = self.pods_of.get(namespace).map(Vec::as_slice).unwrap_or_default();
        pods.iter().copied().filter(move |pod| !pod.ended && selects(selector, &pod.meta.labels))
    }

    fn selected_entries(
        &self,
        namespace: &str,
        selector: Option<&Labels>,
    ) -> impl Iterator<Item = &'i WorkloadEntry> {
        let entries = self.entries_of.get(namespace).map(Vec::as_slice).unwrap_or_default();
        entries.iter().copied().filter(move |entry| selects(selector, &entry.labels))
    }

    fn labels_of(&self, pod: &Pod) -> Arc<Labels> {
        let key = (pod.meta.namespace.as_str(), pod.meta.name.as_str());
        self.labels.get(&key).map_or_else(Arc::default, Arc::clone)
    }
}

/// Whether a selector selects; one without labels selects nothing.
fn selects(selector: Option<&Labels>, labels: &Labels) -> bool {
    selector.is_some_and(|selector| {
        !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    })
}

fn endpoint(entry: &WorkloadEntry, port_name: &str, port: u16) -> Endpoint {
    let is_path = entry.address.starts_with("unix://");
    Endpoint {
        address: entry.address.clone(),
        port_name: port_name.to_owned(),
        port: if is_path { 0 } else { port },
        labels: Arc::new(entry.labels.clone()),
        health: Health::Healthy,
    }
}
