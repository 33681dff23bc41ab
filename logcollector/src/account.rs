//! The account: every line read stands in exactly one category.

use std::fmt;

use crate::other::Other;
use crate::visible;

/// How many unparsed lines are shown.
const EXAMPLES: usize = 5;
/// How many bytes of an unparsed line are shown.
const EXAMPLE_BYTES: usize = 160;

/// What became of the lines read. The categories add up to the lines.
#[derive(Debug, Default)]
pub(crate) struct Account {
    records: u64,
    ambiguous: u64,
    envoy: u64,
    agent: u64,
    kubectl: u64,
    unparsed: u64,
    oversized: u64,
    filtered: u64,
    examples: Vec<Example>,
}

/// An unparsed line, as it is shown.
#[derive(Debug)]
struct Example {
    place: String,
    reason: String,
    text: String,
}

impl Account {
    /// Counts a record.
    pub(crate) fn record(&mut self, ambiguous: bool) {
        if ambiguous {
            self.ambiguous += 1;
        } else {
            self.records += 1;
        }
    }

    /// Counts many at once: records with one reading, ambiguous ones, and those left out by a filter.
    pub(crate) fn many(&mut self, records: u64, ambiguous: u64, filtered: u64) {
        self.records += records;
        self.ambiguous += ambiguous;
        self.filtered += filtered;
    }

    /// Counts a record that a filter left out.
    pub(crate) fn filtered(&mut self) {
        self.filtered += 1;
    }

    /// Counts a line of another log.
    pub(crate) fn other(&mut self, other: Other) {
        match other {
            Other::Envoy => self.envoy += 1,
            Other::Agent => self.agent += 1,
            Other::Kubectl => self.kubectl += 1,
        }
    }

    /// Counts a line over the limit.
    pub(crate) fn oversized(&mut self) {
        self.oversized += 1;
    }

    /// Counts a line that is nothing known; `place` and `reason` are asked for only if it is shown.
    pub(crate) fn unparsed(
        &mut self,
        line: &[u8],
        place: impl FnOnce() -> String,
        reason: impl FnOnce() -> String,
    ) {
        self.unparsed += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(Example {
                place: place(),
                reason: reason(),
                text: visible::clipped(line, EXAMPLE_BYTES),
            });
        }
    }

    /// Whether any line was a record.
    pub(crate) fn has_records(&self) -> bool {
        self.records + self.ambiguous > 0
    }

    /// Whether any line was unparsed.
    pub(crate) fn has_unparsed(&self) -> bool {
        self.unparsed > 0
    }

    /// How many lines were read, parts of one line counted once.
    pub(crate) fn lines(&self) -> u64 {
        self.records
            + self.ambiguous
            + self.others()
            + self.unparsed
            + self.oversized
            + self.filtered
    }

    fn others(&self) -> u64 {
        self.envoy + self.agent + self.kubectl
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lines read: {} records, {} ambiguous, {} other log (Envoy {}, agent {}, kubectl {}), \
             {} unparsed, {} oversized, {} left out by a filter",
            self.lines(),
            self.records,
            self.ambiguous,
            self.others(),
            self.envoy,
            self.agent,
            self.kubectl,
            self.unparsed,
            self.oversized,
            self.filtered,
        )?;
        for Example { place, reason, text } in &self.examples {
            write!(f, "\nunparsed: {place}: {reason}\n  {text}")?;
        }
        let shown = self.examples.len() as u64;
        if self.unparsed > shown {
            write!(f, "\nunparsed: {} more", self.unparsed - shown)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_and_shows_the_first_unparsed_lines() {
        let mut account = Account::default();
        (0..3).for_each(|_| account.record(false));
        account.record(true);
        account.other(Other::Envoy);
        account.other(Other::Agent);
        account.other(Other::Kubectl);
        account.oversized();
        for number in 1..=6 {
            let place = || format!("stdin: line {number}");
            account.unparsed(b"what\x1b?", place, || "column 1: expected `[`".to_owned());
        }
        assert_eq!(account.lines(), 14);
        let text = account.to_string();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(
                "14 lines read: 3 records, 1 ambiguous, 3 other log (Envoy 1, agent 1, kubectl 1), \
                 6 unparsed, 1 oversized, 0 left out by a filter"
            )
        );
        assert_eq!(lines.next(), Some("unparsed: stdin: line 1: column 1: expected `[`"));
        assert_eq!(lines.next(), Some("  what\\x1b?"));
        assert_eq!(lines.last(), Some("unparsed: 1 more"));
    }
}
