//! One answer of the log API: bytes in, lines with their times out.

use std::io;
use std::sync::Arc;

use futures_util::io::{AsyncBufRead, AsyncBufReadExt};
use jiff::Timestamp;
use tokio::time::Instant;

use super::resume::{Resume, Step};
use super::{Batch, Line, Source};
use crate::frame::{Frame, Framer};

/// How long after its opening a stream's lines are those that were there already.
const RUSH: std::time::Duration = std::time::Duration::from_millis(1000);
/// A time in front of a line takes no more than this.
const TIME: usize = 40;

/// Reads an answer.
pub(super) struct Stream<R> {
    reader: R,
    framer: Framer,
    opened: Instant,
    source: Arc<Source>,
}

impl<R: AsyncBufRead + Unpin> Stream<R> {
    pub(super) fn new(reader: R, max_line: usize, source: Arc<Source>) -> Self {
        // The time stands in front of what is limited.
        let framer = Framer::new(max_line.saturating_add(TIME));
        Self { reader, framer, opened: Instant::now(), source }
    }

    /// The lines that arrive next and are new; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the stream was cut.
    pub(super) async fn next(&mut self, resume: &mut Resume) -> io::Result<Option<Batch>> {
        let chunk = self.reader.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(None);
        }
        let length = chunk.len();
        let mut batch = Batch {
            source: Arc::clone(&self.source),
            text: Vec::with_capacity(length),
            lines: Vec::new(),
            in_rush: self.opened.elapsed() < RUSH,
        };
        let Ok(()) = self.framer.feed(chunk, &mut |frame, _| {
            batch.take(frame, resume);
            Ok::<(), std::convert::Infallible>(())
        });
        self.reader.consume_unpin(length);
        Ok(Some(batch))
    }

    /// The last line, if it has no end: of a log that is complete it is one.
    pub(super) fn finish(mut self, resume: &mut Resume) -> Batch {
        let mut batch =
            Batch { source: self.source, text: Vec::new(), lines: Vec::new(), in_rush: false };
        let Ok(()) = self.framer.finish(&mut |frame, _| {
            batch.take(frame, resume);
            Ok::<(), std::convert::Infallible>(())
        });
        batch
    }
}

impl Batch {
    /// Whether lines may be missing in it.
    pub(super) fn has_gap(&self) -> bool {
        self.lines.iter().any(|line| matches!(line, Line::Gap(_)))
    }

    /// Takes out what says so.
    pub(super) fn forget_gaps(&mut self) {
        self.lines.retain(|line| !matches!(line, Line::Gap(_)));
    }

    fn take(&mut self, frame: Frame<'_>, resume: &mut Resume) {
        let line = match frame {
            Frame::Oversized if resume.is_behind() => return,
            Frame::Oversized => return self.lines.push(Line::Oversized),
            Frame::Line(line) => line,
        };
        let start = self.text.len();
        let Some((nanoseconds, length)) = time_of(line) else {
            self.text.extend_from_slice(line);
            return self.lines.push(Line::Bare(start..self.text.len()));
        };
        match resume.take(nanoseconds) {
            Step::Repeated => return,
            Step::AfterGap(times) => self.lines.push(Line::Gap(times)),
            Step::New => {}
        }
        self.text.extend_from_slice(line);
        let time = start..start + length;
        let body = self.text.len().min(time.end + 1)..self.text.len();
        self.lines.push(Line::Whole { nanoseconds, time, body });
    }
}

/// The time in front of a line, in nanoseconds since 1970, and how long it is.
fn time_of(line: &[u8]) -> Option<(i64, usize)> {
    let head = line.get(..TIME).unwrap_or(line);
    let length = memchr::memchr(b' ', head).unwrap_or(head.len());
    let text = std::str::from_utf8(head.get(..length)?).ok()?;
    let time: Timestamp = text.parse().ok()?;
    Some((i64::try_from(time.as_nanosecond()).ok()?, length))
}
