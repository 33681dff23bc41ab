//! One access log record, with Envoy's own values beside those of the filter.

use filter::history::{self, History};
use serde_json::{Map, Value, json};

/// What a record in JSON holds.
pub(super) fn format() -> Value {
    json!({
        "id": "%REQ(X-REQUEST-ID)%",
        "key": "%REQ(X-KEY)%",
        "path": "%REQ(:PATH)%",
        "referer": "%REQ(REFERER)%",
        "protocol": "%PROTOCOL%",
        "code": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "host": "%UPSTREAM_HOST%",
        "reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
        "history": format!("%FILTER_STATE({}:PLAIN)%", filter::key::UPSTREAM_ATTEMPTS),
        "object": format!("%FILTER_STATE({}:PLAIN)%", filter::key::ACCESS_LOG),
        "keep": format!("%FILTER_STATE({}:PLAIN)%", filter::key::KEEP),
        "attempt_count": format!("%FILTER_STATE({}:PLAIN)%", filter::key::ATTEMPT_COUNT),
    })
}

/// The keys of the filter's values in a record, in the order of [`TEXT_FORMAT`].
const OF_THE_FILTER: [&str; 4] = ["history", "object", "keep", "attempt_count"];

/// The filter's values, as text.
pub(super) const TEXT_FORMAT: &str = "%FILTER_STATE(wasm.upstream_attempts:PLAIN)% \
    %FILTER_STATE(wasm.access_log:PLAIN)% %FILTER_STATE(wasm.keep:PLAIN)% \
    %FILTER_STATE(wasm.attempt_count:PLAIN)%\n";

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct Line(Map<String, Value>);

/// Reads the whole lines of a log in JSON.
pub fn read(log: &[u8]) -> Vec<Line> {
    let lines = log.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.map(|line| Line(serde_json::from_slice(line).unwrap())).collect()
}

impl Line {
    /// A value; `None` where it is absent.
    pub fn text(&self, key: &str) -> Option<&str> {
        assert!(self.0.contains_key(key), "a record has no {key}");
        self.0[key].as_str()
    }

    /// A number; `None` where it is absent.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.0[key].as_u64()
    }

    /// The history, read back; `None` where it is absent.
    pub fn history(&self) -> Option<History<'_>> {
        self.text("history").map(|text| {
            history::parse(text.as_bytes()).unwrap_or_else(|| panic!("no history: {text}"))
        })
    }

    /// The filter's object; `None` where it is absent.
    pub fn object(&self) -> Option<Map<String, Value>> {
        self.text("object").map(|text| serde_json::from_str(text).unwrap())
    }

    /// The line of the text log that belongs to this record.
    pub fn as_text(&self) -> String {
        OF_THE_FILTER.map(|key| self.text(key).unwrap_or("-")).join(" ")
    }
}
