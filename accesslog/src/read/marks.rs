//! Where the delimiters of a line stand, found in one pass over blocks of bytes.
//!
//! What is known of 64 bytes at a time comes from the widest instructions that the processor has; see
//! [`crate::simd`].

use crate::simd::{self, Level, Work};

/// How many bytes are looked at at a time.
pub(crate) const BLOCK: usize = 64;

/// Working memory for more offsets than this is not kept.
const KEPT: usize = 1 << 16;

/// The spaces and pins of a line, and what else the fast pass wants to know of its bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    offsets: Offsets,
    seen: Seen,
    /// Which of the first 64 marks are pins, the first one in the lowest bit, where the level can tell.
    order: u64,
    /// How long the line is; `None` where a text was looked through that has no end of a line.
    length: Option<usize>,
}

/// What is looked for: spaces, and a byte of choice.
#[derive(Debug, Clone, Copy)]
struct Pin {
    byte: u8,
    /// All ones where there is a pin, and zero where there is none.
    mask: u64,
    /// All ones where spaces are marks.
    spaces: u64,
}

/// What a line holds besides its marks.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    pins: usize,
    /// Not zero where there are control characters beside the pins.
    controls: u64,
    /// Not zero where there are bytes to escape beside the pins.
    escapes: u64,
}

/// The bytes of interest in a block, one bit a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Masks {
    pub(crate) spaces: u64,
    pub(crate) pins: u64,
    pub(crate) controls: u64,
    /// Controls, bytes of more than 7 bits, double quotes and backslashes.
    pub(crate) escapes: u64,
}

/// Offsets into a line, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offsets {
    /// Room, filled up to `count`. What stands behind is of no meaning.
    room: Vec<u32>,
    pub(crate) count: usize,
}

impl Marks {
    /// Looks at a line for spaces and pins; gives how many pins there are. `FIRST` says that it is the line
    /// that a text begins with, up to its newline; where there is none, [`Self::length`] says so.
    #[inline(always)]
    pub(super) fn find_on<L: Level, const FIRST: bool>(
        &mut self,
        level: L,
        text: &[u8],
        pin: Option<u8>,
    ) -> usize {
        self.scan::<L, FIRST>(level, text, Pin::beside_spaces(pin));
        self.seen.pins
    }

    /// [`Self::find_on`] the best level.
    pub(super) fn find(&mut self, line: &[u8], pin: Option<u8>) {
        simd::run(Finding { marks: self, line, pin });
    }

    /// Looks at a line for double quotes alone; whether it has no other byte to escape.
    #[inline(always)]
    pub(super) fn find_quotes_on<L: Level>(&mut self, level: L, line: &[u8]) -> bool {
        self.scan::<L, false>(level, line, Pin { byte: b'"', mask: u64::MAX, spaces: 0 });
        !self.has_escapes()
    }

    /// Looks through a line, or through a text up to the first newline.
    #[inline(always)]
    fn scan<L: Level, const FIRST: bool>(&mut self, level: L, text: &[u8], pin: Pin) {
        self.offsets.clear();
        let mut seen = Seen::default();
        let mut order = 0;
        let mut base = 0;
        self.length = (!FIRST).then_some(text.len());
        while base < text.len() {
            let rest = text.get(base..).unwrap_or_default();
            let mut found = match (rest.first_chunk(), text.last_chunk()) {
                (Some(block), _) => level.masks(block, pin.byte),
                // The last block overlaps the one before: what was seen is shifted out.
                (None, Some(last)) => level.masks(last, pin.byte).without(BLOCK - rest.len()),
                (None, None) => level.masks(&padded(rest), pin.byte).up_to(rest.len()),
            };
            let newline = if FIRST { first_newline(found.controls, rest) } else { None };
            if let Some(at) = newline {
                found = found.up_to(at);
                self.length = Some(base + at);
            }
            let pins = found.pins & pin.mask;
            seen.pins += pins.count_ones() as usize;
            seen.controls |= found.controls & !pins;
            seen.escapes |= found.escapes & !pins;
            let marks = (found.spaces & pin.spaces) | pins;
            order |= level.among(pins, marks).unbounded_shl(self.offsets.count as u32);
            // Lines of 4 GiB are not read.
            level.push(&mut self.offsets, marks, base as u32);
            if newline.is_some() {
                break;
            }
            base += BLOCK;
        }
        self.seen = seen;
        self.order = order;
    }

    /// How long the line is that was looked through.
    pub(super) fn length(&self) -> Option<usize> {
        self.length
    }

    /// Offsets of all marks, ascending: spaces and pins, or quotes.
    pub(super) fn offsets(&self) -> &[u32] {
        self.offsets.as_slice()
    }

    /// Which of the marks are pins, the first one in the lowest bit; `None` where that is not known.
    #[inline(always)]
    pub(super) fn order<L: Level>(&self) -> Option<u64> {
        (L::HAS_AMONG && self.offsets.count <= 64).then_some(self.order)
    }

    /// Whether there are control characters beside the pins.
    pub(super) fn has_controls(&self) -> bool {
        self.seen.controls != 0
    }

    /// Whether there are bytes beside the pins that a JSON string cannot hold as they are, or that
    /// are not ASCII.
    pub(super) fn has_escapes(&self) -> bool {
        self.seen.escapes != 0
    }
}

impl Offsets {
    fn as_slice(&self) -> &[u32] {
        self.room.get(..self.count).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.count = 0;
        if self.room.len() > KEPT {
            self.room = Vec::new();
        }
    }

    /// Room for the offsets of one more block; there always is some.
    #[inline(always)]
    pub(crate) fn block(&mut self) -> Option<&mut [u32; BLOCK]> {
        if self.room.len() < self.count + BLOCK {
            self.grow();
        }
        self.room.get_mut(self.count..).and_then(<[u32]>::first_chunk_mut)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.room.resize(2 * self.count + 4 * BLOCK, 0);
    }

    /// Adds the places of the bits that are set, eight at a time: mostly there are fewer, and one
    /// way through the code is cheaper than a right guess for each bit.
    #[inline(always)]
    pub(crate) fn push(&mut self, mut bits: u64, base: u32) {
        let count = bits.count_ones() as usize;
        let Some(room) = self.block() else { return };
        for places in room.chunks_exact_mut(8) {
            for place in places {
                *place = base.wrapping_add(bits.trailing_zeros());
                bits &= bits.wrapping_sub(1);
            }
            if bits == 0 {
                break;
            }
        }
        self.count += count;
    }
}

impl Pin {
    #[inline(always)]
    fn beside_spaces(pin: Option<u8>) -> Self {
        let none = Self { byte: b' ', mask: 0, spaces: u64::MAX };
        pin.map_or(none, |byte| Self { byte, mask: u64::MAX, ..none })
    }
}

/// The first newline of a block, given its control characters.
#[inline(always)]
fn first_newline(mut controls: u64, block: &[u8]) -> Option<usize> {
    while controls != 0 {
        let at = controls.trailing_zeros() as usize;
        if block.get(at) == Some(&b'\n') {
            return Some(at);
        }
        controls &= controls - 1;
    }
    None
}

/// Looking for the marks of a line.
struct Finding<'a> {
    marks: &'a mut Marks,
    line: &'a [u8],
    pin: Option<u8>,
}

impl Work for Finding<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, level: L) {
        self.marks.find_on::<L, false>(level, self.line, self.pin);
    }
}

/// A line that is shorter than a block, as one.
fn padded(line: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block.iter_mut().zip(line).for_each(|(to, byte)| *to = *byte);
    block
}

impl Masks {
    #[inline(always)]
    fn map(self, of: impl Fn(u64) -> u64) -> Self {
        Self {
            spaces: of(self.spaces),
            pins: of(self.pins),
            controls: of(self.controls),
            escapes: of(self.escapes),
        }
    }

    /// What is behind the first `count` bytes, less than a block.
    #[inline(always)]
    fn without(self, count: usize) -> Self {
        self.map(|mask| mask >> count)
    }

    /// What is in the first `count` bytes, less than a block.
    #[inline(always)]
    fn up_to(self, count: usize) -> Self {
        self.map(|mask| mask & ((1 << count) - 1))
    }
}

#[cfg(test)]
mod tests;
