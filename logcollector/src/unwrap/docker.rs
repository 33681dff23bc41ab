//! Docker's json-file driver: one object a line, `{"log":"...\n","stream":"stdout","time":"..."}`.

use std::borrow::Cow;

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
    // The driver always writes `log` first; an access log that is JSON seldom has such a key.
    if !line.starts_with(b"{\"log\":\"") {
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
