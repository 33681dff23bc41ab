//! Filters of comparisons of one attribute with a literal, joined by `&&` and `||`: most filters are. Where
//! a record has plain values, they are judged without evaluating the tree, and with the same verdict.

use accesslog::{Record, Value};

use crate::attribute::Read;
use crate::bind::Source;
use crate::node::{Binary, Literal, Node, NodeKind};

/// A test of a record's fields.
#[derive(Debug, Clone)]
pub(super) enum Quick {
    /// All of these hold.
    All(Vec<Quick>),
    /// One of these holds.
    Any(Vec<Quick>),
    /// A whole number stands so to another; with `not_zero`, zero is printed for missing.
    Number { field: usize, not_zero: bool, operator: Binary, with: i64 },
    /// A string is this one, or is not.
    Text { field: usize, is_equal: bool, with: Vec<u8> },
}

impl Quick {
    /// The test for a tree whose paths have these sources; `None` when it asks for more.
    pub(super) fn new(node: &Node, sources: &[Source]) -> Option<Self> {
        let all = |terms: &[Node]| -> Option<Vec<Self>> {
            terms.iter().map(|term| Self::new(term, sources)).collect()
        };
        match &node.kind {
            NodeKind::And(terms) => all(terms).map(Self::All),
            NodeKind::Or(terms) => all(terms).map(Self::Any),
            NodeKind::Binary(operator, sides) => match [&sides[0].kind, &sides[1].kind] {
                [NodeKind::Path(path), NodeKind::Literal(literal)] => {
                    Self::compare(sources.get(*path)?, *operator, literal)
                }
                [NodeKind::Literal(literal), NodeKind::Path(path)] => {
                    Self::compare(sources.get(*path)?, turned(*operator)?, literal)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn compare(source: &Source, operator: Binary, literal: &Literal) -> Option<Self> {
        let (field, read) = source.text_field()?;
        let is_equal = operator == Binary::Equal;
        match (read, literal) {
            (Read::Int | Read::Code, Literal::Int(with)) => {
                turned(operator)?;
                let not_zero = read == Read::Code;
                Some(Self::Number { field, not_zero, operator, with: *with })
            }
            (Read::Text, Literal::Text(with)) if is_equal || operator == Binary::NotEqual => {
                Some(Self::Text { field, is_equal, with: with.as_bytes().to_vec() })
            }
            _ => None,
        }
    }

    /// Whether a record of the format passes; `None` where a value is missing, in dispute or unusual, and
    /// the tree has to tell.
    pub(super) fn judge(&self, record: &Record<'_>) -> Option<bool> {
        match self {
            Self::All(tests) => decide(tests, record, false),
            Self::Any(tests) => decide(tests, record, true),
            Self::Number { field, not_zero, operator, with } => {
                let number = number(record.value(*field)).filter(|it| !*not_zero || *it != 0)?;
                Some(match operator {
                    Binary::Equal => number == *with,
                    Binary::NotEqual => number != *with,
                    Binary::Less => number < *with,
                    Binary::LessOrEqual => number <= *with,
                    Binary::Greater => number > *with,
                    Binary::GreaterOrEqual => number >= *with,
                    _ => return None,
                })
            }
            Self::Text { field, is_equal, with } => match record.value(*field) {
                Value::Text(text) => Some((text == with.as_slice()) == *is_equal),
                _ => None,
            },
        }
    }
}

/// The tests one after the other: the first that gives `decisive` decides.
fn decide(tests: &[Quick], record: &Record<'_>, decisive: bool) -> Option<bool> {
    for test in tests {
        if test.judge(record)? == decisive {
            return Some(decisive);
        }
    }
    Some(!decisive)
}

/// The comparison with its sides exchanged; `None` for an operator that is none.
fn turned(operator: Binary) -> Option<Binary> {
    Some(match operator {
        Binary::Equal | Binary::NotEqual => operator,
        Binary::Less => Binary::Greater,
        Binary::LessOrEqual => Binary::GreaterOrEqual,
        Binary::Greater => Binary::Less,
        Binary::GreaterOrEqual => Binary::LessOrEqual,
        _ => return None,
    })
}

/// A printed number of so few digits that it is an int.
fn number(value: Value<'_>) -> Option<i64> {
    let Value::Number(digits) = value else { return None };
    if !(1..=18).contains(&digits.len()) {
        return None;
    }
    let add =
        |sum: i64, digit: &u8| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'));
    digits.iter().try_fold(0, add)
}
