//! What the role `access_log` leaves for the access log.

use crate::attribute::{Kind, Value};
use crate::config::{AccessLog, Field, Replace, Source};
use crate::json;
use crate::keep::Keep;
use crate::redact;
use crate::request::{Properties, Request};

/// The values for the filter state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The object of the configured fields; `None` where there are none.
    pub object: Option<Vec<u8>>,
    /// Whether the request is worth a line; `None` where that is not decided.
    pub keep: Option<bool>,
    /// The number of upstream attempts; `None` where it is not asked for.
    pub attempt_count: Option<Vec<u8>>,
}

/// Packs what a configuration asks for of a finished request.
pub fn pack(config: &AccessLog, properties: &impl Properties) -> Packed {
    let request = Request::new(properties);
    let attempt_count = config.attempt_count.then(|| {
        let mut out = Vec::new();
        json::push_unsigned(&mut out, request.attempts());
        out
    });
    Packed {
        object: (!config.fields.is_empty()).then(|| object(config, &request)),
        keep: config.keep.as_ref().map(|keep| is_kept(keep, &request)),
        attempt_count,
    }
}

/// The object that stands in place of the fields when there is no usable configuration.
pub fn filter_error(message: &str) -> Vec<u8> {
    let mut out = b"{\"filter_error\":".to_vec();
    json::push_text(&mut out, message.as_bytes());
    out.push(b'}');
    out
}

/// The object of the fields. Those that were cut off, or left out for want of room, are named in a list
/// at its end, `clipped`.
fn object<P: Properties>(config: &AccessLog, request: &Request<'_, P>) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let mut clipped = Vec::new();
    for field in &config.fields {
        let start = out.len();
        // A name is a word, with nothing to escape.
        out.extend_from_slice(if start == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b"\":");
        let is_whole = push_value(&mut out, config, field, request);
        // One more byte closes the object.
        let has_room = out.len() < config.max_bytes;
        if !has_room {
            out.truncate(start);
        }
        if !is_whole || !has_room {
            clipped.push(field.name.as_str());
        }
    }
    if out.is_empty() {
        out.push(b'{');
    }
    push_clipped(&mut out, &clipped);
    out.push(b'}');
    out
}

fn push_clipped(out: &mut Vec<u8>, names: &[&str]) {
    for (at, name) in names.iter().enumerate() {
        let before: &[u8] = match at {
            0 if out.len() == 1 => b"\"clipped\":[",
            0 => b",\"clipped\":[",
            _ => b",",
        };
        out.extend_from_slice(before);
        json::push_text(out, name.as_bytes());
    }
    if !names.is_empty() {
        out.push(b']');
    }
}

/// Appends the value of a field, and says whether it is all there.
fn push_value<P: Properties>(
    out: &mut Vec<u8>,
    config: &AccessLog,
    field: &Field,
    request: &Request<'_, P>,
) -> bool {
    match &field.source {
        Source::Retry => match request.retry() {
            Some(retry) => json::push_text(out, retry.as_str().as_bytes()),
            None => out.extend_from_slice(b"null"),
        },
        Source::AttemptCount => json::push_unsigned(out, request.attempts()),
        Source::Attribute(attribute) => {
            let bytes = request.of(attribute);
            match bytes.as_deref().and_then(|bytes| attribute.value(bytes)) {
                Some(Value::Text(text)) => return push_text(out, config, field, text),
                Some(value) => push_number(out, value, attribute.kind()),
                None => out.extend_from_slice(b"null"),
            }
        }
    }
    true
}

fn push_number(out: &mut Vec<u8>, value: Value<'_>, kind: Kind) {
    match value {
        Value::Integer(number) => json::push_integer(out, number),
        Value::Unsigned(number) => json::push_unsigned(out, number),
        Value::Number(number) => json::push_number(out, number),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        // Moments need no fractions.
        Value::Nanoseconds(number) if kind == Kind::Time => {
            json::push_integer(out, number / 1_000_000);
        }
        Value::Nanoseconds(number) => json::push_milliseconds(out, number),
        Value::Text(text) => json::push_text(out, text),
    }
}

/// Appends a text, first without what is to be taken out and then at most as long as it may be.
fn push_text(out: &mut Vec<u8>, config: &AccessLog, field: &Field, text: &[u8]) -> bool {
    let redacted;
    let mut text = text;
    if let Some(what) = &field.redact {
        let key = config.hash_key.as_ref().filter(|_| field.replace == Replace::Hash);
        let is_query = matches!(
            &field.source,
            Source::Attribute(attribute) if attribute.path() == b"request\0query"
        );
        redacted = redact::apply(text, what, is_query, key);
        text = &redacted;
    }
    let whole = text.len();
    if whole > field.max_bytes {
        let mut end = field.max_bytes;
        // Not in the middle of a character.
        while end > 0 && text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
            end -= 1;
        }
        text = text.get(..end).unwrap_or_default();
    }
    json::push_text(out, text);
    text.len() == whole
}

/// Whether a request is worth a line. One without an id is.
fn is_kept<P: Properties>(keep: &Keep, request: &Request<'_, P>) -> bool {
    let millisecond = 1_000_000;
    keep.code_at_least.is_some_and(|least| request.code() >= i64::from(least))
        || keep.any_response_flag && request.flags() != 0
        || keep.retried && request.is_retried()
        || keep
            .slower_than_ms
            .is_some_and(|limit| request.duration() > i64::from(limit) * millisecond)
        || !keep.paths.is_empty()
            && request
                .bytes(b"request\0url_path")
                .is_some_and(|path| keep.paths.iter().any(|pattern| pattern.is_of(&path)))
        || request.bytes(b"request\0id").is_none_or(|id| keep.rate.has(&id))
}

#[cfg(test)]
mod tests;
