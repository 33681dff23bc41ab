//! Format strings, compiled once into programs of literals and typed fields.
//!
//! [`Format::compile`] accepts what Envoy 1.40 accepts for `text_format`, and unknown upper-case
//! operators that follow the grammar, with a warning; what Envoy refuses otherwise is a
//! [`FormatError`] that says where and why.

mod argument;
mod compile;
mod error;
mod field;
mod grammar;
mod json;
mod key;
mod time;
mod warning;

pub(crate) use compile::MAX_FIELDS;
pub use error::{FormatError, FormatErrorKind};
pub use field::Field;
pub(crate) use json::Template;
pub(crate) use time::TimePattern;
pub use warning::{Warning, WarningKind};

use crate::read::Plan;
use crate::record::{PlainFields, WellKnown};

/// A compiled format string: literals and typed fields in order.
///
/// Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage#format-strings>.
///
/// ```
/// let format = accesslog::Format::compile("%PROTOCOL% %RESPONSE_CODE%\n")?;
/// let keys: Vec<_> = format.fields().iter().map(|field| field.key()).collect();
/// assert_eq!(keys, ["protocol", "response_code"]);
///
/// let error = accesslog::Format::compile("code=%RESPONSE_CODE").unwrap_err();
/// assert_eq!(error.offset(), 5);
/// # Ok::<(), accesslog::FormatError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Format {
    pub(crate) text: String,
    pub(crate) encoding: Encoding,
    pub(crate) segments: Vec<Segment>,
    pub(crate) fields: Vec<Field>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) omit_empty_values: bool,
    pub(crate) well_known: [Option<u16>; WellKnown::COUNT],
    pub(crate) plan: Plan,
    /// How to write the fields as JSON, for lines that need no escapes.
    pub(crate) plain_fields: Option<PlainFields>,
    pub(crate) templates: Vec<Template>,
}

/// How a proxy writes its records: MeshConfig's `accessLogEncoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// A line of text made from a format string.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Bytes that stand in every line as they are.
    Literal(Vec<u8>),
    /// The field with this index in [`Format::fields`].
    Field(usize),
}

/// How to compile a format string, where the defaults do not fit.
///
/// ```
/// use accesslog::FormatOptions;
///
/// let format = FormatOptions::new().rename("REQ(X-TENANT)", "tenant").compile("%REQ(X-TENANT)%")?;
/// assert_eq!(format.fields()[0].key(), "tenant");
/// # Ok::<(), accesslog::FormatError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FormatOptions {
    pub(crate) omit_empty_values: bool,
    pub(crate) renames: Vec<(String, String)>,
    pub(crate) extra_from: Option<usize>,
}

impl FormatOptions {
    /// Options with every default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that the logger was configured with `omit_empty_values`: what is absent prints as
    /// nothing instead of `-`. Off by default.
    #[must_use]
    pub fn omit_empty_values(mut self, omit: bool) -> Self {
        self.omit_empty_values = omit;
        self
    }

    /// Gives the fields of an operator a key of their own.
    ///
    /// `operator` is written as in the format string, with or without the percent signs:
    /// `REQ(X-TENANT)` or `%REQ(X-TENANT):16%`. Letter case of header names does not matter.
    #[must_use]
    pub fn rename(mut self, operator: impl Into<String>, key: impl Into<String>) -> Self {
        self.renames.push((operator.into(), key.into()));
        self
    }

    /// Marks the fields from this index on as ones that the preset does not have.
    #[must_use]
    pub(crate) fn extra_from(mut self, index: usize) -> Self {
        self.extra_from = Some(index);
        self
    }

    /// Compiles a text format string.
    ///
    /// # Errors
    ///
    /// When Envoy 1.40 would refuse the format, unknown operator names apart.
    pub fn compile(&self, text: &str) -> Result<Format, FormatError> {
        compile::text(text, self)
    }

    /// Compiles a JSON format: an object of keys to strings with operators, which may be nested.
    ///
    /// # Errors
    ///
    /// When `text` is not a JSON object, or a string in it is a format that Envoy 1.40 refuses.
    pub fn compile_json(&self, text: &str) -> Result<Format, FormatError> {
        json::compile(text, self)
    }

    /// The new key for an operator, if one was asked for.
    pub(crate) fn renamed(&self, operator: &str) -> Option<&str> {
        let rename = self.renames.iter().rev().find(|(from, _)| key::same_operator(from, operator));
        rename.map(|(_, to)| to.as_str())
    }
}

impl Format {
    /// Compiles a text format string with every default.
    ///
    /// # Errors
    ///
    /// As [`FormatOptions::compile`].
    pub fn compile(text: &str) -> Result<Self, FormatError> {
        FormatOptions::new().compile(text)
    }

    /// Compiles a JSON format with every default.
    ///
    /// # Errors
    ///
    /// As [`FormatOptions::compile_json`].
    pub fn compile_json(text: &str) -> Result<Self, FormatError> {
        FormatOptions::new().compile_json(text)
    }

    /// The format string that this was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether lines are text or JSON objects.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Literals and fields in the order of the line.
    ///
    /// The newline that ends a text format is no part of the line and left out. Of a JSON format,
    /// the fields come in the order in which its keys are written, without literals.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The fields in the order of the format string.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// What cannot be read back for sure, and operators that are not known.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether an operator, written as for [`FormatOptions::rename`], is in the format.
    pub fn has_operator(&self, operator: &str) -> bool {
        self.fields.iter().any(|field| key::same_operator(field.text(), operator))
    }

    /// Whether absent values print as nothing.
    pub fn omits_empty_values(&self) -> bool {
        self.omit_empty_values
    }

    /// How many lines one record takes: 1, and one more for each newline inside the format.
    pub fn lines_per_record(&self) -> usize {
        let newlines = |segment: &Segment| match segment {
            Segment::Literal(bytes) => memchr::memchr_iter(b'\n', bytes).count(),
            Segment::Field(_) => 0,
        };
        1 + self.segments.iter().map(newlines).sum::<usize>()
    }

    /// The keys of a JSON format whose values are text around operators, with that text. Such
    /// values are strings, and records carry them as they are.
    pub fn templates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.templates.iter().map(|template| (template.key.as_str(), template.text.as_str()))
    }

    /// Whether the format has a well-known value, under whatever key.
    pub fn carries(&self, field: WellKnown) -> bool {
        self.well_known(field).is_some()
    }

    /// The index of the field that carries a well-known value, if the format has one.
    pub(crate) fn well_known(&self, field: WellKnown) -> Option<usize> {
        self.well_known.get(field as usize).copied().flatten().map(usize::from)
    }
}
