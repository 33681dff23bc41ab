//! Where the delimiters of a line stand, found in one pass over blocks of bytes.

use wide::u8x64;

/// How many bytes are looked at at a time.
const BLOCK: usize = 64;

/// The spaces and pins of a line, and what else the fast pass wants to know of its bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    /// Offsets of all spaces and pins, ascending.
    pub(super) offsets: Vec<u32>,
    /// Offsets of the pins, ascending.
    pub(super) pins: Vec<u32>,
    /// Whether there are control characters beside the pins.
    pub(super) has_controls: bool,
    /// Whether there are bytes beside the pins that a JSON string cannot hold as they are, or that
    /// are not ASCII.
    pub(super) has_escapes: bool,
}

/// The bytes of interest in a block, one bit a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Masks {
    marks: u64,
    pins: u64,
    controls: u64,
    escapes: u64,
}

impl Masks {
    fn of(block: [u8; BLOCK], pin: Option<u8>) -> Self {
        let bytes = u8x64::new(block);
        let is = |byte: u8| bytes.simd_eq(u8x64::splat(byte)).to_bitmask();
        let controls = bytes.min(u8x64::splat(0x1f)).simd_eq(bytes).to_bitmask();
        let high = bytes.to_bitmask();
        let pins = pin.map_or(0, is);
        Self {
            marks: is(b' ') | pins,
            pins,
            controls,
            escapes: controls | high | is(b'"') | is(b'\\'),
        }
    }
}

impl Marks {
    /// Looks at a line. Gives up, with false, at more than `most` pins.
    pub(super) fn find(&mut self, line: &[u8], pin: Option<u8>, most: usize) -> bool {
        self.offsets.clear();
        self.pins.clear();
        (self.has_controls, self.has_escapes) = (false, false);
        let (blocks, rest) = line.as_chunks::<BLOCK>();
        let mut base = 0;
        for block in blocks {
            self.push(Masks::of(*block, pin), base);
            base += BLOCK as u32;
            if self.pins.len() > most {
                return false;
            }
        }
        // No byte of the padding is of interest: letters are no pins.
        let mut last = [b'a'; BLOCK];
        if let Some(start) = last.get_mut(..rest.len()) {
            start.copy_from_slice(rest);
        }
        self.push(Masks::of(last, pin), base);
        true
    }

    fn push(&mut self, masks: Masks, base: u32) {
        self.has_controls |= masks.controls & !masks.pins != 0;
        self.has_escapes |= masks.escapes & !masks.pins != 0;
        push_bits(masks.marks, base, &mut self.offsets);
        push_bits(masks.pins, base, &mut self.pins);
    }
}

/// Appends the places of the bits that are set.
fn push_bits(mut bits: u64, base: u32, offsets: &mut Vec<u32>) {
    while bits != 0 {
        offsets.push(base + bits.trailing_zeros());
        bits &= bits - 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`Masks::of`] says, byte by byte.
    fn masks_one_by_one(block: [u8; BLOCK], pin: Option<u8>) -> Masks {
        let mask = |is: &dyn Fn(u8) -> bool| {
            let bits = block.iter().enumerate().map(|(at, &byte)| u64::from(is(byte)) << at);
            bits.fold(0, |mask, bit| mask | bit)
        };
        Masks {
            marks: mask(&|byte| byte == b' ' || Some(byte) == pin),
            pins: mask(&|byte| Some(byte) == pin),
            controls: mask(&|byte| byte < 0x20),
            escapes: mask(&|byte| !(0x20..0x80).contains(&byte) || byte == b'"' || byte == b'\\'),
        }
    }

    #[test]
    fn every_byte_is_classed() {
        for first in (0..=255).step_by(BLOCK) {
            let block = std::array::from_fn(|at| u8::try_from(first + at).unwrap());
            for pin in [None, Some(b'"'), Some(b'\t'), Some(b' '), Some(0xff)] {
                assert_eq!(Masks::of(block, pin), masks_one_by_one(block, pin), "{first} {pin:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn marks_are_found_across_blocks(line in "[ \"a|\\\\\t\u{e9}]{0,200}", pin in "[\"|\t]") {
            let (line, pin) = (line.as_bytes(), pin.as_bytes()[0]);
            let mut marks = Marks::default();
            prop_assert!(marks.find(line, Some(pin), usize::MAX));
            let of = |is: &dyn Fn(u8) -> bool| -> Vec<u32> {
                (0u32..).zip(line).filter(|(_, byte)| is(**byte)).map(|(at, _)| at).collect()
            };
            prop_assert_eq!(&marks.offsets, &of(&|byte| byte == b' ' || byte == pin));
            prop_assert_eq!(&marks.pins, &of(&|byte| byte == pin));
            prop_assert_eq!(marks.has_controls, !of(&|byte| byte < 0x20 && byte != pin).is_empty());
            let escapes = of(&|byte| !(0x20..0x80).contains(&byte) || b"\"\\".contains(&byte));
            let stray = escapes.iter().any(|at| !marks.pins.contains(at));
            prop_assert_eq!(marks.has_escapes, stray);
        }
    }
}
