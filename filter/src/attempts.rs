//! Following the upstream attempts of a request.
//!
//! Envoy makes a context for each attempt, and keeps the filter state of the request through all of them.
//! An attempt is noted as open when it begins, because on a client that leaves Envoy writes the access log
//! before it tells this filter.

use std::cell::Cell;
use std::rc::Rc;

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

/// How many attempts, of all requests of a worker, began while another one of the same request was open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlaps(Rc<Cell<u32>>);

/// An attempt that has begun.
#[derive(Debug)]
pub(crate) struct Attempt {
    start_ms: u64,
    place: usize,
    /// The history as this attempt left it.
    history: Vec<u8>,
    /// Whether another attempt was open when this one began.
    overlapped: bool,
    overlaps: Overlaps,
    overlaps_before: u32,
}

impl Attempt {
    /// Notes that an attempt has begun; `None` where the history is full.
    pub(crate) fn begin(host: &impl Host, overlaps: Overlaps) -> Option<Self> {
        let mut history = host.property(KEY.as_bytes()).unwrap_or_default();
        let overlapped = history::has_open(&history);
        if overlapped {
            overlaps.0.set(overlaps.0.get().wrapping_add(1));
        }
        let address = host.property(b"upstream\0address").unwrap_or_default();
        let place = history::open(&mut history, &address);
        host.set(KEY, &history);
        let overlaps_before = overlaps.0.get();
        let start_ms = host.now_ms();
        place.map(|place| Self { start_ms, place, history, overlapped, overlaps, overlaps_before })
    }

    /// Notes how the attempt ended.
    ///
    /// What it left is still the history, unless attempts overlapped meanwhile: only then there may be
    /// more, and Envoy is asked again.
    pub(crate) fn end(mut self, host: &impl Host, code: Option<u16>, failure: &[u8]) {
        if self.overlapped || self.overlaps.0.get() != self.overlaps_before {
            self.history = host.property(KEY.as_bytes()).unwrap_or_default();
        }
        let duration_ms = host.now_ms().saturating_sub(self.start_ms);
        history::close(&mut self.history, self.place, &Outcome { code, duration_ms, failure });
        host.set(KEY, &self.history);
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

    #[test]
    fn ok_one_after_the_other() {
        let (host, overlaps) = (Fake::default(), Overlaps::default());
        let first = Attempt::begin(host.at("a:1"), overlaps.clone()).unwrap();
        assert_eq!(host.history(), "a:1=?");
        first.end(&host, Some(503), b"");
        let second = Attempt::begin(host.at("b:2"), overlaps).unwrap();
        second.end(&host, None, b"connection refused");
        assert_eq!(host.history(), "a:1=503/1ms;b:2=-/1ms/connection_refused");
    }

    #[test]
    fn ok_an_overlap_of_another_request_changes_nothing() {
        let (host, other, overlaps) = (Fake::default(), Fake::default(), Overlaps::default());
        let attempt = Attempt::begin(host.at("a:1"), overlaps.clone()).unwrap();
        let _others = [
            Attempt::begin(other.at("x:1"), overlaps.clone()),
            Attempt::begin(other.at("x:2"), overlaps),
        ];
        attempt.end(&host, Some(200), b"");
        assert_eq!(host.history(), "a:1=200/1ms");
        assert_eq!(other.history(), "x:1=?;x:2=?");
    }

    proptest! {
        /// Whatever begins and ends in whatever order, every attempt is there with its own outcome.
        #[test]
        fn ok_parallel_attempts_lose_nothing(
            steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..30),
        ) {
            let (host, overlaps) = (Fake::default(), Overlaps::default());
            let mut open: Vec<(usize, Attempt)> = Vec::new();
            let mut expected: Vec<Option<u16>> = Vec::new();
            for (begins, which) in steps {
                if begins || open.is_empty() {
                    let number = expected.len();
                    let attempt = Attempt::begin(host.at(&format!("h:{number}")), overlaps.clone());
                    open.push((number, attempt.unwrap()));
                    expected.push(None);
                } else {
                    let (number, attempt) = open.remove(which.index(open.len()));
                    let code = 200 + u16::try_from(number).unwrap();
                    attempt.end(&host, Some(code), b"");
                    expected[number] = Some(code);
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
