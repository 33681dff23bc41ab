//! The JSON of `%COALESCE(...)%`: operators of which the first with a value is printed.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::ArgumentError;
use crate::operator::{Operator, Source, operator};

/// The members of a JSON object. Of a repeated key the last one counts, as it does in Envoy.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// Checks `{"operators": [...]}`. Members of other names are ignored.
///
/// An operator that this table does not know is accepted if it has the form of a name, because a
/// later Envoy may have it; Envoy 1.40 would refuse it.
pub(super) fn check(text: &str) -> Result<(), ArgumentError> {
    let members: Members<'_> = serde_json::from_str(text).map_err(|e| {
        ArgumentError::new(error_offset(text, &e), "a JSON object with a list of `operators`")
    })?;
    let Some(list) = members.get("operators").map(|raw| raw.get()) else {
        return Err(ArgumentError::new(0, "a JSON object with a list of `operators`"));
    };
    let at = offset(text, list);
    let items: Vec<&RawValue> =
        serde_json::from_str(list).map_err(|_| ArgumentError::new(at, "a list of operators"))?;
    if items.is_empty() {
        return Err(ArgumentError::new(at, "at least one operator"));
    }
    for item in items {
        check_item(item.get()).map_err(|e| e.moved(offset(text, item.get())))?;
    }
    Ok(())
}

/// The operators of a checked argument, each with its own argument.
pub(in crate::format) fn operators(text: &str) -> Vec<(String, Option<String>)> {
    let Ok(root) = serde_json::from_str::<serde_json::Value>(text) else {
        return Vec::new();
    };
    let items = root.get("operators").and_then(|list| list.as_array());
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let operator = |item: &serde_json::Value| match item.get("command") {
        Some(command) => Some((text(command)?, item.get("param").and_then(text))),
        None => Some((text(item)?, None)),
    };
    items.into_iter().flatten().filter_map(operator).collect()
}

/// Checks an item of the list: a name, or an object with `command`, `param` and `max_length`.
fn check_item(item: &str) -> Result<(), ArgumentError> {
    if item.starts_with('"') {
        return check_command(&read_string(item)?);
    }
    let members: Members<'_> = serde_json::from_str(item).map_err(|_| {
        ArgumentError::new(0, "the name of an operator, or an object with a `command`")
    })?;
    let Some(command) = members.get("command") else {
        return Err(ArgumentError::new(0, "an object with a `command`"));
    };
    let within = |raw: &RawValue| offset(item, raw.get());
    let operator = read_string(command.get())
        .and_then(|name| check_command_name(&name))
        .map_err(|e| e.moved(within(command)))?;
    let param = members.get("param");
    let text =
        param.map(|raw| read_string(raw.get()).map_err(|e| e.moved(within(raw)))).transpose()?;
    if let Some(operator) = operator {
        super::check(operator, text.as_deref()).map_err(|e| match param {
            Some(raw) => ArgumentError { at: within(raw) + param_offset(raw.get(), e.at), ..e },
            None => ArgumentError { at: within(command), ..e },
        })?;
    }
    match members.get("max_length") {
        Some(raw) => check_length(operator, raw.get()).map_err(|e| e.moved(within(raw))),
        None => Ok(()),
    }
}

/// Checks an operator that is given by its name alone.
fn check_command(name: &str) -> Result<(), ArgumentError> {
    match check_command_name(name)? {
        Some(operator) => super::check(operator, None).map_err(|e| ArgumentError { at: 0, ..e }),
        None => Ok(()),
    }
}

/// Checks the name of an operator. Operators of extensions cannot be used here.
fn check_command_name(name: &str) -> Result<Option<&'static Operator>, ArgumentError> {
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    match operator(name) {
        Some(found) if matches!(found.source, Source::Extension(_)) => {
            Err(ArgumentError::new(0, "an operator built into Envoy"))
        }
        None if name.is_empty() || !name.bytes().all(legal) => {
            let meant = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_uppercase();
            let known = operator(&meant).map(|o| o.name.to_owned());
            Err(ArgumentError::new(0, "the name of an operator").suggest(known))
        }
        found => Ok(found),
    }
}

/// Checks a maximum length: a positive integer, for an operator that can be cut.
fn check_length(operator: Option<&Operator>, text: &str) -> Result<(), ArgumentError> {
    if operator.is_some_and(|operator| !operator.length) {
        return Err(ArgumentError::new(0, "no maximum length for this operator"));
    }
    match text.parse::<i64>() {
        Ok(1..) => Ok(()),
        _ => Err(ArgumentError::new(0, "a positive integer")),
    }
}

/// Reads a JSON string.
fn read_string(text: &str) -> Result<String, ArgumentError> {
    serde_json::from_str(text).map_err(|_| ArgumentError::new(0, "a JSON string"))
}

/// Where a byte of a string's value stands in the JSON text of the string. Behind an escape this
/// cannot be told by counting, and the start of the string must do.
fn param_offset(json: &str, at: usize) -> usize {
    if json.contains('\\') { 0 } else { at + 1 }
}

/// Where a part of a text starts in that text.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

/// Where a text stops being JSON. Lines and columns count from one, columns in bytes.
fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let before: usize = lines.map(str::len).sum();
    (before + error.column().saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_coalesce() {
        for text in [
            r#"{"operators":["PROTOCOL"]}"#,
            r#" {"operators":["PROTOCOL","DURATION"],"x":1} "#,
            r#"{"operators":[],"operators":["\u0050ROTOCOL"]}"#,
            r#"{"operators":["SOMETHING_NEW",{"command":"SOMETHING_NEW","max_length":1}]}"#,
            r#"{"operators":[{"command":"REQ","param":":authority","max_length":10}]}"#,
            r#"{"operators":[{"command":"PROTOCOL","param":"","x":[]}]}"#,
            r#"{"operators":[{"command":"ENVIRONMENT","param":"a\nb"}]}"#,
            r#"{"operators":[{"command":"COALESCE","param":"{\"operators\":[\"PATH\"]}"}]}"#,
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn err_coalesce() {
        let whole = "a JSON object with a list of `operators`";
        for (text, at, expected) in [
            ("not json", 1, whole),
            (r#"{"operators":["PROTOCOL",]}"#, 25, whole),
            (r#"["PROTOCOL"]"#, 0, whole),
            ("{}", 0, whole),
            (r#"{"operators":"PROTOCOL"}"#, 13, "a list of operators"),
            (r#"{"operators":[]}"#, 13, "at least one operator"),
            (r#"{"operators":[1]}"#, 14, "the name of an operator, or an object with a `command`"),
            (r#"{"operators":[{}]}"#, 14, "an object with a `command`"),
            (r#"{"operators":[{"command":1}]}"#, 25, "a JSON string"),
            (r#"{"operators":["PATH","REQ"]}"#, 21, "a header name such as `USER-AGENT`"),
            (r#"{"operators":["SECRET"]}"#, 14, "an operator built into Envoy"),
            (r#"{"operators":[""]}"#, 14, "the name of an operator"),
            (r#"{"operators":[{"command":"PATH","max_length":0}]}"#, 45, "a positive integer"),
            (r#"{"operators":[{"command":"PATH","max_length":1.0}]}"#, 45, "a positive integer"),
            (
                r#"{"operators":[{"command":"PROTOCOL","max_length":3}]}"#,
                49,
                "no maximum length for this operator",
            ),
            (r#"{"operators":[{"command":"PROTOCOL","param":"x"}]}"#, 45, "no argument"),
            (r#"{"operators":[{"command":"REQ","param":1}]}"#, 39, "a JSON string"),
            (
                r#"{"operators":[{"command":"REQ","param":"a/b"}]}"#,
                41,
                "a character of a header name",
            ),
            (
                r#"{"operators":[{"command":"REQ","param":"a\nb"}]}"#,
                39,
                "a character of a header name",
            ),
        ] {
            assert_eq!(check(text), Err(ArgumentError::new(at, expected)), "{text}");
        }
    }

    #[test]
    fn err_coalesce_suggests_the_name_meant() {
        for (text, suggestion) in [
            (r#"{"operators":["protocol"]}"#, Some("PROTOCOL")),
            (r#"{"operators":["%PROTOCOL%"]}"#, Some("PROTOCOL")),
            (r#"{"operators":["x"]}"#, None),
        ] {
            let error = check(text).unwrap_err();
            assert_eq!(error.suggestion.as_deref(), suggestion, "{text}");
        }
    }
}
