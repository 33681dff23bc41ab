//! Lines with exactly the delimiters that the format expects: one reading, found without a search.

use super::class::Class;
use super::plan::{Plan, Section};
use crate::record::Span;

/// Reads a line if it surely has one reading: true, and `spans` holds it. False says nothing.
pub(super) fn read(plan: &Plan, line: &[u8], pins: &mut Vec<u32>, spans: &mut [Span]) -> bool {
    let Some(fast) = &plan.fast else { return false };
    pins.clear();
    if let Some(pin) = fast.pin {
        let found = memchr::memchr_iter(pin, line).take(fast.pins + 1);
        pins.extend(found.filter_map(|at| u32::try_from(at).ok()));
    }
    if pins.len() != fast.pins {
        return false;
    }
    let mut start = 0;
    for (index, section) in fast.sections.iter().enumerate() {
        let end = pins.get(index).map_or(line.len(), |&pin| pin as usize);
        if section.read(line, start, end, &plan.classes, spans).is_none() {
            return false;
        }
        start = end + 1;
    }
    true
}

impl Section {
    /// Cuts `line[start..end]` into the section's literals and fields.
    fn read(
        &self,
        line: &[u8],
        start: usize,
        end: usize,
        classes: &[Class],
        spans: &mut [Span],
    ) -> Option<()> {
        let (head, others) = self.literals.split_first()?;
        let Some((tail, between)) = others.split_last() else {
            return without_prefix(line.get(start..end)?, head)?.is_empty().then_some(());
        };
        let text = line.get(start..end)?;
        let mut rest = without_suffix(without_prefix(text, head)?, tail)?;
        let mut start = start + head.len();
        let classes = classes.get(self.first..)?;
        let spans = spans.get_mut(self.first..)?;
        let (before, after) = between.split_at_checked(self.free)?;
        for ((literal, class), span) in before.iter().zip(classes).zip(spans.iter_mut()) {
            let length = class.length_before(rest, *literal.first()?)?;
            let (value, tail) = rest.split_at_checked(length)?;
            rest = without_prefix(tail, literal)?;
            place(value, start, class, span)?;
            start += length + literal.len();
        }
        for (at, literal) in after.iter().enumerate().rev() {
            let last = memchr::memrchr(*literal.last()?, rest)?;
            let (others, value) = rest.split_at_checked(last + 1)?;
            rest = without_suffix(others, literal)?;
            let field = self.free + 1 + at;
            place(value, start + last + 1, classes.get(field)?, spans.get_mut(field)?)?;
        }
        place(rest, start, classes.get(self.free)?, spans.get_mut(self.free)?)
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

/// Notes where a value stands, if it is one of its field and could not go on further.
fn place(value: &[u8], start: usize, class: &Class, span: &mut Span) -> Option<()> {
    *span = Span::new(start, start + value.len());
    (class.matches(value) && !class.is_free_address(value)).then_some(())
}
