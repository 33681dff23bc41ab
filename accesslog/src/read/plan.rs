//! What a format's program looks like to the reader, worked out when the format is compiled.

use super::check::{Check, Checks};
use super::class::Class;
use super::literal::Literal;
use super::marks::Marks;
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

/// How to cut a line that has exactly the delimiters that the format expects.
///
/// One byte is the pin. The literals hold it `pins` times; a line that holds it as often has it
/// nowhere else, so every pin of the line belongs to the literal of the same number, whatever the
/// reading, and no value holds one. Between two pins lies a section of the format. It has at most one
/// reading: fields before the free one end where the literal after them first begins, since they
/// cannot hold its first byte; fields after it start where the literal before them last ends; the
/// free one takes what is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FastPlan {
    pub(super) pin: Option<u8>,
    pub(super) pins: usize,
    /// The literal that the line starts with, and how many marks (spaces and pins) it holds.
    pub(super) head: Literal,
    pub(super) head_marks: usize,
    /// The fields, in order; those behind the free one of a section are in its step.
    pub(super) steps: Vec<Step>,
    /// How to look at the values that could be wrong, when it is known where they stand.
    pub(super) checks: Checks,
    /// The fields whose values are words between two marks.
    pub(super) words: Vec<usize>,
    /// The fields at the end that are cut off first, the last one first.
    pub(super) tail: Vec<TailField>,
}

/// How to find where a field ends.
///
/// Mostly it is at a mark: the first of the literal behind the field, `back` bytes behind its start.
/// What is asked for each step are flags and not one of several kinds: two branches that mostly go
/// the same way are guessed better than one jump to several places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// How many fields stand before this one that each end at the next mark, which is a space and the
    /// literal behind them.
    pub(super) words: usize,
    pub(super) field: usize,
    pub(super) back: usize,
    /// Whether that mark is the next pin, and the field can hold spaces; else it is the next mark.
    pub(super) is_pin: bool,
    /// What tells the end where no mark does.
    pub(super) other: Option<OtherEnd>,
    /// The literal behind the field.
    pub(super) literal: Literal,
    /// How many marks it holds; after a pin, from its first pin on.
    pub(super) marks: usize,
    /// The fields of the section behind this one, which are cut off first, the last one first.
    pub(super) after: Vec<After>,
}

/// What tells where a field ends that ends at no mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherEnd {
    /// The literal's first byte, which the field cannot hold.
    Byte(u8),
    /// The end of the line.
    Line,
}

/// A field behind the free one of a section. It starts behind the last `stop`, which it cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct After {
    pub(super) field: usize,
    pub(super) stop: u8,
    /// The literal before the field.
    pub(super) literal: Literal,
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
    pub(super) literal: Literal,
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
        let pin = fast.as_ref().and_then(|fast| fast.pin);
        let before = std::iter::once(None).chain(classes.iter().enumerate().map(Some));
        let anchors = literals.iter().zip(before);
        let anchors = anchors.map(|(literal, before)| Anchor::new(literal, before, pin)).collect();
        Self { literals, same_literal, classes, fast, anchors }
    }
}

impl Plan {
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

    /// Whether the fast pass finds the marks of every line, even of one that it does not read.
    pub(super) fn scans_whole_lines(&self) -> bool {
        self.fast.as_ref().is_some_and(|fast| fast.tail.is_empty())
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

fn is_mark(byte: u8, pin: Option<u8>) -> bool {
    byte == b' ' || Some(byte) == pin
}

impl TailField {
    /// The fields from the first JSON object on, if each of them starts behind a byte that it cannot
    /// hold; none where a format has no such object.
    fn all(literals: &[Vec<u8>], classes: &[Class]) -> Vec<Self> {
        let first = classes.iter().position(Class::is_object).unwrap_or(classes.len());
        let field = |index: usize| {
            let (class, stop) = (classes.get(index)?, *literals.get(index)?.last()?);
            let alone = class.is_plain() && !class.can_hold(stop);
            let literal = Literal::new(literals.get(index + 1)?.clone());
            alone.then_some(Self { index, stop, literal })
        };
        let fields: Option<Vec<_>> = (first..classes.len()).rev().map(field).collect();
        fields.unwrap_or_default()
    }
}

/// The fields between two pins; behind each stands the literal of the next number.
struct Section<'a> {
    first: usize,
    count: usize,
    literals: &'a [Vec<u8>],
    classes: &'a [Class],
    pin: Option<u8>,
}

impl Section<'_> {
    /// Appends how to cut the section; `None` when it could have several readings.
    fn push_steps(&self, steps: &mut Vec<Step>) -> Option<()> {
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
        let alone = class.is_plain() && !class.can_hold(stop);
        alone.then(|| After { field, stop, literal: Literal::new(literal.clone()) })
    }
}
