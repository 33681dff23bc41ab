//! Counts of what a filter would have done to recorded logs.

use std::collections::BTreeMap;

use accesslog::{Record, ResponseFlags, Value, WellKnown};
use expression::Verdict;
use serde::Serialize;

use crate::visible;

/// More values than these of one kind are counted together, so that memory has a bound.
const MOST: usize = 1000;
/// Under which name.
const REST: &str = "(others)";
/// How many lost errors are shown, and how many bytes of each.
const EXAMPLES: usize = 5;
const EXAMPLE_BYTES: usize = 400;
/// From this response code on, a record tells of an error.
const ERROR: u64 = 500;

/// How many records a filter would have kept, and how many not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub(crate) kept: u64,
    pub(crate) left_out: u64,
    pub(crate) cannot_tell: u64,
}

/// The counts of all records.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) records: Counts,
    /// Bytes of their lines, newlines included.
    pub(crate) bytes: Counts,
    /// Records with a code from 500 on or with a response flag.
    pub(crate) errors: Counts,
    /// Lines of the first errors that are left out.
    pub(crate) lost_errors: Vec<String>,
    pub(crate) by_response_code: BTreeMap<String, Counts>,
    pub(crate) by_response_flags: BTreeMap<String, Counts>,
    pub(crate) by_upstream_cluster: BTreeMap<String, Counts>,
}

impl Counts {
    fn add(&mut self, verdict: Verdict, amount: u64) {
        *match verdict {
            Verdict::Kept => &mut self.kept,
            Verdict::LeftOut => &mut self.left_out,
            Verdict::CannotTell => &mut self.cannot_tell,
        } += amount;
    }

    /// All of them.
    pub(crate) fn all(self) -> u64 {
        self.kept + self.left_out + self.cannot_tell
    }
}

impl Tally {
    /// Counts a record that was read from `line`.
    pub(crate) fn count(&mut self, record: &Record<'_>, line: &[u8], verdict: Verdict) {
        self.records.add(verdict, 1);
        self.bytes.add(verdict, line.len() as u64 + 1);
        let code = record.well_known(WellKnown::ResponseCode).and_then(number);
        let flags = record.well_known(WellKnown::ResponseFlags).and_then(Value::to_bytes);
        let flagged = flags.as_deref().is_some_and(|flags| !ResponseFlags::new(flags).is_empty());
        if flagged || code.is_some_and(|code| code >= ERROR) {
            self.errors.add(verdict, 1);
            if verdict == Verdict::LeftOut && self.lost_errors.len() < EXAMPLES {
                self.lost_errors.push(visible::clipped(line, EXAMPLE_BYTES));
            }
        }
        count(&mut self.by_response_code, class(record, code), verdict);
        if let Some(flags) = flags {
            count(&mut self.by_response_flags, &in_order(&flags), verdict);
        }
        if let Some(cluster) = record.well_known(WellKnown::UpstreamCluster) {
            let cluster = cluster.to_bytes();
            let name = cluster.as_deref().map_or_else(|| "-".to_owned(), visible::text);
            count(&mut self.by_upstream_cluster, &name, verdict);
        }
    }
}

fn count(counts: &mut BTreeMap<String, Counts>, value: &str, verdict: Verdict) {
    if let Some(counts) = counts.get_mut(value) {
        counts.add(verdict, 1);
        return;
    }
    let value = if counts.len() < MOST { value } else { REST };
    counts.entry(value.to_owned()).or_default().add(verdict, 1);
}

/// A number, in the logs of old proxies also as a string.
fn number(value: Value<'_>) -> Option<u64> {
    std::str::from_utf8(&value.to_bytes()?).ok()?.parse().ok()
}

/// The class of a response code, as it is counted under.
fn class(record: &Record<'_>, code: Option<u64>) -> &'static str {
    let http = record.well_known(WellKnown::Protocol).map(|protocol| !protocol.is_absent());
    match code {
        Some(100..=199) => "1xx",
        Some(200..=299) => "2xx",
        Some(300..=399) => "3xx",
        Some(400..=499) => "4xx",
        Some(500..=599) => "5xx",
        Some(0) | None if http == Some(false) => "tcp",
        Some(0) if http == Some(true) => "no response",
        Some(_) => "other",
        None => "unknown",
    }
}

/// Flags in one order: they are a set.
fn in_order(flags: &[u8]) -> String {
    let mut names: Vec<&[u8]> = ResponseFlags::new(flags).iter().collect();
    names.sort_unstable();
    if names.is_empty() { "-".to_owned() } else { visible::text(&names.join(&b',')) }
}
