//! Writing a record as JSON when no value needs escaping: nearly every line.
//!
//! Keys and values are mostly shorter than 32 bytes, and calling `memcpy` for each costs more than
//! the copying. So room for all is made at once, and pieces are copied 32 bytes at a time, past
//! their end where there is room; what comes next overwrites the excess.

use super::Span;
use super::value::Value;
use crate::format::{Field, Format};
use crate::json::is_plain_number;

const PIECE: usize = 32;

/// What a record takes at the most, beside the bytes of its line: keys, quotes, commas, `null`.
fn room(format: &Format) -> usize {
    let field = |field: &Field| field.json_key.len() + "null".len() + "\"\",".len();
    format.fields.iter().map(field).sum::<usize>() + PIECE
}

/// Appends the members, separated by commas.
pub(super) fn write_members(
    line: &[u8],
    format: &Format,
    spans: &[Span],
    skip_absent: bool,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.resize(start + room(format) + line.len(), 0);
    let mut cursor = Cursor { bytes: out.get_mut(start..).unwrap_or_default(), at: 0 };
    for (field, span) in format.fields.iter().zip(spans) {
        let value = Value::of_text(field, span.of(line), format.omit_empty_values);
        if field.extra || (skip_absent && value.is_absent()) {
            continue;
        }
        cursor.put(&field.json_key, 0, field.json_key.len());
        match value {
            Value::Text(_) => {
                cursor.put(b"\"", 0, 1);
                cursor.put(line, span.start as usize, span.end as usize);
                cursor.put(b"\",", 0, 2);
            }
            Value::Number(digits) if is_plain_number(digits) => {
                cursor.put(line, span.start as usize, span.end as usize);
                cursor.put(b",", 0, 1);
            }
            Value::Absent => cursor.put(b"null,", 0, 5),
            other => {
                let mut json = Vec::new();
                other.write_json(&mut json);
                json.push(b',');
                cursor.put(&json, 0, json.len());
            }
        }
    }
    let written = cursor.at.saturating_sub(1);
    out.truncate(start + written);
}

/// Where the next piece goes.
struct Cursor<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Writes `source[start..end]`.
    #[inline(always)]
    fn put(&mut self, source: &[u8], start: usize, end: usize) {
        let length = end.saturating_sub(start);
        let piece = source.get(start..).and_then(<[u8]>::first_chunk::<PIECE>);
        let room = self.bytes.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut::<PIECE>);
        if let (Some(piece), Some(room), true) = (piece, room, length <= PIECE) {
            *room = *piece;
        } else if let (Some(text), Some(room)) =
            (source.get(start..end), self.bytes.get_mut(self.at..self.at + length))
        {
            room.copy_from_slice(text);
        }
        self.at += length;
    }
}
