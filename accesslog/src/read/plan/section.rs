//! Cutting the part of a format between two pins into steps.

use super::is_mark;
use super::steps::{After, OtherEnd, Step};
use crate::read::class::Class;
use crate::read::literal::Literal;

/// The fields between two pins; behind each stands the literal of the next number.
pub(super) struct Section<'a> {
    pub(super) first: usize,
    pub(super) count: usize,
    pub(super) literals: &'a [Vec<u8>],
    pub(super) classes: &'a [Class],
    pub(super) pin: Option<u8>,
}

impl Section<'_> {
    /// Appends how to cut the section; `None` when it could have several readings.
    pub(super) fn push_steps(&self, steps: &mut Vec<Step>) -> Option<()> {
        let last = self.first + self.count - 1;
        let ends_alone = |field: &usize| {
            let next = self.literals.get(field + 1).and_then(|literal| literal.first());
            next.zip(self.classes.get(*field)).is_some_and(|(byte, class)| !class.can_hold(*byte))
        };
        let free = self.first + (self.first..last).take_while(ends_alone).count();
        let after =
            (free + 1..=last).rev().map(|field| self.after(field)).collect::<Option<_>>()?;
        for field in self.first..free {
            let literal = self.literals.get(field + 1)?;
            let other = Some(OtherEnd::Byte(*literal.first()?));
            let step =
                self.marked(field, literal).unwrap_or(Step { other, ..self.step(field, literal) });
            steps.push(step);
        }
        let literal = self.literals.get(last + 1)?;
        let marked = self.marked(free, literal).filter(|_| free == last);
        let step = marked.or_else(|| self.pinned(free, literal)).unwrap_or_else(|| {
            let other = Some(OtherEnd::Line);
            Step { other, ..self.step(free, literal) }
        });
        steps.push(Step { after, ..step });
        Some(())
    }

    /// The step of a field that can hold no mark, if the literal behind it has one.
    fn marked(&self, field: usize, literal: &[u8]) -> Option<Step> {
        let holds_none = self.classes.get(field).is_some_and(|class| !class.can_hold(b' '));
        let back = literal.iter().position(|&byte| is_mark(byte, self.pin))?;
        holds_none.then(|| Step { back, ..self.step(field, literal) })
    }

    /// The step of a field that can hold spaces, if the literal behind it has a pin.
    fn pinned(&self, field: usize, literal: &[u8]) -> Option<Step> {
        let back = literal.iter().position(|byte| Some(*byte) == self.pin)?;
        let from_pin = literal.get(back..).unwrap_or_default();
        let marks = self.count_marks(from_pin);
        Some(Step { back, is_pin: true, marks, ..self.step(field, literal) })
    }

    fn step(&self, field: usize, literal: &[u8]) -> Step {
        Step {
            words: 0,
            field,
            back: 0,
            is_pin: false,
            other: None,
            marks: self.count_marks(literal),
            literal: Literal::new(literal.to_vec()),
            after: Vec::new(),
        }
    }

    fn count_marks(&self, literal: &[u8]) -> usize {
        literal.iter().filter(|byte| is_mark(**byte, self.pin)).count()
    }

    /// A field that starts where the literal before it last ends.
    fn after(&self, field: usize) -> Option<After> {
        let (class, literal) = (self.classes.get(field)?, self.literals.get(field)?);
        let stop = *literal.last()?;
        let alone = class.starts_behind(stop);
        alone.then(|| After { field, stop, literal: Literal::new(literal.clone()) })
    }
}
