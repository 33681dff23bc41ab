//! Writing a record as JSON when no value needs escaping: nearly every line.
//!
//! Keys and values are mostly shorter than 32 bytes, and calling `memcpy` for each costs more than
//! the copying. So pieces are copied 32 bytes at a time, past their end where there is room; what
//! comes next overwrites the excess.

use super::Span;
use super::value::Value;
use crate::format::Field;
use crate::json::is_plain_number;
use crate::operator::Kind;

const PIECE: usize = 32;

/// How the fields of a format are written, worked out when it is compiled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members {
    members: Vec<Member>,
    omit_empty: bool,
    /// What a record takes at the most beside the bytes of its line: keys, quotes, commas, `null`,
    /// and a piece that is written past the end.
    room: usize,
}

/// How one field is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    field: usize,
    /// `"key":"`, and anything behind it up to a whole number of pieces.
    key: Vec<[u8; PIECE]>,
    /// The length of the key without the quote that begins a string.
    length: usize,
    /// Whether `-` stands for absent.
    dash: bool,
    /// Whether nothing stands for absent.
    empty: bool,
    kind: Kind,
}

impl Members {
    /// The members for these fields; those that the preset does not have are left out.
    pub(crate) fn new(fields: &[Field], omit_empty: bool) -> Self {
        let own = fields.iter().enumerate().filter(|(_, field)| !field.extra);
        let members: Vec<_> =
            own.map(|(index, field)| Member::new(index, field, omit_empty)).collect();
        let room = |member: &Member| member.length + "null".len() + "\"\",".len();
        let room = members.iter().map(room).sum::<usize>() + 2 * PIECE;
        Self { members, omit_empty, room }
    }

    /// Appends the members, separated by commas.
    pub(super) fn write(
        &self,
        line: &[u8],
        fields: &[Field],
        spans: &[Span],
        skip_absent: bool,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        out.resize(start + self.room + line.len(), 0);
        let mut cursor = Cursor { room: out.get_mut(start..).unwrap_or_default(), at: 0 };
        for member in &self.members {
            let Some(&span) = spans.get(member.field) else { continue };
            let text = span.of(line);
            if member.is_absent(text) {
                if !skip_absent {
                    cursor.key(member, member.length);
                    cursor.put(b"null,   ", b"null,".len());
                }
                continue;
            }
            match member.kind {
                Kind::String => {
                    cursor.key(member, member.length + 1);
                    cursor.text(line, span);
                    cursor.put(b"\",", 2);
                }
                Kind::Number if is_plain_number(text) => {
                    cursor.key(member, member.length);
                    cursor.text(line, span);
                    cursor.put(b",", 1);
                }
                _ => {
                    let json = self.other(member, text, fields);
                    if !(skip_absent && json == b"null") {
                        cursor.key(member, member.length);
                        cursor.long(&json);
                        cursor.put(b",", 1);
                    }
                }
            }
        }
        let written = cursor.at.saturating_sub(1);
        out.truncate(start + written);
    }

    /// A value that is not as it stands in the line, as JSON.
    #[inline(never)]
    fn other(&self, member: &Member, text: &[u8], fields: &[Field]) -> Vec<u8> {
        let mut json = Vec::new();
        if let Some(field) = fields.get(member.field) {
            Value::of_text(field, text, self.omit_empty).write_json(&mut json);
        }
        json
    }
}

impl Member {
    fn new(index: usize, field: &Field, omit_empty: bool) -> Self {
        let is_absent = |text| Value::of_text(field, text, omit_empty).is_absent();
        let mut key = field.json_key.clone();
        key.push(b'"');
        key.resize(key.len().next_multiple_of(PIECE), 0);
        let (pieces, _) = key.as_chunks();
        Self {
            field: index,
            key: pieces.to_vec(),
            length: field.json_key.len(),
            dash: is_absent(b"-"),
            empty: is_absent(b""),
            kind: field.kind(),
        }
    }

    fn is_absent(&self, text: &[u8]) -> bool {
        match text {
            [] => self.empty,
            [byte] => self.dash && *byte == b'-',
            _ => false,
        }
    }
}

/// Where the next piece goes.
struct Cursor<'a> {
    room: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    #[inline(always)]
    fn key(&mut self, member: &Member, length: usize) {
        let start = self.at;
        for piece in &member.key {
            self.put(piece, PIECE);
        }
        self.at = start + length;
    }

    /// Writes the first `length` bytes of a piece.
    #[inline(always)]
    fn put<const N: usize>(&mut self, piece: &[u8; N], length: usize) {
        if let Some(room) = self.room.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
            *room = *piece;
        }
        self.at += length;
    }

    /// Writes a part of the line.
    #[inline(always)]
    fn text(&mut self, line: &[u8], span: Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        let (mut from, goal) = (start, self.at + (end - start));
        while from < end {
            let Some(piece) = line.get(from..).and_then(<[u8]>::first_chunk::<PIECE>) else {
                return self.long(line.get(from..end).unwrap_or_default());
            };
            self.put(piece, PIECE);
            from += PIECE;
        }
        self.at = goal;
    }

    /// Writes bytes behind which there may be no more.
    #[inline(never)]
    fn long(&mut self, bytes: &[u8]) {
        if let Some(room) = self.room.get_mut(self.at..self.at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }
}
