//! The schema of the Telemetry CRD, and what it refuses.
//!
//! The rules are those of `manifests/charts/base/files/crd-all.gen.yaml` of Istio 1.31, `metrics` and
//! `tracing` included, because an object is taken or refused as a whole.

mod schema;

use mesh::lint::RejectedBy;
use serde_json::Value;

use schema::{Rule, SPEC};

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
    if !spec.is_null() {
        walk(&SPEC, spec, "spec", &mut found);
    }
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
    look_for_unknown(&SPEC, spec, "spec", &mut found);
    found
}

fn look_for_unknown(rule: &Rule, value: &Value, path: &str, found: &mut Vec<UnknownField>) {
    match (rule, value) {
        (Rule::Nullable(rule), _) => look_for_unknown(rule, value, path, found),
        (Rule::Object { fields, .. }, Value::Object(map)) => {
            for (key, value) in map {
                match fields.iter().find(|(name, _)| name == key) {
                    Some((_, rule)) => look_for_unknown(rule, value, &join(path, key), found),
                    None => {
                        let close = mesh::closest(key, fields.iter().map(|(name, _)| *name));
                        found.push(UnknownField { path: join(path, key), close });
                    }
                }
            }
        }
        (Rule::Map { values, .. }, Value::Object(map)) => {
            for (key, value) in map {
                look_for_unknown(values, value, &format!("{path}[{key}]"), found);
            }
        }
        (Rule::Array { items, .. }, Value::Array(values)) => {
            for (index, value) in values.iter().enumerate() {
                look_for_unknown(items, value, &format!("{path}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn walk(rule: &Rule, value: &Value, path: &str, found: &mut Vec<Violation>) {
    match (rule, value) {
        (Rule::Nullable(_), Value::Null) | (Rule::Bool, Value::Bool(_)) => {}
        (Rule::Nullable(rule), _) => walk(rule, value, path, found),
        (Rule::Object { fields, required, check }, Value::Object(_)) => {
            for name in *required {
                if value[*name].is_null() {
                    found.push(refused(&join(path, name), "is required".to_owned()));
                }
            }
            for (name, rule) in *fields {
                child(rule, &value[*name], &join(path, name), found);
            }
            found.extend(check(value).map(|message| refused(path, message)));
        }
        (Rule::Map { values, max, check }, Value::Object(map)) => {
            if map.len() > *max {
                found.push(refused(path, format!("must have at most {max} items")));
            }
            for (key, value) in map {
                child(values, value, &format!("{path}[{key}]"), found);
                found.extend(check(key, value).map(|message| refused(path, message)));
            }
        }
        (Rule::Array { items, max }, Value::Array(values)) => {
            if values.len() > *max {
                found.push(refused(path, format!("must have at most {max} items")));
            }
            for (index, value) in values.iter().enumerate() {
                walk(items, value, &format!("{path}[{index}]"), found);
            }
        }
        (Rule::Text { check }, Value::String(text)) => {
            found.extend(check(text).map(|message| refused(path, message)));
        }
        (Rule::Percentage, Value::Number(number)) => {
            if !number.as_f64().is_some_and(|n| (0.0..=100.0).contains(&n)) {
                found.push(refused(path, format!("must be from 0 to 100, not {number}")));
            }
        }
        _ => {
            let message = format!("must be {}, not {}", rule.expected(), kind(value));
            found.push(refused(path, message));
        }
    }
}

/// Checks a field of an object; null is as if it were not there, unless null means something.
fn child(rule: &Rule, value: &Value, path: &str, found: &mut Vec<Violation>) {
    if !value.is_null() {
        walk(rule, value, path, found);
    }
}

fn refused(field: &str, message: String) -> Violation {
    Violation { by: RejectedBy::Crd, field: field.to_owned(), message, instead: None, column: None }
}

fn join(path: &str, name: &str) -> String {
    format!("{path}.{name}")
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
