//! What Istio's validating webhook refuses.
//!
//! Follows `ValidateTelemetry` of `pkg/config/validation/validation.go`. Of `metrics` and `tracing` it
//! refuses little that the CRD takes: an override without a value, which UPSERT is by default, and an
//! empty name of a tag.

use expression::Expression;
use mesh::lint::RejectedBy;
use serde_json::Value;

use super::{TargetRef, Telemetry, Violation};

/// The kinds that a Telemetry can be attached to, with their groups.
const TARGETS: [(&str, &str); 4] = [
    ("core", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
];

/// What the webhook refuses of what the CRD takes.
pub(super) fn check(telemetry: &Telemetry) -> Vec<Violation> {
    let targets = telemetry.targets().iter().enumerate();
    let filters = telemetry.access_logging.iter().enumerate();
    let metrics = super::list(&telemetry.spec["metrics"]).enumerate();
    let tracing = super::list(&telemetry.spec["tracing"]).enumerate();
    let one = telemetry.target_refs.is_empty();
    let mut found = Vec::new();
    found.extend(targets.filter_map(|(index, target)| check_target(target, index, one)));
    found.extend(filters.filter_map(|(index, it)| check_filter(it.filter.as_deref()?, index)));
    metrics.for_each(|(index, metrics)| check_overrides(metrics, index, &mut found));
    found.extend(tracing.filter_map(|(index, tracing)| check_tags(tracing, index)));
    found
}

fn check_target(target: &TargetRef, index: usize, one: bool) -> Option<Violation> {
    // That a kind is missing, the CRD says.
    if target.kind.is_empty() || TARGETS.iter().any(|(group, kind)| target.is(group, kind)) {
        return None;
    }
    let field = match one {
        true => "spec.targetRef.kind".to_owned(),
        false => format!("spec.targetRefs[{index}].kind"),
    };
    let message = format!(
        "targetRef must be to a Gateway, GatewayClass, Service or ServiceEntry, not to {}/{}",
        target.group, target.kind
    );
    let right = TARGETS.iter().find(|(_, kind)| *kind == target.kind);
    let instead = right.map(|(group, kind)| match *group {
        "core" => format!("kind: {kind} without a group"),
        group => format!("group: {group}, kind: {kind}"),
    });
    Some(Violation { instead, ..refused(field, message) })
}

fn check_filter(filter: &str, index: usize) -> Option<Violation> {
    let error = Expression::parse(filter).err()?;
    let field = format!("spec.accessLogging[{index}].filter.expression");
    Some(Violation {
        instead: error.suggestion().map(str::to_owned),
        column: Some(super::column(filter, error.offset())),
        ..refused(field, format!("must be a valid CEL expression, {error}"))
    })
}

fn check_overrides(metrics: &Value, metric: usize, found: &mut Vec<Violation>) {
    for (index, overriding) in super::list(&metrics["overrides"]).enumerate() {
        let tags = overriding["tagOverrides"].as_object().into_iter().flatten();
        // The CRD looks at an operation only where one is written.
        let silent = tags.filter(|(_, tag)| tag.is_object() && tag["operation"].is_null());
        let empty = silent.filter(|(_, tag)| super::text(&tag["value"]).is_empty());
        found.extend(empty.map(|(name, _)| {
            let field = format!("spec.metrics[{metric}].overrides[{index}].tagOverrides[{name}]");
            refused(field, "tagOverrides.value must be set when operation is UPSERT".to_owned())
        }));
    }
}

fn check_tags(tracing: &Value, index: usize) -> Option<Violation> {
    let tag = tracing["customTags"].get("")?;
    let field = format!("spec.tracing[{index}].customTags");
    (!tag.is_null()).then(|| refused(field, "tag name may not be empty".to_owned()))
}

fn refused(field: String, message: String) -> Violation {
    Violation { by: RejectedBy::Webhook, field, message, instead: None, column: None }
}
