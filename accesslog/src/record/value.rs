//! One value of a record.

use std::borrow::Cow;

use crate::format::Field;
use crate::json::{Scanner, is_json_value, unescape, write_json_number, write_json_string};
use crate::operator::{Absent, Kind};

/// A value of an access log record, borrowed from the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'r> {
    /// There is no value: `-` in text, null in JSON. Never the same as an empty string.
    Absent,
    /// A string: any bytes, perhaps not UTF-8.
    Text(&'r [u8]),
    /// A string from a JSON log, as it stands between its quotes, escapes included.
    Escaped(&'r [u8]),
    /// A number, as digits.
    Number(&'r [u8]),
    /// `true` or `false`.
    Bool(bool),
    /// A JSON value of another type, as it is written.
    Json(&'r [u8]),
}

impl<'r> Value<'r> {
    /// The value that a text logger printed as `text`.
    #[inline]
    pub(crate) fn of_text(field: &Field, text: &'r [u8], omit_empty: bool) -> Self {
        let nothing = match field.absent() {
            Absent::Never | Absent::LiteralDash | Absent::EmptyString => false,
            Absent::Dash if omit_empty => text.is_empty(),
            Absent::Dash => text == b"-",
            Absent::EmptyOrDash => matches!(text, b"" | b"-"),
            Absent::EmptyStringOrDash => text == b"-" && !omit_empty,
        };
        if nothing {
            return Self::Absent;
        }
        match field.kind() {
            Kind::String => Self::Text(text),
            Kind::Number => Self::Number(text),
            Kind::Content => Self::by_content(text),
            Kind::JsonText if is_json_value(text) => Self::of_json(text),
            Kind::JsonText => Self::Text(text),
        }
    }

    /// Text that is a JSON number, boolean, object or array is that; all else is a string.
    fn by_content(text: &'r [u8]) -> Self {
        match text.first() {
            // A number that no reader of JSON can hold is text.
            Some(b'-' | b'0'..=b'9') if is_json_value(text) && is_finite(text) => {
                Self::Number(text)
            }
            Some(b'{' | b'[' | b't' | b'f' | b'n') if is_json_value(text) => Self::of_json(text),
            _ => Self::Text(text),
        }
    }

    /// The value that JSON text stands for.
    pub(crate) fn of_json(text: &'r [u8]) -> Self {
        match text {
            b"null" => Self::Absent,
            b"true" => Self::Bool(true),
            b"false" => Self::Bool(false),
            [b'"', body @ .., b'"'] if memchr::memchr(b'\\', body).is_some() => Self::Escaped(body),
            [b'"', body @ .., b'"'] => Self::Text(body),
            [b'-' | b'0'..=b'9', ..] => Self::Number(text),
            _ => Self::Json(text),
        }
    }

    /// Whether there is no value.
    pub fn is_absent(self) -> bool {
        self == Self::Absent
    }

    /// The value as bytes: a string without quotes and escapes, all else as it is printed.
    /// `None` when it is absent.
    pub fn to_bytes(self) -> Option<Cow<'r, [u8]>> {
        match self {
            Self::Absent => None,
            Self::Text(text) | Self::Number(text) | Self::Json(text) => Some(text.into()),
            Self::Bool(true) => Some(b"true"[..].into()),
            Self::Bool(false) => Some(b"false"[..].into()),
            Self::Escaped(body) => {
                let mut bytes = Vec::with_capacity(body.len());
                unescape(body, &mut bytes);
                Some(bytes.into())
            }
        }
    }

    /// The value as a whole number: `None` when it is absent, negative, no number, or too large.
    pub fn as_u64(self) -> Option<u64> {
        match self {
            Self::Number(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Appends the value as JSON, as Envoy's JSON logger writes it; null when it is absent.
    pub fn write_json(self, out: &mut Vec<u8>) {
        match self {
            Self::Absent => out.extend_from_slice(b"null"),
            Self::Text(text) => write_json_string(text, out),
            Self::Escaped(body) => {
                out.push(b'"');
                out.extend_from_slice(body);
                out.push(b'"');
            }
            Self::Number(digits) => write_json_number(digits, out),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Json(text) => out.extend_from_slice(text),
        }
    }
}

fn is_finite(number: &[u8]) -> bool {
    let parsed = std::str::from_utf8(number).ok().and_then(|text| text.parse::<f64>().ok());
    parsed.is_some_and(f64::is_finite)
}

/// Whether all of `text` is one JSON number.
pub(crate) fn is_number(text: &[u8]) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.number().is_some() && scanner.at() == text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Format;

    fn value<'r>(operator: &str, text: &'r [u8]) -> Value<'r> {
        let format = Format::compile(operator).unwrap();
        Value::of_text(&format.fields()[0], text, false)
    }

    #[test]
    fn absent_is_not_empty() {
        assert_eq!(value("%REQ(X-A)%", b"-"), Value::Absent);
        assert_eq!(value("%REQ(X-A)%", b""), Value::Text(b""));
        assert_eq!(value("%RESPONSE_FLAGS%", b"-"), Value::Text(b"-"));
        assert_eq!(value("%ENVIRONMENT(X)%", b"-"), Value::Text(b"-"));
        assert_eq!(value("%DOWNSTREAM_LOCAL_PORT%", b""), Value::Absent);
        assert_eq!(value("%CUSTOM_FLAGS%", b""), Value::Text(b""));
        assert_eq!(value("%DURATION%", b"-"), Value::Absent);
    }

    #[test]
    fn metadata_is_typed_by_its_content() {
        let metadata = |text| value("%DYNAMIC_METADATA(a:b)%", text);
        assert_eq!(metadata(b"42.5"), Value::Number(b"42.5"));
        assert_eq!(metadata(b"true"), Value::Bool(true));
        assert_eq!(metadata(b"1e999"), Value::Text(b"1e999"));
        assert_eq!(metadata(b"{\"a\":1}"), Value::Json(b"{\"a\":1}"));
        assert_eq!(metadata(b"val \"x\""), Value::Text(b"val \"x\""));
        assert_eq!(metadata(b"{a"), Value::Text(b"{a"));
        assert_eq!(metadata(b"\"a\""), Value::Text(b"\"a\""));
    }

    #[test]
    fn typed_filter_state_is_json() {
        assert_eq!(value("%FILTER_STATE(k)%", b"\"a b\""), Value::Text(b"a b"));
        assert_eq!(value("%FILTER_STATE(k:TYPED)%", b"\"a\\nb\""), Value::Escaped(b"a\\nb"));
        assert_eq!(value("%FILTER_STATE(k:PLAIN)%", b"\"a b\""), Value::Text(b"\"a b\""));
    }
}
