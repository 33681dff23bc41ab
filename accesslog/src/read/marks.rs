//! Where the delimiters of a line stand, found in one pass over blocks of bytes.
//!
//! The pass is written once, in [`scan`], over what is known of 64 bytes at a time. What is known of
//! them comes from the widest instructions that the processor has, chosen when the program runs:
//! AVX-512 or AVX2 by hand in [`crate::simd`], else SSE2, NEON or plain code by way of the `wide` crate.

use wide::u8x64;

use crate::simd;

/// How many bytes are looked at at a time.
pub(crate) const BLOCK: usize = 64;

/// Working memory for more offsets than this is not kept.
const KEPT: usize = 1 << 16;

/// The spaces and pins of a line, and what else the fast pass wants to know of its bytes.
#[derive(Debug, Clone)]
pub(super) struct Marks {
    find: Find,
    offsets: Offsets,
    seen: Seen,
}

/// A way to look at a line: notes its marks.
pub(crate) type Find = fn(line: &[u8], pin: Pin, marks: &mut Offsets) -> Seen;

/// What is looked for: spaces, and a byte of choice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pin {
    pub(crate) byte: u8,
    /// All ones where there is a pin, and zero where there is none.
    mask: u64,
    /// All ones where spaces are marks.
    spaces: u64,
}

/// What a line holds besides its marks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
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

impl Default for Marks {
    fn default() -> Self {
        Self::with(simd::find().unwrap_or(portable))
    }
}

impl Marks {
    fn with(find: Find) -> Self {
        Self { find, offsets: Offsets::default(), seen: Seen::default() }
    }

    /// Looks at a line for spaces and pins; gives how many pins there are.
    #[inline]
    pub(super) fn find(&mut self, line: &[u8], pin: Option<u8>) -> usize {
        let none = Pin { byte: b' ', mask: 0, spaces: u64::MAX };
        let pin = pin.map_or(none, |byte| Pin { byte, mask: u64::MAX, ..none });
        self.offsets.clear();
        self.seen = (self.find)(line, pin, &mut self.offsets);
        self.seen.pins
    }

    /// Looks at a line for double quotes alone; whether it has no other byte to escape.
    pub(super) fn find_quotes(&mut self, line: &[u8]) -> bool {
        let pin = Pin { byte: b'"', mask: u64::MAX, spaces: 0 };
        self.offsets.clear();
        self.seen = (self.find)(line, pin, &mut self.offsets);
        !self.has_escapes()
    }

    /// Offsets of all marks, ascending: spaces and pins, or quotes.
    pub(super) fn offsets(&self) -> &[u32] {
        self.offsets.as_slice()
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

    /// Room for the offsets of one more block.
    #[inline(always)]
    pub(crate) fn block(&mut self) -> &mut [u32; BLOCK] {
        if self.room.len() < self.count + BLOCK {
            self.room.resize(2 * self.count + 4 * BLOCK, 0);
        }
        let room = self.room.get_mut(self.count..).and_then(<[u32]>::first_chunk_mut);
        room.unwrap_or_else(|| unreachable!("room was made"))
    }

    /// Adds the places of the bits that are set, eight at a time: mostly there are fewer, and one
    /// way through the code is cheaper than a right guess for each bit.
    #[inline(always)]
    pub(crate) fn push(&mut self, mut bits: u64, base: u32) {
        let count = bits.count_ones() as usize;
        for places in self.block().chunks_exact_mut(8) {
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

/// The pass over a line: `masks` tells of a block, and `push` notes the places of bits.
#[inline(always)]
pub(crate) fn scan(
    line: &[u8],
    pin: Pin,
    marks: &mut Offsets,
    masks: impl Fn(&[u8; BLOCK]) -> Masks,
    push: impl Fn(&mut Offsets, u64, u32),
) -> Seen {
    let mut seen = Seen::default();
    let mut base = 0;
    while base < line.len() {
        let rest = line.get(base..).unwrap_or_default();
        let found = match (rest.first_chunk(), line.last_chunk()) {
            (Some(block), _) => masks(block),
            // The last block overlaps the one before: what was seen is shifted out.
            (None, Some(last)) => masks(last).without(BLOCK - rest.len()),
            (None, None) => masks(&padded(rest)).up_to(rest.len()),
        };
        let pins = found.pins & pin.mask;
        seen.pins += pins.count_ones() as usize;
        seen.controls |= found.controls & !pins;
        seen.escapes |= found.escapes & !pins;
        // Lines of 4 GiB are not read.
        push(marks, (found.spaces & pin.spaces) | pins, base as u32);
        base += BLOCK;
    }
    seen
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

/// [`Find`] with what every processor of the target has.
fn portable(line: &[u8], pin: Pin, marks: &mut Offsets) -> Seen {
    let masks = |block: &[u8; BLOCK]| portable_masks(block, pin.byte);
    scan(line, pin, marks, masks, |marks, bits, base| marks.push(bits, base))
}

#[inline(always)]
fn portable_masks(block: &[u8; BLOCK], pin: u8) -> Masks {
    let bytes = u8x64::new(*block);
    let is = |byte: u8| bytes.simd_eq(u8x64::splat(byte));
    let control = bytes.min(u8x64::splat(0x1f)).simd_eq(bytes);
    let escape = control | bytes | is(b'"') | is(b'\\');
    Masks {
        spaces: is(b' ').to_bitmask(),
        pins: is(pin).to_bitmask(),
        controls: control.to_bitmask(),
        // The highest bit of each byte counts.
        escapes: escape.to_bitmask(),
    }
}

#[cfg(test)]
mod tests;
