//! Docker's json-file driver: one object a line, `{"log":"...\n","stream":"stdout","time":"..."}`.
//!
//! The driver writes it just so; what a tool wrote anew may have another order and blanks.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;

use super::{Form, Stream, Time};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    log: Cow<'a, str>,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
}

/// Reads a line of a json-file log. A message that a newline does not end goes on in the next line.
pub(super) fn parse(line: &[u8]) -> Option<Form<'_>> {
    if !may_be(line) {
        return None;
    }
    let object: Object<'_> = serde_json::from_slice(line).ok()?;
    let stream = Stream::from_bytes(object.stream.as_bytes())?;
    let (_, after) = Time::at_start(object.time.as_bytes())?;
    if !after.is_empty() {
        return None;
    }
    let mut body = object.log;
    let partial = !body.ends_with('\n');
    if !partial {
        body = match body {
            Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix('\n').unwrap_or(text)),
            Cow::Owned(mut text) => {
                text.pop();
                Cow::Owned(text)
            }
        };
    }
    Some(Form::Docker { time: object.time, stream, partial, body })
}

/// Whether the line can be such an object, told cheaply by its first key: most lines that begin
/// with a brace are access logs, and few of them begin with one of these keys.
pub(super) fn may_be(line: &[u8]) -> bool {
    let Some(object) = line.strip_prefix(b"{") else { return false };
    let Some(key) = object.trim_ascii_start().strip_prefix(b"\"") else { return false };
    if key.starts_with(b"log\"") {
        return true;
    }
    let others: [&[u8]; 3] = [b"stream\"", b"time\"", b"attrs\""];
    others.iter().any(|other| key.starts_with(other)) && memmem::find(key, b"\"log\"").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_order_and_blanks() {
        let time = r#""2026-11-20T12:00:00.1Z""#;
        let lines = [
            format!(r#"{{"log": "a\n", "stream": "stdout", "time": {time}}}"#),
            format!(r#"{{"time":{time},"stream":"stdout","log":"a\n"}}"#),
            format!(r#"{{"stream": "stdout", "log": "a\n", "time": {time}, "attrs": null}}"#),
            format!(
                r#"{{ "attrs": {{"k": "v"}}, "time": {time}, "log" : "a\n", "stream": "stdout" }}"#
            ),
        ];
        for line in lines {
            let Some(Form::Docker { body, partial: false, .. }) = parse(line.as_bytes()) else {
                panic!("not recognised: {line}");
            };
            assert_eq!(body, "a", "{line}");
        }
    }

    #[test]
    fn what_is_none() {
        let lines = [
            r#"{"time":"2026-11-20T12:00:00.1Z","stream":"stdout","method":"GET"}"#,
            r#"{"time":"2026-11-20T12:00:00.1Z","log":"a\n"}"#,
            r#"{"log":{"a":1},"stream":"stdout","time":"2026-11-20T12:00:00.1Z"}"#,
            r#"{"method":"GET","log":"a\n","stream":"stdout","time":"2026-11-20T12:00:00.1Z"}"#,
            r#"{"time":"2026-11-20T12:00:00.1Z","ua":"\"log\":\"a\",\"stream\":\"stdout\""}"#,
            r#"{"log":"a","log":"b","stream":"stdout","time":"2026-11-20T12:00:00.1Z"}"#,
        ];
        for line in lines {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }
}
