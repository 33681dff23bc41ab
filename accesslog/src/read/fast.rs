//! Lines with exactly the delimiters that the format expects: one reading, found without a search.

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
    let marks_behind = marks.offsets().get(fast.head_marks..)?;
    let mut cut = Cut { line, classes: &plan.classes, spans, marks: marks_behind, pin: fast.pin };
    let mut start = cut.behind(&fast.head, 0)?;
    for step in &fast.steps {
        start = cut.step(step, start)?;
    }
    let words_are_certain = !marks.has_controls() && fast.pin == Some(b'"');
    let is_word = |field: &usize| {
        let text = spans.get(*field).map(|span| span.of(line));
        plan.classes.get(*field).zip(text).is_some_and(|(class, text)| class.is_certain(text))
    };
    if !words_are_certain && !fast.words.iter().all(is_word) {
        return None;
    }
    for check in &fast.checks {
        if !check.is_certain(&plan.classes, line, *spans.get(check.field)?) {
            return None;
        }
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
}

impl Cut<'_> {
    /// Cuts off the field at `start` and the literal behind it; gives where the next field starts.
    #[inline(always)]
    fn step(&mut self, step: &Step, start: usize) -> Option<usize> {
        let end = match step.end {
            End::Mark { back } => (*self.marks.first()? as usize).checked_sub(back)?,
            End::Pin { back } => self.next_pin()?.checked_sub(back)?,
            End::Byte(stop) => self.next_byte(step.field, start, stop)?,
            End::Line => self.line.len().checked_sub(step.literal.len())?,
        };
        if start > end {
            return None;
        }
        *self.spans.get_mut(step.field)? = Span::within(start, end);
        if !step.after.is_empty() {
            self.cut_off(step, start, end)?;
        }
        self.marks = self.marks.get(step.marks..)?;
        self.behind(&step.literal, end)
    }

    /// Cuts off the fields behind the free one of a section, which ends at `end`.
    fn cut_off(&mut self, step: &Step, start: usize, mut end: usize) -> Option<()> {
        for After { field, stop, literal } in &step.after {
            let value = memchr::memrchr(*stop, self.line.get(start..end)?)? + start + 1;
            *self.spans.get_mut(*field)? = Span::within(value, end);
            end = value.checked_sub(literal.len()).filter(|&at| start <= at)?;
            self.behind(literal, end)?;
        }
        *self.spans.get_mut(step.field)? = Span::within(start, end);
        Some(())
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

    /// Where `stop` stands behind the value that starts at `start`; passes the marks before it.
    fn next_byte(&mut self, field: usize, start: usize, stop: u8) -> Option<usize> {
        let class = self.classes.get(field)?;
        let end = start + class.length_before(self.line.get(start..)?, stop)?;
        while let Some((_, later)) =
            self.marks.split_first().filter(|(at, _)| (**at as usize) < end)
        {
            self.marks = later;
        }
        Some(end)
    }
}
