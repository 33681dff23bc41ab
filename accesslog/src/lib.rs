//! Reads Envoy access logs: a format string in, typed records out.
//!
//! A format string is compiled once into a [`Format`], a program of literals and typed fields.
//! A [`Reader`] runs the program over one line after the other and gives a [`Record`] that borrows
//! from the line. The record is what Envoy's own JSON logger would have printed for the same
//! operators; where the text of a line has several readings, the record keeps the fields on which
//! all of them agree and names the others.
//!
//! ```
//! use accesslog::{Format, Reader};
//!
//! let format = Format::compile("%PROTOCOL% %RESPONSE_CODE% \"%REQ(USER-AGENT)%\"\n")?;
//! let mut reader = Reader::new(format.into());
//! let record = reader.read(br#"HTTP/1.1 200 "curl/8.5.0 "x"""#).expect("a line of this format");
//! let mut json = Vec::new();
//! record.write_json(&mut json);
//! assert_eq!(
//!     String::from_utf8(json).unwrap(),
//!     r#"{"protocol":"HTTP/1.1","response_code":200,"user_agent":"curl/8.5.0 \"x\""}"#,
//! );
//! # Ok::<(), accesslog::FormatError>(())
//! ```
//!
//! This crate knows nothing of files, async, Kubernetes or command lines.

mod detect;
mod flags;
mod format;
mod json;
mod operator;
mod preset;
mod read;
mod record;
mod shape;
mod simd;
#[cfg(feature = "twins")]
pub mod twins;

pub use detect::{Detected, Detector};
pub use flags::{ResponseFlag, ResponseFlags};
pub use format::{
    Encoding, Field, Format, FormatError, FormatErrorKind, FormatOptions, Segment, Warning,
    WarningKind,
};
pub use json::write_json_string;
pub use operator::{
    Absent, Argument, ArgumentKind, Kind, OPERATORS, Operator, Source, Unit, operator,
};
pub use preset::Preset;
pub use read::{Mismatch, Reader};
pub use record::{Ambiguity, Record, Value, WellKnown};
pub use shape::Shape;
