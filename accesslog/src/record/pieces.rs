//! Writing JSON members whose keys and values need no escaping: nearly every line.
//!
//! Keys and values are mostly shorter than 64 bytes, and calling `memcpy` for each costs more than
//! the copying. So room for all is made at once, and pieces of 64 bytes are copied, past their end;
//! what comes next overwrites the excess. See [`Room`].

use super::Span;
use super::room::Room;

/// How much is copied at a time.
pub(super) const PIECE: usize = 64;

/// How much is copied of what is not as long, as numbers are.
const NUMBER: usize = 16;

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
        bytes.get_mut(..PIECE)?.get_mut(..text.len())?.copy_from_slice(&text);
        Some(Self { bytes, length: FIRST + json_key.len() })
    }

    /// What a member with this key takes at the most, its value not counted unless it is `null`.
    pub(super) fn room(&self) -> usize {
        self.length + "null\"".len()
    }
}

/// What is written at the most beyond the members.
const EXCESS: usize = 2 * PIECE;

/// Writes members behind a vector.
pub(super) struct Pieces<'v> {
    room: Room<'v>,
    /// How much of the next key to skip: nothing behind a string, whose last quote is still to come,
    /// else the quote, and for the first key the comma too.
    skip: usize,
}

impl<'v> Pieces<'v> {
    /// Writes behind `out` what takes no more than `most` bytes.
    #[inline(always)]
    pub(super) fn behind(out: &'v mut Vec<u8>, most: usize) -> Self {
        Self { room: Room::behind(out, most + EXCESS), skip: FIRST }
    }

    /// Ends the last value; whether all was written. If not, nothing was.
    #[inline(always)]
    pub(super) fn end(mut self) -> bool {
        if self.skip == 0 {
            self.room.put(b"\"", 1);
        }
        self.room.end()
    }

    /// Writes a key and a string that stands in the line.
    #[inline(always)]
    pub(super) fn string(&mut self, key: &Key, line: &[u8], value: Span) {
        self.member::<1, PIECE>(key, line, value);
        self.skip = 0;
    }

    /// Writes a key and a value that stands in the line as it is to be.
    #[inline(always)]
    pub(super) fn verbatim(&mut self, key: &Key, line: &[u8], value: Span) {
        self.member::<0, NUMBER>(key, line, value);
    }

    /// Writes a key, with the quote behind it or without, and a part of the line that is mostly no longer
    /// than N bytes.
    #[inline(always)]
    fn member<const QUOTE: usize, const N: usize>(&mut self, key: &Key, line: &[u8], value: Span) {
        let length = value.len() as usize;
        let key_piece = key.bytes.get(self.skip..).and_then(<[u8]>::first_chunk::<PIECE>);
        let piece = line.get(value.start as usize..).and_then(<[u8]>::first_chunk::<N>);
        if let (Some(key_piece), Some(piece), true) = (key_piece, piece, length <= N) {
            let key_length = key.length - self.skip + QUOTE;
            match key_piece.first_chunk::<{ PIECE / 2 }>() {
                Some(half) if key.length < PIECE / 2 => self.room.put(half, key_length),
                _ => self.room.put(key_piece, key_length),
            }
            self.room.put(piece, length);
            self.skip = 1;
        } else {
            self.key::<QUOTE>(key);
            self.room.extend(value.of(line));
        }
    }

    /// Writes a key and null.
    #[inline(always)]
    pub(super) fn null(&mut self, key: &Key) {
        self.key::<0>(key);
        self.room.put(b"null    ", "null".len());
    }

    /// Writes a key and a value of JSON.
    #[inline(always)]
    pub(super) fn json(&mut self, key: &Key, value: &[u8]) {
        self.key::<0>(key);
        self.room.extend(value);
    }

    /// Ends the value before, and writes the key up to its colon, with the quote behind it or without.
    #[inline(always)]
    fn key<const QUOTE: usize>(&mut self, key: &Key) {
        if let Some(piece) = key.bytes.get(self.skip..).and_then(<[u8]>::first_chunk::<PIECE>) {
            self.room.put(piece, key.length - self.skip + QUOTE);
        }
        self.skip = 1;
    }
}
