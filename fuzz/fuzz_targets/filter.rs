//! Any configuration is read or refused, and what is packed by one that was read, of a request with any
//! values, is one JSON object in visible ASCII; any text is a history or none, and one that is reads the
//! same when it is written again.
#![no_main]

use std::cell::Cell;

use arbitrary::Arbitrary;
use filter::Properties;
use filter::config::AccessLog;
use filter::history::{self, Outcome};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    config: Vec<u8>,
    values: Vec<Option<Vec<u8>>>,
    history: Vec<u8>,
}

/// A request whose attributes have these values, one after the other.
struct Request {
    values: Vec<Option<Vec<u8>>>,
    next: Cell<usize>,
}

impl Properties for Request {
    fn property(&self, _path: &[u8]) -> Option<Vec<u8>> {
        let at = self.next.replace(self.next.get() + 1);
        self.values.get(at % self.values.len().max(1)).cloned().flatten()
    }
}

fn check_packed(config: &AccessLog, values: Vec<Option<Vec<u8>>>) {
    let packed = filter::pack(config, &Request { values, next: Cell::new(0) });
    if let Some(object) = packed.object {
        assert!(object.iter().all(u8::is_ascii_graphic));
        let read: serde_json::Value = serde_json::from_slice(&object).expect("JSON");
        assert!(read.is_object());
    }
}

fn check_history(text: &[u8]) {
    let Some(history) = history::parse(text) else { return };
    let mut written = Vec::new();
    for (place, attempt) in history.attempts.iter().enumerate() {
        // A full history takes no more.
        if history::open(&mut written, attempt.host.as_deref().unwrap_or_default()) != Some(place) {
            return;
        }
        if let Some(duration_ms) = attempt.duration_ms {
            let failure = attempt.failure.as_deref().unwrap_or_default();
            let outcome = Outcome { code: attempt.code, duration_ms, failure };
            history::close(&mut written, place, &outcome);
        }
    }
    let again = history::parse(&written).expect("a history");
    for (first, second) in history.attempts.iter().zip(&again.attempts) {
        assert_eq!((first.code, first.duration_ms), (second.code, second.duration_ms));
    }
    assert_eq!(history.attempts.len(), again.attempts.len());
}

fuzz_target!(|input: Input| {
    for start in [&b"{\"access_log\":"[..], b"{\"access_log\":{\"fields\":", b""] {
        let mut text = start.to_vec();
        text.extend_from_slice(&input.config);
        text.extend(std::iter::repeat_n(b'}', start.iter().filter(|byte| **byte == b'{').count()));
        if let Ok(config) = AccessLog::parse(&text) {
            check_packed(&config, input.values.clone());
        }
    }
    let config = filter::config::DEFAULT.as_bytes();
    check_packed(&AccessLog::parse(config).expect("the default"), input.values);
    check_history(&input.history);
});
