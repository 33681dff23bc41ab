//! What the server's connections and its script share.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::body::Cut;
use super::logs::{LogKey, Logs};
use super::rules::Access;
use super::store::Store;

/// All state of a server.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Mutex<Store>,
    pub(crate) logs: Logs,
    pub(crate) access: Mutex<Access>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) requests: Mutex<Vec<Request>>,
    pub(crate) problems: Mutex<Vec<String>>,
    /// Users by their tokens.
    pub(crate) tokens: Mutex<BTreeMap<String, String>>,
    /// Counts the cuts of all logs, and says how the last one was.
    pub(crate) log_cuts: watch::Sender<(u64, Cut)>,
    /// The same of watches.
    pub(crate) watch_cuts: watch::Sender<(u64, Cut)>,
    /// Counts the times that watches are told they are too old.
    pub(crate) expired_watches: watch::Sender<u64>,
    pub(crate) open_logs: Arc<AtomicUsize>,
    pub(crate) open_watches: Arc<AtomicUsize>,
}

/// What goes wrong, as scripts ask for.
#[derive(Debug)]
pub(crate) struct Faults {
    /// Answers instead of the right ones.
    pub(crate) failures: Vec<Answers>,
    /// Where the next streams of a container's log are cut.
    pub(crate) cuts: BTreeMap<LogKey, VecDeque<(usize, Cut)>>,
    /// The most bytes of a write, and the pause after each.
    pub(crate) slow: Option<(usize, Duration)>,
    /// Kinds whose objects no admission webhook lets in, with its words.
    pub(crate) refused: BTreeMap<&'static str, String>,
    /// Groups that are not installed.
    pub(crate) missing: BTreeSet<String>,
    /// Whether a watch that is too old is answered by a status of HTTP, not by an event.
    pub(crate) gone_as_status: bool,
    /// How often a watch that wants bookmarks gets one.
    pub(crate) bookmarks: Duration,
}

/// Answers for the next requests of some paths.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) prefix: String,
    pub(crate) left: usize,
    pub(crate) status: u16,
    pub(crate) retry_after: Option<u64>,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Request {
    /// When it came.
    pub time: Timestamp,
    /// The method, in capitals.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent and without the question mark; empty without one.
    pub query: String,
    /// The user whose token it bore, or whom it impersonated; empty without a known token.
    pub user: String,
    /// Whether `user` is impersonated.
    pub impersonated: bool,
    /// The header `User-Agent`, empty without one.
    pub agent: String,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            store: Mutex::new(Store::new()),
            logs: Logs::default(),
            access: Mutex::default(),
            faults: Mutex::new(Faults {
                failures: Vec::new(),
                cuts: BTreeMap::new(),
                slow: None,
                refused: BTreeMap::new(),
                missing: BTreeSet::new(),
                gone_as_status: false,
                bookmarks: Duration::from_secs(60),
            }),
            requests: Mutex::default(),
            problems: Mutex::default(),
            tokens: Mutex::default(),
            log_cuts: watch::Sender::new((0, Cut::Clean)),
            watch_cuts: watch::Sender::new((0, Cut::Clean)),
            expired_watches: watch::Sender::new(0),
            open_logs: Arc::default(),
            open_watches: Arc::default(),
        }
    }

    /// Notes something that a test should know of.
    pub(crate) fn problem(&self, text: String) {
        self.problems.lock().unwrap().push(text);
    }
}

impl Faults {
    /// The answer that this path gets instead of the right one.
    pub(crate) fn failure(&mut self, path: &str) -> Option<(u16, Option<u64>)> {
        let found = self
            .failures
            .iter_mut()
            .find(|answers| answers.left > 0 && path.starts_with(&answers.prefix))?;
        found.left -= 1;
        Some((found.status, found.retry_after))
    }
}
