//! Entries of `hosts` that match nothing, and why.

use std::sync::Arc;

use mesh::Inventory;
use mesh::lint::Finding;
use mesh::network::Protocol;

use super::mismatch::{Entry, mismatch};
use super::{finding, namespaces_of};
use crate::hostname::{is_covered, is_wildcard, overlap};
use crate::object::{EgressListener, Sidecar};
use crate::registry::Service;
use crate::view::View;

/// The most findings about the entries of a Sidecar.
const MOST: usize = 100;

/// Looks at all entries, where the manifests have services at all.
pub(super) fn check(view: &View, inventory: &Inventory, found: &mut Vec<Finding>) {
    if view.registry.services().is_empty() {
        return;
    }
    for sidecar in view.sidecars.values().flatten() {
        let namespaces = namespaces_of(view, inventory, sidecar);
        // It applies to nothing, so that nothing is missed.
        if namespaces.is_empty() {
            continue;
        }
        let check = Check { view, inventory, sidecar, namespaces };
        let listeners = sidecar.egress.iter().enumerate();
        let entries = listeners.flat_map(|(index, listener)| {
            listener.hosts.iter().enumerate().map(move |it| (index, listener, it))
        });
        let findings = entries.filter_map(|(index, listener, (number, host))| {
            let field = format!("spec.egress[{index}].hosts[{number}]");
            check.entry(listener, host, &field)
        });
        found.extend(findings.take(MOST));
    }
}

/// What the entries of a Sidecar are looked at with.
pub(super) struct Check<'a> {
    pub(super) view: &'a View,
    pub(super) inventory: &'a Inventory,
    pub(super) sidecar: &'a Arc<Sidecar>,
    /// Those of the proxies that it can apply to.
    pub(super) namespaces: Vec<&'a str>,
}

impl Check<'_> {
    fn entry(&self, listener: &EgressListener, host: &str, field: &str) -> Option<Finding> {
        let (namespace, name) = host.split_once('/')?;
        // What is taken away may well not be there.
        if namespace.starts_with('~') {
            return None;
        }
        let entry = Entry { namespace, name, port: port(listener) };
        let matching: Vec<&Arc<Service>> = self.matching(&entry);
        let seen = |service: &&&Arc<Service>| self.sees(service, namespace);
        let fits =
            |service: &&Arc<Service>| entry.port.is_none_or(|port| service.port(port).is_some());
        let mut visible = matching.iter().filter(seen).copied();
        if visible.any(|service| fits(&service)) || self.routes(&entry) {
            return None;
        }
        let (code, message, instead) = mismatch(self, &entry, &matching)?;
        Some(finding(code, self.sidecar, field, message).instead(instead))
    }

    /// The services that an entry names, whoever sees them.
    fn matching(&self, entry: &Entry<'_>) -> Vec<&Arc<Service>> {
        let registry = &self.view.registry;
        let is_there = |service: &&Arc<Service>| match entry.namespace {
            "*" => true,
            "." => self.namespaces.contains(&service.namespace.as_str()),
            namespace => service.namespace == namespace,
        };
        if is_wildcard(entry.name) {
            let all = registry.services().iter().filter(is_there);
            return all.filter(|service| is_covered(&service.host, entry.name)).collect();
        }
        registry.by_host(entry.name).filter(is_there).collect()
    }

    /// Whether a proxy can see a service by an entry; `.` is the namespace of the proxy.
    pub(super) fn sees(&self, service: &Arc<Service>, namespace: &str) -> bool {
        let registry = &self.view.registry;
        match namespace {
            "." => registry.is_seen(service, &service.namespace),
            _ => self.namespaces.iter().any(|namespace| registry.is_seen(service, namespace)),
        }
    }

    /// Whether an entry imports a VirtualService: that is something, too.
    fn routes(&self, entry: &Entry<'_>) -> bool {
        self.view.virtual_services.iter().any(|routing| {
            let object = &routing.object;
            let own = object.meta.namespace.as_str();
            let is_there = match entry.namespace {
                "*" => true,
                "." => self.namespaces.contains(&own),
                namespace => namespace == own,
            };
            is_there && object.hosts.iter().any(|host| overlap(host, entry.name))
        })
    }
}

/// The port that services have to have; none for a socket and for a proxy port.
fn port(listener: &EgressListener) -> Option<u16> {
    let port = listener.port.filter(|port| port.protocol != Protocol::HttpProxy)?;
    Some(port.number).filter(|number| *number != 0)
}
