//! What is wrong with objects: what an API server refuses, and what it drops.
//!
//! Objects are read as far as they can be, so that a field of the wrong type is as good as none. Here
//! is what says so.

mod names;
mod schema;
#[cfg(test)]
mod tests;
mod webhook;

use std::fmt;

use mesh::lint::{Code, INVALID_FIELD, INVALID_OBJECT, RejectedBy, UNKNOWN_FIELD};
use mesh::schema::{Fault, walk};
use mesh::{Object, describe};

use crate::object::NETWORKING;

/// The most problems that are found in an object.
const MOST: usize = 100;

/// Something that is wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is; its severity is error where the object is refused, and else warning.
    pub code: &'static Code,
    /// Who refuses the object; `None` where an API server takes it, and it is not what it looks like.
    pub rejected_by: Option<RejectedBy>,
    /// The path of the field, such as `spec.egress[0].hosts[1]`.
    pub field: String,
    /// What was expected and what was found, in words.
    pub message: String,
}

/// What is wrong with an object, of which 100 problems are told: nothing for other kinds than Sidecar,
/// VirtualService and DestinationRule.
///
/// A Sidecar is looked at as a whole, by the schema of its CRD and by the rules of Istio's webhook but
/// for TLS options and connection pools. Of the others, the types of those fields are looked at that
/// are read here.
///
/// Follows `manifests/charts/base/files/crd-all.gen.yaml` and `pkg/config/validation` at istio/istio
/// 86c9f01f.
///
/// ```
/// use mesh::Loader;
///
/// let mut loader = Loader::new();
/// loader.add("new.yaml", b"
/// apiVersion: networking.istio.io/v1
/// kind: Sidecar
/// metadata: {name: default, namespace: shop}
/// spec: {egress: [{hosts: './*'}]}
/// ");
/// let objects = loader.finish().inventory.objects;
/// let problems: Vec<_> = sidecar::problems(&objects[0]).iter().map(ToString::to_string).collect();
/// assert_eq!(problems, ["`spec.egress[0].hosts`: expected a list, found the string `./*`"]);
/// ```
pub fn problems(object: &Object) -> Vec<Problem> {
    let rule: &'static _ = match object.kind.as_str() {
        _ if object.group != NETWORKING => return Vec::new(),
        "Sidecar" => &schema::SIDECAR,
        "VirtualService" => &schema::VIRTUAL_SERVICE,
        "DestinationRule" => &schema::DESTINATION_RULE,
        _ => return Vec::new(),
    };
    let mut found = Found { problems: Vec::new(), by: RejectedBy::Crd };
    if !object.spec.is_null() {
        walk(rule, &object.spec, "spec", &mut |path, fault| note(path, fault, &mut found));
    }
    if object.kind == "Sidecar" {
        found.by = RejectedBy::Webhook;
        webhook::check(&object.spec, &object.meta.namespace, &mut found);
    }
    found.problems
}

/// The problems of an object.
struct Found {
    problems: Vec<Problem>,
    /// Who is asked.
    by: RejectedBy,
}

impl Found {
    fn error(&mut self, field: &str, message: impl Into<String>) {
        let code = match self.by {
            RejectedBy::Crd => &INVALID_FIELD,
            RejectedBy::Webhook => &INVALID_OBJECT,
        };
        self.add(code, Some(self.by), field, message.into());
    }

    fn warning(&mut self, code: &'static Code, field: &str, message: impl Into<String>) {
        self.add(code, None, field, message.into());
    }

    /// Errors are kept in place of warnings where there are too many: they decide over the object.
    fn add(
        &mut self,
        code: &'static Code,
        rejected_by: Option<RejectedBy>,
        field: &str,
        message: String,
    ) {
        if self.problems.len() >= MOST {
            let last = self.problems.iter().rposition(|it| it.rejected_by.is_none());
            match last {
                Some(place) if rejected_by.is_some() => self.problems.remove(place),
                _ => return,
            };
        }
        self.problems.push(Problem { code, rejected_by, field: field.to_owned(), message });
    }
}

/// A fault of the schema, in words.
fn note(path: &str, fault: Fault<'_>, found: &mut Found) {
    match fault {
        Fault::Missing => found.error(path, "is missing"),
        Fault::Refused(message) => found.error(path, message),
        Fault::TooMany(most) => found.error(path, format!("expected {most} at most, found more")),
        Fault::Outside { least, most, found: number } => {
            found.error(path, format!("expected a number from {least} to {most}, found {number}"));
        }
        Fault::Type { rule, found: value } => {
            let (expected, value) = (rule.expected(), describe(value));
            found.error(path, format!("expected {expected}, found {value}"));
        }
        Fault::Unknown { .. } => {
            let hint = fault.closest().map(|name| format!("; is `{name}` meant?"));
            let hint = hint.unwrap_or_default();
            let message = format!("there is no such field, an API server drops it{hint}");
            found.warning(&UNKNOWN_FIELD, path, message);
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.field, self.message)
    }
}
