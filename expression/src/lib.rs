//! The CEL expressions of Envoy's access-log filters.
//!
//! An [`Expression`] is parsed as Istio's admission webhook parses it. Its [`Finding`]s say what is
//! nevertheless wrong with it: that Envoy refuses to load it, that it never logs, that it silences
//! TCP. Bound to the format of a log it becomes a [`Filter`], which tells of each record whether
//! Envoy would have logged it; where the record does not hold what is needed, it says so.
//!
//! ```
//! use accesslog::{Format, Reader};
//! use expression::{Expression, Verdict};
//!
//! let format = Format::compile("%RESPONSE_CODE% %REQ(:PATH)%\n")?;
//! let expression = Expression::parse("response.code >= 500 || request.path.startsWith('/api')")?;
//! let filter = expression.bind(&format);
//! assert!(filter.missing().is_empty());
//!
//! let mut reader = Reader::new(format.into());
//! let mut judge = |line: &[u8]| reader.read(line).map(|record| filter.judge(&record));
//! assert_eq!(judge(b"503 /"), Ok(Verdict::Kept));
//! assert_eq!(judge(b"200 /"), Ok(Verdict::LeftOut));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate knows nothing of files, Kubernetes or command lines.

mod attribute;
mod bind;
mod check;
mod eval;
mod expression;
mod filter;
mod finding;
mod function;
mod lower;
mod node;
mod path;
mod pattern;
mod syntax;
mod text;
mod token;
mod value;

pub use expression::{AttributePath, Expression, KnownAttribute, known_attributes};
pub use filter::{Approximation, Filter, MissingAttribute, Verdict};
pub use finding::{Finding, FindingKind, NeverTrue, Refusal, Severity};
pub use syntax::{SyntaxError, SyntaxErrorKind};

#[cfg(test)]
mod properties;
