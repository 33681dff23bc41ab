//! The hosts that a group's calls may need.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use mesh::network::Protocol as PortProtocol;

use super::ground::Standing;
use super::shrink::Group;
use super::{Evidence, Reason, draft, evidence};
use crate::calls::Destination;
use crate::class::{Class, Protocol};
use crate::hostname::overlap;
use crate::object::Sidecar;
use crate::outbound::host_of;
use crate::scope::Scope;
use crate::view::View;

/// Hosts by entry, with why they are there and what was seen of them.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) entries: BTreeMap<String, (Reason, Evidence)>,
}

impl Candidates {
    /// The hosts that the calls of a group may need.
    pub(super) fn of(
        before: &View,
        after: &View,
        group: &Group<'_>,
        standings: &[Standing<'_>],
    ) -> Self {
        let mut found = Self::default();
        for standing in standings {
            let is_only = standings.len() == 1;
            for member in group.members.iter().filter(|it| standing.is_of(it, is_only)) {
                for destination in &member.workload.destinations {
                    let seen = evidence(member.workload, destination.count, destination.last);
                    let scope = standing.scope;
                    let mut of = OfCall { before, scope, group, seen: &seen, found: &mut found };
                    of.add(destination);
                }
            }
        }
        let drafts = draft::drafts(before, group);
        for draft in drafts.iter().filter(|it| after.registry.by_host(&it.host).next().is_some()) {
            found.add(format!("./{}", draft.host), Reason::Called, &draft.evidence);
        }
        found
    }

    /// Adds what is kept by rule.
    pub(super) fn add_rules(&mut self, rules: &[(String, Reason)]) {
        for (entry, reason) in rules {
            self.add(entry.clone(), *reason, &Evidence::default());
        }
    }

    /// Adds what a Sidecar has in its listener without a port.
    pub(super) fn add_existing(&mut self, sidecar: &Sidecar) {
        let open = sidecar.egress.iter().filter(|listener| listener.port.is_none());
        for entry in open.flat_map(|listener| &listener.hosts) {
            self.add(entry.clone(), Reason::Existing, &Evidence::default());
        }
    }

    /// Adds an entry; of several reasons a rule stays, unless it is only for calls that were not
    /// matched.
    fn add(&mut self, entry: String, reason: Reason, seen: &Evidence) {
        let there = self.entries.entry(entry).or_insert_with(|| (reason, Evidence::default()));
        there.0 = match (there.0, reason) {
            (Reason::Called, Reason::KnownAddress) | (Reason::KnownAddress, Reason::Called) => {
                Reason::Called
            }
            (one, other) => one.max(other),
        };
        there.1.calls += seen.calls;
        there.1.last_seen = there.1.last_seen.max(seen.last_seen);
        there.1.workloads.extend(seen.workloads.iter().cloned());
    }
}

/// What looks for the hosts of one call.
struct OfCall<'a> {
    before: &'a View,
    scope: &'a Scope,
    group: &'a Group<'a>,
    seen: &'a Evidence,
    found: &'a mut Candidates,
}

impl OfCall<'_> {
    fn add(&mut self, destination: &Destination) {
        let observed = &destination.observed;
        let address = observed.destination.map(|at| at.ip());
        match observed.class {
            Class::OutboundMatched => {
                let authority = observed.authority.as_deref();
                let mut asked = self.requested(authority, address, observed.port);
                if asked.is_empty() {
                    asked.extend(observed.host.clone());
                }
                for host in &asked {
                    self.add_host(host, Reason::Called);
                    // Routing goes by what was asked for, not by where it led.
                    self.add_routings(host);
                }
                for host in observed.host.iter().filter(|host| !asked.contains(*host)) {
                    self.add_host(host, Reason::Called);
                }
            }
            Class::OutboundPassthrough => {
                // Its service is there, and only out of sight.
                if let Some(host) = self.by_address(address, observed.port) {
                    self.add_host(&host, Reason::KnownAddress);
                }
                self.add_keeper(observed.protocol, observed.destination.map(|at| at.port()));
            }
            _ => self.add_keeper(observed.protocol, observed.destination.map(|at| at.port())),
        }
    }

    /// The hosts of the services that may have been asked for: by the authority of a request, which
    /// may be an address, and by the address that was called.
    fn requested(
        &self,
        authority: Option<&str>,
        address: Option<IpAddr>,
        port: Option<u16>,
    ) -> BTreeSet<String> {
        let asked = authority.map(host_of).unwrap_or_default();
        let by_name = match asked.parse() {
            Ok(asked) => self.by_address(Some(asked), port),
            Err(_) => self.by_name(&asked),
        };
        by_name.into_iter().chain(self.by_address(address, port)).collect()
    }

    /// The host in scope that a name stands for, in full or short.
    fn by_name(&self, name: &str) -> Option<String> {
        let name = name.trim_end_matches('.');
        let own = &self.scope.namespace;
        let domain = &self.before.settings.domain;
        let full = [
            name.to_owned(),
            format!("{name}.{own}.svc.{domain}"),
            format!("{name}.svc.{domain}"),
            format!("{name}.{domain}"),
        ];
        full.into_iter().find(|host| self.scope.service(host).is_some())
    }

    fn by_address(&self, address: Option<IpAddr>, port: Option<u16>) -> Option<String> {
        let address = address?;
        let registry = &self.before.registry;
        let headless = registry.by_endpoint(address).filter(|it| it.addresses.is_empty());
        let mut all = registry.by_address(address).chain(headless);
        let has_port = |it: &&std::sync::Arc<crate::Service>| {
            port.is_none_or(|port| it.port(port).is_some())
                && registry.is_seen(it, &self.scope.namespace)
        };
        all.find(has_port).map(|service| service.host.clone())
    }

    /// Adds the entry of a host, in the namespace that the proxy takes it from.
    fn add_host(&mut self, host: &str, reason: Reason) {
        let in_scope = self.scope.service(host).map(|it| it.service.namespace.clone());
        // No call can tell whether it is needed: as the objects are, there is no way to it.
        let reason = match (reason, &in_scope) {
            (Reason::Called, None) => Reason::OutOfScope,
            (reason, _) => reason,
        };
        let registry = &self.before.registry;
        let namespace = in_scope.or_else(|| {
            let own = &self.scope.namespace;
            registry
                .by_host(host)
                .find(|it| registry.is_seen(it, own))
                .map(|it| it.namespace.clone())
        });
        match namespace {
            Some(namespace) => {
                let entry = self.entry(&namespace, host);
                self.found.add(entry, reason, self.seen);
            }
            None => self.found.add(format!("*/{host}"), Reason::UnknownHost, self.seen),
        }
    }

    /// Adds the namespaces of VirtualServices that are about a host: routing is another without them.
    fn add_routings(&mut self, host: &str) {
        let listeners = self.scope.listeners.iter();
        let routings = listeners.flat_map(|listener| &listener.virtual_services);
        let mut namespaces: Vec<String> = Vec::new();
        for object in routings.map(|it| &it.object) {
            if object.hosts.iter().any(|own| overlap(own, host)) {
                namespaces.push(object.meta.namespace.clone());
            }
        }
        let home = self.scope.service(host).map(|it| it.service.namespace.clone());
        for namespace in namespaces.into_iter().filter(|it| Some(it) != home.as_ref()) {
            let entry = self.entry(&namespace, host);
            self.found.add(entry, Reason::VirtualService, self.seen);
        }
    }

    /// Adds a service with the HTTP port of an unknown host: without any, its record is another.
    fn add_keeper(&mut self, protocol: Protocol, port: Option<u16>) {
        let (Protocol::Http, Some(port)) = (protocol, port) else { return };
        let is_http = |it: &PortProtocol| it.is_http() || *it == PortProtocol::Auto;
        let imported = self.scope.listeners.iter().flat_map(|listener| &listener.services);
        let services = imported.filter(|it| {
            it.ports().any(|own| own.number == port && is_http(&own.protocol))
                && !it.service.is_alias()
        });
        let own = &self.group.namespace;
        let keeper = services.min_by_key(|it| (it.service.namespace != *own, &it.service.host));
        if let Some(host) = keeper.map(|it| it.service.host.clone()) {
            self.add_host(&host, Reason::Called);
        }
    }

    fn entry(&self, namespace: &str, host: &str) -> String {
        match namespace == self.group.namespace {
            true => format!("./{host}"),
            false => format!("{namespace}/{host}"),
        }
    }
}
