//! What every `lint` has in common: how findings are printed, and what they end with.

use std::collections::HashMap;

use anstream::adapter::strip_str;
use mesh::lint::{Finding, RejectedBy, Severity};
use mesh::{Inventory, LoadError, Meta, Origin, Problem};

use super::document::array;
use super::{Outcome, pretty, print};
use crate::cli::{LintArgs, SeverityArg};
use crate::error::{Error, Marked};
use crate::manifests::Manifests;
use crate::paint::{BOLD, CYAN, DIM, Paint, RED, YELLOW};
use crate::visible;

/// What was found.
pub(super) struct Linted<'a> {
    pub(super) findings: Vec<Finding>,
    /// Whether manifests could not be read that no finding is about.
    pub(super) lost: bool,
    /// What was looked at, in words.
    pub(super) kind: &'static str,
    /// How many there were.
    pub(super) objects: usize,
    /// The expression that a finding is about with the place marked; `None` where it is about none.
    pub(super) marked: &'a dyn Fn(&Finding) -> Option<Marked>,
}

/// What could not be read of objects of these kinds is a finding like any other; the second part says
/// whether anything else could not be read.
pub(super) fn unreadable(manifests: &Manifests, kinds: &[&str]) -> (Vec<Finding>, bool) {
    let kind = |error: &LoadError| error.object.as_ref()?.split('/').next().map(str::to_owned);
    let is_own = |error: &&LoadError| kind(error).is_some_and(|kind| kinds.contains(&&*kind));
    let (own, others): (Vec<_>, Vec<_>) = manifests.errors.iter().partition(is_own);
    let findings = own.into_iter().map(|error| {
        let field = match &error.problem {
            Problem::Field { path, .. } => path.clone(),
            Problem::NoKind { missing } => (*missing).to_owned(),
            _ => String::new(),
        };
        let object = error.object.clone().unwrap_or_default();
        Finding::unreadable(object, field, error.problem.to_string())
    });
    (findings.collect(), manifests.unreadable || !others.is_empty())
}

/// Prints what the options ask for, and says what the command ends with.
pub(super) fn finish(
    args: &LintArgs,
    mut linted: Linted<'_>,
    inventory: &Inventory,
) -> Result<Outcome, Error> {
    if let Some(namespace) = &args.namespace {
        linted.findings.retain(|finding| namespace_of(finding) == Some(namespace));
    }
    match pretty(args.output) {
        Some(paint) => print(text(&linted, inventory, paint).as_bytes()),
        None => print(&array(&linted.findings)?),
    }?;
    let worst = linted.findings.iter().map(|finding| finding.severity).min();
    let fails = worst.is_some_and(|worst| worst <= severity(args.fail_on));
    Ok(match fails {
        _ if linted.lost => Outcome::Unreadable,
        true => Outcome::No,
        false => Outcome::Done,
    })
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

fn text(linted: &Linted<'_>, inventory: &Inventory, paint: Paint) -> String {
    let name = |kind: &str, meta: &Meta| format!("{kind}/{}", meta.qualified_name());
    let objects = inventory.objects.iter();
    let origins: HashMap<String, &Origin> =
        objects.map(|it| (name(&it.kind, &it.meta), &it.meta.origin)).collect();
    let mut text = String::new();
    for finding in &linted.findings {
        text.push_str(&head(finding, origins.get(&finding.object).copied(), paint));
        match (linted.marked)(finding) {
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
    let count = |severity| linted.findings.iter().filter(|it| it.severity == severity).count();
    text.push_str(&format!(
        "{}: {}, errors: {}, warnings: {}, infos: {}\n",
        linted.kind,
        linted.objects,
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
