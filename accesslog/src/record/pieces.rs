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
        bytes.get_mut(..PIECE)?.get_mut(..text.len())?.copy_from_slice(&text);
        Some(Self { bytes, length: FIRST + json_key.len() })
    }

    /// What a member with this key takes at the most, its value not counted unless it is `null`.
    pub(super) fn room(&self) -> usize {
        self.length + "null\"".len()
    }
}

/// What a key and a value take that are a piece each.
const WINDOW: usize = 3 * PIECE;

/// What is written at the most beyond the room that is asked for.
const EXCESS: usize = WINDOW;

/// Writes members into room that was made for them. What does not fit is left out.
pub(super) struct Pieces<'a> {
    room: &'a mut [u8],
    at: usize,
    /// How much of the next key to skip: nothing behind a string, whose last quote is still to come,
    /// else the quote, and for the first key the comma too.
    skip: usize,
}

/// Makes room behind `out` for so many bytes, and for what is written beyond them.
#[inline(always)]
pub(super) fn make_room(out: &mut Vec<u8>, most: usize) -> usize {
    let start = out.len();
    out.resize(start + most + EXCESS, 0);
    start
}

impl<'a> Pieces<'a> {
    /// Writes into room that was made by [`make_room`].
    #[inline(always)]
    pub(super) fn new(room: &'a mut [u8]) -> Self {
        Self { room, at: 0, skip: FIRST }
    }

    /// Ends the last value; gives how much was written, or `None` when the room may not have been
    /// enough for all of it.
    #[inline(always)]
    pub(super) fn end(mut self) -> Option<usize> {
        if self.skip == 0 {
            self.put(b"\"");
            self.at += 1;
        }
        (self.at + WINDOW <= self.room.len()).then_some(self.at)
    }

    /// Writes a key and a string that stands in the line.
    #[inline(always)]
    pub(super) fn string(&mut self, key: &Key, line: &[u8], value: Span) {
        self.member::<1>(key, line, value);
        self.skip = 0;
    }

    /// Writes a key and a value that stands in the line as it is to be.
    #[inline(always)]
    pub(super) fn verbatim(&mut self, key: &Key, line: &[u8], value: Span) {
        self.member::<0>(key, line, value);
    }

    /// Writes a key, with the quote behind it or without, and a part of the line.
    #[inline(always)]
    fn member<const QUOTE: usize>(&mut self, key: &Key, line: &[u8], value: Span) {
        let start = value.start as usize;
        let length = (value.end as usize).wrapping_sub(start);
        let window = self.room.get_mut(self.at..).and_then(<[u8]>::first_chunk_mut::<WINDOW>);
        let key_piece = key.bytes.get(self.skip..).and_then(<[u8]>::first_chunk::<PIECE>);
        let piece = line.get(start..).and_then(<[u8]>::first_chunk::<PIECE>);
        if let (Some(window), Some(key_piece), Some(piece), true) =
            (window, key_piece, piece, length <= PIECE)
        {
            // A key is no longer than two pieces.
            let behind_key = (key.length - self.skip + QUOTE).min(2 * PIECE);
            match key_piece.first_chunk::<{ PIECE / 2 }>() {
                Some(half) if key.length < PIECE / 2 => put(window, 0, half),
                _ => put(window, 0, key_piece),
            }
            put(window, behind_key, piece);
            self.at += behind_key + length;
            self.skip = 1;
        } else {
            self.key(key);
            self.at += QUOTE;
            self.long(value.of(line));
        }
    }

    /// Writes a key and null.
    #[inline(always)]
    pub(super) fn null(&mut self, key: &Key) {
        self.key(key);
        self.put(b"null    ");
        self.at += "null".len();
    }

    /// Writes a key and a value of JSON.
    #[inline(always)]
    pub(super) fn json(&mut self, key: &Key, value: &[u8]) {
        self.key(key);
        self.long(value);
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
        put(self.room, self.at, piece);
    }

    /// Writes bytes behind which there may be no more.
    #[inline(always)]
    fn long(&mut self, bytes: &[u8]) {
        copy(self.room, self.at, bytes);
        self.at += bytes.len();
    }
}

#[inline(always)]
fn put<const N: usize>(room: &mut [u8], at: usize, piece: &[u8; N]) {
    if let Some(room) = room.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *room = *piece;
    }
}

/// A function of its own that knows nothing of [`Pieces`], so that those stay in registers.
#[inline(never)]
fn copy(room: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(room) = room.get_mut(at..at + bytes.len()) {
        room.copy_from_slice(bytes);
    }
}
