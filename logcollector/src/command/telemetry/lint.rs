//! `telemetry lint`: what is wrong with Telemetry objects.

use std::collections::HashMap;

use mesh::lint::Finding;
use telemetry::{Cluster, Telemetry};

use crate::cli::LintArgs;
use crate::cluster::Topic;
use crate::command::Outcome;
use crate::command::lint::{Linted, finish, unreadable};
use crate::error::{Error, Marked};
use crate::manifests::{Among, Manifests};
use crate::notes::Notes;

/// Runs `telemetry lint`.
pub(crate) fn run(args: &LintArgs) -> Result<Outcome, Error> {
    let manifests = Manifests::of(
        &args.objects,
        Topic::Telemetry,
        Among::of(args.namespace.as_deref(), args.all_namespaces),
        &Notes::new(),
    )?;
    let cluster = Cluster::new(&manifests.inventory);
    let (mut findings, lost) = unreadable(&manifests, &["Telemetry"]);
    findings.extend(cluster.lint(manifests.revision.as_deref()));
    let telemetries = cluster.telemetries();
    let name = |it: &Telemetry| format!("Telemetry/{}", it.meta.qualified_name());
    let by_name: HashMap<String, &Telemetry> =
        telemetries.iter().map(|it| (name(it), it)).collect();
    let linted = Linted {
        findings,
        lost,
        kind: "Telemetry objects",
        objects: telemetries.len(),
        marked: &|finding| marked(finding, by_name.get(&finding.object)?),
    };
    finish(args, linted, &manifests.inventory)
}

/// The filter expression of a finding, with the place marked.
fn marked(finding: &Finding, object: &Telemetry) -> Option<Marked> {
    let column = finding.column?;
    let index = finding.field.strip_prefix("spec.accessLogging[")?.split_once(']')?.0;
    let entry = object.access_logging.get(index.parse::<usize>().ok()?)?;
    let expression = entry.filter.as_deref()?;
    let at_column = || {
        let mut starts = expression.char_indices().map(|(at, _)| at);
        let start = starts.nth(column - 1).unwrap_or(expression.len());
        start..start + 1
    };
    let span = finding.span.clone().unwrap_or_else(at_column);
    let label = (span, finding.message.clone());
    let help = finding.instead.as_ref().map(|instead| format!("write `{instead}`"));
    Some(Marked::new("", ("filter", expression), &[label], help))
}
