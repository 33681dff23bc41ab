//! What reached the servers behind Envoy, by request id and in order.
//!
//! A request's script is a comma list with one [`Word`] for each of its attempts that reaches a
//! server; the last one goes on. Which attempt it is, the journal knows by itself: it does not rely on
//! what Envoy counts.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// The longest wait for an arrival; nothing is expected to take as long.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server does with an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Answers with this status code; a redirect goes to `/ok`.
    Status(u16),
    /// `hold`: never answers.
    Hold,
    /// `close`: hangs up without an answer.
    Close,
    /// `wait`: answers with 200 once the request's next attempt is there.
    Wait,
    /// `call:STATUS`: a gRPC response with a message, and this status in its trailers.
    Call(String),
    /// `only:STATUS`: a gRPC response of nothing but this status.
    Only(String),
}

/// An attempt as a server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The server's address.
    pub host: String,
    /// What the server did with it.
    pub word: Word,
}

/// All that reached the servers.
#[derive(Debug, Default)]
pub struct Journal {
    arrivals: Mutex<HashMap<String, Vec<Arrival>>>,
    changed: Condvar,
}

impl Word {
    /// The status code of the answer; `None` where there is none.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Status(code) => Some(*code),
            Self::Hold | Self::Close => None,
            Self::Wait | Self::Call(_) | Self::Only(_) => Some(200),
        }
    }

    fn parse(word: &str) -> Self {
        match (word, word.split_once(':')) {
            ("hold", _) => Self::Hold,
            ("close", _) => Self::Close,
            ("wait", _) => Self::Wait,
            (_, Some(("call", status))) => Self::Call(status.to_owned()),
            (_, Some(("only", status))) => Self::Only(status.to_owned()),
            _ => Self::Status(word.parse().unwrap()),
        }
    }
}

impl Journal {
    /// Notes that an attempt has reached `host`, and says what is to be done with it.
    pub(super) fn note(&self, id: &str, host: &str, script: &str) -> Word {
        let mut all = self.arrivals.lock().unwrap();
        let arrivals = all.entry(id.to_owned()).or_default();
        let word = script.split(',').take(arrivals.len() + 1).last().map(Word::parse).unwrap();
        arrivals.push(Arrival { host: host.to_owned(), word: word.clone() });
        self.changed.notify_all();
        word
    }

    /// What has arrived of a request, in order.
    pub fn of(&self, id: &str) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().get(id).cloned().unwrap_or_default()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.arrivals.lock().unwrap().clear();
    }

    /// Waits until so many attempts of a request have arrived.
    pub fn wait_for(&self, id: &str, count: usize) {
        let all = self.arrivals.lock().unwrap();
        let is_missing =
            |all: &mut HashMap<String, Vec<Arrival>>| all.get(id).map_or(0, Vec::len) < count;
        let (_all, waited) = self.changed.wait_timeout_while(all, PATIENCE, is_missing).unwrap();
        assert!(!waited.timed_out(), "attempt {count} of {id} has not arrived");
    }
}
