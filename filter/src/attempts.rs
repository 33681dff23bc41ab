//! Following the upstream attempts of a request.
//!
//! Envoy makes a context for each attempt, and keeps the filter state of the request through all of them.
//! An attempt is noted as open when it begins, because on a client that leaves Envoy writes the access log
//! before it tells this filter.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::history::{self, Outcome};
use crate::key;
use crate::request::Properties;

/// Where a history is kept, and a clock.
pub(crate) trait Host: Properties {
    /// Leaves a value in the filter state of the request at hand.
    fn set(&self, key: &str, value: &[u8]);
    /// Milliseconds on a clock that never goes back.
    fn now_ms(&self) -> u64;
}

const KEY: &str = key::own(key::UPSTREAM_ATTEMPTS);

/// The attempts of a worker that are open.
#[derive(Debug)]
pub(crate) struct OpenAttempts {
    by_context_id: RefCell<HashMap<u32, Attempt, BuildHasherDefault<IdHasher>>>,
    /// How many attempts, of all requests, began while another one of the same request was open.
    overlaps: Cell<u32>,
}

/// An attempt that has begun.
#[derive(Debug)]
struct Attempt {
    start_ms: u64,
    place: usize,
    /// The history as this attempt left it.
    history: Vec<u8>,
    /// Whether another attempt was open when this one began.
    overlapped: bool,
    overlaps_before: u32,
}

impl OpenAttempts {
    pub(crate) const fn new() -> Self {
        let by_context_id = HashMap::with_hasher(BuildHasherDefault::new());
        Self { by_context_id: RefCell::new(by_context_id), overlaps: Cell::new(0) }
    }

    /// Notes that an attempt has begun.
    pub(crate) fn begin(&self, host: &impl Host, context_id: u32) {
        if let Some(attempt) = Attempt::begin(host, &self.overlaps) {
            self.by_context_id.borrow_mut().insert(context_id, attempt);
        }
    }

    /// Notes how an attempt ended, if it has not ended before; `outcome` gives code and failure.
    pub(crate) fn end(
        &self,
        host: &impl Host,
        context_id: u32,
        outcome: impl FnOnce() -> (Option<u16>, Vec<u8>),
    ) {
        let ended = self.by_context_id.borrow_mut().remove(&context_id);
        if let Some(attempt) = ended {
            let (code, failure) = outcome();
            attempt.end(host, &self.overlaps, code, &failure);
        }
    }
}

impl Attempt {
    /// Notes that an attempt has begun; `None` where the history is full.
    fn begin(host: &impl Host, overlaps: &Cell<u32>) -> Option<Self> {
        let mut history = host.property(KEY.as_bytes()).unwrap_or_default();
        let overlapped = history::has_open(&history);
        if overlapped {
            overlaps.set(overlaps.get().wrapping_add(1));
        }
        let address = host.property(b"upstream\0address").unwrap_or_default();
        let place = history::open(&mut history, &address);
        host.set(KEY, &history);
        let (start_ms, overlaps_before) = (host.now_ms(), overlaps.get());
        place.map(|place| Self { start_ms, place, history, overlapped, overlaps_before })
    }

    /// Notes how the attempt ended.
    ///
    /// What it left is still the history, unless attempts overlapped meanwhile: only then there may be
    /// more, and Envoy is asked again.
    fn end(mut self, host: &impl Host, overlaps: &Cell<u32>, code: Option<u16>, failure: &[u8]) {
        if self.overlapped || overlaps.get() != self.overlaps_before {
            self.history = host.property(KEY.as_bytes()).unwrap_or_default();
        }
        let duration_ms = host.now_ms().saturating_sub(self.start_ms);
        history::close(&mut self.history, self.place, &Outcome { code, duration_ms, failure });
        host.set(KEY, &self.history);
    }
}

/// Hashes ids that Envoy counts up: nobody else can choose them. A tree in place of the table would make the
/// module a tenth larger, and be no quicker.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// The filter state of one request, with a clock that goes on by one at every look.
    #[derive(Default)]
    struct Fake {
        state: RefCell<HashMap<Vec<u8>, Vec<u8>>>,
        now: Cell<u64>,
    }

    impl Properties for Fake {
        fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
            self.state.borrow().get(path).cloned()
        }
    }

    impl Host for Fake {
        fn set(&self, key: &str, value: &[u8]) {
            self.state.borrow_mut().insert(key.as_bytes().to_vec(), value.to_vec());
        }

        fn now_ms(&self) -> u64 {
            self.now.replace(self.now.get() + 1)
        }
    }

    impl Fake {
        fn at(&self, address: &str) -> &Self {
            self.set("upstream\0address", address.as_bytes());
            self
        }

        fn history(&self) -> String {
            String::from_utf8(self.property(KEY.as_bytes()).unwrap()).unwrap()
        }
    }

    fn answered(code: u16) -> (Option<u16>, Vec<u8>) {
        (Some(code), Vec::new())
    }

    #[test]
    fn ok_one_after_the_other() {
        let (host, open) = (Fake::default(), OpenAttempts::new());
        open.begin(host.at("a:1"), 1);
        assert_eq!(host.history(), "a:1=?");
        open.end(&host, 1, || answered(503));
        open.begin(host.at("b:2"), 2);
        open.end(&host, 2, || (None, b"connection refused".to_vec()));
        assert_eq!(host.history(), "a:1=503/1ms;b:2=-/1ms/connection_refused");
    }

    #[test]
    fn ok_an_attempt_ends_once() {
        let (host, open) = (Fake::default(), OpenAttempts::new());
        open.begin(host.at("a:1"), 1);
        open.end(&host, 1, || answered(200));
        open.end(&host, 1, || panic!("asked for what is not noted"));
        open.end(&host, 2, || panic!("asked for what is not noted"));
        assert_eq!(host.history(), "a:1=200/1ms");
        assert!(open.by_context_id.borrow().is_empty());
    }

    #[test]
    fn ok_what_finds_no_room_is_not_open() {
        let (host, open) = (Fake::default(), OpenAttempts::new());
        host.set(KEY, "h:1=200/1ms;".repeat(1000).trim_end_matches(';').as_bytes());
        for id in 0..3 {
            open.begin(host.at("a:1"), id);
        }
        assert!(host.history().ends_with("=200/1ms;+"));
        assert!(open.by_context_id.borrow().is_empty());
    }

    #[test]
    fn ok_an_overlap_of_another_request_changes_nothing() {
        let (host, other, open) = (Fake::default(), Fake::default(), OpenAttempts::new());
        open.begin(host.at("a:1"), 1);
        open.begin(other.at("x:1"), 2);
        open.begin(other.at("x:2"), 3);
        open.end(&host, 1, || answered(200));
        assert_eq!(host.history(), "a:1=200/1ms");
        assert_eq!(other.history(), "x:1=?;x:2=?");
    }

    proptest! {
        /// Whatever begins and ends in whatever order, every attempt is there with its own outcome.
        #[test]
        fn ok_parallel_attempts_lose_nothing(
            steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..30),
        ) {
            let (host, open) = (Fake::default(), OpenAttempts::new());
            let mut running: Vec<u16> = Vec::new();
            let mut expected: Vec<Option<u16>> = Vec::new();
            for (begins, which) in steps {
                if begins || running.is_empty() {
                    let number = u16::try_from(expected.len()).unwrap();
                    open.begin(host.at(&format!("h:{number}")), u32::from(number));
                    running.push(number);
                    expected.push(None);
                } else {
                    let number = running.remove(which.index(running.len()));
                    open.end(&host, u32::from(number), || answered(200 + number));
                    expected[usize::from(number)] = Some(200 + number);
                }
            }
            let text = host.history();
            let history = history::parse(text.as_bytes()).unwrap();
            let codes: Vec<_> = history.attempts.iter().map(|attempt| attempt.code).collect();
            prop_assert_eq!(codes, expected);
            for (number, attempt) in history.attempts.iter().enumerate() {
                let expected = format!("h:{number}");
                prop_assert_eq!(attempt.host.as_deref(), Some(expected.as_bytes()));
            }
        }
    }
}
