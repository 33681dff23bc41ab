//! Formats: the one that was asked for, or those that the lines themselves tell.

use std::sync::Arc;

use accesslog::{Detector, Format, Reader};

use crate::error::shell_quoted;

/// How lines are to be read.
#[derive(Debug)]
pub(crate) enum Choice {
    /// By what the lines look like, for each stream.
    Auto(Detector),
    /// By one format.
    Fixed(Arc<Format>),
}

/// More formats than these are not told from lines, so that hostile ones cannot fill the memory.
const MOST: usize = 64;

/// The formats in use, each with a reader.
#[derive(Debug)]
pub(crate) struct Formats {
    detector: Option<Detector>,
    readers: Vec<Reader>,
}

impl Formats {
    /// The formats for a choice; a fixed one has the index 0.
    pub(crate) fn new(choice: Choice) -> Self {
        match choice {
            Choice::Auto(detector) => Self { detector: Some(detector), readers: Vec::new() },
            Choice::Fixed(format) => Self { detector: None, readers: vec![Reader::new(format)] },
        }
    }

    /// The index of the format that was asked for, if one was.
    pub(crate) fn fixed(&self) -> Option<usize> {
        self.detector.is_none().then_some(0)
    }

    /// How many lines a record of the format that was asked for takes.
    pub(crate) fn lines_per_record(&self) -> usize {
        let fixed = self.fixed().and_then(|index| self.readers.get(index));
        fixed.map_or(1, |reader| reader.format().lines_per_record())
    }

    /// Whether the last field of a format in use is the route name, which takes any text.
    pub(crate) fn ends_in_route_name(&self, index: usize) -> bool {
        let last = self.readers.get(index).and_then(|reader| reader.format().fields().last());
        last.is_some_and(|field| field.name() == "ROUTE_NAME")
    }

    /// The reader of a format in use.
    pub(crate) fn reader(&mut self, index: usize) -> Option<&mut Reader> {
        self.readers.get_mut(index)
    }

    /// Tells the format of some lines: its index, and what to say about it.
    pub(crate) fn detect<'l>(
        &mut self,
        lines: impl IntoIterator<Item = &'l [u8]>,
    ) -> Option<(usize, String)> {
        let detected = self.detector.as_mut()?.detect(lines)?;
        let mut said = format!("format {detected}");
        if let Some(string) = detected.format_string() {
            said.push_str(&format!("\n  --format {}", shell_quoted(&string)));
        }
        let format = detected.format();
        let same = |reader: &Reader| {
            reader.format().text() == format.text()
                && reader.format().encoding() == format.encoding()
        };
        let index = match self.readers.iter().position(same) {
            Some(index) => index,
            None if self.readers.len() >= MOST => return None,
            None => {
                self.readers.push(Reader::new(Arc::clone(format)));
                self.readers.len() - 1
            }
        };
        Some((index, said))
    }
}
