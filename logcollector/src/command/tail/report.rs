//! Which of the pods that are followed write access logs, and why the others do not.

use std::collections::BTreeMap;

use telemetry::{Decision, Row};

use crate::command::pod_formats::is_container_log;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::visible;

/// How many workloads are named.
const SHOWN: usize = 10;

/// Why a workload's pods are silent, and how many these are.
type Silent = BTreeMap<(String, String, String), usize>;

/// Says which of the pods, by namespace and name, write no access log to the container's log.
pub(super) fn say_silent(manifests: &Manifests, pods: &[(&str, &str)], notes: &Notes) {
    let workloads = manifests.inventory.workloads.iter();
    let meant: Vec<_> = workloads
        .filter(|it| pods.contains(&(it.meta.namespace.as_str(), it.meta.name.as_str())))
        .collect();
    let cluster = telemetry::Cluster::new(&manifests.inventory);
    let rows = cluster.who(meant.iter().copied(), manifests.revision.as_deref());
    let mut silent = Silent::new();
    let mut heard = 0;
    for row in &rows {
        if logs(row) {
            heard += 1;
            continue;
        }
        let workload =
            meant.iter().find(|it| it.meta.namespace == row.namespace && it.meta.name == row.pod);
        let name = workload.map_or(row.pod.as_str(), |workload| workload.workload_name());
        *silent.entry((row.namespace.clone(), name.to_owned(), why(row))).or_default() += 1;
    }
    if silent.is_empty() {
        return;
    }
    if heard == 0 {
        notes.print("none of these pods writes an access log:");
    } else {
        let count: usize = silent.values().sum();
        notes.print(&format!("{count} of {} pods write no access log:", rows.len()));
    }
    let mut can_be_enabled = false;
    for ((namespace, name, why), count) in silent.iter().take(SHOWN) {
        can_be_enabled |= why.as_str() != NO_PROXY;
        let text =
            format!("  {namespace}/{name} ({count} pods): {why}").replace("(1 pods)", "(1 pod)");
        notes.print(&visible::text(text.as_bytes()));
    }
    if let Some(more) = silent.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        notes.print(&format!("  and {more} more workloads"));
    }
    if can_be_enabled {
        notes.print(
            "`--enable` switches logging on while this command runs; `logcollector telemetry explain \
             POD` tells all of it",
        );
    }
}

const NO_PROXY: &str = "no proxy";

/// Whether a proxy writes access logs to the container's log.
fn logs(row: &Row) -> bool {
    let sides = [row.client.as_deref(), row.server.as_deref()];
    let mut loggers = sides.into_iter().flatten().flat_map(|side| &side.loggers);
    loggers.any(|attached| is_container_log(&attached.logger))
}

/// Why it does not.
fn why(row: &Row) -> String {
    let sides = [row.client.as_deref(), row.server.as_deref()];
    let Some(decision) = sides.into_iter().flatten().next() else { return NO_PROXY.to_owned() };
    if !decision.loggers.is_empty() {
        return "its access log goes elsewhere, not to the container's log".to_owned();
    }
    let last = |decision: &Decision| {
        let because = decision.because.last()?;
        Some(format!("{}: {}", because.object, because.effect))
    };
    last(decision).unwrap_or_else(|| "logging is off".to_owned())
}
