//! Workers: threads that take stretches of blocks to come, while earlier ones are still being read.
//!
//! A worker knows a block and what was settled when the block was given to it, and takes the block's
//! lines in stretches. What it cannot take, the odd lines between them, it leaves. The pipeline passes
//! the results on in the order of the blocks, takes the odd lines itself at their turn, and compares
//! what is settled by then with what the worker assumed: what was made under another assumption is
//! thrown away, and its lines are read again. Where it would have to wait for a result, it is a worker
//! itself.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread;

use accesslog::{Format, Reader};
use expression::Filter;

use super::stretch::{self, Run, Settled, Tools};
use crate::sink::Sink;

/// No more threads than these: reading and writing keep no more of them busy.
const MOST: usize = 8;
/// A worker gives up on a block where more than one in so many lines is odd, and when so many were.
const ODD: u64 = 8;

/// What workers read, choose and write with.
#[derive(Debug)]
pub(super) struct Kit {
    /// All formats in use, by index.
    pub(super) formats: Vec<Arc<Format>>,
    /// The filters of `--where`, if there is one, by format.
    pub(super) filters: Option<Vec<Option<Filter>>>,
    pub(super) sink: Sink,
}

impl Kit {
    /// Whether all is there to take lines under what is settled.
    pub(super) fn covers(&self, settled: &Settled) -> bool {
        settled.streams.iter().flatten().all(|known| {
            let filter = self.filters.as_ref().map(|filters| filters.get(known.format));
            known.format < self.formats.len()
                && filter.is_none_or(|filter| matches!(filter, Some(Some(_))))
        })
    }
}

/// What a worker made of a block.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Stretches from the front of the block on, each but perhaps the last with an odd line behind it.
    pub(super) parts: Vec<Part>,
    /// What is printed of them.
    pub(super) out: Vec<u8>,
}

/// A stretch, and what it was taken under.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) settled: Settled,
    pub(super) run: Run,
    /// Where what is printed of it ends.
    pub(super) end: usize,
    /// Which columns had something in them, where columns were chosen.
    pub(super) seen: Vec<bool>,
}

/// Threads, and the blocks that they have.
#[derive(Debug)]
pub(super) struct Workers {
    jobs: Sender<Job>,
    queue: Arc<Mutex<Receiver<Job>>>,
    /// What this thread works with.
    own: Option<Own>,
    done: Receiver<(u64, Made)>,
    /// The blocks that were given away, oldest first, with what was made of them if that is known.
    waiting: VecDeque<(Arc<Vec<u8>>, Option<Made>)>,
    /// The number of the oldest.
    first: u64,
    most: usize,
    /// Buffers for what is printed, to be used again, and blocks.
    spare: Vec<Vec<u8>>,
    spare_blocks: Vec<Vec<u8>>,
}

#[derive(Debug)]
struct Job {
    number: u64,
    block: Arc<Vec<u8>>,
    settled: Settled,
    kit: Arc<Kit>,
    out: Vec<u8>,
}

impl Workers {
    /// Lets `count` threads work, this one and others, or as many as can be started.
    pub(super) fn start(count: usize) -> Self {
        let count = count.min(MOST);
        let (jobs, queue) = mpsc::channel();
        let (sender, done) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 1..count {
            let (queue, sender) = (Arc::clone(&queue), sender.clone());
            let work = move || work(&queue, &sender);
            // Where none can be started, this thread does all the work.
            let _ = thread::Builder::new().name("stretch".to_owned()).spawn(work);
        }
        Self {
            jobs,
            queue,
            own: None,
            done,
            waiting: VecDeque::new(),
            first: 0,
            most: 2 * count,
            spare: Vec::new(),
            spare_blocks: Vec::new(),
        }
    }

    /// Whether as many blocks wait as memory is to be used for.
    pub(super) fn are_busy(&self) -> bool {
        self.waiting.len() >= self.most
    }

    /// Gives a block of whole lines away.
    pub(super) fn give(&mut self, block: Vec<u8>, settled: Settled, kit: &Arc<Kit>) {
        let block = Arc::new(block);
        let number = self.first + self.waiting.len() as u64;
        self.waiting.push_back((Arc::clone(&block), None));
        let out = self.spare.pop().unwrap_or_default();
        // This does not fail, since the queue is here.
        let _ = self.jobs.send(Job { number, block, settled, kit: Arc::clone(kit), out });
    }

    /// Takes the oldest block and what was made of it, when that is done. Nothing, where its worker has
    /// failed.
    pub(super) fn take(&mut self) -> Option<(Arc<Vec<u8>>, Made)> {
        while let Some((_, None)) = self.waiting.front() {
            let next = self.done.try_recv().ok().or_else(|| self.work());
            // Without it, all blocks that wait are with the workers. If there are none, one was lost.
            let Some((number, made)) = next.or_else(|| self.done.recv().ok()) else { break };
            let at = number.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
            if let Some((_, place)) = at.and_then(|at| self.waiting.get_mut(at)) {
                *place = Some(made);
            }
        }
        let (block, made) = self.waiting.pop_front()?;
        self.first += 1;
        Some((block, made.unwrap_or_default()))
    }

    /// Does what no worker has begun.
    fn work(&mut self) -> Option<(u64, Made)> {
        let job = match self.queue.try_lock() {
            Ok(queue) => queue.try_recv(),
            Err(TryLockError::Poisoned(queue)) => queue.into_inner().try_recv(),
            // A worker waits for something to come.
            Err(TryLockError::WouldBlock) => return None,
        };
        let Job { number, block, settled, kit, out } = job.ok()?;
        let mut made = Made { parts: Vec::new(), out };
        Own::with(&mut self.own, kit).stretches(&block, settled, &mut made);
        Some((number, made))
    }

    /// Takes a block back, and what was printed of it.
    pub(super) fn recycle(&mut self, block: Arc<Vec<u8>>, mut out: Vec<u8>) {
        out.clear();
        self.spare.push(out);
        self.spare_blocks.extend(Arc::into_inner(block));
    }

    /// A block that was used, if there is one, or an empty one.
    pub(super) fn spare_block(&mut self) -> Vec<u8> {
        self.spare_blocks.pop().unwrap_or_default()
    }
}

fn work(queue: &Mutex<Receiver<Job>>, done: &Sender<(u64, Made)>) {
    let mut own: Option<Own> = None;
    loop {
        // A worker that has failed held no lock, or only that of an empty queue.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { number, block, settled, kit, out }) = job else { return };
        let mut answer = Answer { done, number, made: Made { parts: Vec::new(), out } };
        Own::with(&mut own, kit).stretches(&block, settled, &mut answer.made);
        // Whoever gets the answer gets the block for himself.
        drop(block);
    }
}

/// What a worker gives back when it is done with a block, or fails.
struct Answer<'w> {
    done: &'w Sender<(u64, Made)>,
    number: u64,
    made: Made,
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        let made =
            if thread::panicking() { Made::default() } else { std::mem::take(&mut self.made) };
        // Where nobody waits for it any more, the work is over.
        let _ = self.done.send((self.number, made));
    }
}

/// A worker's own copy of what it works with.
#[derive(Debug)]
struct Own {
    kit: Arc<Kit>,
    readers: Vec<Reader>,
    sink: Option<Sink>,
}

impl Own {
    /// The copy of this kit, which is made anew where it is of another.
    fn with(own: &mut Option<Self>, kit: Arc<Kit>) -> &mut Self {
        own.take_if(|own| !Arc::ptr_eq(&own.kit, &kit));
        own.get_or_insert_with(|| {
            let readers = kit.formats.iter().cloned().map(Reader::new).collect();
            let sink = kit.sink.copy();
            Self { kit, readers, sink }
        })
    }

    fn stretches(&mut self, block: &[u8], mut settled: Settled, made: &mut Made) {
        let Self { kit, readers, sink: Some(sink) } = self else { return };
        let mut tools = Tools { readers, filters: kit.filters.as_deref(), sink };
        let (mut rest, mut lines, mut odd) = (block, 0, 0);
        loop {
            tools.sink.forget_seen();
            let run = stretch::run(&settled, &mut tools, rest, &mut made.out, usize::MAX);
            let (end, seen) = (made.out.len(), tools.sink.seen());
            made.parts.push(Part { settled, run, end, seen });
            rest = rest.get(run.bytes..).unwrap_or_default();
            let Some(at) = memchr::memchr(b'\n', rest) else { return };
            let (line, after) = rest.split_at(at);
            settled.pass(line);
            rest = after.get(1..).unwrap_or_default();
            (lines, odd) = (lines + run.lines + 1, odd + 1);
            if odd > ODD && odd * ODD > lines {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_fails_answers() {
        let (done, answers) = mpsc::channel();
        let failed = thread::spawn(move || {
            let made = Made { parts: Vec::new(), out: b"half a rec".to_vec() };
            let _answer = Answer { done: &done, number: 3, made };
            panic!("this is the test");
        });
        assert!(failed.join().is_err());
        let (number, made) = answers.recv().unwrap();
        assert_eq!((number, made.parts.len(), made.out.len()), (3, 0, 0));
    }
}
