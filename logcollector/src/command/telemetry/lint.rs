//! `telemetry lint`: what is wrong with Telemetry objects.

use std::collections::HashMap;

use anstream::adapter::strip_str;
use mesh::{Inventory, LoadError, Meta, Origin, Problem};
use telemetry::{Cluster, Finding, RejectedBy, Severity, Telemetry};

use crate::cli::{LintArgs, SeverityArg};
use crate::cluster::Topic;
use crate::command::document::array;
use crate::command::{Outcome, pretty, print};
use crate::error::{Error, Marked};
use crate::manifests::{Among, Manifests};
use crate::notes::Notes;
use crate::paint::{BOLD, CYAN, DIM, Paint, RED, YELLOW};
use crate::visible;

/// Runs `telemetry lint`.
pub(crate) fn run(args: &LintArgs) -> Result<Outcome, Error> {
    let manifests = Manifests::of(
        &args.objects,
        Topic::Telemetry,
        Among::of(args.namespace.as_deref(), args.all_namespaces),
        &Notes::new(),
    )?;
    let cluster = Cluster::new(&manifests.inventory);
    let (telemetries, others): (Vec<_>, Vec<_>) =
        manifests.errors.iter().partition(|error| is_telemetry(error));
    let mut findings: Vec<Finding> = telemetries.into_iter().map(unreadable).collect();
    findings.extend(cluster.lint(manifests.revision.as_deref()));
    if let Some(namespace) = &args.namespace {
        findings.retain(|finding| namespace_of(finding) == Some(namespace));
    }
    match pretty(args.output) {
        Some(paint) => {
            print(text(&findings, &manifests.inventory, cluster.telemetries(), paint).as_bytes())
        }
        None => print(&array(&findings)?),
    }?;
    let fails = findings.iter().any(|finding| finding.severity <= severity(args.fail_on));
    let lost = manifests.unreadable || !others.is_empty();
    Ok(match fails {
        _ if lost => Outcome::Unreadable,
        true => Outcome::No,
        false => Outcome::Done,
    })
}

/// Whether what could not be read is a Telemetry: that is a finding like any other.
fn is_telemetry(error: &LoadError) -> bool {
    error.object.as_deref().is_some_and(|object| object.split('/').next() == Some("Telemetry"))
}

fn unreadable(error: &LoadError) -> Finding {
    let field = match &error.problem {
        Problem::Field { path, .. } => path.clone(),
        Problem::NoKind { missing } => (*missing).to_owned(),
        _ => String::new(),
    };
    let object = error.object.clone().unwrap_or_default();
    Finding::unreadable(object, field, error.problem.to_string())
}

fn severity(asked: SeverityArg) -> Severity {
    match asked {
        SeverityArg::Error => Severity::Error,
        SeverityArg::Warning => Severity::Warning,
        SeverityArg::Info => Severity::Info,
    }
}

/// The namespace in `Kind/namespace/name`.
fn namespace_of(finding: &Finding) -> Option<&str> {
    finding.object.split('/').nth(1)
}

fn text(
    findings: &[Finding],
    inventory: &Inventory,
    telemetries: &[Telemetry],
    paint: Paint,
) -> String {
    let name = |kind: &str, meta: &Meta| format!("{kind}/{}", meta.qualified_name());
    let objects = inventory.objects.iter();
    let origins: HashMap<String, &Origin> =
        objects.map(|it| (name(&it.kind, &it.meta), &it.meta.origin)).collect();
    let by_name: HashMap<String, &Telemetry> =
        telemetries.iter().map(|it| (name("Telemetry", &it.meta), it)).collect();
    let mut text = String::new();
    for finding in findings {
        text.push_str(&head(finding, origins.get(&finding.object).copied(), paint));
        match by_name.get(&finding.object).and_then(|object| marked(finding, object)) {
            Some(marked) => {
                let shown = marked.render("", paint).unwrap_or_default();
                // The empty message is a line of its own, on a terminal with colours in it.
                let is_told = |line: &&str| !strip_str(line).to_string().trim().is_empty();
                let lines = shown.lines().filter(is_told);
                lines.for_each(|line| text.push_str(&format!("{line}\n")));
            }
            None => {
                text.push_str(&format!("  {}\n", visible::lines(&finding.message)));
                if let Some(instead) = &finding.instead {
                    text.push_str(&format!("  instead: {}\n", visible::lines(instead)));
                }
            }
        }
        text.push('\n');
    }
    let count = |severity| findings.iter().filter(|it| it.severity == severity).count();
    text.push_str(&format!(
        "Telemetry objects: {}, errors: {}, warnings: {}, infos: {}\n",
        telemetries.len(),
        count(Severity::Error),
        count(Severity::Warning),
        count(Severity::Info),
    ));
    text
}

/// `error unknown-provider Telemetry/default/x spec.accessLogging[0] (file, document 2)`.
fn head(finding: &Finding, origin: Option<&Origin>, paint: Paint) -> String {
    let (name, style) = match finding.severity {
        Severity::Error => ("error", RED.bold()),
        Severity::Warning => ("warning", YELLOW.bold()),
        Severity::Info => ("info", CYAN.bold()),
    };
    let refused = match finding.rejected_by {
        Some(RejectedBy::Crd) => ", refused by the CRD",
        Some(RejectedBy::Webhook) => ", refused by the webhook",
        None => "",
    };
    let object_name = visible::text(finding.object.as_bytes());
    let field = visible::text(finding.field.as_bytes());
    let origin = origin.map(|it| format!(" ({})", visible::text(it.to_string().as_bytes())));
    format!(
        "{} {}{refused}: {object_name} {field}{}\n",
        paint.text(style, name),
        paint.text(BOLD, finding.code),
        paint.text(DIM, &origin.unwrap_or_default()),
    )
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
