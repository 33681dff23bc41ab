//! Pseudo-random numbers that stay the same for ever: SplitMix64.

/// A sequence of numbers that its seed decides.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A sequence with this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number; see <https://prng.di.unimi.it/splitmix64.c>.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// Whether a thing happens that happens `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A number whose logarithm is about uniform: many small ones, few of up to 2 to the `bits`.
    pub(crate) fn skewed(&mut self, bits: u64) -> u64 {
        let most = 1 << self.below(bits + 1);
        self.below(most)
    }

    /// One of the choices, each as likely as its weight says.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[(u64, T)]) -> Option<T> {
        let mut at = self.below(choices.iter().map(|(weight, _)| weight).sum());
        choices.iter().find_map(|&(weight, choice)| {
            let found = at < weight;
            at = at.saturating_sub(weight);
            found.then_some(choice)
        })
    }

    /// One of the choices, all as likely.
    pub(crate) fn choose<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let at = usize::try_from(self.below(choices.len() as u64)).unwrap_or_default();
        choices.get(at).copied().unwrap_or_default()
    }
}
