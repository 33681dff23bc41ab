//! Lines with exactly the delimiters that the format expects: one reading, found without a search.

use super::class::Class;
use super::marks::Marks;
use super::plan::{Plan, Section, TailField};
use crate::json::is_plain;
use crate::record::Span;

/// What the fast pass says of a line that surely has one reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Certain {
    /// Whether no value holds a byte that JSON would escape.
    pub(super) plain: bool,
}

/// Reads a line if it surely has one reading; `spans` holds it then. `None` says nothing.
pub(super) fn read(
    plan: &Plan,
    line: &[u8],
    marks: &mut Marks,
    spans: &mut [Span],
) -> Option<Certain> {
    let fast = plan.fast.as_ref()?;
    let (line, plain) = without_tail(&fast.tail, &plan.classes, line, spans)?;
    if !marks.find(line, fast.pin, fast.pins) || marks.pins().len() != fast.pins {
        return None;
    }
    let mut cut = Cut {
        line,
        classes: &plan.classes,
        spans,
        marks: marks.offsets(),
        words_are_certain: !marks.has_controls() && fast.pin == Some(b'"'),
    };
    let mut start = 0;
    for (index, section) in fast.sections.iter().enumerate() {
        let end = marks.pins().get(index).map_or(line.len(), |&pin| pin as usize);
        cut.section(section, start, end)?;
        start = end + 1;
    }
    Some(Certain { plain: plain && !marks.has_escapes() })
}

/// Cuts fields off the end of a line; what is left, and whether they hold no byte that JSON would
/// escape.
fn without_tail<'l>(
    tail: &[TailField],
    classes: &[Class],
    line: &'l [u8],
    spans: &mut [Span],
) -> Option<(&'l [u8], bool)> {
    let (mut rest, mut plain) = (line, true);
    for field in tail {
        let text = without_suffix(rest, &field.literal)?;
        let start = memchr::memrchr(field.stop, text)? + 1;
        let (before, value) = text.split_at_checked(start)?;
        classes.get(field.index)?.is_certain(value)?;
        plain = plain && value.iter().all(|&byte| is_plain(byte));
        *spans.get_mut(field.index)? = Span::new(start, text.len());
        rest = before;
    }
    Some((rest, plain))
}

/// A line that is being cut.
struct Cut<'a> {
    line: &'a [u8],
    classes: &'a [Class],
    spans: &'a mut [Span],
    /// The spaces and pins that were not passed yet.
    marks: &'a [u32],
    /// Whether what stands between two marks holds no white space and no double quote.
    words_are_certain: bool,
}

impl Cut<'_> {
    /// Cuts the part of the line from `start` to `end` into the section's literals and fields.
    fn section(&mut self, section: &Section, start: usize, end: usize) -> Option<()> {
        let text = self.line.get(start..end)?;
        let mut rest = without_suffix(without_prefix(text, &section.head)?, &section.tail)?;
        let Some(free) = section.free else { return rest.is_empty().then_some(()) };
        let mut start = start + section.head.len();
        for (field, literal) in (section.first..).zip(&section.before) {
            let class = self.classes.get(field)?;
            let length = match literal.first()? {
                b' ' => self.next_mark(start)?.checked_sub(start)?,
                &stop => class.length_before(rest, stop)?,
            };
            let (value, after) = rest.split_at_checked(length)?;
            rest = without_prefix(after, literal)?;
            self.place(value, start, field, true)?;
            start += length + literal.len();
        }
        let behind = free + 1..free + 1 + section.after.len();
        for (field, literal) in behind.zip(&section.after).rev() {
            let last = memchr::memrchr(*literal.last()?, rest)?;
            let (before, value) = rest.split_at_checked(last + 1)?;
            rest = without_suffix(before, literal)?;
            self.place(value, start + last + 1, field, false)?;
        }
        self.place(rest, start, free, section.after.is_empty())
    }

    /// The first mark at `from` or after it.
    fn next_mark(&mut self, from: usize) -> Option<usize> {
        loop {
            let (&mark, later) = self.marks.split_first()?;
            if mark as usize >= from {
                return Some(mark as usize);
            }
            self.marks = later;
        }
    }

    /// Notes where a value stands, if it is one of its field and could not go on further. Marks are
    /// passed from left to right, so they only tell of values that are placed `in_order`.
    #[inline]
    fn place(&mut self, value: &[u8], start: usize, field: usize, in_order: bool) -> Option<()> {
        *self.spans.get_mut(field)? = Span::new(start, start + value.len());
        let class = self.classes.get(field)?;
        if in_order && self.words_are_certain && class.is_word() {
            let next = self.next_mark(start);
            return next.is_none_or(|mark| mark >= start + value.len()).then_some(());
        }
        class.is_certain(value)
    }
}

/// `strip_prefix` for literals of a few bytes, for which calling `memcmp` costs more than comparing.
fn without_prefix<'a>(text: &'a [u8], literal: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(literal.len())?;
    head.iter().zip(literal).all(|(a, b)| a == b).then_some(rest)
}

fn without_suffix<'a>(text: &'a [u8], literal: &[u8]) -> Option<&'a [u8]> {
    let (rest, tail) = text.split_at_checked(text.len().checked_sub(literal.len())?)?;
    tail.iter().zip(literal).all(|(a, b)| a == b).then_some(rest)
}
