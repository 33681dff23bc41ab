//! AVX-512 and AVX2.
//!
//! The `unsafe` here is of two kinds, and each place names its proof:
//!
//! - a function for a certain processor is called where that processor was found to be there;
//! - 64 bytes, or 16 numbers, are moved between memory and a register by a reference to just as
//!   many, so that nothing outside of it is touched. The instructions ask for no alignment.
//!
//! What the functions give is held to code that goes byte by byte, by property tests and by a fuzz
//! target that runs whole lines through each level.

#![allow(unsafe_code, reason = "wide instructions take a quarter off; see docs/performance.md")]

use std::arch::x86_64::{
    __m128i, __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm512_add_epi32, _mm512_castsi512_si128,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi32,
    _mm512_extracti32x4_epi32, _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_movepi8_mask,
    _mm512_set1_epi8, _mm512_set1_epi32, _mm512_storeu_si512, _pext_u64,
};
use std::sync::atomic::{AtomicU8, Ordering};

use super::{Level, Portable, Work};
use crate::read::{BLOCK, Masks, Offsets};

/// Does `work` in the way that suits this processor best.
#[inline(always)]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    match found() {
        // SAFETY: the processor has all that the function is compiled for.
        AVX512 => unsafe { run_avx512(work) },
        // SAFETY: as above.
        AVX2 => unsafe { run_avx2(work) },
        _ => work.run(Portable),
    }
}

/// What comes of a work on each level of this module that this processor has.
#[cfg(test)]
pub(super) fn run_on_each<W: Work>(mut work: impl FnMut() -> W) -> Vec<W::Output> {
    let mut all = Vec::new();
    if found() >= AVX512 {
        // SAFETY: the processor has all that the function is compiled for.
        all.push(unsafe { run_avx512(work()) });
    }
    if found() >= AVX2 {
        // SAFETY: as above.
        all.push(unsafe { run_avx2(work()) });
    }
    all
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512<W: Work>(work: W) -> W::Output {
    work.run(Avx512(()))
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<W: Work>(work: W) -> W::Output {
    work.run(Avx2(()))
}

/// What can be found; a greater one has all of a smaller one.
const NEITHER: u8 = 1;
const AVX2: u8 = 2;
const AVX512: u8 = 3;

/// What was found, and zero before.
static FOUND: AtomicU8 = AtomicU8::new(0);

/// Uses no more than this, or what there is if that is less.
#[cfg(feature = "twins")]
pub(super) fn limit(most: u8) {
    FOUND.store(find().min(most), Ordering::Relaxed);
}

/// What this processor has.
#[inline(always)]
fn found() -> u8 {
    match FOUND.load(Ordering::Relaxed) {
        0 => {
            let found = find();
            FOUND.store(found, Ordering::Relaxed);
            found
        }
        found => found,
    }
}

#[cold]
fn find() -> u8 {
    let avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi2");
    match (avx2, avx512) {
        (true, true) => AVX512,
        (true, false) => AVX2,
        (false, _) => NEITHER,
    }
}

/// A processor with AVX-512. Made in [`run_avx512`] alone.
#[derive(Clone, Copy)]
struct Avx512(());

/// A processor with AVX2. Made in [`run_avx2`] alone.
#[derive(Clone, Copy)]
struct Avx2(());

impl Level for Avx512 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], pin: u8) -> Masks {
        // SAFETY: there is such a level only where the processor has it.
        unsafe { masks_avx512(block, pin) }
    }

    #[inline(always)]
    fn push(self, offsets: &mut Offsets, bits: u64, base: u32) {
        let count = bits.count_ones() as usize;
        if count > 32 {
            return offsets.push(bits, base);
        }
        let Some(room) = offsets.block() else { return };
        // SAFETY: the processor has these instructions, as above. What is read and written is as long
        // as what is referred to: 64 bytes, and twice 16 numbers of a block's 64.
        unsafe {
            let set = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(NUMBERS.as_ptr().cast()));
            let base = _mm512_set1_epi32(base.cast_signed());
            let store = |room: &mut [u32; 16], places: __m128i| {
                let places = _mm512_add_epi32(_mm512_cvtepu8_epi32(places), base);
                _mm512_storeu_si512(room.as_mut_ptr().cast(), places);
            };
            let ([first, second, ..], _) = room.as_chunks_mut::<16>() else { return };
            store(first, _mm512_castsi512_si128(set));
            if count > 16 {
                store(second, _mm512_extracti32x4_epi32::<1>(set));
            }
        }
        offsets.count += count;
    }

    const HAS_AMONG: bool = true;

    #[inline(always)]
    fn among(self, some: u64, all: u64) -> u64 {
        // SAFETY: the processor has this instruction, as above.
        unsafe { _pext_u64(some, all) }
    }
}

/// Without [`Level::among`]: there are processors with AVX2 on which the instruction for it takes hundreds
/// of cycles.
impl Level for Avx2 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK], pin: u8) -> Masks {
        // SAFETY: there is such a level only where the processor has it.
        unsafe { masks_avx2(block, pin) }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn masks_avx512(block: &[u8; BLOCK], pin: u8) -> Masks {
    // SAFETY: the block has the 64 bytes that are read.
    let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
    let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()));
    let controls = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20));
    let high = _mm512_movepi8_mask(bytes);
    Masks {
        spaces: is(b' '),
        pins: is(pin),
        controls,
        escapes: controls | high | is(b'"') | is(b'\\'),
    }
}

/// The numbers of the bytes of a block.
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut at = 0;
    while at < BLOCK {
        numbers[at] = at as u8;
        at += 1;
    }
    numbers
};

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn masks_avx2(block: &[u8; BLOCK], pin: u8) -> Masks {
    let (low, high) = block.split_at(BLOCK / 2);
    // SAFETY: each half has the 32 bytes that are read.
    let [low, high] =
        [low, high].map(|half| unsafe { _mm256_loadu_si256(half.as_ptr().cast::<__m256i>()) });
    let (low, high) = (half_avx2(low, pin), half_avx2(high, pin));
    Masks {
        spaces: low.spaces | high.spaces << 32,
        pins: low.pins | high.pins << 32,
        controls: low.controls | high.controls << 32,
        escapes: low.escapes | high.escapes << 32,
    }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn half_avx2(bytes: __m256i, pin: u8) -> Masks {
    let mask = |found: __m256i| u64::from(_mm256_movemask_epi8(found).cast_unsigned());
    let is = |byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()));
    let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
    let escape = _mm256_or_si256(is(b'"'), is(b'\\'));
    // The highest bit of each byte counts.
    let escape = _mm256_or_si256(_mm256_or_si256(escape, control), bytes);
    Masks {
        spaces: mask(is(b' ')),
        pins: mask(is(pin)),
        controls: mask(control),
        escapes: mask(escape),
    }
}
