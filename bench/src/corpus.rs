//! Corpora: access logs that a mesh could have written, made from a seed.
//!
//! Every kind writes the same requests, in a form of its own. Nothing is sampled from real logs;
//! the shares of methods, codes and lengths are set by hand so that a line of Istio's default
//! format has about 400 bytes.

mod cri;
mod request;
mod text;
mod words;

use std::io::{self, Write};

use crate::rng::Rng;
use request::Requests;

/// A form of access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Istio's default text format.
    Istio,
    /// The same with `%UPSTREAM_REQUEST_ATTEMPT_COUNT%` at its end.
    Attempts,
    /// A custom format of `key=value` pairs, [`KEY_VALUE`].
    KeyValue,
    /// Istio's default JSON format.
    Json,
    /// Istio's default text format in a log file of a container runtime, among other logs' lines.
    Cri,
    /// Istio's default text format with quotes in the user agent of every request.
    Hostile,
}

/// The format string of [`Kind::KeyValue`].
pub const KEY_VALUE: &str = "ts=%START_TIME% method=%REQ(:METHOD)% path=%REQ(:PATH)% \
     proto=%PROTOCOL% code=%RESPONSE_CODE% flags=%RESPONSE_FLAGS% in=%BYTES_RECEIVED% \
     out=%BYTES_SENT% ms=%DURATION% host=%REQ(:AUTHORITY)% upstream=%UPSTREAM_HOST% \
     cluster=%UPSTREAM_CLUSTER% id=%REQ(X-REQUEST-ID)% ua=\"%REQ(USER-AGENT)%\"\n";

/// Writes the lines of one kind, one after the other, without an end.
#[derive(Debug)]
pub struct Lines {
    kind: Kind,
    requests: Requests,
    /// For what is not part of a request, so that all kinds have the same requests.
    rng: Rng,
    line: Vec<u8>,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Istio, Self::Attempts, Self::KeyValue, Self::Json, Self::Cri, Self::Hostile];

    /// The name of the kind, and of its file: `istio`, `attempts`, `kv`, `json`, `cri`, `hostile`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Istio => "istio",
            Self::Attempts => "attempts",
            Self::KeyValue => "kv",
            Self::Json => "json",
            Self::Cri => "cri",
            Self::Hostile => "hostile",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The first `count` records of this kind, each with its newline.
    pub fn records(self, seed: u64, count: usize) -> Vec<u8> {
        let mut lines = Lines::new(self, seed);
        let mut out = Vec::new();
        for _ in 0..count {
            lines.write_next(&mut out);
        }
        out
    }

    /// Writes records of this kind until there are at least `size` bytes; gives their number.
    ///
    /// # Errors
    ///
    /// When `out` cannot be written.
    pub fn write(self, seed: u64, size: u64, out: &mut impl Write) -> io::Result<u64> {
        let mut lines = Lines::new(self, seed);
        let mut block = Vec::new();
        let mut written = 0;
        while written < size {
            block.clear();
            while block.len() < 64 * 1024 && written + (block.len() as u64) < size {
                lines.write_next(&mut block);
            }
            out.write_all(&block)?;
            written += block.len() as u64;
        }
        Ok(written)
    }
}

impl Lines {
    /// The lines that belong to a seed.
    pub fn new(kind: Kind, seed: u64) -> Self {
        Self { kind, requests: Requests::new(seed), rng: Rng::new(!seed), line: Vec::new() }
    }

    /// Appends the next record with its newline. A record of [`Kind::Cri`] can be two lines, and
    /// lines of other logs can stand before it.
    pub fn write_next(&mut self, out: &mut Vec<u8>) {
        let mut request = self.requests.next();
        match self.kind {
            Kind::Istio => text::istio(&request, out),
            Kind::Attempts => text::attempts(&request, out),
            Kind::KeyValue => text::key_value(&request, out),
            Kind::Json => text::json(&request, out),
            Kind::Hostile => {
                request.user_agent = Some(words::hostile_user_agent(&mut self.rng));
                text::istio(&request, out);
            }
            Kind::Cri => {
                self.line.clear();
                text::istio(&request, &mut self.line);
                cri::wrap(&request, &self.line, &mut self.rng, out);
                return;
            }
        }
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests;
