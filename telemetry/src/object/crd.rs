//! The schema of the Telemetry CRD, and what it refuses.
//!
//! The rules are those of `manifests/charts/base/files/crd-all.gen.yaml` of Istio 1.31, `metrics` and
//! `tracing` included, because an object is taken or refused as a whole.

mod schema;

use mesh::lint::RejectedBy;
use mesh::schema::{Fault, Rule, walk};
use serde_json::Value;

use schema::SPEC;

/// Something in an object that an API server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Who refuses it.
    pub by: RejectedBy,
    /// The path of the field, such as `spec.accessLogging[0].match.mode`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub instead: Option<String>,
    /// The column in a filter expression, in characters from 1.
    pub column: Option<usize>,
}

/// Everything that the CRD refuses in a `spec`.
pub(super) fn check(spec: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    each_fault(spec, &mut |path, fault| {
        found.extend(told(&fault).map(|message| refused(path, message)));
    });
    found
}

/// A field that the schema does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownField {
    /// Its path.
    pub(crate) path: String,
    /// A field beside it that has much the same name.
    pub(crate) close: Option<&'static str>,
}

/// The fields of a `spec` that the API server drops.
pub(super) fn unknown(spec: &Value) -> Vec<UnknownField> {
    let mut found = Vec::new();
    each_fault(spec, &mut |path, fault| {
        if let Fault::Unknown { .. } = fault {
            found.push(UnknownField { path: path.to_owned(), close: fault.closest() });
        }
    });
    found
}

fn each_fault<'v>(spec: &'v Value, found: &mut dyn FnMut(&str, Fault<'v>)) {
    if !spec.is_null() {
        walk(&SPEC, spec, "spec", found);
    }
}

/// What refuses an object, in the words of an API server; `None` for what does not.
fn told(fault: &Fault<'_>) -> Option<String> {
    Some(match fault {
        Fault::Unknown { .. } => return None,
        Fault::Missing => "is required".to_owned(),
        Fault::Refused(message) => message.clone(),
        Fault::TooMany(most) => format!("must have at most {most} items"),
        Fault::Outside { least, most, found } => {
            format!("must be from {least} to {most}, not {found}")
        }
        Fault::Type { rule, found } => {
            let expected = match rule {
                Rule::Bool => "a boolean".to_owned(),
                rule => rule.expected(),
            };
            format!("must be {expected}, not {}", kind(found))
        }
    })
}

fn refused(field: &str, message: String) -> Violation {
    Violation { by: RejectedBy::Crd, field: field.to_owned(), message, instead: None, column: None }
}

/// The type of a value, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number (quote it)",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
