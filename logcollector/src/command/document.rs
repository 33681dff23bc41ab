//! Documents: JSON that is safe for a terminal.

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::visible;

/// A value as one line of JSON.
pub(super) fn json(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, Error> {
    let text = serde_json::to_vec(value).map_err(|error| Error::Output(error.into()))?;
    let mut out = Vec::with_capacity(text.len() + 1);
    visible::write_json(&text, &mut out);
    out.push(b'\n');
    Ok(out)
}

/// A value as indented JSON.
pub(super) fn indented(value: &Value) -> Vec<u8> {
    let text = format!("{value:#}");
    let mut out = Vec::with_capacity(text.len() + 1);
    for line in text.lines() {
        visible::write_json(line.as_bytes(), &mut out);
        out.push(b'\n');
    }
    out
}

/// Values as an array, an element a line, so that it can be read and cut by lines too.
pub(super) fn array<T: Serialize>(values: &[T]) -> Result<Vec<u8>, Error> {
    let mut out = b"[".to_vec();
    for (number, value) in values.iter().enumerate() {
        out.extend_from_slice(if number > 0 { b",\n" } else { b"\n" });
        let text = serde_json::to_vec(value).map_err(|error| Error::Output(error.into()))?;
        visible::write_json(&text, &mut out);
    }
    out.extend_from_slice(if values.is_empty() { b"]\n" } else { b"\n]\n" });
    Ok(out)
}

/// A value as a YAML document, and what to know before it in comments.
pub(super) fn yaml(comment: &str, value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    for line in comment.lines() {
        out.push_str(format!("# {}", visible::text(line.as_bytes())).trim_end());
        out.push('\n');
    }
    // A string is never folded: a base64 text or a format is one line, however long.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    let text = serde_saphyr::to_string_with_options(value, options)
        .map_err(|error| Error::Output(std::io::Error::other(error)))?;
    if visible::lines(&text) == text {
        out.push_str(&text);
    } else {
        // JSON is YAML, and has escapes for what a terminal could act on.
        out.push_str(&String::from_utf8_lossy(&indented(value)));
    }
    Ok(out)
}
