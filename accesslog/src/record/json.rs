//! Records read from JSON logs: the members of the line's object.

use super::value::Value;
use super::{Span, separate};
use crate::format::Format;
use crate::json::StringSpan;

/// A member of a JSON log's object, or the end of a nested one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    /// The key as written, without its quotes.
    pub(crate) key: Span,
    /// The field of the format with this key.
    pub(crate) field: Option<u16>,
    pub(crate) kind: MemberKind,
    /// The value; of a string without its quotes.
    pub(crate) value: Span,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MemberKind {
    Absent,
    String {
        escaped: bool,
    },
    Number,
    Bool(bool),
    Other,
    /// The start of a nested object that the format knows.
    Open,
    /// The end of it.
    Close,
}

impl Member {
    pub(crate) fn string(span: StringSpan) -> (MemberKind, Span) {
        (MemberKind::String { escaped: span.escaped }, Span::new(span.start, span.end))
    }

    pub(super) fn is_field(&self, field: usize) -> bool {
        self.field.is_some_and(|own| usize::from(own) == field)
    }

    pub(super) fn key<'r>(&self, line: &'r [u8], format: &'r Format) -> &'r str {
        match self.field.and_then(|field| format.fields.get(usize::from(field))) {
            Some(field) => field.key(),
            None => std::str::from_utf8(self.key.of(line)).unwrap_or_default(),
        }
    }

    pub(super) fn value<'r>(&self, line: &'r [u8]) -> Value<'r> {
        let text = self.value.of(line);
        match self.kind {
            MemberKind::Absent | MemberKind::Open | MemberKind::Close => Value::Absent,
            MemberKind::String { escaped: true } => Value::Escaped(text),
            MemberKind::String { escaped: false } => Value::Text(text),
            MemberKind::Number => Value::Number(text),
            MemberKind::Bool(value) => Value::Bool(value),
            MemberKind::Other => Value::Json(text),
        }
    }

    pub(super) fn write_key(&self, line: &[u8], format: &Format, out: &mut Vec<u8>) {
        match self.field.and_then(|field| format.fields.get(usize::from(field))) {
            Some(field) => out.extend_from_slice(&field.json_key),
            None => {
                out.push(b'"');
                out.extend_from_slice(self.key.of(line));
                out.extend_from_slice(b"\":");
            }
        }
    }
}

/// Appends the members with their commas; nested objects that come out empty are left out with
/// `skip_absent`.
pub(super) fn write_members(
    members: &[Member],
    line: &[u8],
    format: &Format,
    skip_absent: bool,
    out: &mut Vec<u8>,
) {
    let mut starts = vec![(out.len(), out.len())];
    for member in members {
        let (_, start) = starts.last().copied().unwrap_or_default();
        match member.kind {
            MemberKind::Close => {
                let (before, start) = starts.pop().unwrap_or_default();
                if skip_absent && out.len() == start {
                    out.truncate(before);
                } else {
                    out.push(b'}');
                }
            }
            MemberKind::Absent if skip_absent => {}
            _ => {
                let before = out.len();
                separate(out, start);
                member.write_key(line, format, out);
                if member.kind == MemberKind::Open {
                    out.push(b'{');
                    starts.push((before, out.len()));
                } else {
                    member.value(line).write_json(out);
                }
            }
        }
    }
}
