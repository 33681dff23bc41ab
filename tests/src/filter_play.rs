//! Plays requests against an Envoy that runs the filter.
//!
//! A [`Scene`] is the servers behind Envoy, which note in a [`journal`] what reaches them, and the
//! configuration in front of them, with the filter's [`module`]s. Each listener logs to files of its
//! own, and a [`line`] is compared with Envoy's own operators and with the journal.

mod check;
pub mod client;
mod config;
pub mod journal;
pub mod line;
pub mod load;
pub mod module;
pub mod scenario;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::upstream::Upstream;
use journal::Journal;
use line::Line;

pub use check::{complaints, shape};
pub use config::{Listener, Logs};

/// The servers behind Envoy, and where everything is written.
#[derive(Debug)]
pub struct Scene {
    /// Where sockets and logs are.
    pub dir: PathBuf,
    /// What reached the servers.
    pub journal: Arc<Journal>,
    hosts: Vec<Upstream>,
    grpc: Vec<(&'static str, Upstream)>,
    echo: Upstream,
    spaced: Upstream,
}

/// The gRPC servers, by the request id of the only call to each, and what they do with its attempts.
const GRPC: &[(&str, &str)] = &[
    ("grpc-ok", "call:0"),
    ("grpc-not-found", "call:5"),
    ("grpc-unavailable-once", "only:14,call:0"),
    ("grpc-unavailable", "only:14"),
    ("grpc-strange", "only:1 4;a=\"b\\%"),
];

impl Scene {
    /// Starts the servers; files go into `dir`.
    pub fn create(dir: &Path) -> Self {
        let journal = Arc::new(Journal::default());
        let grpc =
            |(id, script): &(&'static str, &'static str)| (*id, server::grpc(&journal, id, script));
        Self {
            dir: dir.to_owned(),
            hosts: (0..3).map(|_| server::http(&journal)).collect(),
            grpc: GRPC.iter().map(grpc).collect(),
            echo: Upstream::echo(),
            spaced: Upstream::unix(&dir.join("a b;c=d.sock")),
            journal,
        }
    }

    /// Envoy's configuration, with these listeners.
    pub fn bootstrap(&self, listeners: &[Listener<'_>]) -> Value {
        config::bootstrap(self, listeners)
    }

    /// The log of a listener, in JSON.
    pub fn log(&self, listener: &str) -> PathBuf {
        self.dir.join(format!("{listener}.log"))
    }

    /// The log of a listener with those records only that `wasm.keep` does not drop.
    pub fn kept_log(&self, listener: &str) -> PathBuf {
        self.dir.join(format!("{listener}.kept.log"))
    }

    /// The filter's values of each record of a listener, as text.
    pub fn text_log(&self, listener: &str) -> PathBuf {
        self.dir.join(format!("{listener}.txt"))
    }

    /// The socket of the listener [`Listener::inner`].
    pub fn inner_socket(&self) -> PathBuf {
        self.dir.join("inner.sock")
    }

    /// The records of a listener.
    pub fn lines(&self, listener: &str) -> Vec<Line> {
        line::read(&std::fs::read(self.log(listener)).unwrap_or_default())
    }
}
