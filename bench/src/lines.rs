//! Reading lines from memory, in this process: framing, perhaps unwrapping, reading, and perhaps
//! writing JSON. What is counted under valgrind is the difference between two numbers of lines, so
//! that making the lines and compiling the format cancel out.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use accesslog::{Format, FormatOptions, Preset, Reader};
use bench::corpus::{KEY_VALUE, Kind};
use clap::Args;
use logcollector::frame::{Frame, Framer};
use logcollector::unwrap::{self, Form, Joined, Joiner};

use crate::Result;

/// How many lines are made; they are read again and again.
pub(crate) const BLOCK: usize = 1000;
/// The longest line, as logcollector has it by default.
const MAX_LINE: usize = 1 << 20;

#[derive(Debug, Args)]
pub(crate) struct LinesArgs {
    /// How many records to read, in steps of a thousand
    count: usize,
    /// What to read, and what to do with it
    mode: String,
}

/// What is done with the lines of a corpus.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    pub(crate) name: &'static str,
    kind: Kind,
    work: Work,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Cut into lines.
    Frame,
    /// And read.
    Read,
    /// And written as JSON.
    Json,
    /// And unwrapped before it is read.
    UnwrapJson,
}

/// All modes.
pub(crate) const MODES: &[Mode] = &[
    Mode { name: "frame-istio", kind: Kind::Istio, work: Work::Frame },
    Mode { name: "read-istio", kind: Kind::Istio, work: Work::Read },
    Mode { name: "read-hostile", kind: Kind::Hostile, work: Work::Read },
    Mode { name: "json-istio", kind: Kind::Istio, work: Work::Json },
    Mode { name: "json-attempts", kind: Kind::Attempts, work: Work::Json },
    Mode { name: "json-kv", kind: Kind::KeyValue, work: Work::Json },
    Mode { name: "json-json", kind: Kind::Json, work: Work::Json },
    Mode { name: "json-hostile", kind: Kind::Hostile, work: Work::Json },
    Mode { name: "json-cri", kind: Kind::Cri, work: Work::UnwrapJson },
];

/// Reads lines of a mode; nothing is printed.
pub(crate) fn run(args: &LinesArgs) -> Result<()> {
    let mode = MODES.iter().find(|mode| mode.name == args.mode).ok_or_else(|| {
        let names: Vec<_> = MODES.iter().map(|mode| mode.name).collect();
        format!("no mode `{}`; there are {}", args.mode, names.join(", "))
    })?;
    let block = mode.kind.records(1, BLOCK);
    let mut worker = Worker::new(format(mode.kind)?, mode.work);
    for _ in 0..args.count / BLOCK {
        worker.block(black_box(&block));
    }
    Ok(())
}

/// The format of a kind's lines.
fn format(kind: Kind) -> Result<Format> {
    let preset = |name: &str| Preset::from_name(name).ok_or("no such preset");
    let options = FormatOptions::new();
    Ok(match kind {
        Kind::Istio | Kind::Hostile | Kind::Cri => preset("istio")?.compile(&options)?,
        Kind::Json => preset("istio-json")?.compile(&options)?,
        Kind::KeyValue => options.compile(KEY_VALUE)?,
        Kind::Attempts => {
            let istio = preset("istio")?.text().trim_end();
            options.compile(&format!("{istio} %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n"))?
        }
    })
}

/// Does a mode's work.
struct Worker {
    work: Work,
    framer: Framer,
    joiner: Joiner,
    reader: Reader,
    out: Vec<u8>,
}

impl Worker {
    fn new(format: Format, work: Work) -> Self {
        let reader = Reader::new(Arc::new(format));
        let (framer, joiner) = (Framer::new(MAX_LINE), Joiner::new(MAX_LINE));
        Self { work, framer, joiner, reader, out: Vec::new() }
    }

    fn block(&mut self, block: &[u8]) {
        let Self { work, framer, joiner, reader, out } = self;
        out.clear();
        let mut each = |frame: Frame<'_>, _: &[u8]| -> std::result::Result<(), Infallible> {
            if let Frame::Line(line) = frame {
                match work {
                    Work::Frame => _ = black_box(line),
                    Work::Read => _ = black_box(reader.read(line).is_ok()),
                    Work::Json => write(reader, line, out),
                    Work::UnwrapJson => unwrapped(joiner, line, |body| write(reader, body, out)),
                }
            }
            Ok(())
        };
        match framer.feed(block, &mut each) {
            Ok(()) => {}
        }
        black_box(&self.out);
    }
}

fn write(reader: &mut Reader, line: &[u8], out: &mut Vec<u8>) {
    if let Ok(record) = reader.read(line) {
        record.write_json(out);
        out.push(b'\n');
    }
}

/// Passes on the message of a line in a container runtime's log file, if it is complete.
fn unwrapped(joiner: &mut Joiner, line: &[u8], each: impl FnOnce(&[u8])) {
    if let Form::Cri { time, stream, partial, body } = unwrap::look(line).form
        && let Joined::Line { body, .. } = joiner.push(stream, time.text, body, partial)
    {
        each(body);
    }
}
