//! What Istio's validating webhook refuses.
//!
//! Follows `ValidateTelemetry` of `pkg/config/validation/validation.go`. Its parts for `metrics` and
//! `tracing` refuse nothing that the CRD takes, but for an empty name of a tag.

use expression::Expression;

use super::RejectedBy;
use super::{Telemetry, Violation};

/// The kinds that a Telemetry can be attached to, with their groups.
const TARGETS: [(&str, &str); 4] = [
    ("core", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
];

/// What the webhook refuses of what the CRD takes.
pub(super) fn check(telemetry: &Telemetry) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, target) in telemetry.targets().iter().enumerate() {
        let field = match telemetry.target_refs.is_empty() {
            true => "spec.targetRef.kind".to_owned(),
            false => format!("spec.targetRefs[{index}].kind"),
        };
        if !TARGETS.iter().any(|(group, kind)| target.is(group, kind)) {
            let message = format!(
                "targetRef must be to a Gateway, GatewayClass, Service or ServiceEntry, not to {}/{}",
                target.group, target.kind
            );
            let right = TARGETS.iter().find(|(_, kind)| *kind == target.kind);
            let instead = right.map(|(group, kind)| match *group {
                "core" => format!("kind: {kind} without a group"),
                group => format!("group: {group}, kind: {kind}"),
            });
            found.push(refused(field, message, instead));
        }
    }
    for (index, logging) in telemetry.access_logging.iter().enumerate() {
        let Some(filter) = &logging.filter else { continue };
        found.extend(Expression::parse(filter).err().map(|error| Violation {
            by: RejectedBy::Webhook,
            field: format!("spec.accessLogging[{index}].filter.expression"),
            message: format!("must be a valid CEL expression, {error}"),
            instead: error.suggestion().map(str::to_owned),
            column: Some(super::column(filter, error.offset())),
        }));
    }
    for (index, tracing) in super::list(&telemetry.spec["tracing"]).enumerate() {
        if tracing["customTags"].get("").is_some_and(|tag| !tag.is_null()) {
            let field = format!("spec.tracing[{index}].customTags");
            found.push(refused(field, "tag name may not be empty".to_owned(), None));
        }
    }
    found
}

fn refused(field: String, message: String, instead: Option<String>) -> Violation {
    Violation { by: RejectedBy::Webhook, field, message, instead, column: None }
}
