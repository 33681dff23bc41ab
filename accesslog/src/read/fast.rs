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
    let (text, plain) = without_tail(&fast.tail, &plan.classes, line, spans)?;
    simd::run(Reading::<false> { plan, fast, text, marks, spans })?;
    Some(Certain { plain: plain && !marks.has_escapes() })
}

/// [`read`] for the line that a text begins with, in a format without a tail. In any case `marks` holds
/// those of the line, and its length, if it ends.
pub(super) fn read_first(
    plan: &Plan,
    fast: &FastPlan,
    text: &[u8],
    marks: &mut Marks,
    spans: &mut [Span],
) -> Option<Certain> {
    simd::run(Reading::<true> { plan, fast, text, marks, spans })?;
    Some(Certain { plain: !marks.has_escapes() })
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

/// Reading a line without its tail, or the line that a text begins with.
struct Reading<'a, const FIRST: bool> {
    plan: &'a Plan,
    fast: &'a FastPlan,
    text: &'a [u8],
    marks: &'a mut Marks,
    spans: &'a mut [Span],
}

impl<const FIRST: bool> Work for Reading<'_, FIRST> {
    type Output = Option<()>;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> Option<()> {
        let Self { plan, fast, text, marks, spans } = self;
        let pins = marks.find_on::<L, FIRST>(level, text, fast.pin);
        let line = marks.length().and_then(|length| text.get(..length))?;
        if pins != fast.pins {
            return None;
        }
        let offsets = marks.offsets();
        match marks.order::<L>().filter(|_| fast.pin != Some(b' ')) {
            Some(pins) => cut(plan, fast, line, Ahead::<true> { offsets, pins }, spans)?,
            None => cut(plan, fast, line, Ahead::<false> { offsets, pins: 0 }, spans)?,
        }
        let words = plan.tells_words(marks) || are_words(fast, &plan.classes, line, spans);
        (words && fast.checks.are_certain(&plan.classes, line, spans)).then_some(())
    }
}

/// The marks that are not passed yet. `ORDER` says that it is known which of them are pins, and that
/// the others are spaces; else the line is asked.
#[derive(Clone, Copy)]
struct Ahead<'m, const ORDER: bool> {
    offsets: &'m [u32],
    /// The first one in the lowest bit.
    pins: u64,
}

impl<'m, const ORDER: bool> Ahead<'m, ORDER> {
    /// Passes `count` marks.
    #[inline(always)]
    fn pass(&mut self, count: usize) -> Option<()> {
        self.offsets = self.offsets.get(count..)?;
        self.pins = self.pins.unbounded_shr(count as u32);
        Some(())
    }

    /// Passes `count` marks that are spaces.
    #[inline(always)]
    fn spaces(&mut self, count: usize, line: &[u8]) -> Option<&'m [u32]> {
        let found = self.offsets.get(..count)?;
        let are_spaces = match ORDER {
            true => self.pins.trailing_zeros() as usize >= count,
            false => found.iter().all(|&mark| line.get(mark as usize) == Some(&b' ')),
        };
        self.pass(count)?;
        are_spaces.then_some(found)
    }

    /// Passes the marks before the next pin.
    #[inline(always)]
    fn pass_to_pin(&mut self, line: &[u8], pin: Option<u8>) -> Option<()> {
        if ORDER {
            return self.pass(self.pins.trailing_zeros() as usize);
        }
        let is_pin = |&mark: &u32| line.get(mark as usize).copied() == pin;
        self.pass(self.offsets.iter().position(is_pin).unwrap_or(self.offsets.len()))
    }
}

/// Cuts a line into the format's literals and what stands between them.
///
/// The rare branches are functions of their own, so that what this works with stays in registers.
#[inline(always)]
fn cut<const ORDER: bool>(
    plan: &Plan,
    fast: &FastPlan,
    line: &[u8],
    mut ahead: Ahead<'_, ORDER>,
    spans: &mut [Span],
) -> Option<()> {
    ahead.pass(fast.head_marks)?;
    let mut start = behind(&fast.head, line, 0)?;
    for step in &fast.steps {
        if step.words > 0 {
            let first = step.field - step.words;
            let ends = ahead.spaces(step.words, line)?;
            for (span, &end) in spans.get_mut(first..step.field)?.iter_mut().zip(ends) {
                *span = Span { start: start as u32, end };
                start = end as usize + 1;
            }
        }
        let all = ahead.offsets;
        if step.is_pin {
            ahead.pass_to_pin(line, fast.pin)?;
        }
        let end = match step.other {
            None => (*ahead.offsets.first()? as usize).checked_sub(step.back)?,
            Some(other) => {
                let offsets = ahead.offsets;
                let (end, passed) = other_end(other, step, &plan.classes, line, offsets, start)?;
                ahead.pass(passed)?;
                end
            }
        };
        if start > end {
            return None;
        }
        *spans.get_mut(step.field)? = Span::within(start, end);
        if !step.after.is_empty() {
            let passed = all.get(..all.len() - ahead.offsets.len())?;
            cut_off(step, line, start, end, passed, spans)?;
        }
        ahead.pass(step.marks)?;
        start = behind(&step.literal, line, end)?;
    }
    (start == line.len()).then_some(())
}

/// Where the literal ends that stands at `start`, if it does.
#[inline(always)]
fn behind(literal: &Literal, line: &[u8], start: usize) -> Option<usize> {
    literal.is_at(line, start).then_some(start + literal.len())
}

/// Where a field ends that ends at no mark, and how many of the marks stand before.
#[inline(never)]
fn other_end(
    other: OtherEnd,
    step: &Step,
    classes: &[Class],
    line: &[u8],
    marks: &[u32],
    start: usize,
) -> Option<(usize, usize)> {
    let OtherEnd::Byte(stop) = other else {
        return Some((line.len().checked_sub(step.literal.len())?, 0));
    };
    let class = classes.get(step.field)?;
    let end = start + class.length_before(line.get(start..)?, stop)?;
    let before = marks.iter().take_while(|&&mark| (mark as usize) < end).count();
    Some((end, before))
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
