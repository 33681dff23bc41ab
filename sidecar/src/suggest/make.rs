//! Makes the Sidecars of groups of workloads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mesh::{Labels, MeshConfig, ProviderKind, ProxyKind};

use super::candidates::Candidates;
use super::ground::{Ground, Standing};
use super::shrink::{self, Group};
use super::{Grouping, Reason, SuggestOptions, SuggestedSidecar};
use crate::calls::Calls;
use crate::object::{EgressListener, OutboundTrafficPolicy, Sidecar};
use crate::scope::Target;
use crate::view::View;

/// What is kept whatever was called.
pub(super) struct Rules {
    entries: Vec<(String, Reason)>,
}

impl Rules {
    pub(super) fn new(config: &MeshConfig, view: &View) -> Self {
        let root = view.root_namespace.as_str();
        let mut entries = vec![(format!("{root}/*"), Reason::ControlPlane)];
        for provider in &config.extension_providers {
            let service = match &provider.kind {
                ProviderKind::HttpAls(it) | ProviderKind::TcpAls(it) => it.service.as_str(),
                ProviderKind::OtelAls(it) => it.service.as_str(),
                ProviderKind::File(_) | ProviderKind::Other(_) => continue,
            };
            // `[NAMESPACE/]HOST`.
            let host = service.split_once('/').map_or(service, |(_, host)| host);
            let Some(found) = view.registry.by_host(host).next() else { continue };
            if found.namespace != root {
                let entry = format!("{}/{host}", found.namespace);
                entries.push((entry, Reason::ExtensionProvider));
            }
        }
        entries.sort();
        entries.dedup();
        Self { entries }
    }
}

/// The workloads that share a Sidecar.
pub(super) fn groups<'c>(
    view: &View,
    calls: &'c Calls,
    labels: &impl Fn(&str, &str) -> Labels,
    selector: &impl Fn(&str, &str) -> Labels,
    grouping: Grouping,
) -> Vec<Group<'c>> {
    let mut groups: BTreeMap<(String, String), Group<'c>> = BTreeMap::new();
    for workload in calls.workloads().iter().filter(|it| !it.destinations.is_empty()) {
        let own = labels(&workload.namespace, &workload.name);
        let target =
            Target { namespace: &workload.namespace, labels: &own, kind: ProxyKind::Sidecar };
        let sidecar = view.sidecar_of(&target);
        let selected = sidecar.as_ref().is_some_and(|sidecar| !sidecar.is_wide());
        // There may be one without a selector in a namespace, whatever its name is.
        let wide = view.sidecars(&workload.namespace).iter().find(|it| it.is_wide());
        let name = match grouping {
            Grouping::Namespace if selected => continue,
            Grouping::Namespace => wide.map_or("default", |it| it.meta.name.as_str()).to_owned(),
            Grouping::Workload => workload.name.clone(),
        };
        let key = (workload.namespace.clone(), name.clone());
        let group = groups.entry(key).or_insert_with(|| Group {
            namespace: workload.namespace.clone(),
            name,
            sidecar: sidecar.clone(),
            selector: (grouping == Grouping::Workload)
                .then(|| selector(&workload.namespace, &workload.name)),
            members: Vec::new(),
        });
        group.members.push(shrink::Member { workload, labels: own });
    }
    groups.into_values().collect()
}

/// What Sidecars are made with.
#[derive(Clone, Copy)]
pub(super) struct Make<'a> {
    pub(super) before: &'a View,
    /// With all drafts.
    pub(super) after: &'a View,
    pub(super) rules: &'a Rules,
    pub(super) options: &'a SuggestOptions,
}

impl Make<'_> {
    /// The Sidecars of all groups, by namespace and name, made on all processors.
    pub(super) fn all(&self, grounds: &[Vec<Group<'_>>]) -> Vec<SuggestedSidecar> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut made = Vec::new();
            while let Some(groups) = grounds.get(next.fetch_add(1, Ordering::Relaxed)) {
                let ground = Ground::of(self.before, groups);
                let standings = ground.standings(self.before);
                made.extend(groups.iter().map(|group| self.suggested(group, &standings)));
            }
            made
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let mut all: Vec<SuggestedSidecar> = std::thread::scope(|scope| {
            let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for helper in helpers {
                // One that panicked would have been a mistake here; its groups are missed in the check.
                all.extend(helper.join().unwrap_or_default());
            }
            all
        });
        all.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        all
    }

    /// The Sidecar for a group.
    fn suggested(&self, group: &Group<'_>, standings: &[Standing<'_>]) -> SuggestedSidecar {
        let merged = self.options.merge.iter().find(|object| {
            object.meta.namespace == group.namespace && object.meta.name == group.name
        });
        let merged = merged.filter(|object| Sidecar::read(object).is_some()).cloned();
        let existing = merged.as_ref().and_then(Sidecar::read);
        let own = existing.as_ref().or(group.sidecar.as_deref());
        let policy = match self.options.policy {
            Some(mode) => Some(OutboundTrafficPolicy { mode, egress_proxy: None }),
            // What blocks today, or goes by a proxy, is not for a suggestion to change.
            None => own.and_then(|it| it.outbound_traffic_policy.clone()),
        };
        let like = Sidecar {
            meta: mesh::Meta {
                namespace: group.namespace.clone(),
                name: group.name.clone(),
                ..mesh::Meta::default()
            },
            workload_selector: group.selector.clone(),
            egress: existing.as_ref().map(|it| it.egress.clone()).unwrap_or_default(),
            ingress: existing.map(|it| it.ingress).unwrap_or_default(),
            outbound_traffic_policy: policy.clone(),
        };
        let mut candidates = Candidates::of(self.before, self.after, group, standings);
        candidates.add_rules(&self.rules.entries);
        candidates.add_existing(&like);
        SuggestedSidecar {
            namespace: group.namespace.clone(),
            name: group.name.clone(),
            workloads: group.members.iter().map(|it| it.workload.name.clone()).collect(),
            workload_selector: group.selector.clone(),
            outbound_traffic_policy: policy.as_ref().map(|policy| policy.mode),
            hosts: shrink::shrink(self.after, group, standings, &like, candidates),
            policy,
            unresolved: Vec::new(),
            broken: Vec::new(),
            merged,
        }
    }
}

/// A Sidecar like another, with these hosts in its listener without a port.
pub(super) fn with_hosts(like: &Sidecar, hosts: Vec<String>) -> Arc<Sidecar> {
    let mut sidecar = like.clone();
    let open = sidecar.egress.iter().position(|listener| listener.port.is_none());
    match open.and_then(|index| sidecar.egress.get_mut(index)) {
        Some(listener) => listener.hosts = hosts,
        None => sidecar.egress.push(EgressListener { hosts, ..EgressListener::default() }),
    }
    Arc::new(sidecar)
}
