//! What some host entries import, kept for many scopes of fewer of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::hosts::{Hosts, Verdict};
use crate::registry::Service;
use crate::view::{Routing, View};

/// The services and VirtualServices that any of some host entries imports. With it, scopes of fewer
/// entries are made without looking at the whole mesh.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) services: Vec<Arc<Service>>,
    pub(super) routings: Vec<Routing>,
}

impl Pool {
    /// What entries import for a proxy of a namespace.
    pub(crate) fn of(view: &View, namespace: &str, entries: &[String]) -> Self {
        let hosts = Hosts::new(entries, namespace, view.settings.version.excludes_by_tilde());
        let (seen, _) =
            view.registry.seen_from(namespace, view.registry.candidates(hosts.imports()));
        let services = seen
            .into_iter()
            .map(|reach| reach.service)
            .filter(|service| hosts.service(&service.host, &service.namespace) != Verdict::Absent);
        let routings = view.virtual_services.iter().filter(|routing| {
            let object = &routing.object;
            let one_direction = object.has_gateway_semantics();
            let verdict =
                hosts.virtual_service(&object.hosts, &object.meta.namespace, one_direction);
            verdict != Verdict::Absent
        });
        Self { services: services.cloned().collect(), routings: routings.cloned().collect() }
    }

    /// What of it decides over calls to one port: the services with that port, and those whose host
    /// others have too. The destinations of VirtualServices come in by themselves.
    pub(crate) fn of_port(&self, port: u16) -> Self {
        let mut hosts: HashMap<&str, usize> = HashMap::new();
        for service in &self.services {
            *hosts.entry(&service.host).or_default() += 1;
        }
        let decides = |service: &&Arc<Service>| {
            service.port(port).is_some() || hosts.get(service.host.as_str()) != Some(&1)
        };
        let services = self.services.iter().filter(decides).cloned().collect();
        Self { services, routings: self.routings.clone() }
    }
}
