//! The quick way through a line: which steps cut it, when its delimiters are those expected.

use super::is_mark;
use super::section::Section;
use crate::read::check::{Check, Checks};
use crate::read::class::Class;
use crate::read::literal::Literal;

/// How to cut a line that has exactly the delimiters that the format expects.
///
/// One byte is the pin. The literals hold it `pins` times; a line that holds it as often has it
/// nowhere else, so every pin of the line belongs to the literal of the same number, whatever the
/// reading, and no value holds one. Between two pins lies a section of the format. It has at most one
/// reading: fields before the free one end where the literal after them first begins, since they
/// cannot hold its first byte; fields after it start where the literal before them last ends; the
/// free one takes what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read) struct FastPlan {
    pub(in crate::read) pin: Option<u8>,
    pub(in crate::read) pins: usize,
    /// The literal that the line starts with, and how many marks (spaces and pins) it holds.
    pub(in crate::read) head: Literal,
    pub(in crate::read) head_marks: usize,
    /// The fields, in order; those behind the free one of a section are in its step.
    pub(in crate::read) steps: Vec<Step>,
    /// How to look at the values that could be wrong, when it is known where they stand.
    pub(in crate::read) checks: Checks,
    /// The fields whose values are words between two marks.
    pub(in crate::read) words: Vec<usize>,
    /// The fields at the end that are cut off first, the last one first.
    pub(in crate::read) tail: Vec<TailField>,
}

/// How to find where a field ends.
///
/// Mostly it is at a mark: the first of the literal behind the field, `back` bytes behind its start.
/// What is asked for each step are flags and not one of several kinds: two branches that mostly go
/// the same way are guessed better than one jump to several places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read) struct Step {
    /// How many fields stand before this one that each end at the next mark, which is a space and the
    /// literal behind them.
    pub(in crate::read) words: usize,
    pub(in crate::read) field: usize,
    pub(in crate::read) back: usize,
    /// Whether that mark is the next pin, and the field can hold spaces; else it is the next mark.
    pub(in crate::read) is_pin: bool,
    /// What tells the end where no mark does.
    pub(in crate::read) other: Option<OtherEnd>,
    /// The literal behind the field.
    pub(in crate::read) literal: Literal,
    /// How many marks it holds; after a pin, from its first pin on.
    pub(in crate::read) marks: usize,
    /// The fields of the section behind this one, which are cut off first, the last one first.
    pub(in crate::read) after: Vec<After>,
}

/// What tells where a field ends that ends at no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::read) enum OtherEnd {
    /// The literal's first byte, which the field cannot hold.
    Byte(u8),
    /// The end of the line.
    Line,
}

/// A field behind the free one of a section. It starts behind the last `stop`, which it cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read) struct After {
    pub(in crate::read) field: usize,
    pub(in crate::read) stop: u8,
    /// The literal before the field.
    pub(in crate::read) literal: Literal,
}

/// A field at the end of the line that starts behind the last `stop`, which it cannot hold.
///
/// A JSON object is full of pins. Where all fields from the first object on can be found from the
/// back, they are, and the pins of what is left are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::read) struct TailField {
    pub(in crate::read) index: usize,
    pub(in crate::read) stop: u8,
    /// The literal behind the field.
    pub(in crate::read) literal: Literal,
}

/// Bytes in the order in which they are tried as pins: rare in values first.
const PINS: &[u8] = b"\"\t|\x1f\x1e;^~`{}[]<>()=,&:/ ";

impl FastPlan {
    /// The plan for the first pin that has one.
    pub(super) fn of(literals: &[Vec<u8>], classes: &[Class]) -> Option<Self> {
        let tail = TailField::all(literals, classes);
        let count = classes.len() - tail.len();
        let (literals, classes) = (literals.get(..=count)?, classes.get(..count)?);
        let mut pins = std::iter::once(None).chain(PINS.iter().copied().map(Some));
        let plan = pins.find_map(|pin| Self::new(literals, classes, pin))?;
        Some(Self { tail, ..plan })
    }

    /// The plan for one pin; `None` when a section could have several readings.
    fn new(literals: &[Vec<u8>], classes: &[Class], pin: Option<u8>) -> Option<Self> {
        let is_pin = |byte: &u8| Some(*byte) == pin;
        let pins = literals.iter().flatten().filter(|byte| is_pin(byte)).count();
        if pins == 0 && pin.is_some() {
            return None;
        }
        let (head, behind) = literals.split_first()?;
        let mut steps = Vec::new();
        let mut first = 0;
        for (index, literal) in behind.iter().enumerate() {
            let ends_section = literal.iter().any(is_pin) || index + 1 == behind.len();
            if ends_section {
                let section = Section { first, count: index + 1 - first, literals, classes, pin };
                section.push_steps(&mut steps)?;
                first = index + 1;
            }
        }
        let head_marks = head.iter().filter(|byte| is_mark(**byte, pin)).count();
        let head = Literal::new(head.clone());
        let (words, checks) = checks(&steps, classes);
        let checks = Checks::new(checks);
        let steps = with_words(steps);
        Some(Self { pin, pins, head, head_marks, steps, checks, words, tail: Vec::new() })
    }
}

/// The steps, with those that are one space behind the next mark taken together.
fn with_words(steps: Vec<Step>) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    for mut step in steps {
        while let Some(word) =
            all.pop_if(|last| last.is_word() && last.field + 1 == step.field - step.words)
        {
            step.words += 1 + word.words;
        }
        all.push(step);
    }
    all
}

impl Step {
    /// Whether the field ends at the next mark and a single space stands behind it.
    fn is_word(&self) -> bool {
        let at_mark = self.back == 0 && !self.is_pin && self.other.is_none();
        at_mark && self.after.is_empty() && self.literal.is_space()
    }
}

/// The fields that are words because of how they are cut, and how to check those that can be wrong.
fn checks(steps: &[Step], classes: &[Class]) -> (Vec<usize>, Vec<Check>) {
    let (mut words, mut checks) = (Vec::new(), Vec::new());
    for step in steps {
        let class = classes.get(step.field);
        let ends_at_mark = step.other.is_none() && !step.is_pin;
        if ends_at_mark && class.is_some_and(Class::is_word) {
            words.push(step.field);
        } else {
            checks.extend(class.and_then(|class| Check::new(step.field, class)));
        }
        let behind = step.after.iter().rev().map(|after| after.field);
        checks.extend(behind.filter_map(|field| Check::new(field, classes.get(field)?)));
    }
    (words, checks)
}

impl TailField {
    /// The fields from the first JSON object on, if each of them starts behind a byte that it cannot
    /// hold; none where a format has no such object.
    fn all(literals: &[Vec<u8>], classes: &[Class]) -> Vec<Self> {
        let first = classes.iter().position(Class::is_object).unwrap_or(classes.len());
        let field = |index: usize| {
            let (class, stop) = (classes.get(index)?, *literals.get(index)?.last()?);
            let alone = class.starts_behind(stop);
            let literal = Literal::new(literals.get(index + 1)?.clone());
            alone.then_some(Self { index, stop, literal })
        };
        let fields: Option<Vec<_>> = (first..classes.len()).rev().map(field).collect();
        fields.unwrap_or_default()
    }
}
