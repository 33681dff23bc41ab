//! Lines: takes off what kubectl or a runtime put around them.

use std::io::Write;

use super::messages::{Message, Messages};
use super::patience::Patience;
use super::stretch::{STREAMS, Settled};
use crate::frame::Frame;
use crate::output::Stop;
use crate::unwrap::{self, Form, Joined, Joiner, Look, Stream, Wrapper};

/// How the records of an input came so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// There was none.
    Not,
    /// As they were written.
    Plain,
    /// In a wrapper.
    Wrapped,
}

/// Unwraps the lines of an input and passes the messages on.
#[derive(Debug)]
pub(super) struct Lines<W: Write> {
    pub(super) messages: Messages<W>,
    joiner: Joiner,
    max_line: usize,
    came: Came,
    /// Whether the input's lines end in CRLF; told by the first one.
    crlf: Option<bool>,
    patience: Patience,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(messages: Messages<W>, max_line: usize) -> Self {
        let (joiner, patience) = (Joiner::new(max_line), Patience::default());
        Self { messages, joiner, max_line, came: Came::Not, crlf: None, patience }
    }

    pub(super) fn begin(&mut self, name: &str) {
        self.messages.begin(name);
        self.joiner = Joiner::new(self.max_line);
        self.came = Came::Not;
        self.crlf = None;
        self.patience = Patience::default();
    }

    /// Lets every line go the ordinary way, to compare.
    #[cfg(test)]
    pub(super) fn never_stretch(&mut self) {
        self.patience = Patience::none();
    }

    pub(super) fn begin_chunk(&mut self) {
        self.messages.begin_chunk();
    }

    /// Takes lines from the front of a chunk as long as they are like those before; gives what follows
    /// them.
    pub(super) fn stretch<'c>(&mut self, chunk: &'c [u8]) -> Result<&'c [u8], Stop> {
        if self.patience.is_over() {
            return Ok(chunk);
        }
        let Some(settled) = self.settled() else { return Ok(chunk) };
        let mut rest = chunk;
        loop {
            let run = self.messages.run(&settled, rest)?;
            rest = rest.get(run.bytes..).unwrap_or_default();
            if !run.is_full {
                self.patience.note(rest.len() == chunk.len());
                return Ok(rest);
            }
        }
    }

    /// What is known of the lines to come; `None` where each has to go the ordinary way.
    pub(super) fn settled(&mut self) -> Option<Settled> {
        let wrapped = match self.came {
            Came::Not => return None,
            Came::Plain => false,
            Came::Wrapped => true,
        };
        let crlf = self.crlf.filter(|_| self.messages.takes_many())?;
        let streams = self.messages.streams();
        let open = STREAMS.map(|stream| stream.is_some_and(|stream| self.joiner.is_open(stream)));
        Some(Settled { crlf, wrapped, max_line: self.max_line, streams, open })
    }

    /// Takes a line; `rest` is what follows it in its chunk.
    pub(super) fn frame(&mut self, frame: Frame<'_>, rest: &[u8]) -> Result<(), Stop> {
        self.messages.count_line();
        match frame {
            Frame::Oversized => {
                // It may have been a part of a line: what is left of that is no line.
                self.joiner.spoil();
                self.messages.oversized();
                Ok(())
            }
            Frame::Line(line) => {
                let ended = line.strip_suffix(b"\r");
                let crlf = *self.crlf.get_or_insert(ended.is_some());
                self.line(ended.filter(|_| crlf).unwrap_or(line), rest)
            }
        }
    }

    /// Takes a line whose wrapper is known.
    pub(super) fn unwrapped(&mut self, wrapper: Wrapper<'_>, body: &[u8]) -> Result<(), Stop> {
        self.messages.begin_chunk();
        self.messages.count_line();
        self.messages.settle(&[Message { wrapper, body }], b"").map(|_| ())
    }

    fn line(&mut self, line: &[u8], rest: &[u8]) -> Result<(), Stop> {
        let look = unwrap::look(line);
        if look.prefix.is_some() && self.came == Came::Plain {
            // Where no line has had a prefix, one that reads with it is the proxy's own.
            let whole = Message { wrapper: Wrapper::default(), body: line };
            if self.messages.try_read(&whole)? {
                return Ok(());
            }
        }
        let wrapper = prefix_wrapper(&look);
        let whole = Message { wrapper, body: look.unprefixed };
        match look.form {
            Form::Plain => self.settle(&[whole], rest),
            Form::Timestamp { time, body } => {
                let inner = Message { wrapper: Wrapper { time: Some(time.text), ..wrapper }, body };
                // Where records came plain, a time at the start of a line is the proxy's own.
                let may_wrap = self.came != Came::Plain;
                if may_wrap && unwrap::prefers_wrapper(time, self.came == Came::Wrapped) {
                    self.settle(&[inner, whole], rest)
                } else {
                    self.settle(&[whole, inner], rest)
                }
            }
            Form::Cri { time, stream, partial, body } => {
                let own = self.came == Came::Plain || !unwrap::prefers_wrapper(time, true);
                if own && self.messages.try_read(&whole)? {
                    self.came = Came::Plain;
                    return Ok(());
                }
                let wrapper = Wrapper { stream: Some(stream), ..wrapper };
                self.part(wrapper, time.text, body, partial, rest)
            }
            Form::Docker { time, stream, partial, body } => {
                let wrapper = Wrapper { stream: Some(stream), ..wrapper };
                self.part(wrapper, time.as_bytes(), body.as_bytes(), partial, rest)
            }
        }
    }

    /// Takes a message of a runtime's log file, or a part of one.
    fn part(
        &mut self,
        wrapper: Wrapper<'_>,
        time: &[u8],
        body: &[u8],
        partial: bool,
        rest: &[u8],
    ) -> Result<(), Stop> {
        let Self { messages, joiner, came, .. } = self;
        let Some(stream) = wrapper.stream else { return Ok(()) };
        let read = pass(messages, wrapper, joiner.push(stream, time, body, partial), rest)?;
        if read {
            *came = Came::Wrapped;
        }
        Ok(())
    }

    fn settle(&mut self, candidates: &[Message<'_>], rest: &[u8]) -> Result<(), Stop> {
        if let Some(message) = self.messages.settle(candidates, rest)? {
            self.came =
                if message.wrapper == Wrapper::default() { Came::Plain } else { Came::Wrapped };
        }
        Ok(())
    }

    /// Ends the input: lines that were begun and not ended are taken as they are.
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        let Self { messages, joiner, .. } = self;
        for stream in [Stream::Stdout, Stream::Stderr] {
            let wrapper = Wrapper { stream: Some(stream), ..Wrapper::default() };
            pass(messages, wrapper, joiner.finish(stream), b"")?;
        }
        messages.end()
    }
}

/// Passes on a joined line, if it is complete; whether it was a record.
fn pass<W: Write>(
    messages: &mut Messages<W>,
    wrapper: Wrapper<'_>,
    joined: Joined<'_>,
    rest: &[u8],
) -> Result<bool, Stop> {
    match joined {
        Joined::Held => Ok(false),
        Joined::Oversized => {
            messages.oversized();
            Ok(false)
        }
        Joined::Line { time, body } => {
            let wrapper = Wrapper { time: Some(time), ..wrapper };
            Ok(messages.settle(&[Message { wrapper, body }], rest)?.is_some())
        }
    }
}

fn prefix_wrapper<'a>(look: &Look<'a>) -> Wrapper<'a> {
    let (pod, container) = look.prefix.unzip();
    Wrapper { pod, container, ..Wrapper::default() }
}
