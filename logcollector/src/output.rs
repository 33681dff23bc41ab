//! Output: the buffer before standard output, and what may pass to a terminal.

use std::io::{self, Write};

use crate::error::Error;
use crate::visible;

/// Above this many bytes the buffer is written out.
pub(crate) const FULL: usize = 64 * 1024;

/// Why nothing more is written.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The reader has gone, as `head` does: the work is done.
    Closed,
    /// Writing failed.
    Failed(io::Error),
    /// The records cannot be chosen as was asked.
    Refused(Box<Error>),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(Box::new(error))
    }
}

/// What is done to output before it reaches a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Nothing: no terminal, or output that is safe as it is.
    Off,
    /// Control characters are made visible.
    Text,
    /// JSON text, in which they become `\u` escapes.
    Json,
}

/// Collects output and writes it in large pieces.
#[derive(Debug)]
pub(crate) struct Output<W: Write> {
    writer: W,
    guard: Guard,
    buffer: Vec<u8>,
    unguarded: Vec<u8>,
}

impl<W: Write> Output<W> {
    /// Output to `writer`.
    pub(crate) fn new(writer: W, guard: Guard) -> Self {
        Self { writer, guard, buffer: Vec::with_capacity(2 * FULL), unguarded: Vec::new() }
    }

    /// Takes the lines that `write` appends.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Stop> {
        if self.guard == Guard::Off {
            write(&mut self.buffer);
        } else {
            self.unguarded.clear();
            write(&mut self.unguarded);
            self.guard_lines();
        }
        if self.buffer.len() >= FULL { self.flush() } else { Ok(()) }
    }

    /// Whether lines go to the writer as they are.
    pub(crate) fn is_unguarded(&self) -> bool {
        self.guard == Guard::Off
    }

    /// Takes lines that need no guarding and were written elsewhere.
    pub(crate) fn pass(&mut self, lines: &[u8]) -> Result<(), Stop> {
        if lines.len() < FULL {
            return self.append(|out| out.extend_from_slice(lines));
        }
        self.flush()?;
        self.written(|writer| writer.write_all(lines))
    }

    fn guard_lines(&mut self) {
        for line in self.unguarded.split_inclusive(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match self.guard {
                Guard::Json => visible::write_json(line, &mut self.buffer),
                Guard::Text | Guard::Off => visible::write(line, &mut self.buffer),
            }
            self.buffer.push(b'\n');
        }
    }

    /// Writes out everything taken so far.
    pub(crate) fn flush(&mut self) -> Result<(), Stop> {
        let buffer = std::mem::take(&mut self.buffer);
        let written =
            self.written(|writer| writer.write_all(&buffer).and_then(|()| writer.flush()));
        self.buffer = buffer;
        self.buffer.clear();
        written
    }

    fn written(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) -> Result<(), Stop> {
        write(&mut self.writer).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Stop::Closed,
            _ => Stop::Failed(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_terminals() {
        let shown = |guard, text: &[u8]| {
            let mut written = Vec::new();
            let mut output = Output::new(&mut written, guard);
            assert!(output.append(|out| out.extend_from_slice(text)).is_ok());
            assert!(output.flush().is_ok());
            drop(output);
            String::from_utf8(written).unwrap()
        };
        assert_eq!(shown(Guard::Off, b"a\x1b\tb\r\n"), "a\x1b\tb\r\n");
        assert_eq!(shown(Guard::Text, b"a\x1b\tb\r\nc\n"), "a\\x1b\\tb\nc\n");
        assert_eq!(shown(Guard::Json, b"{\"a\":\"\x7f\"}\n"), "{\"a\":\"\\u007f\"}\n");
    }
}
