//! Which of the pods that are followed write access logs, and why the others do not.

use std::collections::BTreeMap;

use mesh::capture::{self, Capture};
use mesh::injection::Injection;
use mesh::{ProxyKind, Workload};
use telemetry::{Decision, Row};

use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::visible;

/// How many workloads are named.
const SHOWN: usize = 10;
/// How much is said of each.
const CLIPPED: usize = 400;

/// Why a workload's pods are silent, and how many these are: by namespace, workload and reason.
type Silent = BTreeMap<(String, String, Why), usize>;

/// Why a pod is silent.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Logging is off, which `--enable` changes.
    Off(String),
    /// Something that `--enable` does not change.
    Else(String),
}

/// Says which of the pods, by namespace and name, write no access log to the container's log.
pub(super) fn say_silent(manifests: &Manifests, pods: &[(&str, &str)], notes: &Notes) {
    let inventory = &manifests.inventory;
    let meant = manifests.workloads().of_pods(pods);
    let cluster = telemetry::Cluster::new(inventory);
    let mut silent = Silent::new();
    for workload in &meant {
        let rows = cluster.who([*workload], manifests.revision.as_deref());
        if let Some(why) = why(manifests, workload, &rows) {
            let (namespace, name) = (&workload.meta.namespace, workload.workload_name());
            *silent.entry((namespace.clone(), name.to_owned(), why)).or_default() += 1;
        }
    }
    let count: usize = silent.values().sum();
    match count {
        0 => return,
        _ if count == meant.len() => notes.print("none of these pods writes an access log:"),
        _ => notes.print(&format!("{count} of {} pods write no access log:", meant.len())),
    }
    for ((namespace, name, why), count) in silent.iter().take(SHOWN) {
        let (Why::Off(why) | Why::Else(why)) = why;
        let pods = if *count == 1 { "1 pod".to_owned() } else { format!("{count} pods") };
        let text = format!("  {namespace}/{name} ({pods}): {why}");
        notes.print(&visible::clipped(text.as_bytes(), CLIPPED));
    }
    if let Some(more) = silent.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        notes.print(&format!("  and {more} more workloads"));
    }
    if silent.keys().any(|(_, _, why)| matches!(why, Why::Off(_))) {
        notes.print(
            "--enable switches logging on while this command runs; `logcollector telemetry explain \
             POD` tells all of it",
        );
    }
}

/// Why a pod writes no access log to the container's log; `None` where it does.
fn why(manifests: &Manifests, workload: &Workload, rows: &[Row]) -> Option<Why> {
    let (inventory, revision) = (&manifests.inventory, manifests.revision.as_deref());
    if let Some(why) = Injection::of(workload, inventory, revision).why_no_envoy() {
        return Some(Why::Else(format!("no proxy: {why}")));
    }
    let sides = rows.iter().flat_map(|row| [row.client.as_deref(), row.server.as_deref()]);
    let sides: Vec<&Decision> = sides.flatten().collect();
    let loggers: Vec<_> = sides.iter().flat_map(|side| &side.loggers).collect();
    if loggers.iter().any(|attached| attached.logger.is_container_log()) {
        return not_captured(manifests, workload).map(Why::Else);
    }
    if !loggers.is_empty() {
        return Some(Why::Off("its access log goes elsewhere, not to the container's".to_owned()));
    }
    let because = sides.first().map(|side| side.because.as_slice()).unwrap_or_default();
    let because = because.iter().map(|because| format!("{}: {}", because.object, because.effect));
    Some(Why::Off(because.collect::<Vec<_>>().join("; ")))
}

/// Why no traffic is brought to the proxy of a sidecar; `None` where some is, or where that cannot be told.
fn not_captured(manifests: &Manifests, workload: &Workload) -> Option<String> {
    if workload.proxy.kind != ProxyKind::Sidecar {
        return None;
    }
    match capture::of(workload, &manifests.inventory, manifests.revision.as_deref()) {
        Ok(Capture::None(because)) => Some(format!("no traffic comes to its proxy: {because}")),
        Ok(Capture::Rules(_)) | Err(_) => None,
    }
}
