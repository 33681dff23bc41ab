//! Stretches: lines that are all like those before them, read in a tight loop.
//!
//! Once it is settled how the lines of an input come and which format they have, most of them need
//! nothing but reading and writing. A stretch ends before the first line that is *odd*: one with which
//! the ordinary way, through [`super::lines`] and [`super::messages`], might do anything else than to
//! take it as a record of the settled format. So the ordinary way alone says what becomes of odd lines,
//! and a stretch says of all others what it would have said.

use accesslog::Reader;
use expression::{Filter, Verdict};

use super::messages::ends_in_added_field;
use crate::sink::{Entry, Sink};
use crate::unwrap::{self, Form, Stream, Timed, Wrapper};

/// What is known of the lines to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settled {
    /// Whether lines end in CRLF.
    pub(super) crlf: bool,
    /// Whether records come in wrappers; else they come as they were written.
    pub(super) wrapped: bool,
    pub(super) max_line: usize,
    /// The formats of lines whose wrapper names no pod, by [`place`]; `None` where not all is known.
    pub(super) streams: [Option<Known>; 3],
    /// Whether a line of the stream is begun that goes on, by [`place`].
    pub(super) open: [bool; 3],
}

/// What is known of a stream's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The format, as an index among those in use.
    pub(super) format: usize,
    /// Whether a line that ends in what may be an added field can change the format.
    pub(super) gains: bool,
}

/// The streams whose lines a stretch takes, by their places in [`Settled`].
pub(super) const STREAMS: [Option<Stream>; 3] = [None, Some(Stream::Stdout), Some(Stream::Stderr)];

/// The place of a stream in [`STREAMS`].
pub(super) fn place(stream: Option<Stream>) -> usize {
    match stream {
        None => 0,
        Some(Stream::Stdout) => 1,
        Some(Stream::Stderr) => 2,
    }
}

/// What reads, chooses and writes.
pub(super) struct Tools<'t> {
    /// By format.
    pub(super) readers: &'t mut [Reader],
    /// The filters of `--where`, if there is one, by format.
    pub(super) filters: Option<&'t [Option<Filter>]>,
    pub(super) sink: &'t mut Sink,
}

/// What a stretch took.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// How long its lines are together, newlines included.
    pub(super) bytes: usize,
    pub(super) lines: u64,
    /// Records with one reading that went on.
    pub(super) records: u64,
    /// Records with several.
    pub(super) ambiguous: u64,
    /// Records that the filter left out.
    pub(super) filtered: u64,
    /// Records that went on because their lines do not tell.
    pub(super) undecided: u64,
    /// Which streams had lines.
    pub(super) streams: [bool; 3],
    /// Whether it ended because there was enough output, not before an odd line.
    pub(super) is_full: bool,
}

/// Takes lines from the front of `block` and appends what is printed of them to `out`. Ends before the
/// first odd line, where no line is complete, and when `out` has `most` bytes.
pub(super) fn run(
    settled: &Settled,
    tools: &mut Tools<'_>,
    block: &[u8],
    out: &mut Vec<u8>,
    most: usize,
) -> Run {
    let mut run = Run::default();
    let mut rest = block;
    while let Some(length) = tools.take(settled, rest, out, &mut run) {
        run.lines += 1;
        rest = rest.get(length + 1..).unwrap_or_default();
        if out.len() >= most {
            run.is_full = true;
            break;
        }
    }
    run.bytes = block.len() - rest.len();
    run
}

impl Settled {
    /// Notes what an odd line will probably change, so that what follows it can be taken before it is.
    pub(super) fn pass(&mut self, line: &[u8]) {
        let (stream, partial) = match unwrap::look(line).form {
            Form::Cri { stream, partial, .. } | Form::Docker { stream, partial, .. } => {
                (stream, partial)
            }
            Form::Plain | Form::Timestamp { .. } => return,
        };
        self.open[place(Some(stream))] = partial;
    }

    /// Takes the wrapper off the line that `text` begins with, where it has one that is tried before the
    /// whole line; `None` where the line is odd.
    #[inline]
    fn unwrap<'a>(&self, text: &'a [u8]) -> Option<(Wrapper<'a>, &'a [u8])> {
        if !self.wrapped {
            // Where records come plain, every line but docker's is first tried as it is, whatever
            // wrapper it seems to have.
            return Some((Wrapper::default(), text));
        }
        let Timed { time, part, body } = unwrap::timed(text)?;
        let stream = match part {
            Some((_, true)) => return None,
            Some((stream, false)) => Some(stream),
            None => None,
        };
        if *self.open.get(place(stream))? || !unwrap::prefers_wrapper(time, true) {
            return None;
        }
        let wrapper = text.get(..text.len() - body.len())?;
        let is_line = memchr::memchr(b'\n', wrapper).is_none();
        is_line.then_some((Wrapper { stream, time: Some(time.text), ..Wrapper::default() }, body))
    }
}

impl Tools<'_> {
    /// Reads, judges and writes the line that `text` begins with; gives how long it is without its
    /// newline, or `None` where it is odd or has no end.
    #[inline]
    fn take(
        &mut self,
        settled: &Settled,
        text: &[u8],
        out: &mut Vec<u8>,
        run: &mut Run,
    ) -> Option<usize> {
        let text = text.get(..=settled.max_line).unwrap_or(text);
        let (wrapper, body) = settled.unwrap(text)?;
        let place = place(wrapper.stream);
        let Known { format, gains } = (*settled.streams.get(place)?)?;
        let reader = self.readers.get_mut(format)?;
        let filter = match self.filters {
            Some(filters) => Some(filters.get(format)?.as_ref()?),
            None => None,
        };
        let read = if settled.crlf {
            let length = memchr::memchr(b'\n', body)?;
            let line = body.get(..length)?;
            Some((length, reader.read(line.strip_suffix(b"\r").unwrap_or(line))))
        } else {
            reader.read_first(body)
        };
        // Left where it was written: copying what was written just now in other portions is slow.
        let Some((length, Ok(record))) = &read else { return None };
        let line = record.line();
        let may_change = gains && ends_in_added_field(line);
        if may_change || !settled.wrapped && unwrap::may_be_docker(line) {
            return None;
        }
        let length = text.len() - body.len() + length;
        run.streams[place] = true;
        if let Some(filter) = filter {
            match filter.judge(record) {
                Verdict::Kept => {}
                Verdict::CannotTell => run.undecided += 1,
                Verdict::LeftOut => {
                    run.filtered += 1;
                    return Some(length);
                }
            }
        }
        match record.ambiguity() {
            Some(_) => run.ambiguous += 1,
            None => run.records += 1,
        }
        let entry = Entry { wrapper: &wrapper, record, line, format, traffic: None };
        self.sink.record(&entry, out);
        Some(length)
    }
}
