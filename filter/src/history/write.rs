//! Writing a history, one attempt after the other.

use super::is_safe;
use crate::json;

/// No attempt is added to a history of this many bytes.
const MAX_BYTES: usize = 8 * 1024;
/// The most bytes of a host or a failure that are kept, before escapes.
const MAX_TEXT: usize = 160;
/// Room for an attempt of the usual length.
const USUAL: usize = 64;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome<'a> {
    /// The status code of the response; `None` where none came.
    pub code: Option<u16>,
    /// Milliseconds from the start of the attempt to the headers of its response, or to its end.
    pub duration_ms: u64,
    /// What went wrong, as far as it is known; empty where nothing is.
    pub failure: &'a [u8],
}

/// Adds an attempt that has begun and returns its place in the history, counted from 0.
///
/// An empty `host` is one that is not known. `None` means that the history is full: it then ends with
/// `;+`, and the attempt is not part of it.
pub fn open(history: &mut Vec<u8>, host: &[u8]) -> Option<usize> {
    if history.ends_with(b";+") {
        return None;
    }
    if history.len() >= MAX_BYTES {
        history.extend_from_slice(b";+");
        return None;
    }
    history.reserve(USUAL);
    let place = if history.is_empty() {
        0
    } else {
        let before = history.iter().filter(|byte| **byte == b';').count() + 1;
        history.push(b';');
        before
    };
    match host {
        b"" => history.push(b'-'),
        b"-" => history.extend_from_slice(b"%2D"),
        host => push_safe(history, host, false),
    }
    history.extend_from_slice(b"=?");
    Some(place)
}

/// Whether an attempt is open.
pub fn has_open(history: &[u8]) -> bool {
    history.ends_with(b"=?") || history.windows(3).any(|part| part == b"=?;")
}

/// Writes the outcome of the attempt at `place`, where that attempt is still open.
pub fn close(history: &mut Vec<u8>, place: usize, outcome: &Outcome<'_>) {
    let mut ends = (0..history.len()).filter(|&at| history.get(at) == Some(&b';'));
    let end = ends.nth(place).unwrap_or(history.len());
    let Some(mark) = end.checked_sub(1).filter(|&at| history.get(at) == Some(&b'?')) else {
        return;
    };
    let rest = history.split_off(end);
    history.truncate(mark);
    push_outcome(history, outcome);
    history.extend_from_slice(&rest);
}

fn push_outcome(out: &mut Vec<u8>, outcome: &Outcome<'_>) {
    match outcome.code {
        Some(code) => {
            let digits = [100, 10].into_iter().filter(|least| code < *least);
            out.extend(digits.map(|_| b'0'));
            json::push_unsigned(out, u64::from(code));
        }
        None => out.push(b'-'),
    }
    out.push(b'/');
    json::push_unsigned(out, outcome.duration_ms);
    out.extend_from_slice(b"ms");
    if !outcome.failure.is_empty() {
        out.push(b'/');
        push_safe(out, outcome.failure, true);
    }
}

fn push_safe(out: &mut Vec<u8>, text: &[u8], underscores: bool) {
    for &byte in text.iter().take(MAX_TEXT) {
        match byte {
            b' ' if underscores => out.push(b'_'),
            byte if is_safe(byte) => out.push(byte),
            byte => {
                let digit = |nibble: u8| b"0123456789ABCDEF".get(usize::from(nibble)).copied();
                out.push(b'%');
                out.extend(digit(byte >> 4).into_iter().chain(digit(byte & 15)));
            }
        }
    }
}
