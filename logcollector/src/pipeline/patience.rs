//! Patience: when to try a short cut again that was in vain.

/// How often a short cut is to be left out. Where it was in vain several times in a row, it will be in vain
/// again, and trying costs as much as the work itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Patience {
    /// How many times it is still to be left out.
    left: u32,
    /// How often in a row it was in vain.
    vain: u32,
}

impl Patience {
    /// It is left out this many times at most, as a power of two.
    const MOST: u32 = 6;

    /// Whether the short cut is to be left out this time.
    pub(super) fn is_over(&mut self) -> bool {
        let over = self.left > 0;
        self.left = self.left.saturating_sub(1);
        over
    }

    /// Notes how it went.
    pub(super) fn note(&mut self, in_vain: bool) {
        self.vain = if in_vain { (self.vain + 1).min(Self::MOST) } else { 0 };
        self.left = (1 << self.vain) - 1;
    }

    /// No patience at all, for a test to compare with.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { left: u32::MAX, vain: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_left_out_longer_each_time() {
        let mut patience = Patience::default();
        let mut left_out = || {
            let count = std::iter::from_fn(|| patience.is_over().then_some(())).count();
            patience.note(true);
            count
        };
        let counts: Vec<usize> = (0..9).map(|_| left_out()).collect();
        assert_eq!(counts, [0, 1, 3, 7, 15, 31, 63, 63, 63]);
        patience.note(false);
        assert!(!patience.is_over());
    }
}
