//! Many requests at once, some of them retried, each with a script of its own.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::thread;

use super::client::{Client, request};
use super::{Scene, complaints};
use crate::dice::Dice;

/// Requests that several clients send at once.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// The path of all requests.
    pub path: &'static str,
    /// What the servers do with a request, one of these.
    pub scripts: &'static [&'static str],
    /// How many requests there are.
    pub requests: u32,
    /// How many clients there are.
    pub clients: u32,
}

/// Requests of which most succeed sooner or later.
pub const RETRIED: Load = Load {
    path: "/retry",
    scripts: &[
        "200",
        "200",
        "404",
        "503,200",
        "close,200",
        "503,503,200",
        "close,503,404",
        "503,503,503",
        "close,close,close",
    ],
    requests: 10_000,
    clients: 8,
};

/// Requests whose attempts run side by side, and beside those of other requests.
pub const HEDGED: Load = Load {
    path: "/hedged",
    scripts: &["200", "hold,200", "wait,hold", "hold,503,200", "503,hold,200", "hold,wait,hold"],
    requests: 200,
    clients: 50,
};

/// How many requests go over a connection. Envoy's workers take connections as they come.
const REQUESTS: usize = 50;

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, wrong) = (self.missing, self.wrong.len());
        write!(f, "{} records, {} attempts; ", self.records, self.arrivals)?;
        write!(f, "{missing} missing, {wrong} wrong")?;
        self.wrong.iter().take(10).try_for_each(|text| write!(f, "\n{text}"))
    }
}

/// What the log says of the requests.
#[derive(Debug, Default)]
pub struct Verdict {
    /// How many records there are.
    pub records: usize,
    /// How many requests have no record.
    pub missing: usize,
    /// How many attempts reached a server.
    pub arrivals: usize,
    /// What is wrong with the records.
    pub wrong: Vec<String>,
}

impl Load {
    /// Sends the requests to a listener.
    pub fn play(&self, address: SocketAddr) {
        thread::scope(|scope| {
            for client in 0..self.clients {
                scope.spawn(move || self.send(address, client));
            }
        });
    }

    /// Sends the requests of one client.
    fn send(&self, address: SocketAddr, client: u32) {
        let mut dice = Dice::new(client.into());
        let numbers: Vec<u32> = (client..self.requests).step_by(self.clients as usize).collect();
        for numbers in numbers.chunks(REQUESTS) {
            let mut connection = Client::connect(address);
            for number in numbers {
                let script = *dice.pick(self.scripts);
                let headers =
                    [("x-request-id", number.to_string()), ("x-upstream", script.to_owned())];
                connection.ask(&request(self.path.as_bytes(), &headers)).unwrap();
            }
        }
    }

    /// Compares the records of a listener with what reached the servers.
    pub fn judge(&self, scene: &Scene, listener: &str) -> Verdict {
        let lines = scene.lines(listener);
        let mut by_id = HashMap::new();
        let mut verdict = Verdict { records: lines.len(), ..Verdict::default() };
        for line in &lines {
            if by_id.insert(line.text("id"), line).is_some() {
                verdict.wrong.push(format!("a second {line:?}"));
            }
        }
        for number in 0..self.requests {
            let id = number.to_string();
            let arrivals = scene.journal.of(&id);
            verdict.arrivals += arrivals.len();
            match by_id.get(&Some(id.as_str())) {
                Some(line) => {
                    let wrong = complaints(line, &arrivals, 0);
                    verdict.wrong.extend(wrong.iter().map(|text| format!("{text}: {line:?}")));
                }
                None => verdict.missing += 1,
            }
        }
        verdict
    }
}
