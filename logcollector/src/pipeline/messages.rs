//! Messages: reads them as records, or tells what else they are.

mod format;
mod many;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use accesslog::{Mismatch, Record, Value, WellKnown};
use jiff::Timestamp;

use super::workers::Kit;
use super::{OtherLines, Settings};
use crate::account::Account;
use crate::enrich::{Enricher, Writer};
use crate::formats::{Formats, PodFormats};
use crate::notes::Notes;
use crate::other::Other;
use crate::output::{Output, Stop};
use crate::paint::DIM;
use crate::pods::PodName;
use crate::select::Selection;
use crate::sink::{Entry, Sink};
use crate::streams::Streams;
use crate::unwrap::Wrapper;
use crate::visible;

pub(super) use format::ends_in_added_field;

/// How many bytes of a line that is no record are shown.
const SHOWN: usize = 2000;
/// How many lines of a chunk are looked at ahead of their turn, over all streams.
const AHEAD: usize = 1 << 16;
/// How many changes of format are announced for a stream, and how many pods without a known one.
const ANNOUNCED: u32 = 10;

/// A line without its wrapper.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) wrapper: Wrapper<'a>,
    pub(super) body: &'a [u8],
}

/// Reads messages and writes records.
#[derive(Debug)]
pub(super) struct Messages<W: Write> {
    formats: Formats,
    selection: Option<Selection>,
    enricher: Option<Enricher>,
    /// The pod that wrote the inputs whose names do not tell, if that was said.
    pod: Option<PodName>,
    /// The pod that wrote this input's lines where they do not tell.
    input_pod: Option<PodName>,
    /// How many pods had no format in the manifests.
    unknown_pods: u32,
    streams: Streams,
    sink: Sink,
    output: Output<W>,
    pub(super) notes: Notes,
    account: Account,
    other: OtherLines,
    input: String,
    /// The number of the input's current line, from 1.
    line_number: u64,
    chunk: u64,
    /// How many lines of the chunk may still be looked at ahead, to tell formats.
    ahead: usize,
    /// The format that was taken first in this input, so that streams with the same are not named.
    first_format: Option<usize>,
    lines_per_record: usize,
    /// Unparsed lines of this input while no format was known.
    without_format: u64,
    /// Whether the lines are those of pods that are followed, whose formats are told elsewhere.
    live: bool,
    /// What workers have, once there are some.
    kit: Option<Arc<Kit>>,
}

impl<W: Write> Messages<W> {
    pub(super) fn new(settings: Settings, output: Output<W>, notes: Notes) -> Self {
        let Settings { format, pod, selection, enricher, other, sink, .. } = settings;
        let formats = Formats::new(format);
        Self {
            lines_per_record: formats.lines_per_record(),
            formats,
            selection,
            enricher,
            pod,
            input_pod: None,
            unknown_pods: 0,
            streams: Streams::default(),
            sink,
            output,
            notes,
            account: Account::default(),
            other,
            input: String::new(),
            line_number: 0,
            chunk: 0,
            ahead: 0,
            first_format: None,
            without_format: 0,
            live: false,
            kit: None,
        }
    }

    /// Begins the lines of pods that are followed.
    pub(super) fn begin_live(&mut self, name: &str) {
        self.begin(name);
        self.live = true;
    }

    /// What the pods write with from now on, and what says which kind of traffic it is.
    pub(super) fn replace(&mut self, formats: PodFormats, enricher: Option<Enricher>) {
        self.formats.replace(formats);
        if self.enricher.is_some() && enricher.is_some() {
            self.enricher = enricher;
            self.streams.iter_mut().for_each(|stream| stream.writer = None);
        }
    }

    /// Forgets a stream that has ended.
    pub(super) fn forget(&mut self, wrapper: &Wrapper<'_>) {
        self.streams.forget(wrapper);
    }

    /// When the request of a message began, in nanoseconds since 1970, if it is a record that says so.
    pub(super) fn start_time(&mut self, message: &Message<'_>) -> Option<i64> {
        let format = self.format_of(std::slice::from_ref(message), b"")?;
        let given = self.streams.of(&message.wrapper).given.clone();
        let all = std::iter::once(format).chain(given.into_iter().filter(|it| *it != format));
        all.into_iter().find_map(|format| {
            let record = self.formats.reader(format)?.read(message.body).ok()?;
            start_of(&record)
        })
    }

    pub(super) fn begin(&mut self, name: &str) {
        self.streams = Streams::default();
        self.input = visible::text(name.as_bytes());
        self.input_pod = PodName::of_file(Path::new(name)).or_else(|| self.pod.clone());
        self.line_number = 0;
        self.first_format = None;
        self.without_format = 0;
    }

    pub(super) fn begin_chunk(&mut self) {
        self.chunk += 1;
        self.ahead = AHEAD;
    }

    pub(super) fn count_line(&mut self) {
        self.line_number += 1;
    }

    pub(super) fn oversized(&mut self) {
        self.account.oversized();
    }

    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        let Self { sink, output, .. } = self;
        output.append(|out| sink.flush(out))?;
        output.flush()
    }

    /// Writes out what is left, and what belongs at the end.
    pub(super) fn end_output(&mut self) -> Result<(), Stop> {
        let Self { sink, output, .. } = self;
        output.append(|out| sink.end(out))?;
        output.flush()
    }

    /// Ends an input.
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        let mut blocks: Vec<_> =
            self.streams.iter_mut().map(|stream| std::mem::take(&mut stream.block)).collect();
        for line in blocks.iter_mut().flat_map(|block| std::iter::from_fn(|| block.pop())) {
            let message = Message { wrapper: Wrapper::default(), body: &line.body };
            self.line_number = line.number;
            self.unparsed(&message, None)?;
        }
        let unknown = self.formats.fixed().is_none() && self.first_format.is_none();
        if self.without_format > 0 && unknown {
            self.notes.say(&format!(
                "{}: no known format; give the proxy's format string with --format",
                self.input
            ));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> (Account, Notes, Option<Selection>) {
        if self.account.has_records() {
            self.sink.remarks().iter().for_each(|remark| self.notes.say(remark));
        }
        if let Some(remark) = self.selection.as_ref().and_then(Selection::remark) {
            self.notes.say(&remark);
        }
        (self.account, self.notes, self.selection)
    }

    /// Reads a message as a record of its stream's format and writes it; whether it was one.
    pub(super) fn try_read(&mut self, message: &Message<'_>) -> Result<bool, Stop> {
        let stream = self.streams.of(&message.wrapper);
        let Some(format) = self.formats.fixed().or(stream.format) else {
            return Ok(false);
        };
        Ok(self.read(message, format)?.is_none())
    }

    /// Reads with one format: `None` when the message was a record and is written.
    fn read(&mut self, message: &Message<'_>, format: usize) -> Result<Option<Mismatch>, Stop> {
        let writer = self.writer(&message.wrapper);
        let Self { formats, selection, enricher, sink, output, account, .. } = self;
        let Some(reader) = formats.reader(format) else { return Ok(None) };
        let record = match reader.read(message.body) {
            Ok(record) => record,
            Err(mismatch) => return Ok(Some(mismatch)),
        };
        let traffic = enricher.as_ref().map(|enricher| enricher.enrich(&record, writer));
        if let Some(selection) = selection
            && !selection.keeps(format, &record, message.body, traffic.as_ref())?
        {
            account.filtered();
            self.streams.of(&message.wrapper).last_other = None;
            return Ok(None);
        }
        account.record(record.ambiguity().is_some());
        let entry = Entry {
            wrapper: &message.wrapper,
            record: &record,
            line: message.body,
            format,
            traffic: traffic.as_ref(),
        };
        output.append(|out| sink.record(&entry, out))?;
        self.streams.of(&message.wrapper).last_other = None;
        Ok(None)
    }

    /// The pod that writes a stream, as far as it is known and of interest.
    fn writer(&mut self, wrapper: &Wrapper<'_>) -> Writer {
        let Some(enricher) = &self.enricher else { return Writer::default() };
        let input_pod = &self.input_pod;
        let find = || enricher.writer(pod_of(wrapper).as_ref().or(input_pod.as_ref()));
        *self.streams.of(wrapper).writer.get_or_insert_with(find)
    }

    /// Takes a message that can be cut from its line in the ways of `candidates`, likeliest first:
    /// reads it, or says what else it is. Gives the candidate that was a record.
    pub(super) fn settle<'c, 'a>(
        &mut self,
        candidates: &'c [Message<'a>],
        rest: &[u8],
    ) -> Result<Option<&'c Message<'a>>, Stop> {
        let Some(first) = candidates.first() else { return Ok(None) };
        if self.lines_per_record > 1 {
            return Ok(self.settle_block(first)?.then_some(first));
        }
        let mut mismatch = None;
        if let Some(format) = self.format_of(candidates, rest) {
            let format = self.gained_fields(candidates, format).unwrap_or(format);
            for message in candidates {
                match self.read(message, format)? {
                    None => return Ok(Some(message)),
                    found => mismatch = mismatch.or(found.map(|found| (found, format))),
                }
            }
            if let Some(message) = self.read_as_given(candidates, format)? {
                return Ok(Some(message));
            }
        }
        if self.settle_other(candidates)? {
            return Ok(None);
        }
        for message in candidates {
            if self.switch(message) && self.try_read(message)? {
                return Ok(Some(message));
            }
        }
        self.unparsed(first, mismatch)?;
        Ok(None)
    }

    /// Takes a message that may be one line of a record of several; whether one is complete with it.
    fn settle_block(&mut self, message: &Message<'_>) -> Result<bool, Stop> {
        if Other::classify(message.body).is_some() && self.settle_other(&[*message])? {
            return Ok(false);
        }
        let mut block = std::mem::take(&mut self.streams.of(&message.wrapper).block);
        block.push(&message.wrapper, message.body, self.line_number);
        let mut read = false;
        if block.len() >= self.lines_per_record {
            let (body, time) = block.joined();
            let wrapper = Wrapper { time, ..message.wrapper };
            let mismatch = self.read(&Message { wrapper, body: &body }, 0)?;
            read = mismatch.is_none();
            if read {
                block.clear();
            } else if let Some(oldest) = block.pop() {
                // The record, if there is one, begins later.
                let wrapper = Wrapper { time: None, ..message.wrapper };
                let alone = Message { wrapper, body: &oldest.body };
                let here = std::mem::replace(&mut self.line_number, oldest.number);
                self.unparsed(&alone, mismatch.map(|mismatch| (mismatch, 0)))?;
                self.line_number = here;
            }
        }
        self.streams.of(&message.wrapper).block = block;
        Ok(read)
    }

    /// Counts and shows a line of another log; whether it was one.
    fn settle_other(&mut self, candidates: &[Message<'_>]) -> Result<bool, Stop> {
        let Some(first) = candidates.first() else { return Ok(false) };
        let known = candidates.iter().find_map(|m| Other::classify(m.body).map(|kind| (m, kind)));
        let stream = self.streams.of(&first.wrapper);
        let found = known.or_else(|| {
            let goes_on = candidates.iter().find(|m| Other::is_continuation(m.body))?;
            stream.last_other.map(|kind| (goes_on, kind))
        });
        let Some((message, kind)) = found else { return Ok(false) };
        stream.last_other = Some(kind);
        self.account.other(kind);
        match self.other {
            OtherLines::Between(_) => {
                self.show_between("", &visible::clipped(message.body, SHOWN))?;
            }
            OtherLines::Aside => self.notes.print(&visible::clipped(message.body, SHOWN)),
            OtherLines::Dropped => {}
        }
        Ok(true)
    }

    fn unparsed(
        &mut self,
        message: &Message<'_>,
        mismatch: Option<(Mismatch, usize)>,
    ) -> Result<(), Stop> {
        let Self { formats, account, input, line_number, .. } = self;
        self.without_format += u64::from(mismatch.is_none());
        let place = || format!("{input}: line {line_number}");
        let reason = || {
            let told = mismatch.and_then(|(mismatch, format)| {
                let expected = mismatch.expected(formats.reader(format)?.format());
                Some(format!("column {}: expected {expected}", mismatch.offset() + 1))
            });
            told.unwrap_or_else(|| match formats.fixed() {
                Some(_) => "the record it begins is not complete".to_owned(),
                None => "not in a known format".to_owned(),
            })
        };
        account.unparsed(message.body, place, reason);
        self.streams.of(&message.wrapper).last_other = None;
        if let OtherLines::Between(_) = self.other {
            self.show_between("? ", &visible::clipped(message.body, SHOWN))?;
        }
        Ok(())
    }

    fn show_between(&mut self, mark: &str, text: &str) -> Result<(), Stop> {
        let OtherLines::Between(paint) = self.other else { return Ok(()) };
        self.output.append(|out| {
            paint.write(DIM, out, |out| out.extend_from_slice(format!("{mark}{text}").as_bytes()));
            out.push(b'\n');
        })
    }
}

/// The pod that a wrapper names.
fn pod_of(wrapper: &Wrapper<'_>) -> Option<PodName> {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Some(PodName { namespace: wrapper.namespace.map(text), name: text(wrapper.pod?) })
}

/// The start time of a record, in nanoseconds since 1970; absent where it is written in a form that does
/// not tell.
fn start_of(record: &Record<'_>) -> Option<i64> {
    let Some(Value::Text(text)) = record.well_known(WellKnown::StartTime) else { return None };
    let text = std::str::from_utf8(text).ok()?;
    let nanoseconds = match text.parse::<Timestamp>() {
        Ok(time) => time.as_nanosecond(),
        Err(_) => {
            let seconds: f64 = text.parse().ok().filter(|seconds| (0.0..1e11).contains(seconds))?;
            // Milliseconds, as formats print them: more digits than these have no meaning here.
            i128::from((seconds * 1e3) as i64) * 1_000_000
        }
    };
    i64::try_from(nanoseconds).ok()
}
