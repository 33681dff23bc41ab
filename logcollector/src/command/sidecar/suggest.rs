//! `sidecar suggest`: the smallest Sidecars that keep every observed call.

use mesh::Object;
use sidecar::{Grouping, PolicyMode, SuggestOptions};

use super::{FirstPods, collect, logs, revision, say_filtered, settings};
use crate::cli::{DocumentOutput, PolicyArg, SuggestArgs};
use crate::cluster::Topic;
use crate::command::document::json;
use crate::command::{Outcome, print};
use crate::error::Error;
use crate::manifests::{self, Among, Manifests};
use crate::notes::Notes;
use crate::progress::Spinner;
use crate::visible;

/// Runs `sidecar suggest`.
pub(crate) fn run(args: SuggestArgs) -> Result<Outcome, Error> {
    let logs = logs(&args.logs, &args.objects.manifests, args.merge.as_ref(), "sidecar suggest")?;
    let notes = Notes::new();
    let manifests =
        Manifests::of(&args.objects, Topic::Reach, Among::All, &notes)?.without_refused(&notes);
    let (merge, unmerged) = match &args.merge {
        Some(file) => manifests::objects(file, &notes),
        None => (Vec::<Object>::new(), false),
    };
    let Some(collected) = collect(&logs, args.logs, args.format, &manifests)? else {
        return Ok(Outcome::Done);
    };
    say_filtered(&manifests, &collected.collector, &collected.notes);
    let inventory = &manifests.inventory;
    let pods = FirstPods::new(inventory);
    let settings =
        settings(&manifests, &args.istio, &revision(&manifests, &pods, &collected.collector));
    let options = SuggestOptions {
        grouping: if args.workload { Grouping::Workload } else { Grouping::Namespace },
        policy: args.policy.map(policy),
        merge,
    };
    let labels = |namespace: &str, name: &str| pods.labels(namespace, name);
    let selector = |namespace: &str, name: &str| mesh::stable_labels(&labels(namespace, name));
    let calls = &collected.collector.calls;
    let spinner = Spinner::new("looking for the smallest Sidecars");
    let suggestion = sidecar::suggest(inventory, &settings, calls, labels, selector, &options);
    drop(spinner);
    match args.output {
        Some(DocumentOutput::Json) => print(&json(&suggestion)?),
        Some(DocumentOutput::Pretty) | None => {
            print(visible::lines(&suggestion.to_string()).as_bytes())
        }
    }?;
    let outcome = if suggestion.check.broken > 0 { Outcome::No } else { Outcome::Done };
    let unreadable = collected.unreadable || unmerged;
    Ok(manifests.outcome(if unreadable { Outcome::Unreadable } else { outcome }))
}

fn policy(asked: PolicyArg) -> PolicyMode {
    match asked {
        PolicyArg::RegistryOnly => PolicyMode::RegistryOnly,
        PolicyArg::AllowAny => PolicyMode::AllowAny,
    }
}
