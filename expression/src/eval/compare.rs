//! Comparisons: numbers of all types with each other, all else with its own type.

use std::cmp::Ordering;

use crate::node::Binary;
use crate::value::{Between, Outcome, Truth, Value};

/// Applies a comparison.
pub(crate) fn compare<'v>(operator: Binary, left: &Value<'_>, right: &Value<'_>) -> Outcome<'v> {
    match operator {
        Binary::Equal => Outcome::truth(equal(left, right)),
        Binary::NotEqual => Outcome::truth(equal(left, right).negated()),
        Binary::Less => less(left, right, false),
        Binary::Greater => less(right, left, false),
        Binary::LessOrEqual => less(left, right, true),
        Binary::GreaterOrEqual => less(right, left, true),
        _ => Outcome::Error,
    }
}

/// Whether two values are equal. Values of different types are not, numbers apart.
pub(crate) fn equal(left: &Value<'_>, right: &Value<'_>) -> Truth {
    match (left, right) {
        (Value::Null, Value::Null) => Truth::TRUE,
        (Value::Bool(a), Value::Bool(b)) => Truth::of(a == b),
        (Value::Text(a), Value::Text(b)) | (Value::Bytes(a), Value::Bytes(b)) => Truth::of(a == b),
        (Value::Spaced(text, from), Value::Text(other))
        | (Value::Text(other), Value::Spaced(text, from)) => spaced_equal(text, *from, other),
        (Value::Spaced(..), Value::Spaced(..)) => Truth::EITHER,
        (Value::Duration(a), Value::Duration(b)) | (Value::Time(a), Value::Time(b)) => {
            between_equal(*a, *b)
        }
        (Value::Type(a), Value::Type(b)) => Truth::of(a == b),
        (Value::List(a), Value::List(b)) => {
            if a.len() != b.len() {
                return Truth::FALSE;
            }
            all(a.iter().zip(b.iter()).map(|(a, b)| equal(a, b)))
        }
        (Value::Map(a), Value::Map(b)) => {
            if a.len() != b.len() {
                return Truth::FALSE;
            }
            let has = |(key, value): &(Value<'_>, Value<'_>)| {
                let same = b.iter().find(|(other, _)| equal(key, other) == Truth::TRUE);
                same.map_or(Truth::FALSE, |(_, other)| equal(value, other))
            };
            all(a.iter().map(has))
        }
        (Value::Opaque(a), other) | (other, Value::Opaque(a)) if *a == other.value_type() => {
            Truth::ANY
        }
        _ => match ordering(left, right) {
            Some(order) => Truth::of(order == Some(Ordering::Equal)),
            None => Truth::FALSE,
        },
    }
}

fn all(mut parts: impl Iterator<Item = Truth>) -> Truth {
    parts
        .try_fold(Truth::TRUE, |all, part| {
            if part == Truth::FALSE {
                return Err(Truth::FALSE);
            }
            Ok(if part == Truth::TRUE { all } else { Truth::EITHER })
        })
        .unwrap_or_else(|never| never)
}

fn less<'v>(left: &Value<'_>, right: &Value<'_>, or_equal: bool) -> Outcome<'v> {
    let wanted = |order: Ordering| order == Ordering::Less || or_equal && order == Ordering::Equal;
    let order = match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) | (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Text(_) | Value::Spaced(..), Value::Text(_) | Value::Spaced(..)) => {
            return Outcome::truth(Truth::EITHER);
        }
        (Value::Duration(a), Value::Duration(b)) | (Value::Time(a), Value::Time(b)) => {
            return Outcome::truth(between_less(*a, *b, or_equal));
        }
        _ => match ordering(left, right) {
            Some(order) => return Outcome::bool(order.is_some_and(wanted)),
            None => return Outcome::Error,
        },
    };
    Outcome::bool(wanted(order))
}

/// The order of two numbers: none where one is not a number, an inner none for NaN.
fn ordering(left: &Value<'_>, right: &Value<'_>) -> Option<Option<Ordering>> {
    #[allow(clippy::cast_precision_loss, reason = "Envoy compares with doubles as doubles")]
    let double = |value: &Value<'_>| match value {
        Value::Int(value) => Some(*value as f64),
        Value::Uint(value) => Some(*value as f64),
        Value::Double(value) => Some(*value),
        _ => None,
    };
    let whole = |value: &Value<'_>| match value {
        Value::Int(value) => Some(i128::from(*value)),
        Value::Uint(value) => Some(i128::from(*value)),
        _ => None,
    };
    match (whole(left), whole(right)) {
        (Some(a), Some(b)) => Some(Some(a.cmp(&b))),
        _ => Some(double(left)?.partial_cmp(&double(right)?)),
    }
}

fn between_equal(a: Between, b: Between) -> Truth {
    match (a.single(), b.single()) {
        (Some(a), Some(b)) => Truth::of(a == b),
        _ if a.most < b.least || b.most < a.least => Truth::FALSE,
        _ => Truth::EITHER,
    }
}

fn between_less(a: Between, b: Between, or_equal: bool) -> Truth {
    let before = |a: i128, b: i128| if or_equal { a <= b } else { a < b };
    match (before(a.most, b.least), before(a.least, b.most)) {
        (true, _) => Truth::TRUE,
        (_, false) => Truth::FALSE,
        _ => Truth::EITHER,
    }
}

/// A byte as it is printed where white space becomes an underscore.
pub(super) fn printed(byte: u8) -> u8 {
    if byte.is_ascii_whitespace() || byte == 0x0b { b'_' } else { byte }
}

/// Whether a text can have been printed as `shown`, whose underscores from an offset on are in
/// doubt; and whether it must have been this one.
pub(super) fn spaced_equal(shown: &[u8], from: usize, text: &[u8]) -> Truth {
    let may = shown.len() == text.len()
        && shown.iter().zip(text).enumerate().all(|(at, (&shown, &byte))| {
            shown == byte || at >= from && shown == b'_' && printed(byte) == b'_'
        });
    let doubtful = shown.iter().skip(from).any(|&byte| byte == b'_');
    match (may, doubtful) {
        (false, _) => Truth::FALSE,
        (true, false) => Truth::TRUE,
        (true, true) => Truth::EITHER,
    }
}
