//! `telemetry replay`: what a filter would have kept of recorded logs.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use telemetry::{Decision, Row};

use crate::cli::ReplayArgs;
use crate::command::document::json;
use crate::command::parse::{inputs, read_all};
use crate::command::reading::Reading;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::grid::Grid;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::{BOLD, Paint, RED};
use crate::pods::PodName;
use crate::select::{self, Counts, Loggers, Replay, Selection};
use crate::source::one_stdin;

/// How many rows of a table are shown to a person.
const ROWS: usize = 20;

/// Runs `telemetry replay`.
pub(crate) fn run(args: ReplayArgs) -> Result<Outcome, Error> {
    let logs = inputs(args.logs, "telemetry replay")?;
    one_stdin(args.manifests.paths().chain(&logs))?;
    let notes = Notes::new();
    let (replay, manifests) = match (&args.filter, &args.pod) {
        (Some(text), _) => {
            let expression = select::expression("--filter", text, &notes)?;
            (Replay::alike(Loggers::new([Some(expression)])), None)
        }
        (None, Some(pod)) => {
            let manifests = Manifests::read(&args.manifests, &notes)?;
            (of_pod(&manifests, pod, &notes)?, Some(manifests))
        }
        (None, None) => return Err(Error::NoManifests),
    };
    let mut reading = Reading::replaying(args.format, replay, notes)?;
    let (unreadable, stopped) = read_all(&mut reading, &logs);
    let Some(finished) = reading.end(stopped)? else { return Ok(Outcome::Done) };
    let Some(Selection::Replay(replay)) = finished.selection else { return Ok(Outcome::Done) };
    for sentence in &replay.learned.approximations {
        finished.notes.say(sentence);
    }
    let printed = match pretty(args.output) {
        Some(paint) => print(text(&replay, paint).as_bytes()),
        None => print(&json(&document(&replay))?),
    }?;
    let printed = if unreadable { Outcome::Unreadable } else { printed };
    Ok(manifests.map_or(printed, |manifests| manifests.outcome(printed)))
}

/// The loggers that the manifests give a pod.
fn of_pod(manifests: &Manifests, pod: &PodName, notes: &Notes) -> Result<Replay, Error> {
    let workload = manifests.workloads().pod(pod)?;
    let cluster = manifests.telemetry(notes);
    let rows = cluster.who([workload], manifests.revision.as_deref());
    let side = |side: fn(&Row) -> Option<&Decision>| {
        let mut decisions = rows.iter().filter_map(side);
        let first = decisions.next();
        if decisions.any(|decision| first.is_some_and(|first| first.loggers != decision.loggers)) {
            return Err(Error::SeveralServices { name: workload.display_name() });
        }
        first.map(|decision| loggers(decision, notes)).transpose()
    };
    let client = side(|row| row.client.as_deref())?;
    let server = side(|row| row.server.as_deref())?;
    Ok(match (client, server) {
        (Some(client), Some(server)) => {
            Replay::sides(client, server, workload.ips.iter().copied().collect())
        }
        (one, other) => Replay::alike(one.or(other).unwrap_or_else(|| Loggers::new([]))),
    })
}

fn loggers(decision: &Decision, notes: &Notes) -> Result<Loggers, Error> {
    let mut filters = Vec::new();
    for logger in &decision.loggers {
        let filter = logger.filter.as_deref();
        filters.push(filter.map(|text| select::expression("filter", text, notes)).transpose()?);
    }
    Ok(Loggers::new(filters))
}

fn document(replay: &Replay) -> Value {
    let tally = &replay.tally;
    let rows = |counts: &BTreeMap<String, Counts>| {
        let row = |(value, counts): (&String, &Counts)| {
            json!({
                "value": value,
                "kept": counts.kept,
                "left_out": counts.left_out,
                "cannot_tell": counts.cannot_tell,
            })
        };
        counts.iter().map(row).collect::<Vec<_>>()
    };
    json!({
        "records": tally.records,
        "bytes": tally.bytes,
        "errors": tally.errors,
        "lost_errors": tally.lost_errors,
        "by_response_code": rows(&tally.by_response_code),
        "by_response_flags": rows(&tally.by_response_flags),
        "by_upstream_cluster": rows(&tally.by_upstream_cluster),
        "missing_attributes": replay.learned.missing,
        "approximations": replay.learned.approximations,
    })
}

fn text(replay: &Replay, paint: Paint) -> String {
    let tally = &replay.tally;
    let mut text = format!("records: {}\nbytes: {}\n", shares(tally.records), shares(tally.bytes));
    let errors = format!("errors (5xx or a response flag): {}", shares(tally.errors));
    let lost = tally.errors.left_out > 0;
    text.push_str(&if lost { paint.text(RED.bold(), &errors) } else { errors });
    text.push('\n');
    for line in &tally.lost_errors {
        text.push_str(&format!("  lost: {line}\n"));
    }
    for attribute in &replay.learned.missing {
        text.push_str(&format!("the format of these lines does not carry `{attribute}`\n"));
    }
    let tables = [
        ("RESPONSE CODE", &tally.by_response_code),
        ("RESPONSE FLAGS", &tally.by_response_flags),
        ("UPSTREAM CLUSTER", &tally.by_upstream_cluster),
    ];
    for (name, counts) in tables.into_iter().filter(|(_, counts)| !counts.is_empty()) {
        text.push('\n');
        text.push_str(&table(name, counts, paint));
    }
    text
}

fn table(name: &str, counts: &BTreeMap<String, Counts>, paint: Paint) -> String {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.all()));
    let mut grid = Grid::new(["RECORDS", "KEPT", "LEFT OUT", "CANNOT TELL", name]);
    for (value, counts) in rows.iter().take(ROWS) {
        let numbers = [counts.all(), counts.kept, counts.left_out, counts.cannot_tell];
        let [all, kept, left_out, cannot_tell] = numbers.map(|number| number.to_string());
        grid.row([all, kept, left_out, cannot_tell, (*value).clone()]);
    }
    let mut text = grid.text(|row, _| if row == 0 { BOLD } else { anstyle::Style::new() }, paint);
    if let Some(more) = rows.len().checked_sub(ROWS).filter(|&more| more > 0) {
        text.push_str(&format!("and {more} more\n"));
    }
    text
}

/// `1000, kept 12 (1.2 %), left out 988 (98.8 %)`; what cannot be told stands there if there is any.
fn shares(counts: Counts) -> String {
    let all = counts.all();
    let share = |name: &str, count: u64| {
        // A sum of at most 2^64 in per mille; the quotient fits by far.
        let mille = (u128::from(count) * 1000).checked_div(u128::from(all)).unwrap_or(0);
        format!("{name} {count} ({}.{} %)", mille / 10, mille % 10)
    };
    let mut shares =
        vec![all.to_string(), share("kept", counts.kept), share("left out", counts.left_out)];
    if counts.cannot_tell > 0 {
        shares.push(share("cannot tell", counts.cannot_tell));
    }
    shares.join(", ")
}
