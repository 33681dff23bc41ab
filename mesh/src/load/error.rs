//! What could not be loaded, and what was loaded with doubts.

use std::fmt;

use crate::config::FieldError;
use crate::describe::{clip, describe};
use crate::meta::Origin;
use serde_json::Value;

/// A document or an object that could not be loaded. All others were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LoadError {
    /// Where it stands.
    pub origin: Origin,
    /// The object as `Kind/namespace/name`, as far as known.
    pub object: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a document or an object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The file is not text in UTF-8.
    NotText,
    /// Neither YAML nor JSON; what follows it in the same document is lost.
    Syntax {
        /// The line in the file, from 1; within the text of a ConfigMap's key, the line there.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What the parser says.
        message: String,
    },
    /// YAML that is nested too deep, or grows too large by its aliases.
    TooMuch {
        /// Which limit it breaks.
        message: String,
    },
    /// Not an object, but something else.
    NotAnObject {
        /// What it is, in words.
        found: String,
    },
    /// An object without `apiVersion` or `kind`.
    NoKind {
        /// The field that is missing.
        missing: &'static str,
    },
    /// Helm values or a bare MeshConfig among the objects.
    MeshConfiguration,
    /// A value of the wrong type or form.
    Field {
        /// The field, such as `spec.accessLogging[0].filter`.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// A file that should hold a MeshConfig, and does not.
    NoMeshConfig {
        /// What it holds, in words.
        found: String,
    },
}

/// What was loaded, with a doubt that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadWarning {
    /// Where it stands.
    pub origin: Origin,
    /// The object as `Kind/namespace/name`, where the warning is on one.
    pub object: Option<String>,
    /// The doubt, in words.
    pub message: String,
}

impl Problem {
    /// The problem that `value` is no object.
    pub(super) fn not_an_object(value: &Value) -> Self {
        Self::NotAnObject { found: describe(value) }
    }

    /// A field that is missing.
    pub(super) fn missing(path: &str) -> Self {
        Self::Field { path: path.to_owned(), message: "is missing".to_owned() }
    }

    /// The problem of a document that is a text in the field `prefix`.
    pub(super) fn below(self, prefix: &str) -> Self {
        match self {
            Self::Field { path, message } => {
                Self::Field { path: format!("{prefix}.{path}"), message }
            }
            other => other,
        }
    }

    /// A wrong field of a MeshConfig, which stands at `prefix`.
    pub(super) fn mesh_config(prefix: &str, error: FieldError) -> Self {
        let path = match (prefix, error.path.as_str()) {
            ("", path) => path.to_owned(),
            (prefix, "") => prefix.to_owned(),
            (prefix, path) => format!("{prefix}.{path}"),
        };
        let message = format!("expected {}, found {}", error.expected, error.found);
        Self::Field { path, message }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        prefix(f, &self.origin, self.object.as_deref())?;
        self.problem.fmt(f)
    }
}

impl fmt::Display for LoadWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        prefix(f, &self.origin, self.object.as_deref())?;
        f.write_str(&self.message)
    }
}

/// Writes where something stands.
fn prefix(f: &mut fmt::Formatter<'_>, origin: &Origin, object: Option<&str>) -> fmt::Result {
    write!(f, "{origin}: ")?;
    object.map_or(Ok(()), |object| write!(f, "{}: ", clip(object)))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("expected YAML or JSON in UTF-8, found other bytes"),
            Self::Syntax { line, column, message } => {
                write!(f, "line {line}, column {column}: {message}")
            }
            Self::TooMuch { message } => f.write_str(message),
            Self::NotAnObject { found } => {
                write!(f, "expected an object with `apiVersion` and `kind`, found {found}")
            }
            Self::NoKind { missing } => {
                write!(f, "expected a Kubernetes object, found one without `{missing}`")
            }
            Self::MeshConfiguration => f.write_str(
                "expected a Kubernetes object, found a mesh configuration: it counts where it is \
                 given as one, with --mesh-config",
            ),
            Self::Field { path, message } if path.is_empty() => f.write_str(message),
            Self::Field { path, message } => write!(f, "`{path}`: {message}"),
            Self::NoMeshConfig { found } => write!(
                f,
                "expected a MeshConfig, the ConfigMap `istio`, Helm values or an IstioOperator, \
                 found {found}"
            ),
        }
    }
}
