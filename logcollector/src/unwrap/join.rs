//! Joining: runtimes cut long lines into parts; here they become one line again.

use super::Stream;

/// Joins the parts of lines, for each stream of one input on its own.
#[derive(Debug)]
pub struct Joiner {
    stdout: Slot,
    stderr: Slot,
    max_line: usize,
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub enum Joined<'a> {
    /// The line goes on, so that there is nothing to read yet.
    Held,
    /// The line is complete.
    Line {
        /// The time of its first part.
        time: &'a [u8],
        /// The whole message.
        body: &'a [u8],
    },
    /// The line is complete and was longer than the limit.
    Oversized,
}

#[derive(Debug, Default)]
struct Slot {
    /// The time of the first part.
    time: Vec<u8>,
    /// The parts so far; empty once they are more than the limit.
    body: Vec<u8>,
    open: bool,
    oversized: bool,
}

impl Joiner {
    /// A joiner for lines of at most `max_line` bytes.
    pub fn new(max_line: usize) -> Self {
        Self { stdout: Slot::default(), stderr: Slot::default(), max_line }
    }

    /// Takes the next part of a stream; `partial` says that the line goes on after it.
    pub fn push<'a>(
        &'a mut self,
        stream: Stream,
        time: &'a [u8],
        body: &'a [u8],
        partial: bool,
    ) -> Joined<'a> {
        let max_line = self.max_line;
        let slot = self.slot(stream);
        if !slot.open && !partial {
            return if body.len() > max_line {
                Joined::Oversized
            } else {
                Joined::Line { time, body }
            };
        }
        slot.add(time, body, max_line);
        if partial { Joined::Held } else { slot.close() }
    }

    /// Marks the lines that are begun as too long: a part of one of them was skipped, and it cannot
    /// be told of which.
    pub fn spoil(&mut self) {
        for slot in [&mut self.stdout, &mut self.stderr] {
            slot.oversized |= slot.open;
        }
    }

    /// Whether `stream` has begun a line and not ended it.
    pub fn is_open(&self, stream: Stream) -> bool {
        match stream {
            Stream::Stdout => self.stdout.open,
            Stream::Stderr => self.stderr.open,
        }
    }

    /// Gives the line that `stream` has begun and not ended, at the end of the input.
    pub fn finish(&mut self, stream: Stream) -> Joined<'_> {
        let slot = self.slot(stream);
        if slot.open { slot.close() } else { Joined::Held }
    }

    fn slot(&mut self, stream: Stream) -> &mut Slot {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

impl Slot {
    fn add(&mut self, time: &[u8], body: &[u8], max_line: usize) {
        if !self.open {
            *self = Self { open: true, ..Self::default() };
            self.time.extend_from_slice(time);
        }
        if self.oversized || self.body.len() + body.len() > max_line {
            self.oversized = true;
            self.body = Vec::new();
        } else {
            self.body.extend_from_slice(body);
        }
    }

    fn close(&mut self) -> Joined<'_> {
        self.open = false;
        if self.oversized {
            Joined::Oversized
        } else {
            Joined::Line { time: &self.time, body: &self.body }
        }
    }
}
