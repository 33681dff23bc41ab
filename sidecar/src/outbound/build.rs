//! Makes the outbound listeners of a scope.

use std::net::IpAddr;

use mesh::Labels;
use mesh::network::Protocol;

use super::address::Range;
use super::chain::TcpChain;
use super::listeners::{Key, Listener, Listeners, RouteName};
use crate::hostname::overlap;
use crate::object::{Destination, EgressListener, L4Match, L4Route};
use crate::registry::{Port, Provider, Resolution, Service};
use crate::scope::{Imported, Scope, ScopeListener};
use crate::view::View;

/// Makes the listeners.
pub(super) fn listeners(view: &View, scope: &Scope) -> Listeners {
    let mut listeners = Listeners::default();
    for listener in &scope.listeners {
        let build = Build { view, scope, listener };
        match listener.declared.port {
            Some(port) => {
                for it in &listener.services {
                    let declared =
                        Port { number: port.number, name: "".into(), protocol: port.protocol };
                    build.add(&mut listeners, it, &declared, Bind::of(&listener.declared));
                }
            }
            None => {
                listeners.lock();
                for it in &listener.services {
                    for port in it.ports() {
                        build.of_port(&mut listeners, it, port);
                    }
                }
            }
        }
    }
    listeners
}

/// Where an egress listener wants to listen.
#[derive(Debug, Clone, Copy)]
enum Bind {
    /// Where the service is.
    Service,
    /// On this address.
    At(IpAddr),
    /// On a socket that no connection is redirected to.
    Nowhere,
}

impl Bind {
    fn of(declared: &EgressListener) -> Self {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        match (declared.bind.as_str(), declared.captures_nothing) {
            ("", false) => Self::Service,
            ("", true) => Self::At(loopback),
            (bind, _) => bind.parse().map_or(Self::Nowhere, Self::At),
        }
    }
}

/// What makes the listeners of an egress listener.
struct Build<'a> {
    view: &'a View,
    scope: &'a Scope,
    listener: &'a ScopeListener,
}

impl Build<'_> {
    /// Adds what a service's port makes of an egress listener without a port.
    fn of_port(&self, listeners: &mut Listeners, it: &Imported, port: &Port) {
        let bind = Bind::of(&self.listener.declared);
        let service = &it.service;
        let by_endpoint = service.resolution == Resolution::Passthrough
            && self.addresses(service).is_empty()
            && !port.protocol.is_http();
        if !by_endpoint || !matches!(bind, Bind::Service) {
            self.add(listeners, it, port, bind);
            return;
        }
        let endpoints = self.view.registry.endpoints(&service.host, &service.namespace);
        let mut at_port = endpoints.iter().filter(|it| *it.port_name == *port.name).peekable();
        let is_entry = service.provider == Provider::ServiceEntry;
        if is_entry && at_port.peek().is_none() && service.selector.is_none() {
            self.add(listeners, it, port, bind);
            return;
        }
        for endpoint in at_port {
            if let Ok(address) = endpoint.address.parse() {
                self.add(listeners, it, port, Bind::At(address));
            }
        }
    }

    /// The addresses of a service that this proxy uses.
    fn addresses<'s>(&self, service: &'s Service) -> &'s [String] {
        match service.addresses.as_slice() {
            [] if self.view.settings.dns_capture => &service.allocated,
            addresses => addresses,
        }
    }

    /// Adds what a service makes at a port.
    fn add(&self, listeners: &mut Listeners, it: &Imported, port: &Port, bind: Bind) {
        let service = &it.service;
        if service.is_alias() || port.protocol == Protocol::Udp {
            return;
        }
        let (keys, ranges) = self.places(service, port, bind);
        for address in keys {
            let is_wildcard = address.is_none();
            let http = match (port.protocol.is_http(), port.protocol) {
                (true, _) => Some(RouteName::Shared(port.number)),
                (false, Protocol::Auto) if is_wildcard => Some(RouteName::Shared(port.number)),
                (false, Protocol::Auto) => {
                    Some(RouteName::Service(service.host.clone(), port.number))
                }
                _ => None,
            };
            let chains = match port.protocol.is_http() {
                true => Vec::new(),
                false => self.chains(it, port, &ranges, is_wildcard),
            };
            let new = Listener {
                is_wildcard,
                // Beside HTTP on any address, other bytes are still let through.
                protocol: match port.protocol.is_http() && is_wildcard {
                    true => Protocol::Auto,
                    false => port.protocol,
                },
                is_locked: false,
                http,
                chains,
            };
            listeners.add(Key { address, port: port.number }, new);
        }
    }

    /// The addresses to listen at, `None` for any, and the ranges that the destination has to be in.
    fn places(
        &self,
        service: &Service,
        port: &Port,
        bind: Bind,
    ) -> (Vec<Option<IpAddr>>, Vec<Range>) {
        match bind {
            Bind::Nowhere => return (Vec::new(), Vec::new()),
            Bind::At(address) if address.is_unspecified() => return (vec![None], Vec::new()),
            Bind::At(address) => return (vec![Some(address)], Vec::new()),
            Bind::Service if port.protocol.is_http() => return (vec![None], Vec::new()),
            Bind::Service => {}
        }
        let addresses = self.addresses(service);
        if addresses.first().is_some_and(|first| first.contains('/')) {
            return (vec![None], addresses.iter().filter_map(|it| Range::parse(it)).collect());
        }
        match addresses.iter().filter_map(|it| it.parse().ok()).map(Some).collect::<Vec<_>>() {
            none if none.is_empty() => (vec![None], Vec::new()),
            own => (own, Vec::new()),
        }
    }

    /// The chains that pass bytes on to a service, or to where VirtualServices send them.
    fn chains(
        &self,
        it: &Imported,
        port: &Port,
        ranges: &[Range],
        is_wildcard: bool,
    ) -> Vec<TcpChain> {
        let is_tls = port.protocol.is_tls();
        let mut chains = Vec::new();
        let about = |host: &String| overlap(host, &it.service.host);
        let routings = &self.listener.virtual_services;
        for object in routings.iter().map(|it| &it.object).filter(|it| it.hosts.iter().any(about)) {
            let routes = if is_tls { &object.tls } else { &object.tcp };
            for route in routes.iter().filter(|route| !route.destinations.is_empty()) {
                let name = object.meta.qualified_name();
                let ends = self.route(route, &name, port, ranges, is_tls, &mut chains);
                if ends {
                    return chains;
                }
            }
        }
        // TLS routes of VirtualServices stand for the service; TCP routes may leave it a part.
        if is_tls && !chains.is_empty() {
            return chains;
        }
        let names_needed = is_tls && (is_wildcard || self.addresses(&it.service).is_empty());
        let names = match names_needed {
            true => server_names(it),
            false => Vec::new(),
        };
        // The only port of a service is meant, whatever the port of the egress listener.
        let mut own = it.ports().map(|port| port.number);
        let number = match (own.next(), own.next()) {
            (Some(only), None) => only,
            _ => port.number,
        };
        chains.push(TcpChain {
            ranges: ranges.to_vec(),
            server_names: names,
            destinations: vec![Destination {
                host: it.service.host.clone(),
                subset: String::new(),
                port: Some(number),
            }],
            virtual_service: None,
        });
        chains
    }

    /// Adds the chains of a route; tells whether it takes everything.
    fn route(
        &self,
        route: &L4Route,
        name: &str,
        port: &Port,
        ranges: &[Range],
        is_tls: bool,
        chains: &mut Vec<TcpChain>,
    ) -> bool {
        let destination =
            |it: &Destination| Destination { port: it.port.or(Some(port.number)), ..it.clone() };
        let destinations: Vec<Destination> = route.destinations.iter().map(destination).collect();
        let chain = |ranges: Vec<Range>, server_names: Vec<String>| TcpChain {
            ranges,
            server_names,
            destinations: destinations.clone(),
            virtual_service: Some(name.to_owned()),
        };
        if route.matches.is_empty() && !is_tls {
            chains.push(chain(ranges.to_vec(), Vec::new()));
            return true;
        }
        for wanted in route.matches.iter().filter(|it| self.is_for(it, port.number)) {
            let subnets = wanted.destination_subnets.iter().filter_map(|it| Range::parse(it));
            let subnets: Vec<Range> = subnets.collect();
            let is_narrow = !wanted.destination_subnets.is_empty();
            let ranges = if is_narrow { subnets } else { ranges.to_vec() };
            chains.push(chain(ranges, wanted.sni_hosts.clone()));
            if !is_tls && !is_narrow {
                return true;
            }
        }
        false
    }

    /// Whether a match is for this proxy and port.
    fn is_for(&self, wanted: &L4Match, port: u16) -> bool {
        is_for_client(self.scope, &wanted.source_namespace, &wanted.source_labels, &wanted.gateways)
            && wanted.port.is_none_or(|number| number == port)
    }
}

/// Whether what a match says of the client holds for the proxy.
pub(super) fn is_for_client(
    scope: &Scope,
    namespace: &str,
    labels: &Labels,
    gateways: &[String],
) -> bool {
    let is_mesh = |name: &String| name == crate::object::MESH;
    (namespace.is_empty() || namespace == scope.namespace)
        && labels.iter().all(|(key, value)| scope.labels.get(key) == Some(value))
        && (gateways.is_empty() || gateways.iter().any(is_mesh))
}

/// The names that clients of a service ask for.
fn server_names(it: &Imported) -> Vec<String> {
    let aliases = it.aliases.iter().map(|alias| alias.host.clone());
    std::iter::once(it.service.host.clone()).chain(aliases).collect()
}
