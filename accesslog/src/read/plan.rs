//! What a format's program looks like to the reader, worked out when the format is compiled.

use super::class::Class;
use crate::format::{Field, Segment};

/// The program: `literal, field, literal, field, ..., literal`, and the way to run it fast.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// One more than there are fields; those between touching fields are empty.
    pub(super) literals: Vec<Vec<u8>>,
    /// For each literal, the index of the first one that is the same.
    pub(super) same_literal: Vec<usize>,
    pub(super) classes: Vec<Class>,
    pub(super) fast: Option<FastPlan>,
}

/// How to cut a line that has exactly the delimiters that the format expects.
///
/// One byte is the pin. The literals hold it `pins` times; a line that holds it as often has it
/// nowhere else, so every pin of the line belongs to the literal of the same number, whatever the
/// reading. Between two pins lies a section, in which no value can hold the pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FastPlan {
    pub(super) pin: Option<u8>,
    pub(super) pins: usize,
    pub(super) sections: Vec<Section>,
    /// The fields at the end that are cut off first, the last one first.
    pub(super) tail: Vec<TailField>,
}

/// A field at the end of the line that starts behind the last `stop`, which it cannot hold.
///
/// A JSON object is full of pins. Where all fields from the first object on can be found from the
/// back, they are, and the pins of what is left are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TailField {
    pub(super) index: usize,
    pub(super) stop: u8,
    /// The literal behind the field.
    pub(super) literal: Vec<u8>,
}

/// The part of the program between two pins. It has at most one reading: fields before the free
/// one end where the literal after them first begins, since they cannot hold its first byte; fields
/// after it start where the literal before them last ends; the free one takes what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The literal that the section starts with.
    pub(super) head: Vec<u8>,
    /// The index of the first field.
    pub(super) first: usize,
    /// The literals behind the fields from `first` on, up to the free one.
    pub(super) before: Vec<Vec<u8>>,
    /// The index of the field that takes what is left; `None` when the section has no fields.
    pub(super) free: Option<usize>,
    /// The literals before the fields behind the free one.
    pub(super) after: Vec<Vec<u8>>,
    /// The literal that the section ends with.
    pub(super) tail: Vec<u8>,
}

/// Bytes in the order in which they are tried as pins: rare in values first.
const PINS: &[u8] = b"\"\t|\x1f\x1e;^~`{}[]<>()=,&:/ ";

impl Plan {
    pub(crate) fn new(segments: &[Segment], fields: &[Field], omit_empty: bool) -> Self {
        let mut literals = vec![Vec::new()];
        for segment in segments {
            match segment {
                Segment::Literal(bytes) => {
                    if let Some(last) = literals.last_mut() {
                        last.extend_from_slice(bytes);
                    }
                }
                Segment::Field(_) => literals.push(Vec::new()),
            }
        }
        let first_same = |literal| literals.iter().position(|other| other == literal);
        let same_literal = literals.iter().filter_map(first_same).collect();
        let classes: Vec<_> = fields.iter().map(|field| Class::new(field, omit_empty)).collect();
        let fast = FastPlan::of(&literals, &classes);
        Self { literals, same_literal, classes, fast }
    }
}

impl FastPlan {
    /// The plan for the first pin that has one.
    fn of(literals: &[Vec<u8>], classes: &[Class]) -> Option<Self> {
        let tail = TailField::all(literals, classes);
        let count = classes.len() - tail.len();
        let (literals, classes) = (literals.get(..=count)?, classes.get(..count)?);
        let mut pins = std::iter::once(None).chain(PINS.iter().copied().map(Some));
        let plan = pins.find_map(|pin| Self::new(literals, classes, pin))?;
        Some(Self { tail, ..plan })
    }

    /// The plan for one pin; `None` when a section could have several readings.
    fn new(literals: &[Vec<u8>], classes: &[Class], pin: Option<u8>) -> Option<Self> {
        let mut sections = Vec::new();
        let mut current: Vec<Vec<u8>> = Vec::new();
        let mut first = 0;
        for (index, literal) in literals.iter().enumerate() {
            let mut parts = literal.split(|byte| Some(*byte) == pin);
            current.push(parts.next().unwrap_or_default().to_vec());
            for part in parts {
                let done = std::mem::replace(&mut current, vec![part.to_vec()]);
                sections.push(Section::new(first, done, classes)?);
                first = index;
            }
        }
        sections.push(Section::new(first, current, classes)?);
        let pins = sections.len() - 1;
        (pins > 0 || pin.is_none()).then_some(Self { pin, pins, sections, tail: Vec::new() })
    }
}

impl TailField {
    /// The fields from the first JSON object on, if each of them starts behind a byte that it cannot
    /// hold; none where a format has no such object.
    fn all(literals: &[Vec<u8>], classes: &[Class]) -> Vec<Self> {
        let first = classes.iter().position(Class::is_object).unwrap_or(classes.len());
        let field = |index: usize| {
            let (class, stop) = (classes.get(index)?, *literals.get(index)?.last()?);
            let alone = class.is_plain() && !class.can_hold(stop);
            let literal = literals.get(index + 1)?.clone();
            alone.then_some(Self { index, stop, literal })
        };
        let fields: Option<Vec<_>> = (first..classes.len()).rev().map(field).collect();
        fields.unwrap_or_default()
    }
}

impl Section {
    /// The section with these literals, one more than it has fields; `None` when it could have
    /// several readings.
    fn new(first: usize, literals: Vec<Vec<u8>>, classes: &[Class]) -> Option<Self> {
        let count = literals.len() - 1;
        let class = |at: usize| classes.get(first + at);
        let ends_alone = |at: usize| {
            let next = literals.get(at + 1).and_then(|literal| literal.first());
            next.zip(class(at)).is_some_and(|(byte, class)| !class.can_hold(*byte))
        };
        let starts_alone = |at: usize| {
            let previous = literals.get(at).and_then(|literal| literal.last());
            let own = class(at).filter(|class| class.is_plain());
            previous.zip(own).is_some_and(|(byte, class)| !class.can_hold(*byte))
        };
        let free = (0..count).take_while(|&at| ends_alone(at)).count().min(count.saturating_sub(1));
        if !(free + 1..count).all(starts_alone) {
            return None;
        }
        let mut literals = literals.into_iter();
        let head = literals.next()?;
        let before = literals.by_ref().take(free).collect();
        let mut after: Vec<_> = literals.collect();
        let tail = after.pop().unwrap_or_default();
        let free = (count > 0).then_some(first + free);
        Some(Self { head, first, before, free, after, tail })
    }
}
