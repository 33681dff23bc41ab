//! Sets of offsets into a line.

/// A set of offsets, one bit each.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Empties the set and makes room for offsets below `len`.
    pub(super) fn reset(&mut self, len: usize) {
        self.words.clear();
        self.words.resize(len.div_ceil(64), 0);
    }

    /// How many words the set takes; what one pass over it costs.
    pub(super) fn cost(&self) -> u64 {
        self.words.len() as u64
    }

    pub(super) fn insert(&mut self, at: usize) {
        if let Some(word) = self.words.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Adds all offsets from `low` to `high`, both included.
    pub(super) fn insert_range(&mut self, low: usize, high: usize) {
        let (first, last) = (low / 64, high / 64);
        for index in first..=last {
            let from = if index == first { u64::MAX << (low % 64) } else { u64::MAX };
            let to = if index == last { u64::MAX >> (63 - high % 64) } else { u64::MAX };
            if let Some(word) = self.words.get_mut(index) {
                *word |= from & to;
            }
        }
    }

    /// Takes out the offsets for which `is` holds, and gives how many were looked at.
    pub(super) fn remove_where(&mut self, is: impl Fn(usize) -> bool) -> u64 {
        let (mut from, mut looked) = (0, 0);
        while let Some(at) = self.next(from) {
            if let (true, Some(word)) = (is(at), self.words.get_mut(at / 64)) {
                *word &= !(1 << (at % 64));
            }
            (from, looked) = (at + 1, looked + 1);
        }
        looked
    }

    /// Keeps only what is in `other` too.
    pub(super) fn retain(&mut self, other: &Self) {
        for (word, mask) in self.words.iter_mut().zip(&other.words) {
            *word &= mask;
        }
    }

    /// Makes this set `other` with every offset moved up by `by`.
    pub(super) fn set_shifted_up(&mut self, other: &Self, by: usize) {
        let (words, bits) = (by / 64, by % 64);
        for index in (0..self.words.len()).rev() {
            let low = index.checked_sub(words).and_then(|at| other.words.get(at)).copied();
            let lower = index.checked_sub(words + 1).and_then(|at| other.words.get(at)).copied();
            let carried = if bits == 0 { 0 } else { lower.unwrap_or(0) >> (64 - bits) };
            if let Some(word) = self.words.get_mut(index) {
                *word = (low.unwrap_or(0) << bits) | carried;
            }
        }
    }

    /// Makes this set `other` with every offset moved down by `by`.
    pub(super) fn set_shifted_down(&mut self, other: &Self, by: usize) {
        let (words, bits) = (by / 64, by % 64);
        for (index, word) in self.words.iter_mut().enumerate() {
            let high = other.words.get(index + words).copied().unwrap_or(0);
            let higher = other.words.get(index + words + 1).copied().unwrap_or(0);
            let carried = if bits == 0 { 0 } else { higher << (64 - bits) };
            *word = (high >> bits) | carried;
        }
    }

    /// The smallest offset that is at least `from`.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let first = from / 64;
        let mask = u64::MAX << (from % 64);
        let rest = self.words.get(first..)?;
        for (index, word) in rest.iter().enumerate() {
            let word = if index == 0 { word & mask } else { *word };
            if word != 0 {
                return Some((first + index) * 64 + word.trailing_zeros() as usize);
            }
        }
        None
    }

    /// The largest offset.
    pub(super) fn last(&self) -> Option<usize> {
        let index = self.words.iter().rposition(|word| *word != 0)?;
        let word = self.words.get(index)?;
        Some(index * 64 + 63 - word.leading_zeros() as usize)
    }

    /// Whether there is exactly one offset.
    pub(super) fn is_single(&self) -> bool {
        let mut words = self.words.iter().filter(|word| **word != 0);
        words.next().is_some_and(|word| word.is_power_of_two()) && words.next().is_none()
    }

    /// The offsets in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let at = self.next(from)?;
            from = at + 1;
            Some(at)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(offsets: &[usize]) -> Bits {
        let mut bits = Bits::default();
        bits.reset(200);
        offsets.iter().for_each(|&at| bits.insert(at));
        bits
    }

    #[test]
    fn shifts_cross_words() {
        let from = bits(&[0, 1, 63, 64, 127, 130]);
        for by in [0, 1, 3, 63, 64, 65, 128] {
            let mut up = bits(&[]);
            up.set_shifted_up(&from, by);
            let expected: Vec<_> = from.iter().map(|at| at + by).filter(|&at| at < 256).collect();
            assert_eq!(up.iter().collect::<Vec<_>>(), expected, "up by {by}");
            let mut down = bits(&[]);
            down.set_shifted_down(&from, by);
            let expected: Vec<_> = from.iter().filter_map(|at| at.checked_sub(by)).collect();
            assert_eq!(down.iter().collect::<Vec<_>>(), expected, "down by {by}");
        }
    }

    #[test]
    fn ranges_and_ends() {
        let mut set = bits(&[]);
        set.insert_range(60, 130);
        assert_eq!(set.iter().collect::<Vec<_>>(), (60..=130).collect::<Vec<_>>());
        assert_eq!((set.next(0), set.next(131), set.last()), (Some(60), None, Some(130)));
        set.retain(&bits(&[5, 64, 130]));
        assert_eq!(set.iter().collect::<Vec<_>>(), [64, 130]);
        assert_eq!(bits(&[]).last(), None);
        assert_eq!(
            [bits(&[]), bits(&[70]), bits(&[1, 70])].map(|b| b.is_single()),
            [false, true, false]
        );
    }
}
