//! Where in the text of a configuration something is, and what was probably meant there.

use std::collections::HashMap;
use std::ops::Range;

use filter::config::{Error, ErrorKind};
use serde_json::value::RawValue;

/// The byte at a line and a column, both counted from 1.
pub(super) fn of_column(text: &str, line: usize, column: usize) -> Range<usize> {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
    let mut at = (before + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at..at + 1
}

/// The first line of the value at a path, as in `access_log.fields.user`; `None` where there is none.
pub(super) fn of_path(text: &str, path: &str) -> Option<Range<usize>> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    let mut rest = path;
    while !rest.is_empty() {
        let members: HashMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
        // A name may hold dots itself.
        let after = |key: &str| match rest.strip_prefix(key)? {
            "" => Some(""),
            more => more.strip_prefix('.'),
        };
        let member = members.iter().filter_map(|(key, value)| Some((after(key)?, *value)));
        (rest, value) = member.min_by_key(|(rest, _)| rest.len())?;
    }
    let start = value.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    let length = value.get().lines().next().map_or(0, str::len);
    Some(start..start + length)
}

/// The name that was probably meant where an unknown one stands.
pub(super) fn meant(error: &Error) -> Option<String> {
    match error.kind() {
        ErrorKind::UnknownKey { known } => {
            let name = error.path().rsplit('.').next()?;
            mesh::closest(name, known.iter().copied()).map(str::to_owned)
        }
        ErrorKind::UnknownAttribute { attribute } => {
            let names: Vec<String> = filter::attribute::names().collect();
            mesh::closest(attribute, names.iter().map(String::as_str)).map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_places() {
        let text = "{\n \"a.b\": {\"a\": 1, \"c\": [1,\n2]},\n \"a\": {\"b\": \"x\"}}";
        let at = |path: &str| text.get(of_path(text, path)?);
        assert_eq!(at("a.b.a"), Some("1"));
        assert_eq!(at("a.b.c"), Some("[1,"));
        assert_eq!(at("a.b.d"), None);
        assert_eq!(at("x"), None);
        assert_eq!(at(""), Some("{"));
    }

    #[test]
    fn ok_columns() {
        assert_eq!(of_column("ab\ncd", 2, 2), 4..5);
        assert_eq!(of_column("é", 1, 2), 0..1);
        assert_eq!(of_column("", 5, 5), 0..1);
    }

    #[test]
    fn ok_what_was_meant() {
        let meant =
            |text: &str| meant(&filter::config::Config::parse(text.as_bytes()).unwrap_err());
        assert_eq!(meant(r#"{"acess_log": {}}"#).as_deref(), Some("access_log"));
        let path = r#"{"access_log": {"fields": {"a": "request.pat"}}}"#;
        assert_eq!(meant(path).as_deref(), Some("request.path"));
        assert_eq!(meant(r#"{"zzz": {}}"#), None);
    }
}
