//! What is wrong with filters that the API server takes.

use expression::{Expression, FindingKind};

use super::{Code, Finding, code, entry};
use crate::object::Telemetry;

pub(super) fn check(telemetry: &Telemetry, found: &mut Vec<Finding>) {
    for (index, logging) in telemetry.access_logging.iter().enumerate() {
        let Some(filter) = &logging.filter else { continue };
        // One that does not parse is refused, and said so with all else that is refused.
        let Ok(expression) = Expression::parse(filter) else { continue };
        found.extend(expression.findings().iter().map(|finding| {
            let field = entry(index, "filter.expression");
            Finding {
                instead: finding.instead().map(str::to_owned),
                column: Some(crate::object::column(filter, finding.span().start)),
                span: Some(finding.span()),
                ..super::finding(code_of(finding.kind()), telemetry, field, finding.to_string())
            }
        }));
    }
}

fn code_of(kind: &FindingKind) -> &'static Code {
    match kind {
        FindingKind::RefusedByEnvoy(_) => &code::FILTER_REFUSED_BY_ENVOY,
        FindingKind::NeverTrue(_) => &code::FILTER_NEVER_TRUE,
        FindingKind::AlwaysKeeps { .. } => &code::FILTER_ALWAYS_TRUE,
        FindingKind::UnknownAttribute { .. } => &code::FILTER_UNKNOWN_ATTRIBUTE,
        FindingKind::HttpOnly { .. } => &code::FILTER_SILENCES_TCP,
        FindingKind::WholeFlags => &code::FILTER_WHOLE_FLAGS,
        // Functions of values of a wrong type, for one.
        _ => &code::FILTER_DOUBTFUL,
    }
}
