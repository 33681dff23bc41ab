//! What is wrong with Telemetry objects: what an API server refuses, what `istioctl analyze` reports,
//! and what nobody reports.
//!
//! [`CODES`] lists the codes with their severities. Findings of `istioctl` keep its codes, and are
//! those of its analyzers, right or wrong; a code of our own stands beside where that is wrong.

mod analyzer;
mod attachment;
mod code;
mod effect;
mod filter;
mod object;
mod provider;
mod selection;

use mesh::lint::{Code, Finding};
use mesh::{Object, Workload};

use crate::attach::View;
use crate::envoy_filter;
use crate::object::Telemetry;

use selection::Selection;

pub use code::CODES;

/// What all checks look at.
pub(crate) struct Subject<'a> {
    /// What the istiods see, one for each revision.
    pub(crate) views: &'a [View<'a>],
    /// All objects.
    pub(crate) telemetries: &'a [Telemetry],
    /// All workloads.
    pub(crate) workloads: &'a [Workload],
    /// The objects of other kinds.
    pub(crate) objects: &'a [Object],
}

/// Everything that is wrong, the most severe first.
pub(crate) fn lint(subject: &Subject<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for telemetry in subject.telemetries {
        object::check(telemetry, &mut found);
        filter::check(telemetry, &mut found);
    }
    let accepted: Vec<&Telemetry> =
        subject.telemetries.iter().filter(|it| it.is_accepted()).collect();
    // Without any workload there is no telling what a selector selects.
    let known = !subject.workloads.is_empty();
    let selection = known.then(|| Selection::new(&accepted, subject.workloads));
    analyzer::check(subject, &accepted, selection.as_ref(), &mut found);
    if let Some(selection) = &selection {
        attachment::check(selection, &mut found);
    }
    found.extend(envoy_filter::touching(subject.objects).map(|filter| {
        Finding::new(
            &code::ENVOY_FILTER,
            format!("EnvoyFilter/{}", filter.meta.qualified_name()),
            "spec.configPatches",
            "it touches access logs: what proxies log can differ from what is decided",
        )
    }));
    for view in subject.views {
        attachment::check_view(view, &mut found);
        provider::check(view, &mut found);
        effect::check(view, &mut found);
    }
    found.sort_by(|a, b| key(a).cmp(&key(b)));
    // What is wrong under one revision is wrong under another, and said once.
    found.dedup_by(|next, kept| {
        key(next) == key(kept)
            && (next.rejected_by, &next.instead) == (kept.rejected_by, &kept.instead)
    });
    found
}

/// What is refused by Envoy takes a listener with it, and comes before all other errors.
fn key(finding: &Finding) -> impl Ord + use<'_> {
    let worst = [code::FILTER_REFUSED_BY_ENVOY.name, code::PROVIDER_REFUSED_BY_ENVOY.name];
    let worst = worst.contains(&finding.code);
    let place = (&finding.object, &finding.field, finding.column);
    (!worst, finding.severity, place, finding.code, &finding.message)
}

/// A finding about a field of a Telemetry that an API server takes.
fn finding(
    code: &Code,
    telemetry: &Telemetry,
    field: impl Into<String>,
    message: impl Into<String>,
) -> Finding {
    let object = format!("Telemetry/{}", telemetry.meta.qualified_name());
    Finding::new(code, object, field, message)
}

/// The path of a field of an entry; the entry itself for an empty `field`.
fn entry(index: usize, field: &str) -> String {
    match field {
        "" => format!("spec.accessLogging[{index}]"),
        field => format!("spec.accessLogging[{index}].{field}"),
    }
}
