//! The widest instructions that this processor has, found when the program runs.
//!
//! A build for all processors of a kind may only use what the oldest of them has. Code that is worth
//! more is a [`Work`]: it is compiled once for each [`Level`], and the best that can run is taken.

#[cfg(target_arch = "x86_64")]
mod x86;

use wide::u8x64;

use crate::read::{BLOCK, Masks, Offsets};

/// What a processor can do with blocks of bytes. That there is a value of a level says that the
/// processor has it.
pub(crate) trait Level: Copy {
    /// Where the bytes of interest stand in a block.
    fn masks(self, block: &[u8; BLOCK], pin: u8) -> Masks;

    /// Notes the places of the bits that are set, counted from `base`.
    #[inline(always)]
    fn push(self, offsets: &mut Offsets, bits: u64, base: u32) {
        offsets.push(bits, base);
    }

    /// Whether [`Self::among`] is quick.
    const HAS_AMONG: bool = false;

    /// Which of the bits that are set in `all` are set in `some`, the lowest first; zero where that is
    /// not quick.
    #[inline(always)]
    fn among(self, _some: u64, _all: u64) -> u64 {
        0
    }
}

/// Work that is compiled for each level. What it calls is to be `inline(always)`, or is compiled once,
/// for all.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// Does the work.
    fn run<L: Level>(self, level: L) -> Self::Output;
}

/// Does `work` in the way that suits this processor best.
#[inline(always)]
pub(crate) fn run<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::run(work);
    #[cfg(not(target_arch = "x86_64"))]
    return work.run(Portable);
}

/// The levels of instructions, the least first.
#[cfg(feature = "twins")]
pub(crate) const LEVELS: [u8; 3] = [1, 2, 3];
/// The least of them.
#[cfg(feature = "twins")]
pub(crate) const LEAST: u8 = 1;

/// Does `work` with no more than a level, or with less where the processor has less. What other
/// threads do meanwhile may be done so too.
#[cfg(feature = "twins")]
pub(crate) fn at_most<R>(level: u8, work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    x86::limit(level);
    let done = work();
    #[cfg(target_arch = "x86_64")]
    x86::limit(u8::MAX);
    done
}

/// What all processors of the target can do: SSE2, NEON or plain code, by way of the `wide` crate.
#[derive(Debug, Clone, Copy)]
struct Portable;

impl Level for Portable {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], pin: u8) -> Masks {
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
}

/// What comes of a work on every level that this processor has.
#[cfg(test)]
pub(crate) fn run_on_each<W: Work>(mut work: impl FnMut() -> W) -> Vec<W::Output> {
    let mut all = vec![work().run(Portable)];
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::run_on_each(work));
    all
}
