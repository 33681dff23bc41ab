//! `telemetry render`: the configuration that Envoy is given.

use crate::cli::RenderArgs;
use crate::cluster::Topic;
use crate::command::document::{indented, json};
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;

/// Runs `telemetry render`.
pub(crate) fn run(args: &RenderArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let manifests = Manifests::of(&args.objects, Topic::Telemetry, args.pod.place(), &notes)?;
    let workload = manifests.workloads().one(&args.pod)?;
    let cluster = manifests.telemetry(&notes);
    let rendered = cluster.render(workload, manifests.revision.as_deref());
    let printed = match pretty(args.output) {
        Some(_) => print(&indented(&rendered)),
        None => print(&json(&rendered)?),
    }?;
    Ok(manifests.outcome(printed))
}
