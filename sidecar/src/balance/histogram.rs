//! A histogram of milliseconds with few buckets, for quantiles.
//!
//! Up to 64 ms every value has a bucket of its own, and above there are 32 buckets for each power of
//! two, so that a quantile is off by 1/64 (1.6 %) at most. A histogram has at most 897 buckets, and
//! holds only those that were met.

/// How many buckets there are for each power of two, as a power of two itself.
const BITS: u32 = 5;

/// Longer times count as this one: 49 days.
const LONGEST: u64 = (1 << 32) - 1;

/// Counts of values.
#[derive(Debug, Clone, Default)]
pub(super) struct Histogram {
    /// Buckets with their counts, by bucket.
    counts: Vec<(u16, u64)>,
    total: u64,
}

impl Histogram {
    /// Counts a value.
    pub(super) fn add(&mut self, value: u64) {
        let bucket = bucket(value.min(LONGEST));
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => self.counts.get_mut(at).into_iter().for_each(|(_, count)| *count += 1),
            Err(at) => self.counts.insert(at, (bucket, 1)),
        }
        self.total += 1;
    }

    /// The value that so many percent of all are not above; `None` when there are none.
    pub(super) fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (self.total.checked_mul(percent)?).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = |(_, count): &&(u16, u64)| {
            seen += count;
            seen >= rank
        };
        self.counts.iter().find(reached).map(|(bucket, _)| middle(*bucket))
    }
}

/// The bucket of a value.
fn bucket(value: u64) -> u16 {
    let exponent = value.checked_ilog2().unwrap_or_default().saturating_sub(BITS);
    let bucket = u64::from(exponent << BITS) + (value >> exponent);
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// The value in the middle of a bucket.
fn middle(bucket: u16) -> u64 {
    let bucket = u32::from(bucket);
    let exponent = (bucket >> BITS).saturating_sub(1);
    let low = u64::from(bucket - (exponent << BITS)) << exponent;
    low + ((1 << exponent) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_off_by_a_64th_at_most() {
        for value in (0..5_000).chain([LONGEST / 3, LONGEST - 1, LONGEST]) {
            let shown = middle(bucket(value));
            assert!(shown.abs_diff(value) * 64 <= value, "{value} is shown as {shown}");
        }
        assert_eq!(bucket(LONGEST), 896 - 1);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_values() {
        for (label, values, expected) in [
            ("none", vec![], [None; 3]),
            ("one", vec![7], [Some(7); 3]),
            ("a hundred", (1..=100).collect(), [Some(50), Some(91), Some(99)]),
            ("mostly fast", [vec![3; 95], vec![40; 5]].concat(), [Some(3), Some(3), Some(40)]),
            ("endless", vec![u64::MAX], [Some(middle(bucket(LONGEST))); 3]),
        ] {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.add(*value));
            assert_eq!([50, 90, 99].map(|it| histogram.percentile(it)), expected, "{label}");
        }
    }
}
