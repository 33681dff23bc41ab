//! Lines with exactly the delimiters that the format expects: one reading, found without a search.

use std::ops::Range;

use super::check::Check;
use super::class::Class;
use super::literal::Literal;
use super::marks::Marks;
use super::plan::{After, End, Plan, Step, TailField};
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
    if !marks.find(line, fast.pin, fast.pins) {
        return None;
    }
    let mut cut = Cut {
        line,
        classes: &plan.classes,
        spans,
        marks: marks.offsets().get(fast.head_marks..)?,
        pin: fast.pin,
        words_are_certain: !marks.has_controls() && fast.pin == Some(b'"'),
    };
    let mut start = cut.behind(&fast.head, 0)?;
    for step in &fast.steps {
        start = cut.step(step, start)?;
    }
    (start == line.len()).then_some(Certain { plain: plain && !marks.has_escapes() })
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
        let end = rest.len().checked_sub(field.literal.len())?;
        let text = rest.get(..end).filter(|_| field.literal.is_at(rest, end))?;
        let start = memchr::memrchr(field.stop, text)? + 1;
        let (before, value) = text.split_at_checked(start)?;
        if !classes.get(field.index)?.is_certain(value) {
            return None;
        }
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
    pin: Option<u8>,
    /// Whether what stands between two marks holds no white space and no double quote.
    words_are_certain: bool,
}

impl Cut<'_> {
    /// Cuts off the field at `start` and the literal behind it; gives where the next field starts.
    #[inline(always)]
    fn step(&mut self, step: &Step, start: usize) -> Option<usize> {
        let (mut end, mut is_word) = match step.end {
            End::Mark { back } => ((*self.marks.first()? as usize).checked_sub(back)?, true),
            End::Pin { back } => (self.next_pin()?.checked_sub(back)?, false),
            End::Byte(stop) => {
                let class = self.classes.get(step.field)?;
                let end = start + class.length_before(self.line.get(start..)?, stop)?;
                self.pass(end);
                (end, false)
            }
            End::Line => {
                let end = self.line.len().checked_sub(step.literal.len())?;
                (end, self.marks.first().is_none_or(|&mark| mark as usize >= end))
            }
        };
        if start > end {
            return None;
        }
        let next = self.behind(&step.literal, end)?;
        for after in &step.after {
            end = self.cut_off(after, start, end)?;
            is_word = false;
        }
        self.place(step.field, &step.check, start..end, is_word)?;
        self.marks = self.marks.get(step.marks..)?;
        Some(next)
    }

    /// Cuts off a field that ends at `end`, and the literal before it; gives where that starts.
    fn cut_off(&mut self, after: &After, start: usize, end: usize) -> Option<usize> {
        let value = memchr::memrchr(after.stop, self.line.get(start..end)?)? + start + 1;
        let before = value.checked_sub(after.literal.len()).filter(|&at| start <= at)?;
        self.behind(&after.literal, before)?;
        self.place(after.field, &after.check, value..end, false)?;
        Some(before)
    }

    /// Where the literal ends that stands at `start`, if it does.
    #[inline(always)]
    fn behind(&self, literal: &Literal, start: usize) -> Option<usize> {
        literal.is_at(self.line, start).then_some(start + literal.len())
    }

    /// Passes the marks up to the next pin, which is then the first.
    #[inline(always)]
    fn next_pin(&mut self) -> Option<usize> {
        loop {
            let (&mark, later) = self.marks.split_first()?;
            if self.line.get(mark as usize).copied() == self.pin {
                return Some(mark as usize);
            }
            self.marks = later;
        }
    }

    /// Passes the marks before `end`.
    fn pass(&mut self, end: usize) {
        while let Some((_, later)) =
            self.marks.split_first().filter(|(at, _)| (**at as usize) < end)
        {
            self.marks = later;
        }
    }

    /// Notes where a value stands, if it is one of its field and could not go on further. `is_word`
    /// says that no mark stands in it.
    #[inline(always)]
    fn place(
        &mut self,
        field: usize,
        check: &Check,
        at: Range<usize>,
        is_word: bool,
    ) -> Option<()> {
        *self.spans.get_mut(field)? = Span::within(at.start, at.end);
        let certain = is_word && self.words_are_certain && check.is_word();
        let class = self.classes.get(field)?;
        (certain || check.is_certain(class, self.line, at.start, at.end)).then_some(())
    }
}
