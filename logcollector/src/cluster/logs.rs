//! Logs of containers: each is followed by a task of its own, over cuts, restarts and outages.

mod follow;
mod resume;
mod stream;

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::Failure;
pub(crate) use follow::Follow;

/// Whose log it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
    /// The pod's unique id: another pod of the name is another log.
    pub(crate) uid: String,
}

/// Where a log begins, and where it ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Window {
    pub(crate) since: Option<Timestamp>,
    /// So many of the lines that are there already; all where it is `None`.
    pub(crate) tail: Option<i64>,
    /// The container before the last restart.
    pub(crate) previous: bool,
    /// Whether to wait for more.
    pub(crate) follow: bool,
}

/// Lines of a log, in their order.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) source: Arc<Source>,
    pub(crate) text: Vec<u8>,
    pub(crate) lines: Vec<Line>,
    /// Whether its stream was opened just now: what is there already comes in a rush.
    pub(crate) in_rush: bool,
}

/// A line in a batch.
#[derive(Debug)]
pub(crate) enum Line {
    /// When the runtime took it, in nanoseconds since 1970 and as it was written, and what it is.
    Whole { nanoseconds: i64, time: Range<usize>, body: Range<usize> },
    /// What has no time in front: the kubelet's own words.
    Bare(Range<usize>),
    /// It was too long to be held.
    Oversized,
    /// Between these times, in nanoseconds since 1970, lines may be missing.
    Gap(Range<i64>),
}

/// What a followed log tells.
#[derive(Debug)]
pub(crate) enum Event {
    Lines(Batch),
    /// The container was started anew; how it ended before, and whether lines may be missing because it
    /// was so more than once.
    Restarted {
        source: Arc<Source>,
        exit: Option<String>,
        missed: bool,
    },
    /// Nothing will come any more.
    Ended {
        source: Arc<Source>,
    },
    /// It cannot be read; nothing will come any more.
    Refused {
        source: Arc<Source>,
        failure: Failure,
    },
    /// The cluster does not answer for now.
    Trouble {
        source: Arc<Source>,
        failure: Failure,
    },
    /// It answers.
    Well {
        source: Arc<Source>,
    },
}
