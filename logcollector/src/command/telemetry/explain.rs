//! `telemetry explain`: why a proxy logs what it logs.

use telemetry::Story;

use crate::cli::ExplainArgs;
use crate::cluster::Topic;
use crate::command::document::json;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::{Among, Manifests};
use crate::notes::Notes;

/// Runs `telemetry explain`.
pub(crate) fn run(args: &ExplainArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let manifests = Manifests::of(
        &args.objects,
        Topic::Telemetry,
        Among::of(args.pod.namespace.as_deref(), args.pod.all_namespaces),
        &notes,
    )?;
    let workload = manifests.workloads().one(&args.pod)?;
    let cluster = manifests.telemetry(&notes);
    let stories = cluster.explain(workload, manifests.revision.as_deref());
    let printed = match (pretty(args.output), stories.as_slice()) {
        (Some(_), stories) => {
            let texts: Vec<String> = stories.iter().map(Story::to_string).collect();
            let texts: Vec<&str> = texts.iter().map(|text| text.trim_end()).collect();
            print(format!("{}\n", texts.join("\n\n")).as_bytes())
        }
        (None, [story]) => print(&json(story)?),
        (None, stories) => print(&json(stories)?),
    }?;
    Ok(manifests.outcome(printed))
}
