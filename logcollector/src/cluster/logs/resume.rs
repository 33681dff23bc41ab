//! Where a log goes on after its stream was cut.
//!
//! The API takes a time in whole seconds, so the lines of the newest second come again. They are
//! skipped by comparing their times, one by one and in order, with those that were taken. Where the
//! log does not have them any more it was rotated meanwhile, and what stood between is not known.

use std::ops::Range;

/// Nanoseconds in a second.
const SECOND: i64 = 1_000_000_000;
/// How many lines of a second are compared one by one.
const MOST: usize = 1 << 14;

/// What is to be done with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is new.
    New,
    /// It was taken before the cut.
    Repeated,
    /// It is new, and between these times, in nanoseconds since 1970, lines may be missing.
    AfterGap(Range<i64>),
}

/// What was taken of a log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resume {
    /// The newest time.
    last: Option<i64>,
    /// The times of the lines of the newest second, in their order.
    second: Vec<i64>,
    /// Whether there were more than are remembered.
    crowded: bool,
    /// How many of them the new stream has repeated; `None` when it has caught up.
    repeated: Option<usize>,
}

impl Resume {
    /// Begins a stream, and gives the second from which it is to be asked for; `None` where no line was
    /// taken yet.
    pub(crate) fn begin(&mut self) -> Option<i64> {
        self.repeated = self.last.map(|_| 0);
        self.last.map(second_of)
    }

    /// Takes the next line of a stream by its time, in nanoseconds since 1970.
    pub(crate) fn take(&mut self, time: i64) -> Step {
        let (Some(repeated), Some(last)) = (self.repeated, self.last) else {
            self.note(time);
            return Step::New;
        };
        if second_of(time) < second_of(last) {
            return Step::Repeated;
        }
        if !self.crowded && self.second.get(repeated) == Some(&time) {
            self.repeated = Some(repeated + 1);
            return Step::Repeated;
        }
        let caught_up = repeated == self.second.len() && !self.crowded;
        if !caught_up && time <= last {
            // The log was rotated within the second, or its lines cannot all be remembered.
            self.repeated = Some(if time == last { self.second.len().max(1) } else { repeated });
            return Step::Repeated;
        }
        self.repeated = None;
        let complete = caught_up || (self.crowded && repeated > 0);
        self.note(time);
        if complete { Step::New } else { Step::AfterGap(last..time) }
    }

    /// Whether lines were taken that are newer than the second of a time, in nanoseconds since 1970.
    pub(crate) fn is_newer_than(&self, time: i64) -> bool {
        self.last.is_some_and(|last| second_of(last) > second_of(time))
    }

    /// Whether lines are still expected that were taken before the cut.
    pub(crate) fn is_behind(&self) -> bool {
        self.repeated.is_some_and(|repeated| repeated < self.second.len())
    }

    fn note(&mut self, time: i64) {
        let newest = self.last.map(second_of);
        if newest.is_none_or(|newest| second_of(time) > newest) {
            self.second.clear();
            self.crowded = false;
        }
        if newest.is_none_or(|newest| second_of(time) >= newest) {
            if self.second.len() < MOST {
                self.second.push(time);
            } else {
                self.crowded = true;
                self.second.clear();
            }
        }
        self.last = self.last.max(Some(time));
    }
}

fn second_of(time: i64) -> i64 {
    time.div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a log that is cut before the line `cut`, and gives what the second stream did.
    fn resumed(taken: &[i64], then: &[i64]) -> Vec<Step> {
        let mut resume = Resume::default();
        assert_eq!(resume.begin(), None);
        for &time in taken {
            assert_eq!(resume.take(time), Step::New);
        }
        assert_eq!(resume.begin(), taken.iter().max().map(|&time| second_of(time)));
        then.iter().map(|&time| resume.take(time)).collect()
    }

    #[test]
    fn goes_on_where_it_was_cut() {
        use Step::{AfterGap, New, Repeated};
        let s = SECOND;
        type Case<'a> = (&'a str, &'a [i64], &'a [i64], Vec<Step>);
        let cases: [Case<'_>; 9] = [
            ("all comes again", &[1, 2], &[1, 2, 3], vec![Repeated, Repeated, New]),
            ("older seconds do not", &[1, s + 1], &[s + 1, s + 2], vec![Repeated, New]),
            ("equal times", &[5, 5], &[5, 5, 5, 6], vec![Repeated, Repeated, New, New]),
            ("out of order", &[5, 4], &[5, 4, 3, 6], vec![Repeated, Repeated, New, New]),
            ("older than asked", &[s + 1], &[9, s + 1, s + 2], vec![Repeated, Repeated, New]),
            ("rotated", &[1, 2], &[7, 8], vec![AfterGap(2..7), New]),
            ("rotated in the second", &[1, 2, 3], &[2, 3, 4], vec![Repeated, Repeated, New]),
            ("rotated behind all", &[1], &[s, s + 1], vec![AfterGap(1..s), New]),
            ("nothing was taken", &[], &[1, 2], vec![New, New]),
        ];
        for (label, taken, then, expected) in cases {
            assert_eq!(resumed(taken, then), expected, "{label}");
        }
    }

    #[test]
    fn a_crowded_second_goes_by_time() {
        let taken: Vec<i64> = (0..2 * MOST as i64).collect();
        let then: Vec<i64> = (0..2 * MOST as i64 + 2).collect();
        let steps = resumed(&taken, &then);
        assert!(steps.iter().take(taken.len()).all(|step| *step == Step::Repeated));
        assert!(steps.iter().skip(taken.len()).all(|step| *step == Step::New));
    }

    #[test]
    fn any_cut_loses_nothing_and_repeats_nothing() {
        // Times as a runtime writes them: many in a second, some equal, some before the one before.
        let log: Vec<i64> =
            (0..400_i64).map(|at| at * SECOND / 37 + (at % 5) * 7 - at % 3).collect();
        for cut in 0..log.len() {
            let mut resume = Resume::default();
            resume.begin();
            let mut seen: Vec<i64> = log.iter().take(cut).copied().collect();
            for &time in &seen {
                resume.take(time);
            }
            let since = resume.begin().unwrap_or(0);
            for &time in log.iter().filter(|&&time| time.div_euclid(SECOND) >= since) {
                match resume.take(time) {
                    Step::New => seen.push(time),
                    Step::Repeated => {}
                    gap => panic!("cut {cut}: {gap:?}"),
                }
            }
            assert_eq!(seen, log, "cut {cut}");
        }
    }
}
