//! What is wrong with a configuration.

use std::fmt::{self, Write as _};

use crate::attribute::PathError;

/// Where a configuration is wrong, and what would be right there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub(super) path: String,
    pub(super) kind: ErrorKind,
}

/// How a configuration is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It is not JSON, or a key stands twice in an object.
    Syntax {
        /// What the parser says.
        message: String,
        /// The line, counted from 1.
        line: usize,
        /// The column in bytes, counted from 1.
        column: usize,
    },
    /// Something else should stand here.
    Unexpected {
        /// What should.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// No setting has this name.
    UnknownKey {
        /// The names that there are.
        known: &'static [&'static str],
    },
    /// Envoy has no attribute of this name.
    UnknownAttribute {
        /// The attribute, as it stands in the configuration.
        attribute: String,
    },
    /// The attribute has several parts, and it has to be said which is meant.
    NotOneValue {
        /// The attribute, as it stands in the configuration.
        attribute: String,
        /// How a part of it is written.
        example: &'static str,
    },
    /// It is not written as an attribute is.
    Path {
        /// The attribute, as it stands in the configuration.
        attribute: String,
        /// Where it stops being one.
        error: PathError,
    },
    /// The setting needs another one, which is missing.
    Needs {
        /// The other one.
        other: &'static str,
    },
}

impl Error {
    /// Where it is wrong, as in `access_log.fields.path.redact`; empty for the whole configuration.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How it is wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> impl fmt::Display + '_ {
        &self.kind
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(out, "`{}`: ", Visible(&self.path))?;
        }
        self.kind.fmt(out)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { message, line, column } => {
                write!(out, "line {line}, column {column}: {}", Visible(message))
            }
            Self::Unexpected { expected, found } => {
                write!(out, "expected {expected}, found {}", Visible(found))
            }
            Self::UnknownKey { known } => {
                out.write_str("no such setting; there are")?;
                for (at, name) in known.iter().enumerate() {
                    write!(out, "{}`{name}`", if at == 0 { " " } else { ", " })?;
                }
                Ok(())
            }
            Self::UnknownAttribute { attribute } => {
                write!(out, "Envoy has no attribute `{}`", Visible(attribute))
            }
            Self::NotOneValue { attribute, example } => {
                let attribute = Visible(attribute);
                write!(out, "`{attribute}` is more than one value; take a part, as in `{example}`")
            }
            Self::Path { attribute, error: PathError { at, expected } } => {
                write!(out, "in `{}`, expected {expected} at byte {at}", Visible(attribute))
            }
            Self::Needs { other } => write!(out, "needs `{other}`"),
        }
    }
}

/// A text of the configuration, on one line and without anything that a terminal would obey.
struct Visible<'a>(&'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if char.is_control() {
                write!(out, "{}", char.escape_unicode())?;
            } else {
                out.write_char(char)?;
            }
        }
        Ok(())
    }
}
