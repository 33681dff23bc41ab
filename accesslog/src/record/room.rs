//! Writing behind a vector in pieces of a fixed size, without filling the room with zeros first.
//!
//! Copying 64 bytes is one instruction or two, so a short text is copied with whatever stands behind it,
//! and what comes next overwrites that. Safe ways to do so write bytes that were set before, and setting
//! them took 7 % of the time of a record of Istio's format, from its line to JSON.
//!
//! Each step is proved where it stands. That what is written is right is held to value by value, by the
//! property test of this module and by the fuzz target `twins`.

#![allow(unsafe_code, reason = "see above")]

/// The room behind a vector, which is written from its front.
///
/// `start` is where the vector's bytes end, and `size` is no more than the capacity from there on. `at` is
/// no more than `size`, and all bytes before it have been written.
pub(super) struct Room<'v> {
    vector: &'v mut Vec<u8>,
    start: *mut u8,
    size: usize,
    at: usize,
    /// Whether something was left out, as it had no room.
    is_short: bool,
}

impl<'v> Room<'v> {
    /// Makes room for `size` bytes.
    #[inline(always)]
    pub(super) fn behind(vector: &'v mut Vec<u8>, size: usize) -> Self {
        vector.reserve(size);
        let start = vector.spare_capacity_mut().as_mut_ptr().cast();
        Self { vector, start, size, at: 0, is_short: false }
    }

    /// Makes what was written the vector's; nothing, if there was too little room for all of it. Whether
    /// there was enough.
    #[inline(always)]
    pub(super) fn end(self) -> bool {
        if !self.is_short {
            // SAFETY: nothing was done with the vector since `start` was its end. Up to `at` there is
            // capacity, and all of it has been written.
            unsafe { self.vector.set_len(self.vector.len() + self.at) };
        }
        !self.is_short
    }

    /// Writes the first `length` bytes of a piece; whatever the rest is, it will be overwritten.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, piece: &[u8; N], length: usize) {
        if self.size - self.at < N {
            self.is_short = true;
            return;
        }
        // SAFETY: from `at` on there are N bytes of capacity.
        unsafe { self.start.add(self.at).cast::<[u8; N]>().write_unaligned(*piece) };
        self.at += length.min(N);
    }

    /// Writes bytes behind which there may be no more.
    #[inline(always)]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.size - self.at < bytes.len() {
            self.is_short = true;
            return;
        }
        // SAFETY: from `at` on there is capacity for all of them, and what is borrowed is elsewhere, as
        // the vector is borrowed here.
        unsafe { self.start.add(self.at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.at += bytes.len();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A way of writing, with a length.
    #[derive(Debug, Clone)]
    enum Write {
        Put(usize),
        PutLess(usize),
        Extend(usize),
    }

    proptest! {
        /// What is written is what a vector would hold, or nothing.
        #[test]
        fn a_room_is_the_end_of_a_vector(
            before in 0_usize..3,
            size in 0_usize..2000,
            writes in proptest::collection::vec(
                prop_oneof![
                    (0_usize..70).prop_map(Write::Put),
                    (0_usize..40).prop_map(Write::PutLess),
                    (0_usize..100).prop_map(Write::Extend),
                ],
                0..40,
            ),
        ) {
            let mut vector = vec![b'!'; before];
            let mut expected = vector.clone();
            let (mut room, mut needed) = (Room::behind(&mut vector, size), 0);
            for (number, write) in writes.into_iter().enumerate() {
                let pieces = [number as u8; 100];
                let (length, most) = match write {
                    Write::Put(length) => (length.min(64), 64),
                    Write::PutLess(length) => (length.min(32), 32),
                    Write::Extend(length) => (length, length),
                };
                match write {
                    Write::Put(length) => room.put::<64>(pieces.first_chunk().unwrap(), length),
                    Write::PutLess(length) => room.put::<32>(pieces.first_chunk().unwrap(), length),
                    Write::Extend(length) => room.extend(&pieces[..length]),
                }
                needed = needed.max(expected.len() - before + most);
                expected.extend_from_slice(&pieces[..length]);
            }
            prop_assert_eq!(room.end(), needed <= size);
            expected.truncate(if needed <= size { expected.len() } else { before });
            prop_assert_eq!(vector, expected);
        }
    }
}
