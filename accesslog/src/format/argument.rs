//! Arguments of command operators: which of them Envoy accepts when it loads a configuration.
//!
//! [`check`] gives the verdict of Envoy 1.40.0 on the text between an operator's parentheses. It
//! says nothing of what the text does later: a prefix length of `abc` or a time point that does
//! not exist are accepted by Envoy, and so here. What only the running proxy can know is left to
//! it: whether a file exists, whether a secret is configured, whether a CEL expression is valid.
//!
//! Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage>.

mod cel;
mod coalesce;

use crate::operator::{Argument, ArgumentKind, Operator};
pub(super) use coalesce::operators as coalesced;

/// The sources that `%METADATA(TYPE:...)%` reads from.
const METADATA_TYPES: &[&str] = &[
    "DYNAMIC",
    "CLUSTER",
    "ROUTE",
    "UPSTREAM_HOST",
    "LISTENER",
    "LISTENER_FILTER_CHAIN",
    "VIRTUAL_HOST",
];

/// With or without the query, in `%PATH()%`.
const PATH_QUERY: &[&str] = &["WQ", "NQ"];

/// The headers that `%PATH()%` reads.
const PATH_HEADER: &[&str] = &["ORIG", "PATH", "ORIG_OR_PATH"];

/// The forms of `%QUERY_PARAMS()%`.
const QUERY_FORMS: &[&str] = &["ORIG", "DECODED"];

/// Server name or host, in `%REQUESTED_SERVER_NAME()%`.
const SERVER_NAME_SOURCE: &[&str] = &["SNI_ONLY", "SNI_FIRST", "HOST_FIRST"];

/// The headers that `%REQUESTED_SERVER_NAME()%` reads.
const SERVER_NAME_HEADER: &[&str] = &["ORIG", "HOST", "ORIG_OR_HOST"];

/// The forms of `%FILTER_STATE()%`.
const FILTER_STATE_FORMS: &[&str] = &["PLAIN", "TYPED", "FIELD"];

/// The units of `%COMMON_DURATION()%`.
const DURATION_UNITS: &[&str] = &["ms", "us", "ns"];

/// The forms of `%GRPC_STATUS()%`.
const GRPC_STATUS_FORMS: &[&str] = &["CAMEL_STRING", "SNAKE_STRING", "NUMBER"];

/// An argument that Envoy refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArgumentError {
    /// Where the refused part starts: a byte offset inside of the argument.
    pub(crate) at: usize,
    /// What stands there in an argument that Envoy accepts.
    pub(crate) expected: String,
    /// What to write in place of the refused part, when it is close to something accepted.
    pub(crate) suggestion: Option<String>,
}

/// Checks the text between an operator's parentheses; `None` means that there are none.
///
/// Envoy treats empty parentheses as if they were left out, for every operator.
pub(crate) fn check(operator: &Operator, argument: Option<&str>) -> Result<(), ArgumentError> {
    let text = argument.unwrap_or_default();
    match operator.argument {
        Argument::None | Argument::Optional(_) if text.is_empty() => Ok(()),
        Argument::None => Err(ArgumentError::new(0, "no argument")),
        Argument::Required(kind) if text.is_empty() => Err(ArgumentError::new(0, missing(kind))),
        Argument::Optional(kind) | Argument::Required(kind) => check_kind(kind, text),
    }
}

impl ArgumentError {
    /// An error without a suggestion.
    fn new(at: usize, expected: impl Into<String>) -> Self {
        Self { at, expected: expected.into(), suggestion: None }
    }

    /// The same error with a suggestion.
    fn suggest(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    /// The same error seen from a text in which the argument starts at `start`.
    fn moved(self, start: usize) -> Self {
        Self { at: self.at + start, ..self }
    }
}

/// Checks an argument that is not empty.
fn check_kind(kind: ArgumentKind, text: &str) -> Result<(), ArgumentError> {
    match kind {
        ArgumentKind::Time => check_time(text),
        ArgumentKind::Header => check_header(text),
        ArgumentKind::TypedMetadata => check_typed_metadata(text),
        ArgumentKind::Path => check_pair(text, PATH_QUERY, PATH_HEADER),
        ArgumentKind::ServerName => check_pair(text, SERVER_NAME_SOURCE, SERVER_NAME_HEADER),
        ArgumentKind::QueryParameters => check_choice(0, text, QUERY_FORMS),
        ArgumentKind::GrpcStatus => check_choice(0, text, GRPC_STATUS_FORMS),
        ArgumentKind::FilterState => check_filter_state(text),
        ArgumentKind::CommonDuration => check_common_duration(text),
        ArgumentKind::Cel => cel::check(text),
        ArgumentKind::Coalesce => coalesce::check(text),
        ArgumentKind::File => check_file(text),
        // Envoy takes any text here, even a prefix length that is no number.
        ArgumentKind::MaskBits
        | ArgumentKind::Whitespace
        | ArgumentKind::Metadata
        | ArgumentKind::Environment
        | ArgumentKind::QueryParameter
        | ArgumentKind::Secret => Ok(()),
    }
}

/// What is expected when a needed argument is missing.
fn missing(kind: ArgumentKind) -> String {
    let text = match kind {
        ArgumentKind::Header => "a header name such as `USER-AGENT`",
        ArgumentKind::Metadata => "a metadata namespace such as `envoy.lb`",
        ArgumentKind::TypedMetadata => return one_of(METADATA_TYPES),
        ArgumentKind::Environment => "the name of an environment variable",
        ArgumentKind::QueryParameter => "the name of a query parameter",
        ArgumentKind::FilterState => "a filter state key",
        ArgumentKind::Cel => "a CEL expression",
        ArgumentKind::Coalesce => "a JSON object with a list of `operators`",
        ArgumentKind::CommonDuration => "two time points such as `DS_RX_BEG:DS_TX_END`",
        ArgumentKind::File => "the path of a file",
        ArgumentKind::Secret => "the name of a secret",
        ArgumentKind::Time
        | ArgumentKind::MaskBits
        | ArgumentKind::Whitespace
        | ArgumentKind::Path
        | ArgumentKind::QueryParameters
        | ArgumentKind::GrpcStatus
        | ArgumentKind::ServerName => "an argument",
    };
    text.to_owned()
}

/// Checks a time format. Envoy refuses nothing but a newline, and looks for it with
/// `%[-_0^#]*[1-9]*(E|O)?n`: `%%n` is refused though it is no newline, `%E4n` is not.
fn check_time(text: &str) -> Result<(), ArgumentError> {
    let newline = |(at, _): &(usize, &str)| text.get(at + 1..).is_some_and(is_newline_conversion);
    match text.match_indices('%').find(newline) {
        Some((at, _)) => Err(ArgumentError::new(at, "a time format without the newline `%n`")),
        None => Ok(()),
    }
}

/// Whether the text after a percent sign reads as a newline.
fn is_newline_conversion(text: &str) -> bool {
    let text = text.trim_start_matches(['-', '_', '0', '^', '#']);
    let text = text.trim_start_matches(|c| matches!(c, '1'..='9'));
    text.strip_prefix(['E', 'O']).unwrap_or(text).starts_with('n')
}

/// Checks `NAME` or `NAME?ALT`. Either name may be empty when the question mark is there.
fn check_header(text: &str) -> Result<(), ArgumentError> {
    let mut at = 0;
    for (position, name) in text.split('?').enumerate() {
        if position > 1 {
            return Err(ArgumentError::new(at - 1, "no more than one alternative header"));
        }
        check_header_name(name).map_err(|e| e.moved(at).suggest(header_suggestion(name)))?;
        at += name.len() + 1;
    }
    Ok(())
}

/// Checks a header name: characters of a token, perhaps after the colon of a pseudo-header.
fn check_header_name(name: &str) -> Result<(), ArgumentError> {
    let token = name.strip_prefix(':').unwrap_or(name);
    let start = name.len() - token.len();
    if token.is_empty() && start > 0 {
        return Err(ArgumentError::new(start, "a header name after the colon"));
    }
    match token.find(|c| !is_token(c)) {
        Some(at) => Err(ArgumentError::new(at + start, "a character of a header name")),
        None => Ok(()),
    }
}

/// Whether a character may stand in a header name
/// (<https://www.rfc-editor.org/rfc/rfc9110#name-tokens>).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// A header name as it may have been meant: with hyphens, not with spaces.
fn header_suggestion(name: &str) -> Option<String> {
    let meant = name.trim().replace(' ', "-");
    (meant != name && !meant.is_empty() && check_header_name(&meant).is_ok()).then_some(meant)
}

/// Checks `TYPE:NAMESPACE:KEY...`; all but the type may be missing.
fn check_typed_metadata(text: &str) -> Result<(), ArgumentError> {
    let (kind, _) = text.split_once(':').unwrap_or((text, ""));
    check_choice(0, kind, METADATA_TYPES)
}

/// Checks two choices with a colon between them. Each may be empty, and Envoy ignores the rest.
fn check_pair(text: &str, first: &[&str], second: &[&str]) -> Result<(), ArgumentError> {
    let mut at = 0;
    for (part, options) in text.split(':').zip([first, second]) {
        if !part.is_empty() {
            check_choice(at, part, options).map_err(|e| match e.suggestion {
                None if second.contains(&part) => e.suggest(Some(format!(":{part}"))),
                _ => e,
            })?;
        }
        at += part.len() + 1;
    }
    Ok(())
}

/// Checks `KEY`, `KEY:PLAIN`, `KEY:TYPED` or `KEY:FIELD:NAME`. An empty form is `TYPED`, and Envoy
/// ignores what follows a third colon.
fn check_filter_state(text: &str) -> Result<(), ArgumentError> {
    let mut parts = text.split(':');
    let mut next = || parts.next().unwrap_or_default();
    let (key, form, field) = (next(), next(), next());
    if key.is_empty() {
        return Err(ArgumentError::new(0, missing(ArgumentKind::FilterState)));
    }
    let at = key.len() + 1;
    if !form.is_empty() {
        check_choice(at, form, FILTER_STATE_FORMS)?;
    }
    match (form, field) {
        ("FIELD", "") => Err(ArgumentError::new(at + form.len(), "`:` and the name of a field")),
        ("FIELD", _) | (_, "") => Ok(()),
        _ => Err(ArgumentError::new(at, "`FIELD` before the name of a field")
            .suggest(Some("FIELD".to_owned()))),
    }
}

/// Checks `START:END` or `START:END:UNIT`. A point that Envoy does not know is the name of one
/// that a filter may set, so any text is a point.
fn check_common_duration(text: &str) -> Result<(), ArgumentError> {
    let mut parts = text.splitn(4, ':');
    let start = parts.next().unwrap_or_default();
    let Some(end) = parts.next() else {
        return Err(ArgumentError::new(text.len(), "`:` and a second time point"));
    };
    let Some(unit) = parts.next() else {
        return Ok(());
    };
    let at = start.len() + end.len() + 2;
    if parts.next().is_some() {
        return Err(ArgumentError::new(at + unit.len(), "the end of the argument"));
    }
    check_choice(at, unit, DURATION_UNITS)
}

/// Checks `PATH` or `PATH:DIRECTORY`. Envoy drops empty parts; it also refuses a file that does
/// not exist.
fn check_file(text: &str) -> Result<(), ArgumentError> {
    match text.split(':').filter(|part| !part.is_empty()).count() {
        0 => Err(ArgumentError::new(0, missing(ArgumentKind::File))),
        1 | 2 => Ok(()),
        _ => Err(ArgumentError::new(
            text.trim_end_matches(':').rfind(':').unwrap_or(0),
            "the end of the argument",
        )),
    }
}

/// Checks that a text, which stands at `at`, is one of the options.
fn check_choice(at: usize, text: &str, options: &[&str]) -> Result<(), ArgumentError> {
    if options.contains(&text) {
        return Ok(());
    }
    Err(ArgumentError::new(at, one_of(options)).suggest(nearest(text, options)))
}

/// The options as a phrase.
fn one_of(options: &[&str]) -> String {
    let quoted: Vec<String> = options.iter().map(|option| format!("`{option}`")).collect();
    format!("one of {}", quoted.join(", "))
}

/// The option that differs from the text in letter case, white space or a slip of the finger.
fn nearest(text: &str, options: &[&str]) -> Option<String> {
    let distance = |option: &str| {
        strsim::damerau_levenshtein(&text.trim().to_lowercase(), &option.to_lowercase())
    };
    let (found, option) = options.iter().map(|option| (distance(option), *option)).min()?;
    (found <= option.len() / 3).then(|| option.to_owned())
}

#[cfg(test)]
mod tests;
