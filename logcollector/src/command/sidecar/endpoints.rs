//! `sidecar endpoints`: the endpoints that a proxy holds.

use sidecar::{EndpointChange, EndpointTable};

use super::{before_and_after, scope};
use crate::cli::ReachArgs;
use crate::cluster::Topic;
use crate::command::document::{array, json};
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::{GREEN, Paint, RED};
use crate::source::one_stdin;
use crate::visible;

/// Runs `sidecar endpoints`.
pub(crate) fn run(args: &ReachArgs) -> Result<Outcome, Error> {
    one_stdin(args.objects.manifests.paths().chain(&args.with))?;
    let notes = Notes::new();
    let manifests = Manifests::of(&args.objects, Topic::Reach, args.pod.place(), &notes)?
        .without_refused(&notes);
    let table = |manifests: &Manifests| -> Result<EndpointTable, Error> {
        let workload = manifests.workloads().one(&args.pod)?;
        let addresses: Vec<String> = workload.ips.iter().map(ToString::to_string).collect();
        let (view, scope) = scope(manifests, workload, &args.istio);
        Ok(sidecar::endpoints(&view, &scope, &addresses))
    };
    let before = table(&manifests)?;
    let Some(changed) = before_and_after(&manifests, &args.with, &notes) else {
        let printed = match pretty(args.output) {
            Some(_) => print(text(&before).as_bytes()),
            None => print(&array(&before.rows)?),
        }?;
        return Ok(manifests.outcome(printed));
    };
    let change = EndpointChange { before, after: table(&changed)? };
    let printed = match pretty(args.output) {
        Some(paint) => print(difference(&change, paint).as_bytes()),
        None => print(&json(&change)?),
    }?;
    Ok(changed.outcome(printed))
}

/// The table as istioctl prints it, and the names whose addresses only DNS knows.
fn text(table: &EndpointTable) -> String {
    let mut text = visible::lines(&table.to_string());
    if !table.unresolved.is_empty() {
        text.push_str("\nby DNS:\n");
    }
    for it in &table.unresolved {
        let line = format!("{}:{} {}", it.host, it.port, it.cluster);
        text.push_str(&format!("{}\n", visible::text(line.as_bytes())));
    }
    text
}

/// What goes and what comes, with signs as of a diff.
fn difference(change: &EndpointChange, paint: Paint) -> String {
    let (removed, added) = (change.removed(), change.added());
    let mut text = String::new();
    let signs = [("-", RED, &removed), ("+", GREEN, &added)];
    for (sign, style, rows) in signs {
        for row in rows {
            let line = format!("{sign} {} {} {}", row.endpoint(), row.status.as_str(), row.cluster);
            text.push_str(&paint.text(style, &visible::text(line.as_bytes())));
            text.push('\n');
        }
    }
    let same = change.before.rows.len().saturating_sub(removed.len());
    text.push_str(&format!(
        "before: {}, after: {}, the same: {same}\n",
        change.before.rows.len(),
        change.after.rows.len()
    ));
    text
}
