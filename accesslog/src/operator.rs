//! Command operators: the flat table of everything Envoy can print, and what it means.
//!
//! The table owns every fact about an operator. The grammar, the field types, the suggestions,
//! `format list` and `docs/formats.md` all read it.

mod state;
mod table;

use crate::shape::Shape;

pub(crate) use state::state_object;
pub use table::OPERATORS;

/// A command operator of Envoy's access-log format strings, such as `%RESPONSE_CODE%`.
///
/// Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// The name between the percent signs, upper case.
    pub name: &'static str,
    /// What may stand in parentheses after the name.
    pub argument: Argument,
    /// Whether a maximum length in bytes (`:Z`) is accepted.
    pub length: bool,
    /// The JSON type of the value.
    pub kind: Kind,
    /// Which bytes the value's text can consist of.
    pub shape: Shape,
    /// The unit of a number, if it has one.
    pub unit: Option<Unit>,
    /// What is printed when there is no value.
    pub absent: Absent,
    /// Where the operator comes from.
    pub source: Source,
    /// What the value means, in a few words.
    pub meaning: &'static str,
}

/// Whether an operator takes an argument in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Parentheses are rejected.
    None,
    /// Parentheses may be left out.
    Optional(ArgumentKind),
    /// Parentheses are needed.
    Required(ArgumentKind),
}

/// The grammar of an operator's argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// A time format: strftime with Envoy's `%f`, `%3f` and absl's `%E` extensions.
    Time,
    /// A prefix length in bits, for an address printed as CIDR.
    MaskBits,
    /// `ALLOW_WHITESPACES`; any other text is accepted and ignored.
    Whitespace,
    /// A header name, with at most one alternative: `NAME?ALT`.
    Header,
    /// `NAMESPACE` or `NAMESPACE:KEY:KEY...`.
    Metadata,
    /// `TYPE:NAMESPACE:KEY...`, the type one of Envoy's metadata sources.
    TypedMetadata,
    /// The name of an environment variable.
    Environment,
    /// The name of a query parameter.
    QueryParameter,
    /// `WQ|NQ` and then `ORIG|PATH|ORIG_OR_PATH`.
    Path,
    /// `ORIG|DECODED`.
    QueryParameters,
    /// `KEY`, `KEY:PLAIN|TYPED` or `KEY:FIELD:NAME`.
    FilterState,
    /// A CEL expression.
    Cel,
    /// A JSON object that lists operators.
    Coalesce,
    /// `START:END:ms|us|ns` between two time points.
    CommonDuration,
    /// `CAMEL_STRING|SNAKE_STRING|NUMBER`.
    GrpcStatus,
    /// `SNI_ONLY|SNI_FIRST|HOST_FIRST` and then `ORIG|HOST|ORIG_OR_HOST`.
    ServerName,
    /// `PATH` or `PATH:DIRECTORY`.
    File,
    /// The name of a secret.
    Secret,
}

/// The JSON type that Envoy's JSON logger gives a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Always a string.
    String,
    /// A number.
    Number,
    /// Typed by its content: text that is a JSON number, boolean, object or array is that, all
    /// else is a string (metadata, `TYPED_CEL`).
    Content,
    /// The text is itself JSON, a string in quotes included (`FILTER_STATE` in its `TYPED` form).
    JsonText,
}

/// The unit of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
    /// A count of things.
    Count,
}

/// What an operator prints when it has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// There is always a value.
    Never,
    /// `-` in text and null in JSON; nothing at all with `omit_empty_values`.
    Dash,
    /// `-` in text and the string `"-"` in JSON, with `omit_empty_values` too (response flags).
    LiteralDash,
    /// Nothing in text and the empty string in JSON.
    EmptyString,
    /// Nothing in text and null in JSON (the port of an address that has none), or as [`Self::Dash`].
    EmptyOrDash,
    /// Nothing in text and the empty string in JSON (an address that a prefix length cannot cut, the
    /// endpoint of one that is not internal), or as [`Self::Dash`].
    EmptyStringOrDash,
}

/// Where an operator comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Built into Envoy and documented.
    Documented,
    /// Built into Envoy, but not in its documentation.
    Undocumented,
    /// Needs the named extension under `formatters`.
    Extension(&'static str),
}

/// Finds a command operator by its exact name.
///
/// ```
/// assert_eq!(accesslog::operator("DURATION").map(|o| o.name), Some("DURATION"));
/// assert!(accesslog::operator("VIRTUAL_HOST_NAME").is_none());
/// ```
pub fn operator(name: &str) -> Option<&'static Operator> {
    OPERATORS.binary_search_by(|o| o.name.cmp(name)).ok().and_then(|i| OPERATORS.get(i))
}

impl Operator {
    /// The operator as it is written in a format string, optional parts in square brackets.
    ///
    /// ```
    /// let req = accesslog::operator("REQ").expect("an operator");
    /// assert_eq!(req.syntax(), "%REQ(HEADER?ALT)[:LENGTH]%");
    /// ```
    pub fn syntax(&self) -> String {
        let argument = match self.argument {
            Argument::None => String::new(),
            Argument::Optional(kind) => format!("[({})]", kind.placeholder()),
            Argument::Required(kind) => format!("({})", kind.placeholder()),
        };
        let length = if self.length { "[:LENGTH]" } else { "" };
        format!("%{}{argument}{length}%", self.name)
    }
}

impl Kind {
    /// The JSON type by name: `string`, `number`, or `any` where the operator does not decide it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Content | Self::JsonText => "any",
        }
    }
}

impl ArgumentKind {
    /// What stands for the argument in [`Operator::syntax`].
    pub(crate) fn placeholder(self) -> &'static str {
        match self {
            Self::Time => "TIME_FORMAT",
            Self::MaskBits => "MASK_BITS",
            Self::Whitespace => "ALLOW_WHITESPACES",
            Self::Header => "HEADER?ALT",
            Self::Metadata => "NAMESPACE:KEY*",
            Self::TypedMetadata => "TYPE:NAMESPACE:KEY*",
            Self::Environment => "VARIABLE",
            Self::QueryParameter => "PARAMETER",
            Self::Path => "WQ|NQ:ORIG|PATH|ORIG_OR_PATH",
            Self::QueryParameters => "ORIG|DECODED",
            Self::FilterState => "KEY:PLAIN|TYPED|FIELD:NAME",
            Self::Cel => "EXPRESSION",
            Self::Coalesce => "JSON",
            Self::CommonDuration => "START:END:ms|us|ns",
            Self::GrpcStatus => "CAMEL_STRING|SNAKE_STRING|NUMBER",
            Self::ServerName => "SNI_ONLY|SNI_FIRST|HOST_FIRST:ORIG|HOST|ORIG_OR_HOST",
            Self::File => "PATH:DIRECTORY",
            Self::Secret => "NAME",
        }
    }
}

impl Unit {
    /// The unit's short name: `bytes`, `ms`, `us`, `ns` or `count`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::Nanoseconds => "ns",
            Self::Count => "count",
        }
    }
}
