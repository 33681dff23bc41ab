//! Conversions: `int()`, `uint()`, `double()`, `bool()`, `bytes()`.

use crate::function::Function;
use crate::value::{Outcome, Value};

/// 2^63 and 2^64, the first doubles that an int and a uint cannot hold.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

/// Applies a conversion.
pub(super) fn convert<'v>(function: Function, value: Value<'v>) -> Outcome<'v> {
    match function {
        Function::Int => to_int(&value).into(),
        Function::Uint => to_uint(&value).into(),
        Function::Double => to_double(&value).into(),
        Function::Bool => to_bool(&value).into(),
        Function::Bytes => to_bytes(value).into(),
        _ => Outcome::Error,
    }
}

/// The whole number that a double is, if it is one.
pub(super) fn whole(value: f64) -> Option<i64> {
    truncated(value).filter(|_| value.fract() == 0.0)
}

#[allow(clippy::cast_possible_truncation, reason = "the range is checked")]
fn truncated(value: f64) -> Option<i64> {
    (value > -INT_END && value < INT_END).then_some(value as i64)
}

fn to_int<'v>(value: &Value<'_>) -> Option<Value<'v>> {
    let int = match value {
        Value::Int(value) => *value,
        Value::Uint(value) => i64::try_from(*value).ok()?,
        Value::Double(value) => truncated(*value)?,
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => number(text)?.parse().ok()?,
        Value::Time(time) => {
            let seconds = |nanoseconds: i128| nanoseconds.div_euclid(1_000_000_000);
            let (least, most) = (seconds(time.least), seconds(time.most));
            return (least == most).then(|| i64::try_from(least).ok().map(Value::Int))?;
        }
        _ => return None,
    };
    Some(Value::Int(int))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn to_uint<'v>(value: &Value<'_>) -> Option<Value<'v>> {
    let uint = match value {
        Value::Int(value) => u64::try_from(*value).ok()?,
        Value::Uint(value) => *value,
        Value::Double(value) if *value >= 0.0 && *value < UINT_END => *value as u64,
        Value::Text(text) => number(text)?.parse().ok()?,
        _ => return None,
    };
    Some(Value::Uint(uint))
}

#[allow(clippy::cast_precision_loss, reason = "as Envoy does")]
fn to_double<'v>(value: &Value<'_>) -> Option<Value<'v>> {
    let double = match value {
        Value::Int(value) => *value as f64,
        Value::Uint(value) => *value as f64,
        Value::Double(value) => *value,
        Value::Text(text) => std::str::from_utf8(text).ok()?.trim_ascii().parse().ok()?,
        _ => return None,
    };
    Some(Value::Double(double))
}

fn to_bool<'v>(value: &Value<'_>) -> Option<Value<'v>> {
    let bool = match value {
        Value::Bool(value) => *value,
        Value::Text(text) => match &**text {
            b"1" | b"t" | b"true" | b"True" | b"TRUE" => true,
            b"0" | b"f" | b"false" | b"False" | b"FALSE" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Bool(bool))
}

fn to_bytes(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Bytes(bytes) | Value::Text(bytes) => Some(Value::Bytes(bytes)),
        _ => None,
    }
}

/// Digits with a sign, as a number is read from a string: white space around them is skipped.
fn number(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok().map(str::trim_ascii)
}
