//! What our filter left: the attempts of a retried request on a line of their own, and added fields.

use std::collections::HashMap;

use accesslog::WellKnown;
use filter::history::{Attempt, History};
use serde::de::IgnoredAny;

use super::{Glance, code_style};
use crate::paint::{DIM, Paint, RED, YELLOW};
use crate::sink::wasm::added;
use crate::visible;

impl Glance<'_> {
    /// How many attempts there were, when there were several.
    pub(super) fn write_attempt_count(&self, out: &mut Vec<u8>) {
        let counted = self.text(WellKnown::AttemptCount).and_then(|text| text.parse().ok());
        let listed = self.history.map(|history| (history.attempts.len(), history.more));
        let Some((attempts, more)) = counted.map(|count| (count, false)).or(listed) else { return };
        if attempts > 1 {
            let more = if more { "+" } else { "" };
            self.styled(YELLOW, &format!(" x{attempts}{more}"), out);
        }
    }

    /// The fields that our filter added, unless they say nothing.
    pub(super) fn write_added(&self, out: &mut Vec<u8>) {
        /// What the filter adds by default to a request that was not retried.
        const NOT_RETRIED: &[u8] = br#"{"retry":"none"}"#;
        let is_worth = |added: &[u8]| added != b"{}" && added != NOT_RETRIED;
        let Some(added) = added(self.record).filter(|added| is_worth(added)) else { return };
        let style = if is_filter_error(&added) { RED } else { DIM };
        self.styled(style, &format!(" {}", visible::text(&with_spaces(&added))), out);
    }
}

/// Appends the line, if the request was retried.
pub(super) fn write_attempts(history: &History<'_>, paint: Paint, out: &mut Vec<u8>) {
    if history.attempts.len() < 2 {
        return;
    }
    let dim = |text: &str, out: &mut Vec<u8>| out.extend(paint.text(DIM, text).bytes());
    out.extend_from_slice(b"    ");
    dim("attempts:", out);
    for (count, attempt) in history.attempts.iter().enumerate() {
        if count > 0 {
            dim(" ->", out);
        }
        out.push(b' ');
        write_attempt(attempt, paint, out);
    }
    if history.more {
        dim(" -> and more", out);
    }
    out.push(b'\n');
}

fn write_attempt(attempt: &Attempt<'_>, paint: Paint, out: &mut Vec<u8>) {
    match &attempt.host {
        Some(host) => visible::write(host, out),
        None => out.extend_from_slice(b"no host"),
    }
    let (style, code) = match (attempt.duration_ms, attempt.code) {
        (None, _) => (YELLOW, "open".to_owned()),
        (Some(_), None) => (RED, "no response".to_owned()),
        (Some(_), Some(code)) => {
            let code = format!("{code:03}");
            (code_style(&code), code)
        }
    };
    out.push(b' ');
    out.extend(paint.text(style, &code).bytes());
    if let Some(duration) = attempt.duration_ms {
        out.extend_from_slice(format!(" {duration}ms").as_bytes());
    }
    if let Some(failure) = &attempt.failure {
        out.extend(paint.text(DIM, &format!(" {}", visible::text(failure))).bytes());
    }
}

/// JSON text with its spaces as they are: our filter writes them as escapes.
fn with_spaces(json: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(json.len()), json);
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = if let Some(rest) = escape.strip_prefix(b"\\u0020") {
            out.push(b' ');
            rest
        } else {
            let (pair, rest) = escape.split_at(escape.len().min(2));
            out.extend_from_slice(pair);
            rest
        };
    }
    out.extend_from_slice(rest);
    out
}

/// Whether the added fields say that our filter could not do its work.
fn is_filter_error(added: &[u8]) -> bool {
    let members: Result<HashMap<String, IgnoredAny>, _> = serde_json::from_slice(added);
    members.is_ok_and(|members| members.contains_key("filter_error"))
}
