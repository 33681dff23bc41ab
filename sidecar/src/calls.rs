//! The calls that records tell of, one entry a distinct destination of a workload.
//!
//! What is kept grows with the destinations, not with the records, and not beyond a limit.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use accesslog::{Record, Value, WellKnown};
use jiff::Timestamp;

use crate::class::{Class, Traffic};
use crate::observed::Observed;

/// The most distinct destinations that are kept of a workload.
pub const MOST_DESTINATIONS: usize = 20_000;

/// How many lines are kept of a destination.
const EXAMPLES: usize = 2;

/// The longest part of a line that is kept, in bytes.
const LONGEST_EXAMPLE: usize = 600;

/// The calls of many workloads.
#[derive(Debug, Default)]
pub struct Calls {
    workloads: Vec<WorkloadCalls>,
    by_name: HashMap<(String, String), usize>,
}

/// A workload in [`Calls`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkloadId(usize);

/// The calls of a workload.
#[derive(Debug)]
pub struct WorkloadCalls {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// How many records there were.
    pub records: u64,
    /// How many of them are of inbound traffic.
    pub inbound: u64,
    /// How many of them do not say what became of the traffic.
    pub unclassified: u64,
    /// How many calls went to destinations beyond [`MOST_DESTINATIONS`].
    pub beyond_limit: u64,
    /// When the first record began; `None` where no record says.
    pub first: Option<Timestamp>,
    /// When the last record began; `None` where no record says.
    pub last: Option<Timestamp>,
    /// The distinct destinations, in the order in which they were first seen.
    pub destinations: Vec<Destination>,
    by_hash: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
}

/// A destination and how it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The call.
    pub observed: Observed,
    /// How often it was made.
    pub count: u64,
    /// When it was first made; `None` where no record says.
    pub first: Option<Timestamp>,
    /// When it was last made; `None` where no record says.
    pub last: Option<Timestamp>,
    /// Some of the lines that tell of it, shortened, with what is no UTF-8 replaced.
    pub examples: Vec<String>,
}

impl Calls {
    /// No calls.
    pub fn new() -> Self {
        Self::default()
    }

    /// The workload of that name, which is added if it is new.
    pub fn workload(&mut self, namespace: &str, name: &str) -> WorkloadId {
        let key = (namespace.to_owned(), name.to_owned());
        let next = self.workloads.len();
        let index = *self.by_name.entry(key).or_insert(next);
        if index == next {
            self.workloads.push(WorkloadCalls::new(namespace, name));
        }
        WorkloadId(index)
    }

    /// Adds what a record of a workload tells, which was read from `line`.
    pub fn add(
        &mut self,
        workload: WorkloadId,
        traffic: &Traffic<'_>,
        record: &Record<'_>,
        line: &[u8],
    ) {
        let Some(calls) = self.workloads.get_mut(workload.0) else { return };
        calls.records += 1;
        let time = start_time(record);
        calls.first = earlier(calls.first, time);
        calls.last = later(calls.last, time);
        match Observed::of(traffic, record) {
            Some(observed) => calls.note(&observed, time, line),
            None => match traffic.class {
                Class::Inbound | Class::InboundPassthrough | Class::InboundRejected => {
                    calls.inbound += 1;
                }
                _ => calls.unclassified += 1,
            },
        }
    }

    /// Adds a call that was made at `time`, as `line` tells.
    pub fn note(
        &mut self,
        workload: WorkloadId,
        observed: &Observed<&str>,
        time: Option<Timestamp>,
        line: &[u8],
    ) {
        let Some(calls) = self.workloads.get_mut(workload.0) else { return };
        calls.records += 1;
        calls.first = earlier(calls.first, time);
        calls.last = later(calls.last, time);
        calls.note(observed, time, line);
    }

    /// The workloads, in the order in which they were first seen.
    pub fn workloads(&self) -> &[WorkloadCalls] {
        &self.workloads
    }
}

impl WorkloadCalls {
    fn new(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            records: 0,
            inbound: 0,
            unclassified: 0,
            beyond_limit: 0,
            first: None,
            last: None,
            destinations: Vec::new(),
            by_hash: HashMap::new(),
            hasher: RandomState::new(),
        }
    }

    fn note(&mut self, observed: &Observed<&str>, time: Option<Timestamp>, line: &[u8]) {
        let hash = self.hasher.hash_one(observed);
        let places = self.by_hash.get(&hash).map(Vec::as_slice).unwrap_or_default();
        let is_it = |place: &&usize| {
            self.destinations.get(**place).is_some_and(|it| it.observed.as_ref() == *observed)
        };
        let place = match places.iter().find(is_it) {
            Some(place) => *place,
            None if self.destinations.len() >= MOST_DESTINATIONS => {
                self.beyond_limit += 1;
                return;
            }
            None => {
                let place = self.destinations.len();
                self.by_hash.entry(hash).or_default().push(place);
                self.destinations.push(Destination::new(observed.to_owned()));
                place
            }
        };
        let Some(destination) = self.destinations.get_mut(place) else { return };
        destination.count += 1;
        destination.first = earlier(destination.first, time);
        destination.last = later(destination.last, time);
        if destination.examples.len() < EXAMPLES {
            let part = line.get(..LONGEST_EXAMPLE).unwrap_or(line);
            destination.examples.push(String::from_utf8_lossy(part).into_owned());
        }
    }
}

impl Destination {
    fn new(observed: Observed) -> Self {
        Self { observed, count: 0, first: None, last: None, examples: Vec::new() }
    }
}

/// When a record began.
pub(crate) fn start_time(record: &Record<'_>) -> Option<Timestamp> {
    let Some(Value::Text(text)) = record.well_known(WellKnown::StartTime) else { return None };
    std::str::from_utf8(text).ok()?.parse().ok()
}

pub(crate) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

pub(crate) fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.max(other)
}
