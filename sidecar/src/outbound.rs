//! What a sidecar does with a call that its application makes: which listener takes it, and where it
//! goes.
//!
//! The clusters alone do not tell: a service that has one may have no listener for a port that
//! another egress listener took, and a port that another service has gives an unknown host an HTTP
//! route. So an [`Outbound`] has listeners and routes as istiod makes them of a scope.
//!
//! Follows `pilot/pkg/networking/core/listener.go`, `tls.go` and `httproute.go` at istio/istio
//! 86c9f01f.

mod address;
mod build;
mod chain;
mod domains;
mod listeners;
mod route;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;

use crate::class::Protocol;
use crate::object::{Destination, PolicyMode};
use crate::registry::Registry;
use crate::scope::Scope;
use crate::view::View;
use chain::ChainMatch;
pub(crate) use domains::host_of;
use listeners::{Listeners, RouteName};
use route::{RouteTable, RouteTarget};

/// What an application asks its sidecar for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call<'c> {
    /// The address that it connects to.
    pub address: IpAddr,
    /// The port that it connects to.
    pub port: u16,
    /// What it speaks.
    pub speech: Speech<'c>,
}

/// What an application speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech<'c> {
    /// HTTP in plain text, with the authority of the request.
    Http {
        /// The `Host` or `:authority`, with or without a port.
        authority: &'c str,
    },
    /// TLS, with the server name that the client asks for.
    Tls {
        /// The server name; `None` where the client sends none, or it is not known.
        server_name: Option<&'c str>,
    },
    /// Anything else.
    Other,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The form of the record that it leaves.
    pub protocol: Protocol,
    /// Where it goes.
    pub fate: Fate,
}

/// Where a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// To a service that the sidecar knows.
    Matched {
        /// The clusters that it may go to, by host, port and subset: one, unless a VirtualService
        /// chooses by the request or by weight.
        destinations: BTreeSet<Destination>,
        /// The VirtualService that routes it, as `namespace/name`.
        virtual_service: Option<String>,
        /// Whether only the port was looked at: a ServiceEntry without an address takes all that
        /// comes to its port.
        captured: bool,
    },
    /// To its own destination, which the sidecar does not know.
    Passthrough,
    /// To the `egressProxy` of the policy.
    EgressProxy(Destination),
    /// To where DNS says its host is.
    DynamicDns,
    /// Nowhere: the policy blocks it.
    Blocked,
    /// Nowhere: the VirtualService for its host has no route for it, or one to a cluster that is not
    /// there.
    NoRoute {
        /// The VirtualService, as `namespace/name`; `None` where the service itself is hidden by
        /// another with its host.
        virtual_service: Option<String>,
    },
}

/// The outbound listeners and routes of a sidecar.
#[derive(Debug)]
pub struct Outbound<'a> {
    view: &'a View,
    scope: &'a Scope,
    listeners: Listeners,
    /// The routes of HTTP ports; made when they are first asked for.
    routes: HashMap<u16, OnceLock<RouteTable>>,
}

impl<'a> Outbound<'a> {
    /// The listeners and routes of a sidecar with this scope.
    pub fn new(view: &'a View, scope: &'a Scope) -> Self {
        let listeners = build::listeners(view, scope);
        let routes = listeners.http_ports().map(|port| (port, OnceLock::new())).collect();
        Self { view, scope, listeners, routes }
    }

    /// The services of the view.
    pub(crate) fn registry(&self) -> &'a Registry {
        &self.view.registry
    }

    /// Whether there are clusters of a host and port.
    pub(crate) fn has_cluster(&self, host: &str, port: u16) -> bool {
        self.scope.service(host).is_some_and(|it| it.ports.iter().any(|own| own.number == port))
    }

    /// What becomes of a call.
    pub fn call(&self, call: &Call<'_>) -> Outcome {
        let Some(listener) = self.listeners.find(call.address, call.port) else {
            return self.unknown(Protocol::Tcp);
        };
        let is_http = matches!(call.speech, Speech::Http { .. });
        match (listener.chain(call, is_http), call.speech) {
            (Some(ChainMatch::Http(RouteName::Shared(port))), Speech::Http { authority }) => {
                self.routed(*port, authority)
            }
            (Some(ChainMatch::Http(RouteName::Service(host, port))), Speech::Http { .. }) => {
                self.of_service(host, *port)
            }
            (Some(ChainMatch::Tcp(chain)), _) => {
                let fate = Fate::Matched {
                    destinations: chain.destinations.iter().cloned().collect(),
                    virtual_service: chain.virtual_service.clone(),
                    captured: chain.is_open() && listener.is_wildcard,
                };
                Outcome { protocol: Protocol::Tcp, fate }
            }
            (None | Some(ChainMatch::Http(_)), _) => self.unknown(Protocol::Tcp),
        }
    }

    /// What becomes of a request on a port that HTTP services share.
    fn routed(&self, port: u16, authority: &str) -> Outcome {
        self.targeted(self.table(port).and_then(|table| table.find(authority)))
    }

    /// What becomes of a request at the address of a service whose port says nothing of its protocol:
    /// any host is the service's.
    fn of_service(&self, host: &str, port: u16) -> Outcome {
        self.targeted(self.table(port).and_then(|table| table.of_service(host)))
    }

    /// The routes of a port.
    fn table(&self, port: u16) -> Option<&RouteTable> {
        let table = self.routes.get(&port)?;
        Some(table.get_or_init(|| RouteTable::new(self.view, self.scope, port)))
    }

    /// What becomes of a request that a virtual host takes, or none.
    fn targeted(&self, target: Option<&RouteTarget>) -> Outcome {
        match target {
            Some(target) => Outcome { protocol: Protocol::Http, fate: target.fate(self.scope) },
            None => self.unknown(Protocol::Http),
        }
    }

    /// What becomes of what is not known.
    pub(crate) fn unknown(&self, protocol: Protocol) -> Outcome {
        let policy = self.scope.outbound_traffic_policy.as_ref();
        let fate = match (self.scope.mode(), protocol) {
            (PolicyMode::RegistryOnly, _) => Fate::Blocked,
            (PolicyMode::AllowAnyDynamicDns, Protocol::Http) => Fate::DynamicDns,
            (PolicyMode::AllowAnyDynamicDns, Protocol::Tcp) => Fate::Passthrough,
            (PolicyMode::AllowAny, _) => match policy.and_then(|it| it.egress_proxy.clone()) {
                Some(proxy) => Fate::EgressProxy(proxy),
                None => Fate::Passthrough,
            },
        };
        Outcome { protocol, fate }
    }
}

impl Fate {
    /// Whether the sidecar lets the call through without knowing its destination.
    pub fn is_unmatched(&self) -> bool {
        matches!(self, Self::Passthrough | Self::EgressProxy(_) | Self::DynamicDns)
    }
}

impl fmt::Display for Outcome {
    /// Writes where the call goes, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.protocol {
            Protocol::Http => "HTTP",
            Protocol::Tcp => "TCP",
        };
        match (&self.fate, self.protocol) {
            (Fate::Matched { destinations, virtual_service, captured }, _) => {
                let names: Vec<String> = destinations.iter().map(cluster_name).collect();
                write!(f, "{form} to {}", names.join(" or "))?;
                if let Some(name) = virtual_service {
                    write!(f, " by VirtualService {name}")?;
                }
                if *captured { f.write_str(", which takes all of its port") } else { Ok(()) }
            }
            (Fate::Passthrough, Protocol::Http) => f.write_str("HTTP passed through (allow_any)"),
            (Fate::Passthrough, Protocol::Tcp) => f.write_str("TCP passed through"),
            (Fate::EgressProxy(proxy), _) => {
                write!(f, "{form} to the egress proxy {}", cluster_name(proxy))
            }
            (Fate::DynamicDns, _) => write!(f, "{form} to where DNS says its host is"),
            (Fate::Blocked, Protocol::Http) => f.write_str("HTTP blocked (502, block_all)"),
            (Fate::Blocked, Protocol::Tcp) => f.write_str("TCP blocked (BlackHoleCluster)"),
            (Fate::NoRoute { virtual_service: Some(name) }, _) => {
                write!(f, "{form} without a route by VirtualService {name}")
            }
            (Fate::NoRoute { virtual_service: None }, _) => {
                write!(f, "{form} without a cluster to go to")
            }
        }
    }
}

/// The cluster of a destination.
pub(crate) fn cluster_name(destination: &Destination) -> String {
    let port = destination.port.unwrap_or_default();
    format!("outbound|{port}|{}|{}", destination.subset, destination.host)
}
