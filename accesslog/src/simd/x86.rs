//! The pass over a line with AVX-512 or AVX2.
//!
//! The only `unsafe` of this crate. It is of two kinds, and each place names its proof:
//!
//! - a function for a certain processor is called where that processor was found to be there;
//! - 64 bytes, or 16 numbers, are moved between memory and a register by a reference to just as
//!   many, so that nothing outside of it is touched. The instructions ask for no alignment.
//!
//! What the functions give is held to code that goes byte by byte, by a property test and by a fuzz
//! target that runs whole lines through each of them.

#![allow(
    unsafe_code,
    reason = "a pass with these instructions costs a third; see docs/performance.md"
)]

use std::arch::x86_64::{
    __m256i, __m512i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm512_add_epi32, _mm512_castsi512_si128,
    _mm512_cmpeq_epi8_mask, _mm512_cmplt_epu8_mask, _mm512_cvtepu8_epi32, _mm512_loadu_si512,
    _mm512_maskz_compress_epi8, _mm512_movepi8_mask, _mm512_set1_epi8, _mm512_set1_epi32,
    _mm512_storeu_si512,
};

use std::sync::atomic::{AtomicU8, Ordering};

use super::Work;
use crate::read::{BLOCK, Find, Masks, Offsets, Pin, Seen, scan};

/// The ways to find the delimiters of a line that this processor has, the best first.
pub(super) fn finds() -> [Option<Find>; 2] {
    // SAFETY: the processor has all that the function was compiled for, as was just asked.
    let find_avx512: Find = |line, pin, marks| unsafe { with_avx512(line, pin, marks) };
    // SAFETY: as above.
    let find_avx2: Find = |line, pin, marks| unsafe { with_avx2(line, pin, marks) };
    let level = level();
    [(level >= AVX512).then_some(find_avx512), (level >= AVX2).then_some(find_avx2)]
}

/// Does `work`, compiled for this processor.
#[inline(always)]
pub(super) fn run<W: Work>(work: W) -> W::Output {
    match level() {
        // SAFETY: the processor has all that the function was compiled for.
        AVX512 => unsafe { run_avx512(work) },
        // SAFETY: as above.
        AVX2 => unsafe { run_avx2(work) },
        _ => work.run(),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx512<W: Work>(work: W) -> W::Output {
    work.run()
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

/// The levels of processors that are told apart; a higher one has all of a lower one.
const PLAIN: u8 = 1;
const AVX2: u8 = 2;
const AVX512: u8 = 3;

/// The level of this processor.
#[inline(always)]
fn level() -> u8 {
    static LEVEL: AtomicU8 = AtomicU8::new(0);
    match LEVEL.load(Ordering::Relaxed) {
        0 => {
            let level = detect();
            LEVEL.store(level, Ordering::Relaxed);
            level
        }
        level => level,
    }
}

#[cold]
fn detect() -> u8 {
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
        (false, _) => PLAIN,
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn with_avx512(line: &[u8], pin: Pin, marks: &mut Offsets) -> Seen {
    let is = |bytes: __m512i, byte: u8| {
        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()))
    };
    let masks = |block: &[u8; BLOCK]| {
        // SAFETY: the block has the 64 bytes that are read.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let controls = _mm512_cmplt_epu8_mask(bytes, _mm512_set1_epi8(0x20));
        let high = _mm512_movepi8_mask(bytes);
        Masks {
            spaces: is(bytes, b' '),
            pins: is(bytes, pin.byte),
            controls,
            escapes: controls | high | is(bytes, b'"') | is(bytes, b'\\'),
        }
    };
    let places: [u8; BLOCK] = std::array::from_fn(|at| at as u8);
    // SAFETY: there are the 64 bytes that are read.
    let places = unsafe { _mm512_loadu_si512(places.as_ptr().cast()) };
    let push = |offsets: &mut Offsets, bits: u64, base: u32| {
        if bits.count_ones() > 16 {
            return offsets.push(bits, base);
        }
        let set = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, places));
        let base = _mm512_set1_epi32(base.cast_signed());
        let set = _mm512_add_epi32(_mm512_cvtepu8_epi32(set), base);
        let (room, _) = offsets.block().split_at_mut(16);
        // SAFETY: the room has the 16 numbers that are written.
        unsafe { _mm512_storeu_si512(room.as_mut_ptr().cast(), set) };
        offsets.count += bits.count_ones() as usize;
    };
    scan(line, pin, marks, masks, push)
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn with_avx2(line: &[u8], pin: Pin, marks: &mut Offsets) -> Seen {
    let mask = |half: __m256i| u64::from(_mm256_movemask_epi8(half).cast_unsigned());
    let half = |bytes: __m256i| {
        let is = |byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte.cast_signed()));
        let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, _mm256_set1_epi8(0x1f)), bytes);
        let escape = _mm256_or_si256(is(b'"'), is(b'\\'));
        // The highest bit of each byte counts.
        let escape = _mm256_or_si256(_mm256_or_si256(escape, control), bytes);
        Masks {
            spaces: mask(is(b' ')),
            pins: mask(is(pin.byte)),
            controls: mask(control),
            escapes: mask(escape),
        }
    };
    let masks = |block: &[u8; BLOCK]| {
        let (low, high) = block.split_at(BLOCK / 2);
        // SAFETY: each half has the 32 bytes that are read.
        let [low, high] =
            [low, high].map(|bytes| half(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }));
        Masks {
            spaces: low.spaces | high.spaces << 32,
            pins: low.pins | high.pins << 32,
            controls: low.controls | high.controls << 32,
            escapes: low.escapes | high.escapes << 32,
        }
    };
    scan(line, pin, marks, masks, |marks, bits, base| marks.push(bits, base))
}
