//! The one change that would turn a workload's logging on or off, tried before it is promised.

use std::sync::Arc;

use serde::Serialize;

use super::proposal::Proposal;
use crate::attach::{Target, View};
use crate::decide::Decision;
use crate::entry::{self, Entry};
use crate::logger::{BUILTIN, Logger, Sink};
use crate::object::{Side, Telemetry};
use crate::who::Row;

/// What would turn logging on, for a workload with a side that does not log; or off, for one that logs
/// on every side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Whether it would turn logging on.
    pub turns_on: bool,
    /// The object to apply; `None` if there is none, as `why_not` says.
    pub proposal: Option<Proposal>,
    /// Why there is no such object.
    pub why_not: Option<String>,
}

/// Finds the change.
pub(super) fn find(view: &View<'_>, target: &Target<'_>, row: &Row) -> Change {
    let sides: Vec<(Side, &Decision)> = [(Side::Client, &row.client), (Side::Server, &row.server)]
        .into_iter()
        .filter_map(|(side, decision)| Some((side, decision.as_deref()?)))
        .collect();
    let turns_on = sides.iter().any(|(_, decision)| !decision.emits);
    let found = if target.kind == mesh::ProxyKind::None {
        Err("there is no Envoy".to_owned())
    } else {
        propose(view, target, &sides, turns_on)
    };
    let (proposal, why_not) = match found {
        Ok(proposal) => (Some(proposal), None),
        Err(why_not) => (None, Some(why_not)),
    };
    Change { turns_on, proposal, why_not }
}

fn propose(
    view: &View<'_>,
    target: &Target<'_>,
    sides: &[(Side, &Decision)],
    turns_on: bool,
) -> Result<Proposal, String> {
    let namespace = view.workload_namespace(target);
    if view.istiod.undiscovered.contains(namespace) {
        return Err(format!(
            "MeshConfig's discoverySelectors do not select the namespace `{namespace}`, so that no \
             Telemetry in it counts"
        ));
    }
    let entries = entries(view, sides, turns_on);
    let mut proposal = Proposal::new(view, target, &entries);
    let by_mesh_config =
        |decision: &Decision| decision.loggers.iter().any(|it| it.logger.provider.is_none());
    if turns_on && sides.iter().any(|(_, decision)| by_mesh_config(decision)) {
        let stand_in = stand_in(view);
        proposal.remarks.push(format!(
            "`{stand_in}` takes the place of MeshConfig's own loggers on the side that logs now, as \
             they do not count beside a Telemetry"
        ));
    }
    match keeps_its_promise(view, target, sides, turns_on, &proposal) {
        true => Ok(proposal),
        false => Err("no single object does it under these objects".to_owned()),
    }
}

/// The entries that bring about what is wanted, whatever stands above them.
///
/// Naming a provider puts out all others, so that those that log now are named as well.
fn entries(view: &View<'_>, sides: &[(Side, &Decision)], turns_on: bool) -> Vec<Entry> {
    let of_side = |decision: &Decision| match (turns_on, decision.emits) {
        (true, true) => present(view, decision),
        (true, false) => vec![Entry::on(wanted(view, decision), None)],
        (false, _) => {
            let providers = present(view, decision).into_iter().map(|entry| entry.provider);
            providers.map(Entry::off).collect()
        }
    };
    entry::of_sides(sides.iter().map(|(side, decision)| (*side, of_side(decision))).collect())
}

/// What logs now. MeshConfig's own loggers have no name, and a provider stands for them.
fn present(view: &View<'_>, decision: &Decision) -> Vec<Entry> {
    let named = decision.loggers.iter().filter_map(|attached| {
        let provider = attached.logger.provider.clone()?;
        Some(Entry::on(provider, attached.filter.as_deref().map(str::to_owned)))
    });
    let named: Vec<Entry> = named.collect();
    match named.is_empty() {
        true => vec![Entry::on(stand_in(view), None)],
        false => named,
    }
}

/// The provider to turn on: one that is turned off, else one that logs where nothing is said, else a
/// file.
fn wanted(view: &View<'_>, decision: &Decision) -> String {
    let defaults = &view.mesh().default_access_logging;
    let known = |name: &&String| view.providers.find(name).is_ok();
    let disabled = decision.disabled_providers.first();
    disabled.or_else(|| defaults.iter().find(known)).cloned().unwrap_or_else(|| container_log(view))
}

/// A provider for the container's log, else the builtin.
fn container_log(view: &View<'_>) -> String {
    let found = view.providers.for_container_log().next();
    found.and_then(|logger| logger.provider.clone()).unwrap_or_else(|| BUILTIN.to_owned())
}

/// The provider that stands for MeshConfig's own loggers: the builtin, which has MeshConfig's format,
/// unless it was given no path, which Envoy refuses.
fn stand_in(view: &View<'_>) -> String {
    let usable =
        |logger: &Arc<Logger>| matches!(&logger.sink, Sink::File(it) if !it.path.is_empty());
    match view.providers.find(BUILTIN) {
        Ok(logger) if usable(logger) => BUILTIN.to_owned(),
        _ => container_log(view),
    }
}

/// Whether the decisions with the object are what is promised: every side logs, to everything that it
/// logs to now and to more, or no side does.
fn keeps_its_promise(
    view: &View<'_>,
    target: &Target<'_>,
    sides: &[(Side, &Decision)],
    turns_on: bool,
    proposal: &Proposal,
) -> bool {
    let others = view.telemetries.iter().filter(|it| it.meta.qualified_name() != proposal.object);
    let mut changed: Vec<Telemetry> = others.cloned().collect();
    changed.push(proposal.telemetry.clone());
    let changed = View::new(&changed, view.istiod);
    sides.iter().all(|(side, before)| {
        let after = Decision::of(&changed, target, *side);
        let kept = before.loggers.iter().filter(|it| it.logger.provider.is_some());
        after.emits == turns_on
            && (!turns_on || kept.into_iter().all(|logger| after.loggers.contains(logger)))
    })
}
