//! Lines with exactly the delimiters that the format expects: one reading, found without a search.

use super::class::Class;
use super::literal::Literal;
use super::marks::Marks;
use super::plan::{After, FastPlan, OtherEnd, Plan, Step, TailField};
use crate::json::are_plain;
use crate::record::Span;
use crate::simd::{self, Level, Work};

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
    simd::run(Reading { plan, fast, line, marks, spans })?;
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
        let end = rest.len().checked_sub(field.literal.len())?;
        let text = rest.get(..end).filter(|_| field.literal.is_at(rest, end))?;
        let start = memchr::memrchr(field.stop, text)? + 1;
        let (before, value) = text.split_at_checked(start)?;
        if !classes.get(field.index)?.is_certain(value) {
            return None;
        }
        plain = plain && are_plain(value);
        *spans.get_mut(field.index)? = Span::new(start, text.len());
        rest = before;
    }
    Some((rest, plain))
}

/// Reading a line without its tail.
struct Reading<'a> {
    plan: &'a Plan,
    fast: &'a FastPlan,
    line: &'a [u8],
    marks: &'a mut Marks,
    spans: &'a mut [Span],
}

impl Work for Reading<'_> {
    type Output = Option<()>;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> Option<()> {
        let Self { plan, fast, line, marks, spans } = self;
        if marks.find_on(level, line, fast.pin) != fast.pins {
            return None;
        }
        cut(plan, fast, line, marks.offsets().get(fast.head_marks..)?, spans)?;
        let words = plan.tells_words(marks) || are_words(fast, &plan.classes, line, spans);
        (words && fast.checks.are_certain(&plan.classes, line, spans)).then_some(())
    }
}

/// Cuts a line into the format's literals and what stands between them. `marks` are those behind the
/// first literal.
///
/// The rare branches are functions of their own, so that what this works with stays in registers.
#[inline(always)]
fn cut(
    plan: &Plan,
    fast: &FastPlan,
    line: &[u8],
    mut marks: &[u32],
    spans: &mut [Span],
) -> Option<()> {
    let mut start = behind(&fast.head, line, 0)?;
    for step in &fast.steps {
        if step.words > 0 {
            let first = step.field - step.words;
            let (ends, behind) = marks.split_at_checked(step.words)?;
            marks = behind;
            for (span, &end) in spans.get_mut(first..step.field)?.iter_mut().zip(ends) {
                if line.get(end as usize) != Some(&b' ') {
                    return None;
                }
                *span = Span { start: start as u32, end };
                start = end as usize + 1;
            }
        }
        let all = marks;
        if step.is_pin {
            marks = from_pin(marks, line, fast.pin);
        }
        let end = match step.other {
            None => (*marks.first()? as usize).checked_sub(step.back)?,
            Some(other) => {
                let (end, behind) = other_end(other, step, &plan.classes, line, marks, start)?;
                marks = behind;
                end
            }
        };
        if start > end {
            return None;
        }
        *spans.get_mut(step.field)? = Span::within(start, end);
        if !step.after.is_empty() {
            let passed = all.get(..all.len() - marks.len())?;
            cut_off(step, line, start, end, passed, spans)?;
        }
        marks = marks.get(step.marks..)?;
        start = behind(&step.literal, line, end)?;
    }
    (start == line.len()).then_some(())
}

/// Where the literal ends that stands at `start`, if it does.
#[inline(always)]
fn behind(literal: &Literal, line: &[u8], start: usize) -> Option<usize> {
    literal.is_at(line, start).then_some(start + literal.len())
}

/// The marks from the next pin on.
#[inline(always)]
fn from_pin<'m>(mut marks: &'m [u32], line: &[u8], pin: Option<u8>) -> &'m [u32] {
    while let Some((&mark, later)) = marks.split_first()
        && line.get(mark as usize).copied() != pin
    {
        marks = later;
    }
    marks
}

/// Where a field ends that ends at no mark, and the marks from there on.
#[inline(never)]
fn other_end<'m>(
    other: OtherEnd,
    step: &Step,
    classes: &[Class],
    line: &[u8],
    mut marks: &'m [u32],
    start: usize,
) -> Option<(usize, &'m [u32])> {
    let OtherEnd::Byte(stop) = other else {
        return Some((line.len().checked_sub(step.literal.len())?, marks));
    };
    let class = classes.get(step.field)?;
    let end = start + class.length_before(line.get(start..)?, stop)?;
    while let Some((&mark, later)) = marks.split_first()
        && (mark as usize) < end
    {
        marks = later;
    }
    Some((end, marks))
}

/// Cuts off the fields behind the free one of a section, which ends at `end`; `passed` are marks that
/// stand in it, all spaces, if it ends at a pin.
#[inline(never)]
fn cut_off(
    step: &Step,
    line: &[u8],
    start: usize,
    mut end: usize,
    mut passed: &[u32],
    spans: &mut [Span],
) -> Option<()> {
    for After { field, stop, literal } in &step.after {
        let value = if *stop == b' ' && step.is_pin {
            while passed.last().is_some_and(|&mark| mark as usize >= end) {
                passed = passed.split_last()?.1;
            }
            *passed.last()? as usize + 1
        } else {
            memchr::memrchr(*stop, line.get(start..end)?)? + start + 1
        };
        *spans.get_mut(*field)? = Span::within(value, end);
        end = value.checked_sub(literal.len()).filter(|&at| start <= at)?;
        behind(literal, line, end)?;
    }
    *spans.get_mut(step.field)? = Span::within(start, end);
    Some(())
}

/// Whether those that hold no mark are values of their fields, where that does not make them words.
#[inline(never)]
fn are_words(fast: &FastPlan, classes: &[Class], line: &[u8], spans: &[Span]) -> bool {
    fast.words.iter().all(|&field| {
        let text = spans.get(field).map(|span| span.of(line));
        classes.get(field).zip(text).is_some_and(|(class, text)| class.is_certain(text))
    })
}
