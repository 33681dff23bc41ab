//! The smallest Sidecars that keep every observed call as it was.
//!
//! Hosts are collected from the calls, then taken away one by one as long as nothing breaks; what
//! passes through to the outside becomes ServiceEntry drafts. The result is read back and checked like
//! any other change.

mod candidates;
mod draft;
mod ground;
mod make;
mod shrink;
mod yaml;

use std::collections::BTreeSet;

use jiff::Timestamp;
use mesh::{Inventory, Labels, Loader, Object};
use serde::Serialize;

use crate::calls::{Calls, WorkloadCalls};
use crate::check::{CheckReport, Checked, Checker, Period};
use crate::hostname::is_covered;
use crate::judge::Verdict;
use crate::object::{OutboundTrafficPolicy, PolicyMode};
use crate::view::{Settings, View};
pub use draft::{Draft, DraftPort};
use make::{Make, Rules, groups};

/// What is suggested for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// One Sidecar a namespace, without a selector.
    #[default]
    Namespace,
    /// One Sidecar a workload, with a selector.
    Workload,
}

/// How Sidecars are suggested.
#[derive(Debug, Clone, Default)]
pub struct SuggestOptions {
    /// What each of them is for.
    pub grouping: Grouping,
    /// The policy that they get; `None` leaves it to MeshConfig, or to the Sidecar that is merged.
    pub policy: Option<PolicyMode>,
    /// Sidecars that are there already: what they import stays, and what is missing is added.
    pub merge: Vec<Object>,
}

/// What is suggested. It displays as YAML, with the evidence as comments.
#[derive(Debug, Clone, Serialize)]
pub struct Suggestion {
    /// What was looked at.
    #[serde(flatten)]
    pub period: Period,
    /// The Sidecars, by namespace and name.
    pub sidecars: Vec<SuggestedSidecar>,
    /// The ServiceEntries for what is outside of the mesh, by namespace and name.
    pub service_entries: Vec<Draft>,
    /// What the suggestion would do to the calls.
    pub check: CheckReport,
}

/// A suggested Sidecar.
#[derive(Debug, Clone, Serialize)]
pub struct SuggestedSidecar {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The workloads that it is for.
    pub workloads: Vec<String>,
    /// The labels of its selector; null without one.
    pub workload_selector: Option<Labels>,
    /// Its own policy; null where MeshConfig's is left to count.
    pub outbound_traffic_policy: Option<PolicyMode>,
    /// The hosts of its egress listener without a port.
    pub hosts: Vec<SuggestedHost>,
    /// Calls of which the objects say too little, as they are in [`CheckReport`].
    pub unresolved: Vec<Checked>,
    /// Calls that could not be kept as they were.
    pub broken: Vec<Checked>,
    #[serde(skip)]
    policy: Option<OutboundTrafficPolicy>,
    /// The object that is merged with, as it was; null where there is none.
    #[serde(skip)]
    merged: Option<Object>,
}

/// A host of a suggested Sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestedHost {
    /// The entry, `NAMESPACE/DNS`.
    pub entry: String,
    /// Why it is there.
    pub reason: Reason,
    /// How many calls need it.
    pub calls: u64,
    /// When the last of them was made; null where no record says.
    pub last_seen: Option<Timestamp>,
    /// The workloads that made them.
    pub workloads: BTreeSet<String>,
    /// How sure it is that it will be needed.
    pub confidence: Confidence,
}

/// Why a host is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A call breaks without it.
    Called,
    /// By rule: the control plane's namespace, where telemetry, tracing, egress gateways and external
    /// authorization are reached.
    ControlPlane,
    /// By rule: MeshConfig's extension providers name it.
    ExtensionProvider,
    /// By rule: a VirtualService there is about a host that is called.
    VirtualService,
    /// By rule: the address that was called is that of a service, though the call passed through.
    KnownAddress,
    /// By rule: the records name its cluster, though as the objects are the proxy has none.
    OutOfScope,
    /// By rule: no object has the host that the records name.
    UnknownHost,
    /// It is in the Sidecar that is merged with.
    Existing,
}

/// How sure it is that a host will be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It was called once or twice.
    Low,
    /// It was called a few times.
    Medium,
    /// It was called often, or is there by rule.
    High,
}

/// What was seen of something that is suggested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    pub(crate) calls: u64,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) workloads: BTreeSet<String>,
}

impl Reason {
    /// Whether it is there by a rule, whatever was called.
    pub fn is_rule(self) -> bool {
        self != Self::Called
    }
}

impl Evidence {
    pub(crate) fn add(&mut self, calls: u64, last_seen: Option<Timestamp>, workload: &str) {
        self.calls += calls;
        self.last_seen = self.last_seen.max(last_seen);
        if !self.workloads.contains(workload) {
            self.workloads.insert(workload.to_owned());
        }
    }

    pub(crate) fn confidence(&self) -> Confidence {
        match self.calls {
            0..=2 => Confidence::Low,
            3..=19 => Confidence::Medium,
            _ => Confidence::High,
        }
    }
}

/// Suggests Sidecars for calls that were made under an inventory. `labels` gives the labels of a
/// workload by namespace and name, and `selector` those of them that a selector may ask for.
///
/// Workloads that a Sidecar with a selector applies to keep it, unless Sidecars are suggested for
/// workloads.
pub fn suggest(
    inventory: &Inventory,
    settings: &Settings,
    calls: &Calls,
    labels: impl Fn(&str, &str) -> Labels,
    selector: impl Fn(&str, &str) -> Labels,
    options: &SuggestOptions,
) -> Suggestion {
    let before = View::new(inventory, settings.clone());
    let groups = groups(&before, calls, &labels, &selector, options.grouping);
    let entries = draft::merged(groups.iter().flat_map(|group| draft::drafts(&before, group)));
    let drafted = inventory.with(load(&draft::yaml(&entries)));
    let with_drafts = View::new(&drafted, settings.clone());
    let rules = Rules::new(inventory.mesh_config(&settings.revision), &before);
    let make = Make { before: &before, after: &with_drafts, rules: &rules, options };
    let mut sidecars = make.all(&ground::by_ground(groups));
    let used = used_drafts(entries, &sidecars);
    let text: String = sidecars.iter().map(yaml::sidecar).collect();
    let applied = inventory.with(load(&draft::yaml(&used))).with(load(&text));
    let after = View::new(&applied, settings.clone());
    let check = Checker { before: &before, after: &after }.check(calls, &labels);
    for sidecar in &mut sidecars {
        sidecar.tell(&check);
    }
    Suggestion { period: Period::of(calls.workloads()), sidecars, service_entries: used, check }
}

/// The objects of a text that was made here.
fn load(text: &str) -> Inventory {
    let mut loader = Loader::new();
    if !text.is_empty() {
        loader.add("suggested", text.as_bytes());
    }
    loader.finish().inventory
}

/// The drafts that a Sidecar imports; the others would do nothing.
fn used_drafts(drafts: Vec<Draft>, sidecars: &[SuggestedSidecar]) -> Vec<Draft> {
    let imports = |draft: &Draft| {
        sidecars.iter().filter(|it| it.namespace == draft.namespace).any(|sidecar| {
            sidecar.hosts.iter().filter_map(|host| host.entry.split_once('/')).any(|(at, name)| {
                (at == "." || at == "*" || at == draft.namespace) && is_covered(&draft.host, name)
            })
        })
    };
    drafts.into_iter().filter(imports).collect()
}

impl SuggestedSidecar {
    /// Takes from a check what is about this Sidecar's workloads.
    fn tell(&mut self, check: &CheckReport) {
        for workload in check.workloads.iter().filter(|it| it.namespace == self.namespace) {
            if !self.workloads.contains(&workload.workload) {
                continue;
            }
            for it in &workload.destinations {
                if it.verdict.breaks() {
                    self.broken.push(it.clone());
                } else if it.verdict == Verdict::Unresolved {
                    self.unresolved.push(it.clone());
                }
            }
        }
    }
}

impl std::fmt::Display for Suggestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        yaml::write(self, f)
    }
}

/// The workload's name and calls of a member, for evidence.
fn evidence(workload: &WorkloadCalls, calls: u64, last: Option<Timestamp>) -> Evidence {
    let mut evidence = Evidence::default();
    evidence.add(calls, last, &workload.name);
    evidence
}
