//! Writing a record as JSON when no value needs escaping: nearly every line.
//!
//! Keys and values are mostly shorter than 64 bytes, and calling `memcpy` for each costs more than
//! the copying. So room for all is made at once, and pieces of 64 bytes are copied, past their end;
//! what comes next overwrites the excess.

use super::Span;
use super::value::Value;
use crate::format::Field;
use crate::json::is_plain_number;
use crate::operator::Kind;

const PIECE: usize = 64;
/// How much of a key is skipped for the first of a record.
const FIRST: usize = "\",".len();

/// How the fields of a format are written, worked out when it is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Members {
    members: Vec<Member>,
    omit_empty: bool,
    /// What a record takes at the most beside the bytes of its line: keys, quotes, commas, `null`,
    /// and what is written past the end.
    room: usize,
}

/// How one field is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    field: usize,
    /// `","key":"`, and anything behind it: what ends a string before it, and begins one behind it.
    key: [u8; PIECE + FIRST],
    /// The length up to the colon.
    length: usize,
    /// Whether `-` stands for absent.
    dash: bool,
    /// Whether nothing stands for absent.
    empty: bool,
    kind: Kind,
}

impl Members {
    /// The members for these fields; those that the preset does not have are left out. `None` where
    /// a key is too long to be written so.
    pub(crate) fn new(fields: &[Field], omit_empty: bool) -> Option<Self> {
        let own = fields.iter().enumerate().filter(|(_, field)| !field.extra);
        let members = own.map(|(index, field)| Member::new(index, field, omit_empty));
        let members = members.collect::<Option<Vec<_>>>()?;
        let room = |member: &Member| member.length + "null\"".len();
        let room = members.iter().map(room).sum::<usize>() + 2 * PIECE;
        Some(Self { members, omit_empty, room })
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
        let mut cursor =
            Cursor { room: out.get_mut(start..).unwrap_or_default(), at: 0, skip: FIRST };
        for member in &self.members {
            let Some(&span) = spans.get(member.field) else { continue };
            let text = span.of(line);
            if member.is_absent(text) {
                if !skip_absent {
                    cursor.key(member);
                    cursor.put(b"null    ");
                    cursor.at += "null".len();
                }
                continue;
            }
            match member.kind {
                Kind::String => {
                    cursor.key(member);
                    cursor.at += 1;
                    cursor.text(line, span);
                    cursor.skip = 0;
                }
                Kind::Number if is_plain_number(text) => {
                    cursor.key(member);
                    cursor.text(line, span);
                }
                _ => {
                    let json = self.other(member, text, fields);
                    if !(skip_absent && json == b"null") {
                        cursor.key(member);
                        cursor.long(&json);
                    }
                }
            }
        }
        if cursor.skip == 0 {
            cursor.put(b"\"");
            cursor.at += 1;
        }
        let written = cursor.at;
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
    fn new(index: usize, field: &Field, omit_empty: bool) -> Option<Self> {
        let is_absent = |text| Value::of_text(field, text, omit_empty).is_absent();
        let mut key = [0; PIECE + FIRST];
        let text = [b"\",", field.json_key.as_slice(), b"\""].concat();
        key.get_mut(..text.len())?.copy_from_slice(&text);
        Some(Self {
            field: index,
            key,
            length: FIRST + field.json_key.len(),
            dash: is_absent(b"-"),
            empty: is_absent(b""),
            kind: field.kind(),
        })
    }

    #[inline(always)]
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
    /// How much of the next key to skip: nothing behind a string, whose last quote is still to come,
    /// else the quote, and for the first key the comma too.
    skip: usize,
}

impl Cursor<'_> {
    /// Ends the value before, and writes the key up to its colon, with a quote behind it.
    #[inline(always)]
    fn key(&mut self, member: &Member) {
        if let Some(key) = member.key.get(self.skip..).and_then(<[u8]>::first_chunk::<PIECE>) {
            self.put(key);
        }
        self.at += member.length - self.skip;
        self.skip = 1;
    }

    /// Writes a piece, without passing it.
    #[inline(always)]
    fn put<const N: usize>(&mut self, piece: &[u8; N]) {
        if let Some(room) = self.room.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
            *room = *piece;
        }
    }

    /// Writes a part of the line.
    #[inline(always)]
    fn text(&mut self, line: &[u8], span: Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        match line.get(start..).and_then(<[u8]>::first_chunk::<PIECE>) {
            Some(piece) if end - start <= PIECE => {
                self.put(piece);
                self.at += end - start;
            }
            _ => self.long(line.get(start..end).unwrap_or_default()),
        }
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
