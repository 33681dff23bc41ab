//! The widest instructions that this processor has, found when the program runs.
//!
//! A build for all processors of a kind may only use what the oldest of them has. What is worth more
//! is compiled several times, and the best that can run is taken: by hand for the pass that finds a
//! line's delimiters ([`find`]), and by the compiler alone for code that is given to [`run`].

#[cfg(target_arch = "x86_64")]
mod x86;

use crate::read::Find;

/// The best way to find the delimiters of a line; `None` when there is none better than plain code.
pub(crate) fn find() -> Option<Find> {
    all_finds().into_iter().next()
}

/// All ways of this module to find the delimiters of a line that this processor has, the best first.
pub(crate) fn all_finds() -> Vec<Find> {
    #[cfg(target_arch = "x86_64")]
    return x86::finds().into_iter().flatten().collect();
    #[cfg(not(target_arch = "x86_64"))]
    return Vec::new();
}

/// Work that is worth compiling for several processors. Its parts are to be `inline(always)`, or they
/// are compiled once, for all.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// Does the work.
    fn run(self) -> Self::Output;
}

/// Does `work`, compiled for this processor.
#[inline(always)]
pub(crate) fn run<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    return x86::run(work);
    #[cfg(not(target_arch = "x86_64"))]
    return work.run();
}
