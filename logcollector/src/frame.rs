//! Framing: cuts chunks of bytes into lines, whatever the chunk boundaries.
//!
//! Lines that lie within one chunk are borrowed from it; only the piece that a chunk boundary cuts
//! is copied. A line longer than the limit is reported once and never held.

/// What a [`Framer`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A line without its newline.
    Line(&'a [u8]),
    /// The end of a line that was longer than the limit.
    Oversized,
}

/// Cuts chunks into lines.
#[derive(Debug)]
pub struct Framer {
    /// The beginning of a line whose newline has not come yet.
    held: Vec<u8>,
    /// Whether the current line is over the limit, so that its rest is skipped.
    skipping: bool,
    max_line: usize,
}

impl Framer {
    /// A framer for lines of at most `max_line` bytes, the newline not counted.
    pub fn new(max_line: usize) -> Self {
        Self { held: Vec::new(), skipping: false, max_line }
    }

    /// Passes every line that `chunk` completes to `each`, with what follows that line in `chunk`.
    ///
    /// Stops at the first error of `each`; the framer is of no use after that.
    pub fn feed<E>(
        &mut self,
        chunk: &[u8],
        each: &mut impl FnMut(Frame<'_>, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = chunk;
        while let Some(after) = self.line(rest, each)? {
            rest = after;
        }
        Ok(())
    }

    /// Passes the first line that `chunk` completes to `each`, and gives what follows it; `None` where
    /// no line ends in it, so that all of it was taken.
    ///
    /// After an error of `each` the framer is of no use.
    pub fn line<'c, E>(
        &mut self,
        chunk: &'c [u8],
        each: &mut impl FnMut(Frame<'_>, &[u8]) -> Result<(), E>,
    ) -> Result<Option<&'c [u8]>, E> {
        let Some(at) = memchr::memchr(b'\n', chunk) else {
            self.hold(chunk);
            return Ok(None);
        };
        let (line, after) = chunk.split_at(at);
        let rest = after.get(1..).unwrap_or_default();
        if self.is_between_lines() {
            each(self.limited(line), rest)?;
        } else {
            self.hold(line);
            self.finish_line(rest, each)?;
        }
        Ok(Some(rest))
    }

    /// Whether no line is begun whose newline has not come.
    pub fn is_between_lines(&self) -> bool {
        self.held.is_empty() && !self.skipping
    }

    /// Passes on the last line if no newline ended it: the input is over.
    pub fn finish<E>(
        &mut self,
        each: &mut impl FnMut(Frame<'_>, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_between_lines() {
            return Ok(());
        }
        self.finish_line(b"", each)
    }

    fn finish_line<E>(
        &mut self,
        rest: &[u8],
        each: &mut impl FnMut(Frame<'_>, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let skipped = std::mem::take(&mut self.skipping);
        let result = if skipped {
            each(Frame::Oversized, rest)
        } else {
            each(Frame::Line(&self.held), rest)
        };
        self.held.clear();
        result
    }

    fn limited<'a>(&self, line: &'a [u8]) -> Frame<'a> {
        if line.len() > self.max_line { Frame::Oversized } else { Frame::Line(line) }
    }

    fn hold(&mut self, piece: &[u8]) {
        if self.skipping {
            return;
        }
        if self.held.len() + piece.len() > self.max_line {
            self.skipping = true;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(chunks: &[&[u8]], max_line: usize) -> Vec<String> {
        let mut framer = Framer::new(max_line);
        let mut found = Vec::new();
        let mut each = |frame: Frame<'_>, _: &[u8]| -> Result<(), ()> {
            found.push(match frame {
                Frame::Line(line) => String::from_utf8_lossy(line).into_owned(),
                Frame::Oversized => "<oversized>".to_owned(),
            });
            Ok(())
        };
        for chunk in chunks {
            framer.feed(chunk, &mut each).unwrap();
        }
        framer.finish(&mut each).unwrap();
        found
    }

    #[test]
    fn lines() {
        let none: [&str; 0] = [];
        assert_eq!(frames(&[], 8), none, "no input");
        assert_eq!(frames(&[b""], 8), none, "an empty chunk");
        assert_eq!(frames(&[b"a\nb\n"], 8), ["a", "b"], "two lines");
        assert_eq!(frames(&[b"a\nb"], 8), ["a", "b"], "no newline at the end");
        assert_eq!(frames(&[b"\n\n"], 8), ["", ""], "empty lines");
        assert_eq!(frames(&[b"a", b"b", b"\nc\n"], 8), ["ab", "c"], "cut by chunks");
        assert_eq!(frames(&[b"12345678\n"], 8), ["12345678"], "just within the limit");
        assert_eq!(frames(&[b"123456789\na\n"], 8), ["<oversized>", "a"], "over it in one chunk");
        assert_eq!(frames(&[b"12345", b"6789", b"0\na\n"], 8), ["<oversized>", "a"], "over chunks");
        assert_eq!(frames(&[b"12345", b"6789"], 8), ["<oversized>"], "over it at the end");
        assert_eq!(frames(&[b"123456789", b"\na"], 8), ["<oversized>", "a"], "newline later");
    }

    #[test]
    fn an_endless_line_is_not_held() {
        let mut framer = Framer::new(16);
        let mut each = |_: Frame<'_>, _: &[u8]| -> Result<(), ()> { Ok(()) };
        for _ in 0..1000 {
            framer.feed(&[b'x'; 64], &mut each).unwrap();
        }
        assert!(framer.held.capacity() <= 16);
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            lines in proptest::collection::vec("[a-z\\r ]{0,12}", 0..12),
            cuts in proptest::collection::vec(0_usize..160, 0..8),
            max_line in 1_usize..14,
        ) {
            let text = lines.join("\n");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&text.as_bytes()[from..cut]);
                from = cut;
            }
            chunks.push(&text.as_bytes()[from..]);
            let mut expected: Vec<String> = text
                .split('\n')
                .map(|l| if l.len() > max_line { "<oversized>".into() } else { l.to_owned() })
                .collect();
            if text.is_empty() || text.ends_with('\n') {
                expected.pop();
            }
            prop_assert_eq!(frames(&chunks, max_line), expected);
        }
    }
}
