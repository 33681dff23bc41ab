//! The pipeline: chunks of an input in, records to a sink and every line into the account.
//!
//! Plain functions over borrowed bytes: frame, unwrap, read or classify, write. Nothing here waits.

mod block;
mod lines;
mod messages;
mod stretch;

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
}

impl<W: Write> Pipeline<W> {
    /// A pipeline that writes to `output`.
    pub(crate) fn new(settings: Settings, output: Output<W>, notes: Notes) -> Self {
        let max_line = settings.max_line;
        let messages = Messages::new(settings, output, notes);
        Self { max_line, framer: Framer::new(max_line), lines: Lines::new(messages, max_line) }
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
        let Self { framer, lines, .. } = self;
        lines.begin_chunk();
        let mut rest = Some(chunk);
        while let Some(mut here) = rest {
            if framer.is_between_lines() {
                here = lines.stretch(here)?;
            }
            rest = framer.line(here, &mut |frame, rest| lines.frame(frame, rest))?;
        }
        Ok(())
    }

    /// Takes the unterminated last line, if there is one: no more of it will come.
    pub(crate) fn end_line(&mut self) -> Result<(), Stop> {
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
        self.lines.end()
    }

    /// Writes out all that is ready.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
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
