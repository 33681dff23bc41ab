//! Deciding on a class.

use std::net::SocketAddr;

use accesslog::{Record, ResponseFlags, WellKnown};

use super::address::{self, PodAddress};
use super::field::Known;
use super::{Class, ClusterName, Direction, MeshServerName, Protocol, Traffic};

/// What Envoy says of a connection that no filter chain of its listener takes.
const NO_FILTER_CHAIN: &str = "filter_chain_not_found";

/// A record and what most decisions need of it; the other fields are read when they are asked for.
pub(super) struct Evidence<'r> {
    record: Record<'r>,
    pod: Option<PodAddress>,
    cluster: Known<'r>,
    route: Known<'r>,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
}

impl<'r> Evidence<'r> {
    pub(super) fn of(record: &Record<'r>, pod: Option<PodAddress>) -> Self {
        let known = |field| Known::of(record, field);
        let address = |field| known(field).text().and_then(address::parse);
        Self {
            record: *record,
            pod,
            cluster: known(WellKnown::UpstreamCluster),
            route: known(WellKnown::RouteName),
            local: address(WellKnown::DownstreamLocalAddress),
            remote: address(WellKnown::DownstreamRemoteAddress),
        }
    }

    fn known(&self, field: WellKnown) -> Known<'r> {
        Known::of(&self.record, field)
    }

    pub(super) fn traffic(&self) -> Traffic<'r> {
        let class = self.class();
        let name = self.cluster_name();
        let service = name.filter(|_| class == Class::OutboundMatched);
        Traffic {
            class,
            direction: class.direction().or_else(|| self.direction()),
            protocol: self.form(),
            host: service.map(|name| name.host),
            namespace: service.and_then(|name| name.namespace()),
            subset: service.map(|name| name.subset).filter(|subset| !subset.is_empty()),
            port: self.port(class, name),
            server_name: self.mesh_server_name(),
            source: self.remote,
            destination: self.local,
        }
    }

    fn class(&self) -> Class {
        let Some(cluster) = self.cluster.text() else {
            return self.by_route().unwrap_or_else(|| self.without_cluster());
        };
        // Recent Istio ends names for statistics, which `%UPSTREAM_CLUSTER%` prints, in a semicolon.
        let (name, is_for_statistics) = match cluster.strip_suffix(b";") {
            Some(name) => (name, true),
            None => (cluster, false),
        };
        if name.starts_with(b"inbound|") {
            Class::Inbound
        } else if name.starts_with(b"InboundPassthroughCluster") {
            Class::InboundPassthrough
        } else if let Some(class) = self.by_route() {
            class
        } else if name.starts_with(b"outbound|") {
            Class::OutboundMatched
        } else {
            self.by_own_cluster(name, is_for_statistics)
        }
    }

    /// The class by the routes of the catch-all virtual host. A Sidecar's `egressProxy` keeps the
    /// route's name, and puts an `outbound|` cluster behind it.
    fn by_route(&self) -> Option<Class> {
        let route = self.route.text()?;
        if route == b"block_all" {
            return Some(Class::OutboundBlocked);
        }
        let is_catch_all = route == b"allow_any" || route.starts_with(b"allow_any_");
        is_catch_all.then_some(Class::OutboundPassthrough)
    }

    /// The class by one of the proxy's own clusters, or by a name that the mesh configuration made.
    fn by_own_cluster(&self, name: &[u8], is_for_statistics: bool) -> Class {
        match name {
            b"BlackHoleCluster" if self.is_to_pod() => Class::Unknown,
            b"BlackHoleCluster" => Class::OutboundBlocked,
            b"PassthroughCluster" => self.passthrough(is_for_statistics),
            b"AllowAnyDynamicDNSCluster" => Class::OutboundPassthrough,
            // `inboundClusterStatName` replaces the whole name, but only of these clusters.
            _ if self.is_from_sidecar() => Class::Inbound,
            _ => Class::Unknown,
        }
    }

    /// `InboundPassthroughCluster` has `PassthroughCluster;` as its name for statistics, too.
    fn passthrough(&self, is_for_statistics: bool) -> Class {
        match self.direction().or_else(|| self.passthrough_direction()) {
            Some(Direction::Inbound) => Class::InboundPassthrough,
            Some(Direction::Outbound) => Class::OutboundPassthrough,
            None if is_for_statistics => Class::Unknown,
            None => Class::OutboundPassthrough,
        }
    }

    /// What tells the direction of passed through traffic only.
    fn passthrough_direction(&self) -> Option<Direction> {
        // Inbound, the proxy binds to an address of its own before it connects.
        if self.upstream_local().is_some() {
            return Some(Direction::Outbound);
        }
        // The outbound route would be `allow_any`.
        (self.form() == Some(Protocol::Http) && self.route.is("default"))
            .then_some(Direction::Inbound)
    }

    /// The class of a record without a cluster.
    fn without_cluster(&self) -> Class {
        if self.is_refused() {
            return Class::InboundRejected;
        }
        // Proxies of Istio 1.6 to 1.9 name no cluster when they block a connection.
        let is_old_block = self.cluster == Known::Absent
            && self.form() == Some(Protocol::Tcp)
            && self.has_flag("UH")
            && self.direction() != Some(Direction::Inbound);
        if is_old_block { Class::OutboundBlocked } else { Class::Unknown }
    }

    /// Whether the inbound listener refused the connection.
    fn is_refused(&self) -> bool {
        let direction = self.direction();
        if self.known(WellKnown::ResponseCodeDetails).is(NO_FILTER_CHAIN) {
            // An outbound listener that routes by server name refuses connections, too.
            let may_be_inbound = self.known(WellKnown::RequestedServerName).text().is_none();
            return match direction {
                Some(direction) => direction == Direction::Inbound,
                None => may_be_inbound,
            };
        }
        // Before Istio 1.9 there are no details.
        self.known(WellKnown::ResponseCodeDetails).text().is_none()
            && self.cluster == Known::Absent
            && self.form() == Some(Protocol::Tcp)
            && self.has_flag("NR")
            && direction == Some(Direction::Inbound)
    }

    /// The direction by the addresses and the server name, whatever the cluster.
    fn direction(&self) -> Option<Direction> {
        // A pod that calls itself is the remote of what comes in as well, so the local one decides.
        if self.is_to_pod() || self.is_from_sidecar() {
            Some(Direction::Inbound)
        } else if self.local.is_some() && self.is_of_pod(self.remote) {
            Some(Direction::Outbound)
        } else {
            self.mesh_server_name().map(|_| Direction::Inbound)
        }
    }

    fn is_to_pod(&self) -> bool {
        self.is_of_pod(self.local)
    }

    fn is_of_pod(&self, address: Option<SocketAddr>) -> bool {
        self.pod.zip(address).is_some_and(|(pod, address)| pod.contains(address.ip()))
    }

    /// Whether the proxy called its own workload.
    fn is_from_sidecar(&self) -> bool {
        self.upstream_local().is_some_and(|address| address::is_inbound_source(address.ip()))
    }

    /// The address that the proxy called from, once it was connected.
    fn upstream_local(&self) -> Option<SocketAddr> {
        self.known(WellKnown::UpstreamLocalAddress).text().and_then(address::parse)
    }

    /// Whether the record is about a request or a connection.
    fn form(&self) -> Option<Protocol> {
        let method = self.known(WellKnown::Method);
        let protocol = self.known(WellKnown::Protocol);
        let has_code = || self.known(WellKnown::ResponseCode).text().is_some_and(|it| it != b"0");
        if method.text().is_some() || protocol.text().is_some() || has_code() {
            return Some(Protocol::Http);
        }
        // Every request has a protocol, even one whose head never came; that one has no cluster.
        let is_connection = protocol == Known::Absent
            || self.known(WellKnown::ResponseCodeDetails).is(NO_FILTER_CHAIN)
            || (method == Known::Absent && self.cluster.text().is_some());
        is_connection.then_some(Protocol::Tcp)
    }

    fn has_flag(&self, flag: &str) -> bool {
        self.known(WellKnown::ResponseFlags)
            .text()
            .is_some_and(|text| ResponseFlags::new(text).contains(flag))
    }

    fn port(&self, class: Class, name: Option<ClusterName<'_>>) -> Option<u16> {
        let local = self.local.map(|address| address.port());
        match class {
            Class::OutboundMatched => name.map(|name| name.port),
            Class::OutboundPassthrough => local.or_else(|| self.passed_through_port()),
            Class::Inbound => {
                // Before Istio 1.8 the name has the service's port, and its host.
                let own = name.filter(|name| name.host.is_empty());
                own.map(|name| name.port).or(local)
            }
            Class::OutboundBlocked | Class::InboundPassthrough | Class::InboundRejected => local,
            Class::Unknown => None,
        }
    }

    /// The port of the original destination, which `PassthroughCluster` connects to.
    fn passed_through_port(&self) -> Option<u16> {
        let cluster = self.cluster.text()?;
        let is_original = matches!(cluster, b"PassthroughCluster" | b"PassthroughCluster;");
        let host = self.known(WellKnown::UpstreamHost).text().filter(|_| is_original)?;
        address::parse(host).map(|address| address.port())
    }

    fn cluster_name(&self) -> Option<ClusterName<'r>> {
        ClusterName::parse(std::str::from_utf8(self.cluster.text()?).ok()?)
    }

    fn mesh_server_name(&self) -> Option<MeshServerName<'r>> {
        MeshServerName::parse(
            std::str::from_utf8(self.known(WellKnown::RequestedServerName).text()?).ok()?,
        )
    }
}
