//! What is wrong with an object by itself.

use mesh::lint::{Finding, RejectedBy};

use super::{code, finding};
use crate::object::Telemetry;

pub(super) fn check(telemetry: &Telemetry, found: &mut Vec<Finding>) {
    for violation in &telemetry.violations {
        let code = match (violation.by, violation.column) {
            (RejectedBy::Crd, _) => &code::INVALID_FIELD,
            (RejectedBy::Webhook, Some(_)) => &code::FILTER_SYNTAX,
            (RejectedBy::Webhook, None) => &code::INVALID_OBJECT,
        };
        let (field, message) = (violation.field.clone(), violation.message.clone());
        found.push(Finding {
            rejected_by: Some(violation.by),
            instead: violation.instead.clone(),
            column: violation.column,
            ..finding(code, telemetry, field, message)
        });
    }
    for unknown in telemetry.unknown_fields() {
        let message = "there is no such field, and the API server drops it".to_owned();
        let finding = finding(&code::UNKNOWN_FIELD, telemetry, unknown.path, message);
        found.push(finding.instead(unknown.close.map(str::to_owned)));
    }
    if telemetry.selector.as_ref().is_some_and(|labels| labels.is_empty()) {
        let message = "workload selector specified without labels: the object is for its whole \
                       namespace";
        let field = "spec.selector".to_owned();
        let finding = finding(&code::SELECTOR_WITHOUT_LABELS, telemetry, field, message.to_owned());
        found.push(finding.instead(Some("no selector".to_owned())));
    }
}
