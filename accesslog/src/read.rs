//! Reading a line with a compiled format.
//!
//! Envoy's text loggers escape nothing, so a line can have several readings: several ways to cut
//! it into the format's literals and values of the fields' shapes. A line whose delimiters are
//! exactly those that the format expects has one reading, found by the [`fast`] pass; every other
//! line goes through [`search`], which looks at all readings at once. Both give the same answer
//! where the fast pass gives one at all.

mod address;
mod bits;
mod check;
mod class;
mod edges;
mod fast;
mod json;
mod literal;
mod marks;
mod plan;
mod search;

use std::fmt::{self, Write as _};
use std::sync::Arc;

pub(crate) use marks::{BLOCK, Masks, Offsets};
pub(crate) use plan::Plan;

use crate::format::{Encoding, Format};
use crate::record::{Disputed, Record, Span};
use edges::Edges;
use fast::Certain;
use json::JsonScratch;
use marks::Marks;
use search::Search;

/// The working memory for lines up to this long is kept for the next.
const KEPT: usize = 64 << 10;

/// Reads lines of one format, one after the other.
///
/// A reader keeps its working memory from line to line; reading allocates nothing per field.
///
/// ```
/// use accesslog::{Format, Reader};
///
/// let mut reader = Reader::new(Format::compile("%RESPONSE_CODE% %DURATION%")?.into());
/// let record = reader.read(b"503 -").expect("a line of this format");
/// assert_eq!(record.get("response_code").and_then(|value| value.as_u64()), Some(503));
/// assert!(record.get("duration").is_some_and(|value| value.is_absent()));
/// assert!(reader.read(b"[warning] something else").is_err());
/// # Ok::<(), accesslog::FormatError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    format: Arc<Format>,
    spans: Vec<Span>,
    marks: Marks,
    edges: Edges,
    search: Search,
    disputed: Disputed,
    json: JsonScratch,
}

/// A line is no record of the format: how far it could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mismatch {
    /// The offset in bytes up to which the line could be one of this format.
    pub(crate) offset: u32,
    pub(crate) expected: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// The literal that the format starts with.
    Start,
    /// This field, and then the literal after it.
    Field(u16),
    /// A JSON object.
    Json,
    /// One of the keys of the JSON format.
    Key,
    /// Each key of the JSON format once.
    KeyOnce,
    /// A line of less than 4 GiB.
    Short,
}

impl Reader {
    /// A reader for lines of this format.
    pub fn new(format: Arc<Format>) -> Self {
        Self {
            spans: vec![Span::default(); format.fields.len()],
            format,
            marks: Marks::default(),
            edges: Edges::default(),
            search: Search::default(),
            disputed: Disputed::default(),
            json: JsonScratch::default(),
        }
    }

    /// The format that lines are read with.
    pub fn format(&self) -> &Arc<Format> {
        &self.format
    }

    /// Reads one line, given without the newline that ends it.
    ///
    /// # Errors
    ///
    /// When the line has no reading in this format.
    pub fn read<'r>(&'r mut self, line: &'r [u8]) -> Result<Record<'r>, Mismatch> {
        if u32::try_from(line.len()).is_err() {
            return Err(Mismatch { offset: u32::MAX, expected: Expected::Short });
        }
        match self.format.encoding {
            Encoding::Json => self.json.read(line, &self.format),
            Encoding::Text => self.read_text(line),
        }
    }

    /// Reads the line that `text` begins with, up to its newline, and gives how long it is without that.
    /// `None` when there is no newline, or none in the first 4 GiB.
    ///
    /// This is quicker than to look for the newline first.
    ///
    /// ```
    /// use accesslog::{Format, Reader};
    ///
    /// let mut reader = Reader::new(Format::compile("%RESPONSE_CODE% %DURATION%")?.into());
    /// let (length, record) = reader.read_first(b"503 12\n200 1").expect("a line");
    /// assert_eq!(length, 6);
    /// assert_eq!(record.expect("a record").len(), 2);
    /// assert!(reader.read_first(b"200 1").is_none());
    /// # Ok::<(), accesslog::FormatError>(())
    /// ```
    pub fn read_first<'r>(
        &'r mut self,
        text: &'r [u8],
    ) -> Option<(usize, Result<Record<'r>, Mismatch>)> {
        let text = text.get(..u32::MAX as usize).unwrap_or(text);
        let plan = &self.format.plan;
        let front = plan.front().filter(|_| self.format.encoding == Encoding::Text);
        let Some(front) = front else {
            let length = memchr::memchr(b'\n', text)?;
            return Some((length, self.read(text.get(..length)?)));
        };
        let certain = fast::read_first(plan, front, text, &mut self.marks, &mut self.spans);
        let length = self.marks.length()?;
        let line = text.get(..length)?;
        let record = match certain {
            Some(Certain { plain }) => {
                Ok(Record::certain(line, text, &self.format, &self.spans, plain))
            }
            None => self.read_slowly(line),
        };
        Some((length, record))
    }

    fn read_text<'r>(&'r mut self, line: &'r [u8]) -> Result<Record<'r>, Mismatch> {
        let plan = &self.format.plan;
        if let Some(Certain { plain }) = fast::read(plan, line, &mut self.marks, &mut self.spans) {
            return Ok(Record::certain(line, line, &self.format, &self.spans, plain));
        }
        if plan.front().is_none() {
            self.marks.find(line, plan.pin());
        }
        self.read_slowly(line)
    }

    /// Reads a line that may have several readings; its marks are found.
    #[inline(never)]
    fn read_slowly<'r>(&'r mut self, line: &'r [u8]) -> Result<Record<'r>, Mismatch> {
        let Self { format, marks, edges, search, spans, disputed, .. } = self;
        let few = edges.read(&format.plan, line, marks, spans, disputed);
        if few.is_none() {
            let found = search.read(&format.plan, line, spans, disputed);
            if line.len() > KEPT {
                *search = Search::default();
            }
            found?;
        }
        let disputed = (!self.disputed.fields.is_empty()).then_some(&self.disputed);
        Ok(Record::text(line, &self.format, &self.spans, disputed))
    }

    /// Whether the line could be read without a search over readings.
    #[cfg(test)]
    fn is_fast(&mut self, line: &[u8]) -> bool {
        fast::read(&self.format.plan, line, &mut self.marks, &mut self.spans).is_some()
    }
}

impl Mismatch {
    /// The offset in bytes up to which the line could be one of the format.
    pub fn offset(&self) -> usize {
        self.offset as usize
    }

    /// What the format has at that place, in words: ``"`%RESPONSE_CODE%`, then ` `"``.
    pub fn expected(&self, format: &Format) -> String {
        let quoted = |bytes: &[u8]| format!("`{}`", bytes.escape_ascii());
        match self.expected {
            Expected::Start => match format.plan.literals.first() {
                Some(literal) => quoted(literal),
                None => "nothing".to_owned(),
            },
            Expected::Field(index) => {
                let index = usize::from(index);
                let field = format.fields.get(index);
                let mut text = format!("`{}`", field.map_or("", |field| field.text()));
                match format.plan.literals.get(index + 1) {
                    Some(literal) if !literal.is_empty() => {
                        let _ = write!(text, ", then {}", quoted(literal));
                    }
                    _ if index + 1 == format.fields.len() => text.push_str(", then the end"),
                    _ => {}
                }
                text
            }
            Expected::Json => "a JSON object".to_owned(),
            Expected::Key => "a key of the format".to_owned(),
            Expected::KeyOnce => "each key of the format once".to_owned(),
            Expected::Short => "a line of less than 4 GiB".to_owned(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: not a line of the format", self.offset() + 1)
    }
}

impl std::error::Error for Mismatch {}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
