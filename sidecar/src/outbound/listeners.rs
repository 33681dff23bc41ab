//! Outbound listeners by address and port.

use std::collections::HashMap;
use std::net::IpAddr;

use mesh::network::Protocol;

use super::chain::TcpChain;

/// The outbound listeners of a sidecar.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    by_key: HashMap<Key, Listener>,
}

/// Where a listener listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// `None` for any address.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

/// An outbound listener.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    /// Whether it is for any address.
    pub(super) is_wildcard: bool,
    /// What it is declared to carry, or `Auto` once it carries several things.
    pub(super) protocol: Protocol,
    /// Whether no more services may be added: another egress listener made it.
    pub(super) is_locked: bool,
    /// The routes of requests, where it takes HTTP.
    pub(super) http: Option<RouteName>,
    /// The chains that pass bytes on.
    pub(super) chains: Vec<TcpChain>,
}

/// Which routes a listener has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RouteName {
    /// Those of all HTTP services with the port.
    Shared(u16),
    /// Those of one service, whatever the host of the request.
    Service(String, u16),
}

impl Listeners {
    /// The listener that takes connections to an address: its own, else that of any address.
    pub(super) fn find(&self, address: IpAddr, port: u16) -> Option<&Listener> {
        let own = self.by_key.get(&Key { address: Some(address), port });
        own.or_else(|| self.by_key.get(&Key { address: None, port }))
    }

    /// The ports with HTTP routes, perhaps repeated.
    pub(super) fn http_ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.by_key.values().filter_map(|listener| match listener.http {
            Some(RouteName::Shared(port) | RouteName::Service(_, port)) => Some(port),
            None => None,
        })
    }

    /// Every listener.
    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Listener)> {
        self.by_key.iter()
    }

    /// Keeps everything that is there from being added to.
    pub(super) fn lock(&mut self) {
        self.by_key.values_mut().for_each(|listener| listener.is_locked = true);
    }

    /// Adds what a service makes at a place; of what conflicts the first stays.
    pub(super) fn add(&mut self, key: Key, new: Listener) {
        let Some(there) = self.by_key.get_mut(&key) else {
            self.by_key.insert(key, new);
            return;
        };
        if there.is_locked || !there.may_share(new.protocol) {
            return;
        }
        let kind = |protocol: Protocol| (protocol.is_http(), protocol.is_tcp());
        match (kind(there.protocol), kind(new.protocol)) {
            // HTTP on an address of its own gives way to what finds out.
            ((true, _), (false, false)) => *there = new,
            (_, (true, _)) => {
                if there.http.is_none() {
                    there.http = new.http;
                    there.protocol = Protocol::Auto;
                }
            }
            (there_kind, new_kind) => {
                there.merge(new.chains);
                if there.http.is_none() && new_kind == (false, false) {
                    there.http = new.http;
                }
                if there_kind != new_kind {
                    there.protocol = Protocol::Auto;
                }
            }
        }
    }
}

impl Listener {
    /// Whether a protocol may be added: where the server speaks first, nothing can be found out.
    fn may_share(&self, new: Protocol) -> bool {
        let speaks_first = |it: Protocol| matches!(it, Protocol::Mongo | Protocol::MySql);
        self.protocol == new || !(speaks_first(self.protocol) || speaks_first(new))
    }

    fn merge(&mut self, chains: Vec<TcpChain>) {
        for chain in chains {
            if !self.chains.iter().any(|own| own.conflicts_with(&chain)) {
                self.chains.push(chain);
            }
        }
    }
}
