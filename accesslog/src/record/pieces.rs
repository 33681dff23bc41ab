//! Writing JSON members whose keys and values need no escaping: nearly every line.
//!
//! Keys and values are mostly shorter than 64 bytes, and calling `memcpy` for each costs more than
//! the copying. So room for all is made at once, and pieces of 64 bytes are copied, past their end;
//! what comes next overwrites the excess.

use super::Span;

/// How much is copied at a time.
pub(super) const PIECE: usize = 64;

/// How much of a key is skipped for the first of a record.
const FIRST: usize = "\",".len();

/// The key of a member, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    /// `","key":"`, and anything behind it: what ends a string before it, and begins one behind it.
    bytes: [u8; FIRST + PIECE],
    /// The length up to the colon.
    length: usize,
}

impl Key {
    /// A key from `"key":`; `None` when it is too long to be a piece.
    pub(super) fn new(json_key: &[u8]) -> Option<Self> {
        let mut bytes = [0; FIRST + PIECE];
        let text = [b"\",", json_key, b"\""].concat();
        bytes.get_mut(..text.len())?.copy_from_slice(&text);
        Some(Self { bytes, length: FIRST + json_key.len() })
    }

    /// What a member with this key takes at the most, its value not counted unless it is `null`.
    pub(super) fn room(&self) -> usize {
        self.length + "null\"".len()
    }
}

/// Appends members to a buffer.
pub(super) struct Pieces<'a> {
    out: &'a mut Vec<u8>,
    at: usize,
    /// How much of the next key to skip: nothing behind a string, whose last quote is still to come,
    /// else the quote, and for the first key the comma too.
    skip: usize,
}

impl<'a> Pieces<'a> {
    /// Appends to `out`, with room for members of so many bytes, values as JSON not counted.
    pub(super) fn new(out: &'a mut Vec<u8>, room: usize) -> Self {
        let at = out.len();
        out.resize(at + room + 2 * PIECE, 0);
        Self { out, at, skip: FIRST }
    }

    /// Writes a key and a string that stands in the line.
    #[inline(always)]
    pub(super) fn string(&mut self, key: &Key, line: &[u8], value: Span) {
        self.key(key);
        self.at += 1;
        self.text(line, value);
        self.skip = 0;
    }

    /// Writes a key and a value that stands in the line as it is to be.
    #[inline(always)]
    pub(super) fn verbatim(&mut self, key: &Key, line: &[u8], value: Span) {
        self.key(key);
        self.text(line, value);
    }

    /// Writes a key and null.
    #[inline(always)]
    pub(super) fn null(&mut self, key: &Key) {
        self.key(key);
        self.put(b"null    ");
        self.at += "null".len();
    }

    /// Writes a key and a value of JSON.
    pub(super) fn json(&mut self, key: &Key, value: &[u8]) {
        self.key(key);
        // It may be longer than what it was made of.
        self.out.resize(self.out.len() + value.len(), 0);
        self.long(value);
    }

    /// Ends what was written.
    pub(super) fn end(mut self) {
        if self.skip == 0 {
            self.put(b"\"");
            self.at += 1;
        }
        self.out.truncate(self.at);
    }

    /// Ends the value before, and writes the key up to its colon, with a quote behind it.
    #[inline(always)]
    fn key(&mut self, key: &Key) {
        if let Some(piece) = key.bytes.get(self.skip..).and_then(<[u8]>::first_chunk::<PIECE>) {
            self.put(piece);
        }
        self.at += key.length - self.skip;
        self.skip = 1;
    }

    /// Writes a piece, without passing it.
    #[inline(always)]
    fn put<const N: usize>(&mut self, piece: &[u8; N]) {
        if let Some(room) = self.out.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut) {
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
            _ => self.long(span.of(line)),
        }
    }

    /// Writes bytes behind which there may be no more.
    #[inline(never)]
    fn long(&mut self, bytes: &[u8]) {
        if let Some(room) = self.out.get_mut(self.at..self.at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }
}
