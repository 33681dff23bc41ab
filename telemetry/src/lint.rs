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

use std::ops::Range;

use mesh::{Object, Workload};
use serde::Serialize;

use crate::attach::View;
use crate::envoy_filter;
use crate::object::{RejectedBy, Telemetry};

use selection::Selection;

pub use code::{CODES, Code, Severity};

/// Something wrong with a Telemetry.
///
/// It serialises to an element of `logcollector telemetry lint -o json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The code, one of [`CODES`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Who would refuse the object; `None` when an API server with Istio takes it.
    pub rejected_by: Option<RejectedBy>,
    /// The object as `Telemetry/namespace/name`, or `EnvoyFilter/namespace/name`.
    pub object: String,
    /// The path of the field, such as `spec.accessLogging[0].filter.expression`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub instead: Option<String>,
    /// The column in a filter expression, in characters from 1; `None` for other fields.
    pub column: Option<usize>,
    /// The bytes of a filter expression that it is about, where an expression that parses is in
    /// doubt; not serialised.
    #[serde(skip)]
    pub span: Option<Range<usize>>,
}

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
    found.extend(envoy_filter::touching(subject.objects).map(|filter| Finding {
        object: format!("EnvoyFilter/{}", filter.meta.qualified_name()),
        ..Finding::of(
            &code::ENVOY_FILTER,
            "spec.configPatches".to_owned(),
            "it touches access logs: what proxies log can differ from what is decided".to_owned(),
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

impl Finding {
    /// A finding about a field of an object that an API server takes.
    fn new(code: &Code, telemetry: &Telemetry, field: String, message: String) -> Self {
        let object = format!("Telemetry/{}", telemetry.meta.qualified_name());
        Self { object, ..Self::of(code, field, message) }
    }

    /// A finding about no object yet.
    fn of(code: &Code, field: String, message: String) -> Self {
        Self {
            code: code.name,
            severity: code.severity,
            rejected_by: None,
            object: String::new(),
            field,
            message,
            instead: None,
            column: None,
            span: None,
        }
    }

    /// A finding about an object that could not even be read, such as one without a name; no API server
    /// takes it.
    pub fn unreadable(object: String, field: String, message: String) -> Self {
        let finding = Self::of(&code::INVALID_FIELD, field, message);
        Self { object, rejected_by: Some(RejectedBy::Crd), ..finding }
    }

    fn instead(self, instead: Option<String>) -> Self {
        Self { instead, ..self }
    }
}

/// The path of a field of an entry; the entry itself for an empty `field`.
fn entry(index: usize, field: &str) -> String {
    match field {
        "" => format!("spec.accessLogging[{index}]"),
        field => format!("spec.accessLogging[{index}].{field}"),
    }
}
