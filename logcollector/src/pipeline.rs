//! The pipeline: chunks of an input in, records to a sink and every line into the account.
//!
//! Plain functions over borrowed bytes: frame, unwrap, read or classify, write. Nothing here waits, but
//! for threads of its own that have work to do.
//!
//! Lines go one of three ways, with the same outcome: step by step through [`lines`] and [`messages`]; in
//! a [`stretch`], where many are alike; or in stretches that [`workers`] take of blocks to come.

mod block;
mod lines;
mod messages;
mod patience;
mod stretch;
mod workers;

use std::io::Write;

use crate::account::Account;
use crate::enrich::Enricher;
use crate::formats::{Choice, PodFormats};
use crate::frame::Framer;
use crate::notes::Notes;
use crate::output::{Output, Stop};
use crate::paint::Paint;
use crate::pods::PodName;
use crate::select::Selection;
use crate::sink::Sink;
use crate::unwrap::Wrapper;
pub(crate) use block::Block;
use lines::Lines;
use messages::{Message, Messages};
use patience::Patience;
use workers::{Made, Workers};

/// What becomes of other logs' lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherLines {
    /// They stand between the records, with lines that are nothing known.
    Between(Paint),
    /// They go to standard error.
    Aside,
    /// They are counted only.
    Dropped,
}

/// How to read and where to write.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) format: Choice,
    /// The pod that wrote every input, where nothing else tells.
    pub(crate) pod: Option<PodName>,
    /// What says which kind of traffic records tell of, if it is to be said.
    pub(crate) enricher: Option<Enricher>,
    /// Which records go on to the sink; all of them where there is none.
    pub(crate) selection: Option<Selection>,
    pub(crate) max_line: usize,
    pub(crate) other: OtherLines,
    pub(crate) sink: Sink,
}

/// What is left when all inputs are read.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) account: Account,
    pub(crate) notes: Notes,
    pub(crate) selection: Option<Selection>,
    /// Whether the end of the output was written.
    pub(crate) flushed: Result<(), Stop>,
}

/// Takes the chunks of one input after the other.
///
/// Call [`Self::begin`], then [`Self::chunk`] as often as there is something, then [`Self::end`],
/// for each input, and [`Self::finish`] after the last. After a [`Stop`] only `finish` is of use.
#[derive(Debug)]
pub(crate) struct Pipeline<W: Write> {
    max_line: usize,
    framer: Framer,
    lines: Lines<W>,
    /// How many threads may take blocks.
    threads: usize,
    workers: Option<Workers>,
    /// Whether blocks are given to workers, of whose work much can be in vain.
    patience: Patience,
}

impl<W: Write> Pipeline<W> {
    /// A pipeline that writes to `output`.
    pub(crate) fn new(settings: Settings, output: Output<W>, notes: Notes) -> Self {
        let max_line = settings.max_line;
        let messages = Messages::new(settings, output, notes);
        Self {
            max_line,
            framer: Framer::new(max_line),
            lines: Lines::new(messages, max_line),
            threads: 1,
            workers: None,
            patience: Patience::default(),
        }
    }

    /// Lets as many threads take the blocks of [`Self::block`]; none, where it is one.
    pub(crate) fn use_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// Whether other threads may take blocks.
    pub(crate) fn has_threads(&self) -> bool {
        self.threads > 1
    }

    /// Begins an input; `name` stands in what is said about it.
    pub(crate) fn begin(&mut self, name: &str) {
        self.framer = Framer::new(self.max_line);
        self.lines.begin(name);
    }

    /// Begins the lines of pods that are followed, which come by [`Self::line`].
    pub(crate) fn begin_live(&mut self, name: &str) {
        self.lines.messages.begin_live(name);
    }

    /// Takes a line of a pod.
    pub(crate) fn line(&mut self, wrapper: Wrapper<'_>, body: &[u8]) -> Result<(), Stop> {
        self.lines.unwrapped(wrapper, body)
    }

    /// Takes a pod's line that was too long to be held.
    pub(crate) fn oversized(&mut self) {
        self.lines.messages.count_line();
        self.lines.messages.oversized();
    }

    /// Forgets what is remembered of a pod's container whose lines have ended.
    pub(crate) fn forget(&mut self, wrapper: Wrapper<'_>) {
        self.lines.messages.forget(&wrapper);
    }

    /// When the request of a pod's line began, in nanoseconds since 1970, if the line says so.
    pub(crate) fn start_time(&mut self, wrapper: Wrapper<'_>, body: &[u8]) -> Option<i64> {
        self.lines.messages.start_time(&Message { wrapper, body })
    }

    /// What the pods write with from now on, and with what enriching goes on.
    pub(crate) fn replace(&mut self, formats: PodFormats, enricher: Option<Enricher>) {
        self.lines.messages.replace(formats, enricher);
    }

    /// Takes the next chunk of the input. What has arrived by then is what a format is told from.
    pub(crate) fn chunk(&mut self, chunk: &[u8]) -> Result<(), Stop> {
        self.wait()?;
        self.lines.begin_chunk();
        self.rest_of_chunk(chunk)
    }

    fn rest_of_chunk(&mut self, chunk: &[u8]) -> Result<(), Stop> {
        let Self { framer, lines, .. } = self;
        let mut rest = Some(chunk);
        while let Some(mut here) = rest
            && !here.is_empty()
        {
            if framer.is_between_lines() {
                here = lines.stretch(here)?;
            }
            rest = framer.line(here, &mut |frame, rest| lines.frame(frame, rest))?;
        }
        Ok(())
    }

    /// Takes the next chunk of an input of which there is more; gives a block that can be used again.
    /// What is printed of it may be printed later, by [`Self::flush`] at the latest.
    pub(crate) fn block(&mut self, block: Vec<u8>) -> Result<Vec<u8>, Stop> {
        let whole = self.framer.is_between_lines() && block.ends_with(b"\n");
        if !self.has_threads() || !whole || self.patience.is_over() {
            return self.chunk(&block).map(|()| block);
        }
        let settled = self.lines.settled();
        let Some((settled, kit)) =
            settled.and_then(|settled| Some((settled, self.lines.messages.kit(&settled)?)))
        else {
            return self.chunk(&block).map(|()| block);
        };
        let threads = self.threads;
        let workers = self.workers.get_or_insert_with(|| Workers::start(threads));
        workers.give(block, settled, &kit);
        if workers.are_busy() {
            self.take()?;
        }
        Ok(self.workers.as_mut().map(Workers::spare_block).unwrap_or_default())
    }

    /// Waits for the oldest block that workers have, and takes it; whether there was one.
    pub(crate) fn take(&mut self) -> Result<bool, Stop> {
        let taken = self.workers.as_mut().and_then(Workers::take);
        let Some((block, mut made)) = taken else { return Ok(false) };
        let out = std::mem::take(&mut made.out);
        self.lines.begin_chunk();
        let rest = self.made(&block, &made, &out)?;
        self.patience.note(rest.len() > block.len() / 2);
        self.rest_of_chunk(rest)?;
        if let Some(workers) = &mut self.workers {
            workers.recycle(block, out);
        }
        Ok(true)
    }

    /// Waits for the blocks that workers have, and takes them.
    fn wait(&mut self) -> Result<(), Stop> {
        while self.take()? {}
        Ok(())
    }

    /// Takes what was made of a block, as far as it was made under what is settled by then, and the odd
    /// lines between; gives what is left of the block.
    fn made<'b>(&mut self, block: &'b [u8], made: &Made, out: &[u8]) -> Result<&'b [u8], Stop> {
        let Self { framer, lines, .. } = self;
        let (mut rest, mut printed) = (block, 0);
        for part in &made.parts {
            if lines.settled() != Some(part.settled) {
                break;
            }
            lines.messages.add(part, out.get(printed..part.end).unwrap_or_default())?;
            printed = part.end;
            rest = rest.get(part.run.bytes..).unwrap_or_default();
            let line = framer.line(rest, &mut |frame, rest| lines.frame(frame, rest))?;
            rest = line.unwrap_or_default();
        }
        Ok(rest)
    }

    /// Takes the unterminated last line, if there is one: no more of it will come.
    pub(crate) fn end_line(&mut self) -> Result<(), Stop> {
        self.wait()?;
        let Self { framer, lines, .. } = self;
        lines.begin_chunk();
        framer.finish(&mut |frame, rest| lines.frame(frame, rest))
    }

    /// Ends the input.
    pub(crate) fn end(&mut self) -> Result<(), Stop> {
        self.end_line()?;
        self.lines.end()
    }

    /// Ends the input before its time: what was begun is counted, but for a line whose newline has
    /// not come.
    pub(crate) fn stop(&mut self) -> Result<(), Stop> {
        self.wait()?;
        self.lines.end()
    }

    /// Writes out all that is ready.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        self.wait()?;
        self.lines.messages.flush()
    }

    /// Ends the work: writes out what is left and gives the account.
    pub(crate) fn finish(mut self) -> Finished {
        let flushed = self.lines.messages.end_output();
        let (account, notes, selection) = self.lines.messages.finish();
        Finished { account, notes, selection, flushed }
    }

    /// The notes, to say something or to show a progress bar.
    pub(crate) fn notes(&mut self) -> &mut Notes {
        &mut self.lines.messages.notes
    }
}

#[cfg(test)]
mod tests;
