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
        if section
            .read(line, start, end, &plan.classes, spans)
            .is_none()
        {
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
            return (line.get(start..end)? == head).then_some(());
        };
        let text = line.get(start..end)?;
        let mut rest = text
            .strip_prefix(head.as_slice())?
            .strip_suffix(tail.as_slice())?;
        let mut start = start + head.len();
        let classes = classes.get(self.first..)?;
        let spans = spans.get_mut(self.first..)?;
        let (before, after) = between.split_at_checked(self.free)?;
        for ((literal, class), span) in before.iter().zip(classes).zip(spans.iter_mut()) {
            let length = memchr::memchr(*literal.first()?, rest)?;
            let (value, tail) = rest.split_at_checked(length)?;
            rest = tail.strip_prefix(literal.as_slice())?;
            place(value, start, class, span)?;
            start += length + literal.len();
        }
        for (at, literal) in after.iter().enumerate().rev() {
            let last = memchr::memrchr(*literal.last()?, rest)?;
            let (others, value) = rest.split_at_checked(last + 1)?;
            rest = others.strip_suffix(literal.as_slice())?;
            let field = self.free + 1 + at;
            place(
                value,
                start + last + 1,
                classes.get(field)?,
                spans.get_mut(field)?,
            )?;
        }
        place(
            rest,
            start,
            classes.get(self.free)?,
            spans.get_mut(self.free)?,
        )
    }
}

/// Notes where a value stands, if it is one of its field and could not go on further.
fn place(value: &[u8], start: usize, class: &Class, span: &mut Span) -> Option<()> {
    *span = Span::new(start, start + value.len());
    (class.matches(value) && !class.is_free_address(value)).then_some(())
}
