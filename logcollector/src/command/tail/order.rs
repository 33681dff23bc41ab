//! Brings lines of several pods into the order of their requests.
//!
//! A request's line is written when the request ends, so lines are held for a moment and given in the
//! order of the starts. What comes later than that stands where it arrives.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::Batch;

/// How long a line is held.
const HELD: Duration = Duration::from_millis(250);
/// How long a line is held while what is there already comes in a rush.
const HELD_IN_RUSH: Duration = Duration::from_millis(1000);
/// The most bytes that are held.
const MOST: usize = 32 << 20;

/// Lines that wait.
#[derive(Debug, Default)]
pub(super) struct Order {
    by_start: BinaryHeap<Reverse<Held>>,
    /// The lines in the order in which they are due; those that were given meanwhile, too.
    due: VecDeque<Due>,
    next: u64,
    bytes: usize,
}

/// A line that waits: the `index`th of its batch.
#[derive(Debug)]
pub(super) struct Held {
    start: i64,
    number: u64,
    pub(super) batch: Arc<Batch>,
    pub(super) index: usize,
    bytes: usize,
}

/// When a line is due.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Instant,
    start: i64,
    number: u64,
}

impl Order {
    /// Takes a line whose request began at `start`.
    pub(super) fn push(&mut self, batch: &Arc<Batch>, index: usize, start: i64, bytes: usize) {
        let held = if batch.in_rush { HELD_IN_RUSH } else { HELD };
        let at = Instant::now() + held;
        // Lines are due in the order of their arrival, or the first would hold back the others.
        let at = self.due.back().map_or(at, |last| last.at.max(at));
        let number = self.next;
        self.next += 1;
        self.bytes += bytes;
        self.due.push_back(Due { at, start, number });
        let batch = Arc::clone(batch);
        self.by_start.push(Reverse(Held { start, number, batch, index, bytes }));
    }

    /// When the next line is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.front().map(|due| due.at)
    }

    /// Gives the next line, if one is due at `now`, or if too much is held.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Held> {
        loop {
            let first = self.by_start.peek()?;
            let (start, number) = (first.0.start, first.0.number);
            let due = self.due.front()?;
            let was_given = (due.start, due.number) < (start, number);
            if was_given {
                self.due.pop_front();
                continue;
            }
            if due.at > now && self.bytes <= MOST {
                return None;
            }
            return self.take();
        }
    }

    /// Gives the next line, due or not.
    pub(super) fn take(&mut self) -> Option<Held> {
        let Reverse(held) = self.by_start.pop()?;
        self.bytes -= held.bytes;
        if self.by_start.is_empty() {
            self.due.clear();
        }
        Some(held)
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.start, self.number).cmp(&(other.start, other.number))
    }
}
