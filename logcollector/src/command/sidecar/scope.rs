//! `sidecar scope`: what a proxy can reach.

use std::collections::BTreeSet;

use sidecar::{PolicyMode, ScopeChange, ScopeReport, ServiceReport};

use super::{before_and_after, scope};
use crate::cli::ReachArgs;
use crate::cluster::Topic;
use crate::command::document::json;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::grid::Grid;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::{BOLD, GREEN, Paint, RED};
use crate::source::one_stdin;
use crate::visible;

/// Runs `sidecar scope`.
pub(crate) fn run(args: &ReachArgs) -> Result<Outcome, Error> {
    one_stdin(args.objects.manifests.paths().chain(&args.with))?;
    let notes = Notes::new();
    let manifests = Manifests::of(&args.objects, Topic::Reach, args.pod.place(), &notes)?
        .without_refused(&notes);
    let report = |manifests: &Manifests| -> Result<ScopeReport, Error> {
        let workload = manifests.workloads().one(&args.pod)?;
        Ok(scope(manifests, workload, &args.istio).1.report(&workload.display_name()))
    };
    let before = report(&manifests)?;
    let Some(changed) = before_and_after(&manifests, &args.with, &notes) else {
        let printed = match pretty(args.output) {
            Some(paint) => print(text(&before, paint).as_bytes()),
            None => print(&json(&before)?),
        }?;
        return Ok(manifests.outcome(printed));
    };
    let change = ScopeChange { before, after: report(&changed)? };
    let printed = match pretty(args.output) {
        Some(paint) => print(difference(&change, paint).as_bytes()),
        None => print(&json(&change)?),
    }?;
    Ok(changed.outcome(printed))
}

fn head(report: &ScopeReport) -> String {
    let sidecar = report.sidecar.as_deref().unwrap_or("none, all that is exported to it");
    let policy = report.outbound_traffic_policy.map_or("-", PolicyMode::as_str);
    visible::lines(&format!(
        "{}/{}\nSidecar: {sidecar}\noutbound traffic policy: {policy}\n",
        report.namespace, report.pod
    ))
}

fn text(report: &ScopeReport, paint: Paint) -> String {
    let mut grid = Grid::new(["NAMESPACE", "PORTS", "HOST"]);
    report.services.iter().for_each(|service| grid.row(cells(service)));
    let style = |row: usize, _: (usize, &str)| if row == 0 { BOLD } else { anstyle::Style::new() };
    format!("{}\n{}\n{}", head(report), grid.text(style, paint), because(report))
}

fn because(report: &ScopeReport) -> String {
    let line =
        |it: &sidecar::Because| visible::text(format!("{}: {}", it.object, it.effect).as_bytes());
    report.because.iter().map(|it| format!("{}\n", line(it))).collect()
}

fn cells(service: &ServiceReport) -> [String; 3] {
    let ports: Vec<String> = service.ports.iter().map(u16::to_string).collect();
    let text = |text: &str| visible::text(text.as_bytes());
    [text(&service.namespace), ports.join(","), text(&service.host)]
}

/// What goes and what comes, with signs as of a diff.
fn difference(change: &ScopeChange, paint: Paint) -> String {
    let of = |report: &ScopeReport| report.services.iter().cloned().collect::<BTreeSet<_>>();
    let (before, after) = (of(&change.before), of(&change.after));
    let mut text = format!("{}\nwith the change:\n{}\n", head(&change.before), head(&change.after));
    let mut line = |sign: &str, style: anstyle::Style, service: &ServiceReport| {
        let [namespace, ports, host] = cells(service);
        text.push_str(&paint.text(style, &format!("{sign} {host} {ports} ({namespace})")));
        text.push('\n');
    };
    before.difference(&after).for_each(|service| line("-", RED, service));
    after.difference(&before).for_each(|service| line("+", GREEN, service));
    let same = before.intersection(&after).count();
    text.push_str(&format!("the same: {same}\n\n{}", because(&change.after)));
    text
}
