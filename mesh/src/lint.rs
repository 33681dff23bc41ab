//! Findings: what is wrong with objects, in the one form in which every `lint` says it.

use std::ops::Range;

use serde::Serialize;

/// Something wrong with an object.
///
/// It serialises to an element of what a `lint` prints with `-o json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The code, one of those that the kind's `lint` lists.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Who would refuse the object; `None` when an API server with Istio takes it.
    pub rejected_by: Option<RejectedBy>,
    /// The object as `Kind/namespace/name`.
    pub object: String,
    /// The path of the field, such as `spec.accessLogging[0].filter.expression`.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub instead: Option<String>,
    /// The column in an expression, in characters from 1; `None` for other fields.
    pub column: Option<usize>,
    /// The bytes of an expression that it is about, where one that parses is in doubt; not serialised.
    #[serde(skip)]
    pub span: Option<Range<usize>>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The object is refused, does harm, or does nothing of what it says.
    Error,
    /// A part of it does nothing, or something else than it seems to.
    Warning,
    /// Worth a look.
    Info,
}

/// Who in an API server refuses an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RejectedBy {
    /// The schema of the CRD.
    Crd,
    /// Istio's validating webhook.
    Webhook,
}

/// A code with its meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The code as it is printed.
    pub name: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means.
    pub text: &'static str,
}

/// The schema of the CRD refuses the object.
pub const INVALID_FIELD: Code =
    Code::error("invalid-field", "the schema of the CRD refuses the object");

/// Istio's webhook refuses the object.
pub const INVALID_OBJECT: Code =
    Code::error("invalid-object", "Istio's webhook refuses the object");

/// The API server drops a field.
pub const UNKNOWN_FIELD: Code =
    Code::warning("unknown-field", "the API server drops a field that it does not know");

/// A selector without labels.
pub const SELECTOR_WITHOUT_LABELS: Code = Code::warning(
    "selector-without-labels",
    "the selector has no labels, and the object is for all",
);

/// A selector that matches nothing.
pub const SELECTOR_MATCHES_NOTHING: Code =
    Code::warning("selector-matches-nothing", "the selector matches no workload of the namespace");

/// An object that another one stands before.
pub const SHADOWED: Code =
    Code::warning("shadowed-object", "an older object of the whole namespace counts instead");

/// An object in a namespace that istiod does not look into.
pub const NAMESPACE_UNDISCOVERED: Code = Code::warning(
    "namespace-undiscovered",
    "MeshConfig's discoverySelectors leave the namespace out",
);

/// What `istioctl analyze` says of a selector that matches no pod.
pub const IST0101: Code = Code::error("IST0101", "referenced resource not found (istioctl)");

impl Code {
    /// A code of [`Severity::Error`].
    pub const fn error(name: &'static str, text: &'static str) -> Self {
        Self { name, severity: Severity::Error, text }
    }

    /// A code of [`Severity::Warning`].
    pub const fn warning(name: &'static str, text: &'static str) -> Self {
        Self { name, severity: Severity::Warning, text }
    }

    /// A code of [`Severity::Info`].
    pub const fn info(name: &'static str, text: &'static str) -> Self {
        Self { name, severity: Severity::Info, text }
    }
}

impl Finding {
    /// A finding about a field of an object that an API server takes.
    pub fn new(
        code: &Code,
        object: impl Into<String>,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code: code.name,
            severity: code.severity,
            rejected_by: None,
            object: object.into(),
            field: field.into(),
            message: message.into(),
            instead: None,
            column: None,
            span: None,
        }
    }

    /// A finding about an object that could not even be read, such as one without a name; no API server
    /// takes it.
    pub fn unreadable(object: String, field: String, message: String) -> Self {
        let finding = Self::new(&INVALID_FIELD, object, field, message);
        Self { rejected_by: Some(RejectedBy::Crd), ..finding }
    }

    /// The finding with what to write instead.
    #[must_use]
    pub fn instead(self, instead: Option<String>) -> Self {
        Self { instead, ..self }
    }
}
