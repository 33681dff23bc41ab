//! The story of a decision: which objects were looked at, what each did, and the one change that would
//! turn logging on or off.

mod change;
mod name;
mod proposal;
mod text;

use std::sync::Arc;

use mesh::{Object, ServiceRef, Workload};
use serde::Serialize;

use crate::attach::{LevelKind, Target, View, selects};
use crate::decide::{Decision, clip};
use crate::envoy_filter;
use crate::object::Telemetry;
use crate::who::{Row, Who};

pub use change::Change;
pub(crate) use name::plain;
pub use proposal::Proposal;

/// Why one workload logs what it logs; of a waypoint, for one service.
///
/// It serialises to an object; its `Display` is the story in plain text, without colours and with
/// control characters made visible.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// What is decided.
    #[serde(flatten)]
    pub row: Row,
    /// The revision of the istiod that decides.
    pub revision: String,
    /// Why the proxy is of its kind, in words.
    pub proxy_because: String,
    /// The Telemetry objects of the namespaces that are looked into, by namespace and age.
    pub objects: Vec<Seen>,
    /// EnvoyFilters for the workload that touch access logs, as `namespace/name`: what they do is not
    /// looked at, and what the proxy logs can differ from what is decided.
    pub envoy_filters: Vec<String>,
    /// What would turn logging on, or off where both sides log.
    pub change: Change,
}

/// A Telemetry that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// The object as `namespace/name`.
    pub object: String,
    /// Whether it counts for the workload.
    pub counts: bool,
    /// What it is to the workload, or why it does not count, in words.
    pub effect: String,
}

impl Story {
    /// The story of a workload under an istiod; `service` is the one that a waypoint is asked for.
    pub fn new(view: &View<'_>, workload: &Workload, service: Option<&ServiceRef>) -> Self {
        let target = Target::new(workload, service);
        let row = Who::new(view).row(workload, service);
        let change = change::find(view, &target, &row);
        Self {
            row,
            revision: view.istiod.revision.clone(),
            proxy_because: workload.proxy.because.clone(),
            objects: objects(view, &target),
            envoy_filters: Vec::new(),
            change,
        }
    }

    /// Remarks which other workloads a new object would be for.
    pub(crate) fn name_others(&mut self, workload: &Workload, all: &[Workload]) {
        let Some(proposal) = self.change.proposal.as_mut().filter(|it| !it.edits) else { return };
        let Some(selector) = proposal.telemetry.match_labels() else { return };
        let same = |other: &&Workload| {
            other.meta.namespace == workload.meta.namespace && other.meta.name != workload.meta.name
        };
        let others = all.iter().filter(same).filter(|other| selects(selector, &other.labels));
        let others: Vec<String> = others.map(Workload::display_name).collect();
        if !others.is_empty() {
            let names = clip(&others);
            proposal.remarks.push(format!("its selector is also that of {names}"));
        }
    }

    /// Names the EnvoyFilters that touch the workload's access logs.
    pub(crate) fn envoy_filters(&mut self, workload: &Workload, all: &[Object], root: &str) {
        let touching = envoy_filter::touching(all);
        let own = touching.filter(|filter| envoy_filter::is_for(filter, workload, root));
        self.envoy_filters = own.map(|filter| filter.meta.qualified_name()).collect();
    }

    /// The decisions of the sides that the proxy has, by the side's name.
    fn sides(&self) -> impl Iterator<Item = (&'static str, &Arc<Decision>)> {
        let client = self.row.client.as_ref().map(|decision| ("client", decision));
        let server = self.row.server.as_ref().map(|decision| ("server", decision));
        client.into_iter().chain(server)
    }
}

/// Every object of the namespaces that matter, and what became of it.
fn objects(view: &View<'_>, target: &Target<'_>) -> Vec<Seen> {
    let mut namespaces = vec![view.mesh().root_namespace.as_str(), target.namespace];
    namespaces.push(view.workload_namespace(target));
    let mut looked_into: Vec<&str> = Vec::new();
    let mut objects = Vec::new();
    for namespace in namespaces {
        if looked_into.contains(&namespace) {
            continue;
        }
        looked_into.push(namespace);
        let hidden = view.unseen().iter().filter(|(it, _)| it.meta.namespace == namespace);
        objects.extend(hidden.map(|(it, why)| seen(it, false, why.to_string())));
        let levels = view.levels(target);
        for telemetry in view.in_namespace(namespace) {
            let level = levels.iter().find(|level| std::ptr::eq(level.telemetry, *telemetry));
            objects.push(match level {
                Some(level) => seen(telemetry, true, level.kind.as_str().to_owned()),
                None => seen(telemetry, false, why_not(view, target, telemetry)),
            });
        }
    }
    objects
}

/// Why an object that the istiod sees does not count.
fn why_not(view: &View<'_>, target: &Target<'_>, telemetry: &Telemetry) -> String {
    let namespace = telemetry.meta.namespace.as_str();
    if telemetry.is_wide() {
        let older = view.wide(namespace).map(|older| older.meta.qualified_name());
        return format!(
            "an older object of the whole namespace counts instead, {}",
            older.unwrap_or_default()
        );
    }
    let searched = view.workload_namespace(target);
    if namespace != searched {
        let from = if namespace == view.mesh().root_namespace {
            "selectors and targetRefs of the root namespace reach only what is in it"
        } else {
            "the selectors and targetRefs of a waypoint are those of the service's namespace"
        };
        return format!("{from}, and `{searched}` is looked into");
    }
    match target.attaches(telemetry, &view.mesh().root_namespace) {
        Ok(()) => LevelKind::Workload.as_str().to_owned(),
        Err(mismatch) => mismatch.to_string(),
    }
}

fn seen(telemetry: &Telemetry, counts: bool, effect: String) -> Seen {
    Seen { object: telemetry.meta.qualified_name(), counts, effect }
}
