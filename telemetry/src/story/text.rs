//! The story in plain text.

use std::fmt;

use super::{Change, Story};
use crate::decide::{Attached, Because, DecidedBy, Decision};

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = &self.row;
        let service = row.service.as_ref().map(|it| format!(" for service {it}"));
        line(f, &format!("{}/{}{}", row.namespace, row.pod, service.unwrap_or_default()))?;
        let revision = &self.revision;
        let proxy = format!("proxy: {}, revision {revision}: {}", row.proxy, self.proxy_because);
        line(f, &proxy)?;
        if !self.objects.is_empty() {
            line(f, "\nobjects:")?;
        }
        for seen in &self.objects {
            let counts = if seen.counts { "counts" } else { "does not count" };
            line(f, &format!("  {} {counts}: {}", seen.object, seen.effect))?;
        }
        for (side, decision) in self.sides() {
            line(f, &format!("\n{side}: {}", verdict(decision)))?;
            for because in &decision.because {
                line(f, &format!("  {}", reason(because)))?;
            }
        }
        for filter in &self.envoy_filters {
            let warning = "touches access logs: the proxy may log something else than is said here";
            line(f, &format!("\nEnvoyFilter {filter} {warning}"))?;
        }
        line(f, "")?;
        change(f, &self.change)
    }
}

fn verdict(decision: &Decision) -> String {
    let by = match decision.decided_by {
        DecidedBy::Telemetry => "decided by Telemetry objects",
        DecidedBy::DefaultProviders => "decided by MeshConfig's defaultProviders",
        DecidedBy::MeshConfigFallback => "decided by MeshConfig's accessLogFile",
        DecidedBy::NoEnvoy => "there is no Envoy",
    };
    if !decision.emits {
        return format!("logs nothing, {by}");
    }
    let loggers: Vec<String> = decision.loggers.iter().map(logger).collect();
    format!("logs to {}, {by}", loggers.join(" and "))
}

fn logger(attached: &Attached) -> String {
    let sink = attached.logger.describe();
    match &attached.filter {
        None => sink,
        Some(filter) => format!("{sink} what `{filter}` keeps"),
    }
}

fn reason(because: &Because) -> String {
    let entry = because.entry.map_or(String::new(), |entry| format!(" entry {entry}"));
    format!("{}{entry}: {}", because.object, because.effect)
}

fn change(f: &mut fmt::Formatter<'_>, change: &Change) -> fmt::Result {
    let what = if change.turns_on { "on" } else { "off" };
    let Some(proposal) = &change.proposal else {
        let why_not = change.why_not.as_deref().unwrap_or_default();
        return line(f, &format!("nothing turns logging {what} here: {why_not}"));
    };
    let how = if proposal.edits { "change" } else { "apply" };
    line(f, &format!("to turn logging {what}, {how} {}:", proposal.object))?;
    for remark in &proposal.remarks {
        line(f, &format!("({remark})"))?;
    }
    line(f, "")?;
    proposal.yaml.lines().try_for_each(|text| line(f, &format!("  {text}")))
}

/// Writes a line; a newline of ours may begin it, all other control characters are made visible.
fn line(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let text = match text.strip_prefix('\n') {
        Some(rest) => {
            f.write_str("\n")?;
            rest
        }
        None => text,
    };
    for c in text.chars() {
        match c.is_control() {
            true => write!(f, "{}", c.escape_default())?,
            false => write!(f, "{c}")?,
        }
    }
    f.write_str("\n")
}
