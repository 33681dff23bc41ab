//! `sidecar check`: what a changed Sidecar would do to the calls that were made.

use sidecar::{CheckReport, Checked, Checker, Verdict, View};

use super::{FirstPods, collect, logs, revision, say_filtered, settings};
use crate::cli::CheckArgs;
use crate::cluster::Topic;
use crate::command::document::json;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::{Among, Manifests};
use crate::notes::Notes;
use crate::paint::{BOLD, DIM, GREEN, Paint, RED, YELLOW};
use crate::visible;

/// Runs `sidecar check`.
pub(crate) fn run(args: CheckArgs) -> Result<Outcome, Error> {
    let logs = logs(&args.logs, &args.objects.manifests, Some(&args.new), "sidecar check")?;
    let notes = Notes::new();
    let manifests =
        Manifests::of(&args.objects, Topic::Reach, Among::All, &notes)?.without_refused(&notes);
    let changed = manifests.with(std::slice::from_ref(&args.new), &notes);
    let Some(collected) = collect(&logs, args.logs, args.format, &manifests)? else {
        return Ok(Outcome::Done);
    };
    say_filtered(&manifests, &collected.collector, &collected.notes);
    let pods = FirstPods::new(&manifests.inventory);
    let settings =
        settings(&manifests, &args.istio, &revision(&manifests, &pods, &collected.collector));
    let before = View::new(&manifests.inventory, settings.clone());
    let after = View::new(&changed.inventory, settings);
    let checker = Checker { before: &before, after: &after };
    let labels = |namespace: &str, name: &str| pods.labels(namespace, name);
    let report = checker.check(&collected.collector.calls, labels);
    match pretty(args.output) {
        Some(paint) => print(text(&report, paint).as_bytes()),
        None => print(&json(&report)?),
    }?;
    let outcome = if report.broken > 0 { Outcome::No } else { Outcome::Done };
    let outcome = if collected.unreadable { Outcome::Unreadable } else { outcome };
    Ok(changed.outcome(outcome))
}

fn text(report: &CheckReport, paint: Paint) -> String {
    let mut text = String::new();
    for workload in report.workloads.iter().filter(|workload| !workload.destinations.is_empty()) {
        let sidecar = workload.sidecar.as_deref().unwrap_or("no Sidecar");
        let head = format!("{}/{} under {sidecar}", workload.namespace, workload.workload);
        text.push_str(&paint.text(BOLD, &visible::text(head.as_bytes())));
        text.push('\n');
        workload.destinations.iter().for_each(|it| text.push_str(&line(it, paint)));
        text.push('\n');
    }
    let end = format!(
        "records: {}, destinations that would break: {}, that cannot be told: {}\n",
        report.period.records, report.broken, report.unresolved
    );
    text.push_str(&paint.text(if report.broken > 0 { RED } else { GREEN }, &end));
    text
}

/// A destination, and below it what would change, with a line that tells of it.
fn line(checked: &Checked, paint: Paint) -> String {
    let style = match checked.verdict {
        verdict if verdict.breaks() => RED,
        Verdict::Unresolved => YELLOW,
        _ => DIM,
    };
    let seen = checked.last_seen.map(|time| format!(", last {time}")).unwrap_or_default();
    let mut text = format!(
        "  {} {}, calls: {}{seen}\n",
        paint.text(style, checked.verdict.as_str()),
        visible::text(destination(checked).as_bytes()),
        checked.count,
    );
    if !checked.verdict.breaks() {
        return text;
    }
    let (before, after) = (checked.before.as_deref(), checked.after.as_deref());
    let way = format!("{} -> {}", before.unwrap_or("?"), after.unwrap_or("?"));
    text.push_str(&format!("    {}\n", visible::text(way.as_bytes())));
    text.extend(checked.note.map(|note| format!("    {note}\n")));
    let example = checked.examples.first().map(|line| visible::text(line.as_bytes()));
    text.extend(example.map(|line| format!("    {}\n", paint.text(DIM, &line))));
    text
}

/// How a destination is named: its service, what the client asked for, or its address.
fn destination(checked: &Checked) -> String {
    let call = &checked.observed;
    let address = call.destination.map(|address| address.to_string());
    let asked = call.authority.as_deref().or(call.server_name.as_deref());
    match (&call.host, asked) {
        (Some(host), _) => {
            format!("{host}:{}", call.port.map_or("?".to_owned(), |port| port.to_string()))
        }
        (None, Some(asked)) => {
            format!("{asked} at {}", address.as_deref().unwrap_or("an unknown address"))
        }
        (None, None) => address.unwrap_or_else(|| "an unknown address".to_owned()),
    }
}
