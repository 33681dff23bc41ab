//! What an egress listener imports.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::network::Protocol;

use super::hosts::{Hosts, Verdict};
use super::{Imported, Pool, ScopeListener};
use crate::because::{Because, Reasons, count};
use crate::hostname::overlap;
use crate::object::EgressListener;
use crate::registry::{ExportTo, Provider, Service};
use crate::view::{Routing, View};

/// The most objects of one sort that are named as reasons.
const NAMED: usize = 20;

/// What the listeners of a scope have in common.
pub(super) struct Context<'a> {
    pub(super) view: &'a View,
    /// The proxy's namespace.
    pub(super) namespace: &'a str,
    /// The Sidecar; `None` for the scope of a proxy that has none.
    pub(super) object: Option<String>,
    /// The only services and VirtualServices to look at; `None` looks at all.
    pub(super) pool: Option<&'a Pool>,
}

/// A listener while it is looked at.
struct Work<'a> {
    context: &'a Context<'a>,
    hosts: Hosts<'a>,
    /// The port that services have to have.
    only: Option<u16>,
    name: String,
    entries: &'a [String],
    /// How many services each entry imports.
    counts: Vec<usize>,
    because: &'a mut Reasons,
}

impl Context<'_> {
    /// What the listener of that index imports.
    pub(super) fn listener(
        &self,
        index: usize,
        declared: &EgressListener,
        because: &mut Reasons,
    ) -> ScopeListener {
        let excludes = self.view.settings.version.excludes_by_tilde();
        let mut work = Work {
            context: self,
            hosts: Hosts::new(&declared.hosts, self.namespace, excludes),
            only: matched_port(declared),
            name: format!("egress[{index}]"),
            entries: &declared.hosts,
            counts: vec![0; declared.hosts.len()],
            because,
        };
        let services = work.services();
        let virtual_services = work.virtual_services(&services);
        work.tell();
        ScopeListener { declared: declared.clone(), services, virtual_services }
    }

    fn subject(&self) -> String {
        self.object.clone().unwrap_or_else(|| format!("namespace {}", self.namespace))
    }
}

/// The port that a listener's services have to have; none for a socket, and for a proxy port.
fn matched_port(declared: &EgressListener) -> Option<u16> {
    let port = declared.port.filter(|port| port.protocol != Protocol::HttpProxy)?;
    Some(port.number).filter(|number| *number != 0)
}

impl Work<'_> {
    /// The services that are imported, each host from one namespace only.
    fn services(&mut self) -> Vec<Imported> {
        let registry = &self.context.view.registry;
        let (seen, unseen) = match self.context.pool {
            Some(pool) => (pool.services.iter().collect(), Vec::new()),
            None => {
                let ranks = registry.candidates(self.hosts.imports());
                let (seen, unseen) = registry.seen_from(self.context.namespace, ranks);
                (seen.into_iter().map(|reach| reach.service).collect::<Vec<_>>(), unseen)
            }
        };
        let mut imported = Vec::new();
        for service in seen {
            match self.hosts.service(&service.host, &service.namespace) {
                Verdict::Imported(entry) => imported.extend(self.import(service, entry)),
                Verdict::Excluded(entry) => self.tell_excluded(service, entry),
                Verdict::Absent => {}
            }
        }
        self.tell_unseen(&unseen);
        self.one_namespace(imported)
    }

    /// A service that an entry names, unless it lacks the listener's port.
    fn import(&mut self, service: &Arc<Service>, entry: usize) -> Option<(usize, Imported)> {
        if self.only.is_some_and(|only| service.port(only).is_none()) {
            return None;
        }
        let mut aliases = service.aliases.clone();
        aliases.retain(|alias| self.hosts.alias(&alias.host, &service.host, &service.namespace));
        Some((entry, Imported { service: Arc::clone(service), only: self.only, aliases }))
    }

    /// Keeps of each host the services of one namespace: the proxy's own, else that of a Kubernetes
    /// Service, else the first.
    fn one_namespace(&mut self, imported: Vec<(usize, Imported)>) -> Vec<Imported> {
        let own = self.context.namespace;
        let prefers_kubernetes = self.context.view.settings.version.has_unified_scoping();
        let mut winners: HashMap<&str, &Arc<Service>> = HashMap::with_capacity(imported.len());
        for (_, Imported { service, .. }) in &imported {
            let Some(former) = winners.get(service.host.as_str()) else {
                winners.insert(&service.host, service);
                continue;
            };
            let is_kubernetes = |it: &Service| it.provider == Provider::Kubernetes;
            let displaces = prefers_kubernetes
                && is_kubernetes(service)
                && !is_kubernetes(former)
                && former.namespace != own;
            if service.namespace == own || displaces {
                winners.insert(&service.host, service);
            }
        }
        if winners.len() == imported.len() {
            self.count(&imported);
            return imported.into_iter().map(|(_, it)| it).collect();
        }
        let winners: HashMap<String, Arc<Service>> = winners
            .into_iter()
            .map(|(host, service)| (host.to_owned(), Arc::clone(service)))
            .collect();
        let mut kept = Vec::new();
        for (entry, it) in imported {
            let Some(winner) = winners.get(&it.service.host) else { continue };
            if winner.namespace == it.service.namespace {
                kept.push((entry, it));
                continue;
            }
            let effect = format!(
                "is not imported by {}: `{}` is taken from {}, as {}",
                self.name,
                it.service.host,
                winner.object_name(),
                if winner.namespace == own {
                    "that is in the proxy's namespace"
                } else if prefers_kubernetes && winner.provider != it.service.provider {
                    "that is a Kubernetes Service"
                } else {
                    "that comes first"
                }
            );
            self.because.push(Because::new(it.service.object_name(), effect));
        }
        self.count(&kept);
        kept.into_iter().map(|(_, it)| it).collect()
    }

    /// Counts what each entry imports.
    fn count(&mut self, imported: &[(usize, Imported)]) {
        for (entry, _) in imported {
            self.counts.get_mut(*entry).into_iter().for_each(|count| *count += 1);
        }
    }

    /// The VirtualServices that count: exported to the proxy's namespace, with a host that an entry
    /// for their own namespace matches.
    fn virtual_services(&mut self, services: &[Imported]) -> Vec<Routing> {
        let own = self.context.namespace;
        let unified = self.context.view.settings.version.has_unified_scoping();
        let mut found = Vec::new();
        let all = match self.context.pool {
            Some(pool) => &pool.routings,
            None => &self.context.view.virtual_services,
        };
        for (order, routing) in all.iter().enumerate() {
            let object = &routing.object;
            let namespace = object.meta.namespace.as_str();
            let Some(rank) = rank(&routing.export_to, own, namespace) else {
                self.tell_unseen_routing(routing, services, "it is not exported to the namespace");
                continue;
            };
            let one_direction = object.has_gateway_semantics();
            match self.hosts.virtual_service(&object.hosts, namespace, one_direction) {
                Verdict::Imported(_) => {
                    // A route of the Gateway API in the proxy's own namespace comes before others.
                    let later = unified && !(one_direction && namespace == own);
                    found.push(((rank, later, order), routing.clone()));
                }
                Verdict::Excluded(entry) => {
                    let why = format!("`{}` takes it away", self.entry(entry));
                    self.tell_unseen_routing(routing, services, &why);
                }
                Verdict::Absent if !self.because.are_wanted() => {}
                Verdict::Absent => {
                    let why = format!("no host for namespace `{namespace}` matches one of its own");
                    self.tell_unseen_routing(routing, services, &why);
                }
            }
        }
        found.sort_by_key(|(key, _)| *key);
        found.into_iter().map(|(_, routing)| routing).collect()
    }

    fn entry(&self, index: usize) -> &str {
        self.entries.get(index).map(String::as_str).unwrap_or_default()
    }

    /// Says what each entry came to.
    fn tell(self) {
        if !self.because.are_wanted() {
            return;
        }
        let subject = self.context.subject();
        let port = self.only.map_or(String::new(), |port| format!(" of port {port}"));
        for (index, entry) in self.entries.iter().enumerate() {
            let taken_away = self.context.view.settings.version.excludes_by_tilde();
            let effect = if self.hosts.illegal.contains(&index) {
                format!("{}: `{entry}` is skipped, as it is not `NAMESPACE/DNS`", self.name)
            } else if taken_away && entry.starts_with('~') {
                format!("{}: `{entry}` takes away what other hosts import", self.name)
            } else {
                match self.counts.get(index).copied().unwrap_or_default() {
                    0 => format!("{}: `{entry}` imports nothing more", self.name),
                    number => {
                        let services = count(number, "service");
                        format!("{}: `{entry}` imports {services}{port}", self.name)
                    }
                }
            };
            self.because.push(Because::new(subject.clone(), effect));
        }
    }

    fn tell_excluded(&mut self, service: &Service, entry: usize) {
        let effect = format!("is taken away from {} by `{}`", self.name, self.entry(entry));
        self.because.push(Because::new(service.object_name(), effect));
    }

    /// Names the services that entries import and that are not exported.
    fn tell_unseen(&mut self, unseen: &[&Arc<Service>]) {
        if !self.because.are_wanted() {
            return;
        }
        let view = self.context.view;
        let hidden = unseen.iter().filter(|service| {
            let verdict = self.hosts.service(&service.host, &service.namespace);
            matches!(verdict, Verdict::Imported(_))
        });
        let hidden: Vec<_> = hidden.collect();
        for service in hidden.iter().take(NAMED) {
            let export = view.registry.export_of(service).map(ToString::to_string);
            let effect = format!(
                "is not imported by {}: it is exported to `{}` only",
                self.name,
                export.unwrap_or_default()
            );
            self.because.push(Because::new(service.object_name(), effect));
        }
        if let Some(more) = hidden.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let effect = format!("{} more are not exported to it", count(more, "service"));
            self.because
                .push(Because::new(format!("namespace {}", self.context.namespace), effect));
        }
    }

    /// Names a VirtualService that is about an imported service and does not count: routing is
    /// another without it.
    fn tell_unseen_routing(&mut self, routing: &Routing, services: &[Imported], why: &str) {
        if !self.because.are_wanted() {
            return;
        }
        let object = &routing.object;
        let about = services.iter().map(|it| &it.service.host);
        let about = about.filter(|host| object.hosts.iter().any(|own| overlap(own, host)));
        if let Some(host) = about.min() {
            let name = format!("{} {}", object.kind, object.meta.qualified_name());
            let effect = format!("does not count for `{host}` in {}: {why}", self.name);
            self.because.push(Because::new(name, effect));
        }
    }
}

/// The place of a VirtualService among others: private ones, those exported by name, public ones.
/// `None` where it is not seen.
fn rank(export: &ExportTo, own: &str, namespace: &str) -> Option<u8> {
    use crate::registry::Seen;
    Some(match export.seen_from(own, namespace)? {
        Seen::Named if namespace == own => 0,
        Seen::Named => 1,
        Seen::Public => 2,
    })
}
