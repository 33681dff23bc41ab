//! What a format's program looks like to the reader, worked out when the format is compiled.

mod section;
mod steps;

use super::check::Check;
use super::class::Class;
use super::literal::Literal;
use super::marks::Marks;
use crate::format::{Field, Segment};
pub(super) use steps::{After, FastPlan, OtherEnd, Step, TailField};

/// The program: `literal, field, literal, field, ..., literal`, and the way to run it fast.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// One more than there are fields; those between touching fields are empty.
    pub(super) literals: Vec<Vec<u8>>,
    /// For each literal, the index of the first one that is the same.
    pub(super) same_literal: Vec<usize>,
    pub(super) classes: Vec<Class>,
    pub(super) fast: Option<FastPlan>,
    /// The literals, and what tells where they can stand.
    pub(super) anchors: Vec<Anchor>,
}

/// A literal that is looked for among the marks of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) literal: Literal,
    /// How far behind its start its first mark stands; `None` when it has none.
    pub(super) mark: Option<u32>,
    pub(super) first: Option<u8>,
    /// How to check a value of the field before it, if that can hold no mark: then it ends before the
    /// next one.
    pub(super) word: Option<Check>,
}

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
        let pin = fast.as_ref().and_then(|fast| fast.pin);
        let before = std::iter::once(None).chain(classes.iter().enumerate().map(Some));
        let anchors = literals.iter().zip(before);
        let anchors = anchors.map(|(literal, before)| Anchor::new(literal, before, pin)).collect();
        Self { literals, same_literal, classes, fast, anchors }
    }

    /// The byte whose places tell most of a line's delimiters, beside the space.
    pub(super) fn pin(&self) -> Option<u8> {
        self.fast.as_ref().and_then(|fast| fast.pin)
    }

    /// Whether what stands between two marks of a line holds no white space and no double quote.
    pub(super) fn tells_words(&self, marks: &Marks) -> bool {
        self.pin() == Some(b'"') && !marks.has_controls()
    }

    /// Leaves only the search.
    #[cfg(feature = "twins")]
    pub(crate) fn drop_shortcuts(&mut self) {
        self.fast = None;
        self.anchors = Vec::new();
    }

    /// How to read fast, if that begins with the marks of the whole line, even of one that is not read so.
    pub(super) fn front(&self) -> Option<&FastPlan> {
        self.fast.as_ref().filter(|fast| fast.tail.is_empty())
    }
}

impl Anchor {
    fn new(literal: &[u8], before: Option<(usize, &Class)>, pin: Option<u8>) -> Self {
        let mark = literal.iter().position(|&byte| is_mark(byte, pin));
        let holds_none = |class: &Class| {
            let pin = pin.is_some_and(|pin| class.can_hold(pin));
            !(pin || class.can_hold(b' ')) && mark.is_some()
        };
        let word = before.filter(|(_, class)| holds_none(class));
        Self {
            word: word.and_then(|(field, class)| Check::new(field, class)),
            literal: Literal::new(literal.to_vec()),
            mark: mark.and_then(|at| u32::try_from(at).ok()),
            first: literal.first().copied(),
        }
    }
}

fn is_mark(byte: u8, pin: Option<u8>) -> bool {
    byte == b' ' || Some(byte) == pin
}
