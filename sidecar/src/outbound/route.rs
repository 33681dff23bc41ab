//! The HTTP routes of a port.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use mesh::network::Protocol;

use super::build::is_for_client;
use super::{Fate, domains};
use crate::hostname::{is_wildcard, most_specific, overlap};
use crate::object::{Destination, HttpRoute, VirtualService};
use crate::registry::Resolution;
use crate::scope::{Imported, Scope, ScopeListener};
use crate::view::View;

/// The virtual hosts of a port that services share.
#[derive(Debug)]
pub(super) struct RouteTable {
    exact: HashMap<String, Arc<RouteTarget>>,
    /// The names behind `*`, longest first.
    suffixes: Vec<(String, Arc<RouteTarget>)>,
}

/// Where the requests of a virtual host go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RouteTarget {
    destinations: BTreeSet<Destination>,
    virtual_service: Option<String>,
}

/// The egress listener whose services and VirtualServices a port's routes are made of: the first
/// with that port, or without one.
fn egress_listener(scope: &Scope, port: u16) -> Option<&ScopeListener> {
    scope
        .listeners
        .iter()
        .find(|listener| listener.declared.port.is_none_or(|declared| declared.number == port))
}

impl RouteTarget {
    /// What becomes of a request.
    pub(super) fn fate(&self, scope: &Scope) -> Fate {
        let has_cluster = |destination: &&Destination| {
            let port = destination.port;
            scope.service(&destination.host).is_some_and(|it| {
                !it.service.is_alias() && it.ports.iter().any(|own| Some(own.number) == port)
            })
        };
        let destinations: BTreeSet<Destination> =
            self.destinations.iter().filter(has_cluster).cloned().collect();
        let virtual_service = self.virtual_service.clone();
        match destinations.is_empty() {
            true => Fate::NoRoute { virtual_service },
            false => Fate::Matched { destinations, virtual_service, captured: false },
        }
    }
}

impl RouteTable {
    /// The routes of a port, of the services and VirtualServices of its egress listener.
    pub(super) fn new(view: &View, scope: &Scope, port: u16) -> Self {
        let mut table = Self { exact: HashMap::new(), suffixes: Vec::new() };
        let Some(listener) = egress_listener(scope, port) else { return table };
        let is_proxy = listener.declared.port.is_some_and(|it| it.protocol == Protocol::HttpProxy);
        let services: BTreeMap<String, &Imported> = listener
            .services
            .iter()
            .filter(|it| is_proxy || it.ports().any(|own| own.number == port))
            .map(|it| (it.service.host.to_ascii_lowercase(), it))
            .collect();
        let mut routes = Routes { view, scope, listener, services, port, table: &mut table };
        routes.add_all();
        table.suffixes.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        table
    }

    /// Where requests with an authority go; `None` where no virtual host has it.
    pub(super) fn find(&self, authority: &str) -> Option<&RouteTarget> {
        let host = domains::host_of(authority);
        if let Some(target) = self.exact.get(&host) {
            return Some(target);
        }
        let covering = self
            .suffixes
            .iter()
            .find(|(suffix, _)| host.len() > suffix.len() && host.ends_with(suffix.as_str()));
        covering.map(|(_, target)| target.as_ref())
    }

    /// Where requests to a service go, whatever their authority; `None` where there is no virtual host
    /// for it.
    pub(super) fn of_service(&self, host: &str) -> Option<&RouteTarget> {
        self.exact.get(&host.to_ascii_lowercase()).map(AsRef::as_ref)
    }

    /// The names of each service that is a destination of its own.
    #[cfg(test)]
    pub(super) fn by_host(&self) -> BTreeMap<String, Vec<String>> {
        let mut hosts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, target) in &self.exact {
            for destination in &target.destinations {
                hosts.entry(destination.host.clone()).or_default().push(name.clone());
            }
        }
        hosts
    }

    /// Adds a name; of equal ones the first stays.
    fn add(&mut self, name: &str, target: &Arc<RouteTarget>) {
        match name.strip_prefix('*') {
            Some(suffix) => {
                if self.suffixes.iter().all(|(own, _)| own != suffix) {
                    self.suffixes.push((suffix.to_owned(), Arc::clone(target)));
                }
            }
            None => {
                self.exact.entry(name.to_owned()).or_insert_with(|| Arc::clone(target));
            }
        }
    }
}

/// What makes the routes of a port.
struct Routes<'a> {
    view: &'a View,
    scope: &'a Scope,
    listener: &'a ScopeListener,
    /// The services with the port, by host.
    services: BTreeMap<String, &'a Imported>,
    port: u16,
    table: &'a mut RouteTable,
}

impl<'a> Routes<'a> {
    fn add_all(&mut self) {
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let routings = &self.listener.virtual_services;
        for object in routings.iter().map(|it| Arc::clone(&it.object)) {
            taken.extend(self.add_routing(&object));
        }
        let rest: Vec<&'a Imported> = self
            .services
            .iter()
            .filter(|(host, it)| !taken.contains(*host) && self.is_http(it))
            .map(|(_, it)| *it)
            .collect();
        for it in rest {
            let host = it.service.host.clone();
            let own = Destination { host, subset: String::new(), port: Some(self.port) };
            let target = RouteTarget { destinations: BTreeSet::from([own]), virtual_service: None };
            self.add_service(it, &Arc::new(target));
        }
    }

    /// Adds the virtual hosts of a VirtualService; gives the services that are among them.
    fn add_routing(&mut self, object: &VirtualService) -> Vec<String> {
        let Some(destinations) = self.destinations(object) else { return Vec::new() };
        let (others, mut matched) = self.hosts_of(object);
        // But for port 80, one without any service of the port makes nothing.
        if self.port != 80 && matched.is_empty() {
            return Vec::new();
        }
        if object.has_gateway_semantics() {
            let own = &object.meta.namespace;
            matched.retain(|(_, it)| it.service.namespace == *own || self.scope.namespace == *own);
            if matched.is_empty() {
                return Vec::new();
            }
        }
        let taken = matched.iter().map(|(host, _)| host.clone()).collect();
        matched.retain(|(_, it)| self.is_http(it));
        if matched.is_empty() && self.port != 80 {
            return taken;
        }
        let virtual_service = Some(object.meta.qualified_name());
        let target = Arc::new(RouteTarget { destinations, virtual_service });
        for host in others {
            self.table.add(&host, &target);
        }
        for (_, it) in matched {
            self.add_service(it, &target);
        }
        taken
    }

    /// The hosts of a VirtualService that are no services, and the services that are.
    fn hosts_of(&self, object: &VirtualService) -> (Vec<String>, Vec<(String, &'a Imported)>) {
        let mut others = Vec::new();
        let mut matched: BTreeMap<String, &'a Imported> = BTreeMap::new();
        for host in object.hosts.iter().map(|host| host.to_ascii_lowercase()) {
            if !is_wildcard(&host) {
                match self.services.get(&host) {
                    Some(it) => {
                        matched.insert(host, it);
                    }
                    None => others.push(host),
                }
                continue;
            }
            let mut any = false;
            for (name, it) in self.services.iter().filter(|(name, _)| overlap(name, &host)) {
                any = true;
                if self.is_closest(object, name) {
                    matched.insert(name.clone(), it);
                }
            }
            if !any {
                others.push(host);
            }
        }
        (others, matched.into_iter().collect())
    }

    /// Whether no other VirtualService has a host that covers a service more closely.
    fn is_closest(&self, object: &VirtualService, service: &str) -> bool {
        let routings = self.listener.virtual_services.iter().map(|it| &it.object);
        let hosts = routings.flat_map(|it| it.hosts.iter().map(move |host| (host.as_str(), it)));
        most_specific(service, hosts)
            .is_some_and(|closest| (&closest.meta, &closest.kind) == (&object.meta, &object.kind))
    }

    /// Where a VirtualService sends requests of this proxy to this port; `None` where it has no route
    /// for them.
    fn destinations(&self, object: &VirtualService) -> Option<BTreeSet<Destination>> {
        let mut found = BTreeSet::new();
        let mut any = false;
        for route in &object.http {
            let Some(takes_all) = self.takes(route) else { continue };
            any = true;
            found.extend(route.destinations.iter().map(|it| self.resolved(it)));
            if takes_all {
                break;
            }
        }
        any.then_some(found)
    }

    /// Whether a route is for this proxy and port, and if so, whether for every request.
    fn takes(&self, route: &HttpRoute) -> Option<bool> {
        if route.matches.is_empty() {
            return Some(true);
        }
        let mut fitting = route.matches.iter().filter(|it| {
            is_for_client(self.scope, &it.source_namespace, &it.source_labels, &it.gateways)
                && it.port.is_none_or(|port| port == self.port)
        });
        let first = fitting.next()?;
        Some(!first.asks_for_more || fitting.any(|it| !it.asks_for_more))
    }

    /// A destination with its port, and what an alias stands for.
    fn resolved(&self, destination: &Destination) -> Destination {
        let service = self.services.get(&destination.host.to_ascii_lowercase());
        let host = match service.map(|it| &it.service.resolution) {
            Some(Resolution::Alias(concrete)) => concrete.clone(),
            _ => destination.host.clone(),
        };
        Destination {
            host,
            subset: destination.subset.clone(),
            port: destination.port.or(Some(self.port)),
        }
    }

    fn is_http(&self, it: &Imported) -> bool {
        !it.service.is_alias()
            && it.ports().any(|port| {
                port.number == self.port
                    && (port.protocol.is_http() || port.protocol == Protocol::Auto)
            })
    }

    fn add_service(&mut self, it: &Imported, target: &Arc<RouteTarget>) {
        let addresses = match it.service.addresses.as_slice() {
            [] if self.view.settings.dns_capture => &it.service.allocated,
            addresses => addresses,
        };
        let domain = &self.view.settings.domain;
        for name in domains::of_service(it, addresses, &self.scope.namespace, domain) {
            self.table.add(&name, target);
        }
    }
}
