//! The filter chains of a listener, and which of them takes a connection.
//!
//! Follows Envoy's
//! <https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/listener/v3/listener_components.proto#config-listener-v3-filterchainmatch>:
//! the closest range of addresses, then the closest server name, then what is spoken; a step once
//! taken is not taken back.

use std::net::IpAddr;

use super::address::Range;
use super::listeners::{Listener, RouteName};
use super::{Call, Speech};
use crate::hostname::is_covered;
use crate::object::Destination;

/// A chain that passes bytes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TcpChain {
    /// The ranges that the destination has to be in; none is every destination.
    pub(super) ranges: Vec<Range>,
    /// The server names that the client has to ask for; none is every client.
    pub(super) server_names: Vec<String>,
    /// Where the connection goes.
    pub(super) destinations: Vec<Destination>,
    /// The VirtualService that says so.
    pub(super) virtual_service: Option<String>,
}

/// The chain that takes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChainMatch<'l> {
    /// One with HTTP routes.
    Http(&'l RouteName),
    /// One that passes bytes on.
    Tcp(&'l TcpChain),
}

impl TcpChain {
    /// Whether it takes every connection.
    pub(super) fn is_open(&self) -> bool {
        self.ranges.is_empty() && self.server_names.iter().all(|name| name == "*")
    }

    /// Whether it would take the same connections as another, so that only the first of them stays.
    pub(super) fn conflicts_with(&self, other: &Self) -> bool {
        let same_names = match (self.server_names.as_slice(), other.server_names.as_slice()) {
            ([], []) => true,
            (own, others) => own.iter().any(|name| others.contains(name)),
        };
        let same_ranges = match (self.ranges.as_slice(), other.ranges.as_slice()) {
            ([], []) => true,
            (own, others) => own.iter().any(|range| others.contains(range)),
        };
        same_names && same_ranges
    }

    /// How many bits of an address its closest range fixes; `None` where it has no range.
    fn closeness(&self, address: IpAddr) -> Option<u8> {
        let holding = self.ranges.iter().filter(|range| range.holds(address));
        holding.map(|range| range.bits).max()
    }

    /// How closely it takes a server name: 0 for any, else more for a longer name; `None` where it
    /// asks for others.
    fn name_closeness(&self, name: Option<&str>) -> Option<usize> {
        if self.server_names.is_empty() || self.server_names.iter().any(|it| it == "*") {
            return Some(0);
        }
        let name = name?;
        let covering = self.server_names.iter().filter(|own| is_covered(name, own));
        covering.map(|own| own.len() + usize::from(own == name)).max()
    }
}

impl Listener {
    /// The chain that takes a call; `None` where only the chain for unknown traffic does.
    pub(super) fn chain(&self, call: &Call<'_>, is_http: bool) -> Option<ChainMatch<'_>> {
        let server_name = match call.speech {
            Speech::Tls { server_name } => server_name,
            Speech::Http { .. } | Speech::Other => None,
        };
        // The range is decided first; the HTTP chain has none.
        let closest = self.chains.iter().filter_map(|it| it.closeness(call.address)).max();
        let in_range = |chain: &&TcpChain| match closest {
            Some(bits) => chain.closeness(call.address) == Some(bits),
            None => chain.ranges.is_empty(),
        };
        let named = self.chains.iter().filter(in_range);
        let named = named.filter_map(|it| Some((it.name_closeness(server_name)?, it)));
        let best = named.rev().max_by_key(|(closeness, _)| *closeness).map(|(_, chain)| chain);
        if is_http
            && closest.is_none()
            && let Some(route) = &self.http
        {
            return Some(ChainMatch::Http(route));
        }
        // A chain that takes all is the default one, wherever the way ended.
        let fallback = || self.chains.iter().find(|chain| chain.is_open());
        best.or_else(fallback).map(ChainMatch::Tcp)
    }
}
