//! Findings: what is wrong with an expression that parses.

use std::fmt;
use std::ops::Range;

/// Something wrong with an expression that parses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub(crate) kind: FindingKind,
    pub(crate) span: Range<usize>,
    pub(crate) instead: Option<String>,
}

/// How bad a finding is; worse is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The expression does harm, or never does what it says.
    Error,
    /// It hardly does what was meant.
    Warning,
    /// It may do something else than was meant.
    Info,
}

/// What a finding is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// Envoy refuses the whole configuration that the expression is part of.
    RefusedByEnvoy(Refusal),
    /// The part is never true.
    NeverTrue(NeverTrue),
    /// A `!=` of two types is true whenever there is a value.
    AlwaysKeeps {
        /// The type of the left side, in words.
        left: &'static str,
        /// The type of the right side.
        right: &'static str,
    },
    /// Envoy has no attribute of this name: it is always missing.
    UnknownAttribute {
        /// The name as it was written.
        path: String,
    },
    /// On TCP the attribute is missing, so that no TCP connection is logged.
    HttpOnly {
        /// The attribute.
        path: String,
    },
    /// The function is an error for a value of this type.
    TypeMismatch {
        /// The function.
        function: String,
        /// The type of the value.
        found: &'static str,
    },
    /// Response flags compared as a whole: a record with a second flag is not found.
    WholeFlags,
}

/// Why Envoy refuses an expression that parses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A loop over a list or map: `all`, `exists`, `exists_one`, `map`, `filter`.
    Comprehension {
        /// The macro.
        name: String,
    },
    /// A function that Envoy does not have, or not turned on.
    UnknownFunction {
        /// Its name.
        name: String,
    },
    /// A function with other arguments than it takes.
    Arguments {
        /// Its name.
        name: String,
        /// How it is called.
        forms: String,
    },
    /// A pattern that RE2 refuses.
    Pattern {
        /// Why, in RE2's words.
        reason: String,
    },
    /// A pattern whose program is too large.
    PatternTooLarge,
    /// More in one another than Envoy's parser takes.
    TooDeep,
    /// A message of a type that Envoy does not know.
    Message {
        /// Its name.
        name: String,
    },
}

/// Why a part of an expression is never true.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NeverTrue {
    /// A name that Envoy does not know.
    UnknownName {
        /// The name.
        name: String,
    },
    /// The result is no boolean.
    NotBoolean {
        /// The type of the result, in words.
        found: &'static str,
    },
    /// `+` of strings or lists, which Envoy turns off.
    Concatenation,
    /// A field of something that has none.
    FieldOfValue {
        /// What has no fields.
        found: &'static str,
    },
    /// Two types that are never equal, or cannot be compared.
    Types {
        /// What is between them: `==`, `<`, `in`, `+`.
        operator: &'static str,
        /// The type of the left side, in words.
        left: &'static str,
        /// The type of the right side.
        right: &'static str,
    },
    /// Whatever the traffic is.
    Constant,
    /// A value that the attribute never has.
    Value {
        /// The attribute.
        path: String,
        /// What it can be.
        range: &'static str,
    },
}

impl Finding {
    /// What it is.
    pub fn kind(&self) -> &FindingKind {
        &self.kind
    }

    /// The bytes of the expression that it is about.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What to write in place of [`Self::span`], where that can be told.
    pub fn instead(&self) -> Option<&str> {
        self.instead.as_deref()
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self.kind {
            FindingKind::RefusedByEnvoy(_) | FindingKind::NeverTrue(_) => Severity::Error,
            FindingKind::AlwaysKeeps { .. }
            | FindingKind::UnknownAttribute { .. }
            | FindingKind::TypeMismatch { .. }
            | FindingKind::HttpOnly { .. } => Severity::Warning,
            FindingKind::WholeFlags => Severity::Info,
        }
    }

    /// Whether Envoy refuses to load the expression.
    pub fn is_refused_by_envoy(&self) -> bool {
        matches!(self.kind, FindingKind::RefusedByEnvoy(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FindingKind::RefusedByEnvoy(refusal) => {
                write!(f, "Envoy refuses the whole configuration: {refusal}")
            }
            FindingKind::NeverTrue(reason) => write!(f, "{reason}"),
            FindingKind::AlwaysKeeps { left, right } => {
                write!(
                    f,
                    "{left} is never equal to {right}: this is true whenever there is a value"
                )
            }
            FindingKind::UnknownAttribute { path } => {
                write!(f, "Envoy has no attribute `{path}`: it is always missing")
            }
            FindingKind::HttpOnly { path } => {
                write!(f, "TCP has no `{path}`: no TCP connection is logged")
            }
            FindingKind::TypeMismatch { function, found } => {
                write!(f, "`{function}` of {found} is an error: nothing is logged")
            }
            FindingKind::WholeFlags => {
                f.write_str("a record with a second flag has another value: compare the bit")
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Comprehension { name } => {
                write!(f, "it does not loop, so `{name}` is turned off")
            }
            Self::UnknownFunction { name } => write!(f, "it has no function `{name}`"),
            Self::Arguments { name, forms } => write!(f, "`{name}` is called as {forms}"),
            Self::Pattern { reason } => write!(f, "RE2 refuses the pattern: {reason}"),
            Self::PatternTooLarge => f.write_str("the pattern's program is larger than 100"),
            Self::TooDeep => f.write_str("more than 32 expressions stand in one another"),
            Self::Message { name } => write!(f, "it does not know the message `{name}`"),
        }
    }
}

impl fmt::Display for NeverTrue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { name } => {
                write!(f, "Envoy knows no `{name}`: nothing is logged")
            }
            Self::NotBoolean { found } => {
                write!(f, "the result is {found}, no boolean: nothing is logged")
            }
            Self::Concatenation => {
                f.write_str("Envoy does not join strings or lists: nothing is logged")
            }
            Self::FieldOfValue { found } => {
                write!(f, "{found} has no fields: nothing is logged")
            }
            Self::Types { operator: "==" | "in", left, right } => {
                write!(f, "{left} is never equal to {right}")
            }
            Self::Types { operator, left, right } => {
                write!(f, "`{operator}` of {left} and {right} is an error: nothing is logged")
            }
            Self::Constant => f.write_str("this is never true: nothing is logged"),
            Self::Value { path, range } => write!(f, "`{path}` is {range}: this is never true"),
        }
    }
}
