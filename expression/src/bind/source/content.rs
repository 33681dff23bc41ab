//! Values whose type the printed text decides: metadata, and what `%CEL()%` prints.

use std::borrow::Cow;
use std::rc::Rc;

use accesslog::Value as Printed;

use super::read::{bytes, int};
use crate::eval;
use crate::node::Type;
use crate::value::{Outcome, Value};

/// The metadata below `rest`, of what was printed.
pub(super) fn metadata<'r>(
    printed: Printed<'r>,
    rest: &[String],
    is_namespace: bool,
) -> Outcome<'r> {
    if printed.is_absent() {
        // Null prints like what is missing; a whole namespace is never null.
        let may_be_null = rest.is_empty() && !is_namespace;
        return if may_be_null { Outcome::Perhaps(Value::Null) } else { Outcome::Error };
    }
    let start = typed(printed).map_or(Outcome::Unknown, Outcome::Value);
    rest.iter().fold(start, |outcome, key| outcome.then(|value| eval::at_field(&value, key)))
}

/// What `%CEL()%` printed for a value of this type.
pub(super) fn printed<'r>(printed: Printed<'r>, of: Option<Type>) -> Outcome<'r> {
    if printed.is_absent() {
        return Outcome::Error;
    }
    let value = match of {
        None => typed(printed),
        Some(Type::Text) => bytes(printed).map(Value::Text),
        Some(Type::Bytes) => bytes(printed).map(Value::Bytes),
        Some(Type::Int) => number(printed).map(Value::Int),
        Some(Type::Uint) => {
            number(printed).and_then(|number| u64::try_from(number).ok()).map(Value::Uint)
        }
        Some(Type::Bool) => match bytes(printed).as_deref() {
            Some(b"true") => Some(Value::Bool(true)),
            Some(b"false") => Some(Value::Bool(false)),
            _ => None,
        },
        Some(Type::Duration) => return text(printed, eval::duration),
        Some(Type::Time) => return text(printed, eval::timestamp),
        Some(_) => typed(printed),
    };
    value.map_or(Outcome::Unknown, Outcome::Value)
}

/// The bytes that `%TYPED_CEL()%` printed in base64.
pub(super) fn base64<'r>(printed: Printed<'r>) -> Outcome<'r> {
    match bytes(printed) {
        None => Outcome::Error,
        Some(text) => decode(&text)
            .map_or(Outcome::Unknown, |bytes| Outcome::Value(Value::Bytes(Cow::Owned(bytes)))),
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let end = text.iter().position(|&byte| byte == b'=').unwrap_or(text.len());
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for &byte in text.get(..end)? {
        bits = bits << 6 | u32::from(digit(byte)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(out)
}

fn text<'r>(printed: Printed<'r>, read: impl FnOnce(&Value<'_>) -> Outcome<'r>) -> Outcome<'r> {
    match bytes(printed).map(|text| read(&Value::Text(text))) {
        Some(Outcome::Value(value)) => Outcome::Value(value),
        _ => Outcome::Unknown,
    }
}

fn number(printed: Printed<'_>) -> Option<i64> {
    int(printed).or_else(|| std::str::from_utf8(&bytes(printed)?).ok()?.parse().ok())
}

/// A value by what it looks like. Numbers of metadata are doubles.
fn typed(printed: Printed<'_>) -> Option<Value<'_>> {
    Some(match printed {
        Printed::Absent => Value::Null,
        Printed::Bool(value) => Value::Bool(value),
        Printed::Number(digits) => Value::Double(std::str::from_utf8(digits).ok()?.parse().ok()?),
        Printed::Text(text) => Value::text(text),
        Printed::Escaped(_) => Value::Text(bytes(printed)?),
        Printed::Json(text) => of_json(serde_json::from_slice(text).ok()?),
    })
}

fn of_json<'r>(json: serde_json::Value) -> Value<'r> {
    let text = |text: String| Value::Text(Cow::Owned(text.into_bytes()));
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(string) => text(string),
        serde_json::Value::Array(items) => {
            Value::List(items.into_iter().map(of_json).collect::<Rc<[_]>>())
        }
        serde_json::Value::Object(members) => {
            let pair = |(key, value)| (text(key), of_json(value));
            Value::Map(members.into_iter().map(pair).collect::<Rc<[_]>>())
        }
    }
}
