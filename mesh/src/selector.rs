//! Label selectors: what kubectl's `-l` takes, and what objects carry as `matchLabels` and
//! `matchExpressions`.
//!
//! Follows <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>.

mod key;
mod parse;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::meta::Labels;
pub use parse::SelectorError;

/// A label selector; labels must meet all of its requirements, and it has none when empty.
///
/// ```
/// use mesh::{Labels, Selector};
///
/// let selector = Selector::parse("app=reviews,version in (v1,v2),!canary")?;
/// let labels = |text: &[(&str, &str)]| -> Labels {
///     text.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
/// };
/// assert!(selector.matches(&labels(&[("app", "reviews"), ("version", "v2")])));
/// assert!(!selector.matches(&labels(&[("app", "reviews"), ("version", "v3")])));
/// # Ok::<(), mesh::SelectorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

/// One requirement of a [`Selector`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// The label is there and has one of the values.
    In {
        /// The label's key.
        key: String,
        /// The values.
        values: BTreeSet<String>,
    },
    /// The label has none of the values; labels without the key meet it too.
    NotIn {
        /// The label's key.
        key: String,
        /// The values.
        values: BTreeSet<String>,
    },
    /// The label is there.
    Exists {
        /// The label's key.
        key: String,
    },
    /// The label is not there.
    DoesNotExist {
        /// The label's key.
        key: String,
    },
}

/// A `matchExpressions` that Kubernetes refuses, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(String);

impl Selector {
    /// The selector that asks for every one of `labels`.
    pub fn of_labels(labels: &Labels) -> Self {
        let requirement = |(key, value): (&String, &String)| Requirement::In {
            key: key.clone(),
            values: BTreeSet::from([value.clone()]),
        };
        Self { requirements: labels.iter().map(requirement).collect() }
    }

    /// Reads what kubectl's `-l` takes: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a` and
    /// `!a`, all of which must hold. Nothing at all selects everything.
    ///
    /// # Errors
    ///
    /// A [`SelectorError`] with the column for what kubectl refuses, and for `<` and `>`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::parse(text).map(|requirements| Self { requirements })
    }

    /// Takes an object's selector.
    ///
    /// # Errors
    ///
    /// An operator that does not exist, `In` and `NotIn` without values, and `Exists` and
    /// `DoesNotExist` with values, as in Kubernetes.
    pub fn from_object(selector: &LabelSelector) -> Result<Self, ExpressionError> {
        let mut all =
            selector.match_labels.as_ref().map(Self::of_labels).unwrap_or_default().requirements;
        for expression in selector.match_expressions.iter().flatten() {
            let values = expression.values.clone().unwrap_or_default().into_iter().collect();
            all.push(Requirement::new(&expression.key, &expression.operator, values)?);
        }
        Ok(Self { requirements: all })
    }

    /// Whether it has no requirement, and so selects everything.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The requirements, in the order given.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether `labels` meet every requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    /// A requirement by the name of its operator.
    fn new(key: &str, operator: &str, values: BTreeSet<String>) -> Result<Self, ExpressionError> {
        let key = key.to_owned();
        let wrong = |text: &str| Err(ExpressionError(format!("`{operator}` of `{key}` {text}")));
        match operator {
            "In" | "NotIn" if values.is_empty() => wrong("needs values"),
            "Exists" | "DoesNotExist" if !values.is_empty() => wrong("takes no values"),
            "In" => Ok(Self::In { key, values }),
            "NotIn" => Ok(Self::NotIn { key, values }),
            "Exists" => Ok(Self::Exists { key }),
            "DoesNotExist" => Ok(Self::DoesNotExist { key }),
            _ => wrong("is no operator; there are `In`, `NotIn`, `Exists` and `DoesNotExist`"),
        }
    }

    /// Whether `labels` meet it.
    pub fn matches(&self, labels: &Labels) -> bool {
        match self {
            Self::In { key, values } => labels.get(key).is_some_and(|value| values.contains(value)),
            Self::NotIn { key, values } => {
                labels.get(key).is_none_or(|value| !values.contains(value))
            }
            Self::Exists { key } => labels.contains_key(key),
            Self::DoesNotExist { key } => !labels.contains_key(key),
        }
    }
}

impl fmt::Display for Selector {
    /// Writes it as kubectl's `-l` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, operator, equal, values) = match self {
            Self::In { key, values } => (key, "in", "=", values),
            Self::NotIn { key, values } => (key, "notin", "!=", values),
            Self::Exists { key } => return f.write_str(key),
            Self::DoesNotExist { key } => return write!(f, "!{key}"),
        };
        let mut list = values.iter();
        match (list.next(), list.next()) {
            (Some(only), None) => write!(f, "{key}{equal}{only}"),
            _ => {
                let values: Vec<_> = values.iter().map(String::as_str).collect();
                write!(f, "{key} {operator} ({})", values.join(","))
            }
        }
    }
}
