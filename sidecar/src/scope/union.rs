//! What the listeners of a scope import together: the services that get clusters.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{InScope, ScopeListener};
use crate::because::{Because, Reasons};
use crate::registry::{Port, Provider, Service};
use crate::view::{Routing, View};

/// The services of all listeners, with those that VirtualServices send to.
pub(super) fn of_listeners(
    view: &View,
    namespace: &str,
    listeners: &[ScopeListener],
    because: &mut Reasons,
) -> Vec<InScope> {
    let mut union = Union::default();
    for listener in listeners {
        for imported in &listener.services {
            union.add(&imported.service, imported.ports().cloned().collect());
        }
        let only = listener.services.first().and_then(|it| it.only).or(matched(listener));
        for routing in &listener.virtual_services {
            for (host, ports) in destinations(routing, namespace) {
                let Some(service) = destination(view, namespace, host) else { continue };
                let ports = only.map_or(ports, |only| Some(BTreeSet::from([only])));
                let found = trimmed(service, ports.as_ref());
                let name = object_name(routing);
                match found {
                    None => because.push(Because::new(
                        name,
                        format!("sends to `{host}`, which has none of the ports that it names"),
                    )),
                    Some(found) => {
                        if union.add(service, found) {
                            let effect = format!("imports `{host}`, which it sends traffic to");
                            because.push(Because::new(name, effect));
                        }
                    }
                }
            }
        }
    }
    union.sorted()
}

/// The services of a gateway, in their order.
pub(super) fn of_gateway<'s>(services: impl Iterator<Item = &'s Arc<Service>>) -> Vec<InScope> {
    let mut union = Union::default();
    for service in services {
        union.add(service, service.ports.clone());
    }
    union.sorted()
}

fn matched(listener: &ScopeListener) -> Option<u16> {
    use mesh::network::Protocol;
    let port = listener.declared.port.filter(|it| it.protocol != Protocol::HttpProxy)?;
    Some(port.number).filter(|number| *number != 0)
}

fn object_name(routing: &Routing) -> String {
    format!("{} {}", routing.object.kind, routing.object.meta.qualified_name())
}

/// The hosts that a VirtualService sends to, with the ports that it names; `None` where a
/// destination names none, which means all.
fn destinations<'r>(
    routing: &'r Routing,
    namespace: &str,
) -> BTreeMap<&'r str, Option<BTreeSet<u16>>> {
    let mut found: BTreeMap<&str, Option<BTreeSet<u16>>> = BTreeMap::new();
    for destination in routing.object.destinations(namespace) {
        let ports = found.entry(&destination.host).or_insert_with(|| Some(BTreeSet::new()));
        match (destination.port, ports.as_mut()) {
            (Some(port), Some(ports)) => {
                ports.insert(port);
            }
            (None, _) => *ports = None,
            (Some(_), None) => {}
        }
    }
    found
}

/// The service that a host means in a namespace: its own there, else the best that is seen.
fn destination<'v>(view: &'v View, namespace: &str, host: &str) -> Option<&'v Arc<Service>> {
    let registry = &view.registry;
    let all: Vec<_> = registry.main_by_namespace(host).collect();
    // istiod does not ask here whether the service is exported to its own namespace.
    if let Some((_, own)) = all.iter().find(|(at, _)| *at == namespace) {
        return Some(own);
    }
    let mut seen = all.into_iter().map(|(_, service)| service);
    let is_seen = |service: &&Arc<Service>| registry.is_seen(service, namespace);
    if !view.settings.version.picks_best_namespace() {
        // By name, as the map is sorted.
        return seen.find(is_seen);
    }
    seen.filter(is_seen).min_by_key(|service| {
        let later = service.provider != Provider::Kubernetes;
        (later, service.created.is_none(), service.created, service.namespace.as_str())
    })
}

/// The ports of a service that are wanted; `None` where it has none of them. One that has no ports at
/// all is wanted as it is.
fn trimmed(service: &Service, ports: Option<&BTreeSet<u16>>) -> Option<Vec<Port>> {
    let Some(wanted) = ports.filter(|ports| !ports.is_empty()) else {
        return Some(service.ports.clone());
    };
    let found: Vec<Port> =
        service.ports.iter().filter(|port| wanted.contains(&port.number)).cloned().collect();
    (!found.is_empty() || service.ports.is_empty()).then_some(found)
}

/// Services by host, one each.
#[derive(Default)]
struct Union<'s> {
    services: Vec<InScope>,
    by_host: HashMap<&'s str, usize>,
}

impl<'s> Union<'s> {
    /// Adds a service with some of its ports; tells whether its host is new.
    ///
    /// A Kubernetes Service beats what else has its host; what is alike gives its ports to that which
    /// came first; else the first wins.
    fn add(&mut self, service: &'s Arc<Service>, ports: Vec<Port>) -> bool {
        let Some(existing) =
            self.by_host.get(service.host.as_str()).and_then(|index| self.services.get_mut(*index))
        else {
            self.by_host.insert(&service.host, self.services.len());
            self.services.push(InScope { service: Arc::clone(service), ports });
            return true;
        };
        let is_kubernetes = |it: &Service| it.provider == Provider::Kubernetes;
        match (is_kubernetes(&existing.service), is_kubernetes(service)) {
            (true, false) => {}
            (false, true) => {
                *existing = InScope { service: Arc::clone(service), ports };
            }
            _ if can_merge(&existing.service, service) => {
                for port in ports {
                    if existing.ports.iter().all(|own| own.number != port.number) {
                        existing.ports.push(port);
                    }
                }
            }
            _ => {}
        }
        false
    }

    fn sorted(mut self) -> Vec<InScope> {
        self.services.sort_by(|one, other| one.service.host.cmp(&other.service.host));
        self.services
    }
}

/// Whether two services of a host are alike enough to share their ports.
fn can_merge(one: &Arc<Service>, other: &Arc<Service>) -> bool {
    Arc::ptr_eq(one, other)
        || (one.namespace == other.namespace
            && one.resolution == other.resolution
            && one.labels == other.labels
            && one.selector == other.selector
            && one.export_to == other.export_to)
}
