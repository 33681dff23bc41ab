//! Arithmetic: both sides of one type, overflow is an error, strings and lists are not added.

use crate::node::Binary;
use crate::value::{Between, Outcome, Value};

/// The longest duration, in nanoseconds: 10,000 years.
pub(super) const MAX_DURATION: i128 = 315_576_000_000 * 1_000_000_000;

/// `-value`
pub(super) fn negate<'v>(value: Value<'v>) -> Outcome<'v> {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int).into(),
        Value::Double(value) => Outcome::Value(Value::Double(-value)),
        _ => Outcome::Error,
    }
}

/// Applies an operator.
pub(super) fn apply<'v>(operator: Binary, left: &Value<'_>, right: &Value<'_>) -> Outcome<'v> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => int(operator, *a, *b).map(Value::Int).into(),
        (Value::Uint(a), Value::Uint(b)) => uint(operator, *a, *b).map(Value::Uint).into(),
        (Value::Double(a), Value::Double(b)) => double(operator, *a, *b).map(Value::Double).into(),
        _ => moments(operator, left, right).into(),
    }
}

fn int(operator: Binary, a: i64, b: i64) -> Option<i64> {
    match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::Divide => a.checked_div(b),
        Binary::Remainder => a.checked_rem(b),
        _ => None,
    }
}

fn uint(operator: Binary, a: u64, b: u64) -> Option<u64> {
    match operator {
        Binary::Add => a.checked_add(b),
        Binary::Subtract => a.checked_sub(b),
        Binary::Multiply => a.checked_mul(b),
        Binary::Divide => a.checked_div(b),
        Binary::Remainder => a.checked_rem(b),
        _ => None,
    }
}

fn double(operator: Binary, a: f64, b: f64) -> Option<f64> {
    match operator {
        Binary::Add => Some(a + b),
        Binary::Subtract => Some(a - b),
        Binary::Multiply => Some(a * b),
        Binary::Divide => Some(a / b),
        _ => None,
    }
}

/// Durations with durations, and with times.
fn moments<'v>(operator: Binary, left: &Value<'_>, right: &Value<'_>) -> Option<Value<'v>> {
    let plus =
        |a: &Between, b: &Between| Between { least: a.least + b.least, most: a.most + b.most };
    let minus =
        |a: &Between, b: &Between| Between { least: a.least - b.most, most: a.most - b.least };
    match (operator, left, right) {
        (Binary::Add, Value::Duration(a), Value::Duration(b)) => duration(plus(a, b)),
        (Binary::Subtract, Value::Duration(a), Value::Duration(b)) => duration(minus(a, b)),
        (Binary::Subtract, Value::Time(a), Value::Time(b)) => duration(minus(a, b)),
        (Binary::Add, Value::Time(a), Value::Duration(b))
        | (Binary::Add, Value::Duration(b), Value::Time(a)) => Some(Value::Time(plus(a, b))),
        (Binary::Subtract, Value::Time(a), Value::Duration(b)) => Some(Value::Time(minus(a, b))),
        _ => None,
    }
}

fn duration<'v>(between: Between) -> Option<Value<'v>> {
    let fits = |nanoseconds: i128| nanoseconds.abs() <= MAX_DURATION;
    (fits(between.least) && fits(between.most)).then_some(Value::Duration(between))
}
