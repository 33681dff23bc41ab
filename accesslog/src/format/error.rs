//! Why a format string was refused, and where.

use std::fmt;

/// A format string that Envoy refuses: where, what was expected, and what to try.
///
/// ```
/// let error = accesslog::Format::compile("%RESPONSE_CODE(x)%").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "column 15: `%RESPONSE_CODE%` takes no argument",
/// );
/// assert_eq!(error.suggestion(), Some("write `%RESPONSE_CODE%`"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    pub(crate) kind: FormatErrorKind,
    pub(crate) offset: usize,
    pub(crate) length: usize,
    pub(crate) suggestion: Option<String>,
}

/// What is wrong with a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// A `%` that starts no command operator.
    Stray,
    /// A name in lower or mixed case.
    LowerCase {
        /// The name as written.
        name: String,
    },
    /// No percent sign ends the operator.
    Unclosed {
        /// The operator's name.
        name: String,
    },
    /// An argument for an operator that takes none.
    NoArgument {
        /// The operator's name.
        name: &'static str,
    },
    /// No argument for an operator that needs one.
    NeedsArgument {
        /// The operator's name.
        name: &'static str,
    },
    /// An argument that the operator does not accept.
    BadArgument {
        /// The operator's name.
        name: &'static str,
        /// What was expected.
        expected: String,
    },
    /// A maximum length for an operator that takes none.
    NoLength {
        /// The operator's name.
        name: &'static str,
    },
    /// A maximum length that is too large a number.
    BadLength,
    /// A JSON format that is not a JSON object of operators.
    NotJson {
        /// What was expected.
        expected: &'static str,
    },
    /// More fields than a record can have.
    TooManyFields,
}

impl FormatError {
    /// What is wrong.
    pub fn kind(&self) -> &FormatErrorKind {
        &self.kind
    }

    /// Where it is wrong: an offset in bytes from the start of the format string.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes from [`Self::offset`] on are wrong; at least 1 unless the string ends there.
    pub fn length(&self) -> usize {
        self.length
    }

    /// What to write instead, if there is something close.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.offset + 1, self.kind)
    }
}

impl fmt::Display for FormatErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stray => f.write_str("`%` starts no command operator"),
            Self::LowerCase { name } => {
                write!(f, "`%{name}%` is no command operator: names are upper case")
            }
            Self::Unclosed { name } => write!(f, "no `%` ends the command operator `%{name}`"),
            Self::NoArgument { name } => write!(f, "`%{name}%` takes no argument"),
            Self::NeedsArgument { name } => write!(f, "`%{name}%` needs an argument"),
            Self::BadArgument { name, expected } => {
                write!(f, "`%{name}%` does not accept this argument: expected {expected}")
            }
            Self::NoLength { name } => write!(f, "`%{name}%` takes no maximum length"),
            Self::BadLength => f.write_str("the maximum length is too large"),
            Self::NotJson { expected } => write!(f, "not a JSON format: expected {expected}"),
            Self::TooManyFields => f.write_str("more than 512 command operators"),
        }
    }
}

impl std::error::Error for FormatError {}
