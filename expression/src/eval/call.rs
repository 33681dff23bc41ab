//! Calls of functions.

use std::borrow::Cow;

use super::compare::{printed, spaced_equal};
use super::{Lookup, convert, eval, time};
use crate::function::Function;
use crate::node::{Call, Node, Type};
use crate::pattern::Pattern;
use crate::value::{Outcome, Truth, Value};

/// Evaluates a call.
pub(super) fn call<'v>(call: &'v Call, lookup: &dyn Lookup<'v>) -> Outcome<'v> {
    let Some(function) = call.function else {
        return Outcome::Unknown;
    };
    match call.arguments.as_slice() {
        [value] => eval(value, lookup).then(|value| of_one(function, value)),
        [value, other] => of_two(call, function, [value, other], lookup),
        [text, pattern, rewrite] => {
            let parts = [text, pattern, rewrite].map(|part| eval(part, lookup));
            if parts.iter().any(|part| matches!(part, Outcome::Error)) {
                return Outcome::Error;
            }
            let [text, pattern, rewrite] = parts;
            text.then(|text| {
                pattern.then(|pattern| rewrite.then(|rewrite| extract(&text, &pattern, &rewrite)))
            })
        }
        _ => Outcome::Unknown,
    }
}

fn of_one<'v>(function: Function, value: Value<'v>) -> Outcome<'v> {
    match (function, &value) {
        (Function::Dyn, _) => Outcome::Value(value),
        (Function::Type, _) => Outcome::Value(Value::Type(value.value_type())),
        (_, Value::Spaced(..)) if function != Function::Size => Outcome::Unknown,
        (Function::Size, _) => size(&value),
        (Function::Timestamp, _) => time::timestamp(&value),
        (Function::Duration, _) => time::duration(&value),
        (Function::Part(part), _) => time::part(part, &value, None),
        (Function::Int, Value::Time(between)) if between.single().is_none() => {
            // Within one second or not told.
            match convert::convert(function, value) {
                Outcome::Error => Outcome::Unknown,
                found => found,
            }
        }
        _ => convert::convert(function, value),
    }
}

fn size<'v>(value: &Value<'_>) -> Outcome<'v> {
    let length = match value {
        // A byte that is no part of a character counts as one.
        Value::Text(text) | Value::Spaced(text, _) => {
            text.utf8_chunks().map(|part| part.valid().chars().count() + part.invalid().len()).sum()
        }
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        Value::Opaque(Type::Map) => return Outcome::Unknown,
        _ => return Outcome::Error,
    };
    i64::try_from(length).ok().map(Value::Int).into()
}

fn of_two<'v>(
    call: &'v Call,
    function: Function,
    arguments: [&'v Node; 2],
    lookup: &dyn Lookup<'v>,
) -> Outcome<'v> {
    let [value, other] = arguments.map(|argument| eval(argument, lookup));
    if matches!(value, Outcome::Error) || matches!(other, Outcome::Error) {
        return Outcome::Error;
    }
    value.then(|value| {
        other.then(|other| match function {
            Function::Part(part) => time::part(part, &value, Some(&other)),
            Function::Matches => matches(&value, &other, call.pattern.as_deref()),
            Function::Capture => capture(&value, &other),
            Function::CaptureNamed => Outcome::Unknown,
            _ => Outcome::truth(find(function, &value, &other)),
        })
    })
}

/// `startsWith`, `endsWith` and `contains`, of strings alone.
fn find(function: Function, value: &Value<'_>, other: &Value<'_>) -> Truth {
    let Value::Text(wanted) = other else {
        return if matches!(other, Value::Spaced(..)) { Truth::ANY } else { Truth::ERROR };
    };
    match value {
        Value::Text(text) => Truth::of(match function {
            Function::StartsWith => text.starts_with(wanted),
            Function::EndsWith => text.ends_with(wanted),
            Function::Contains => has_part(text, wanted),
            _ => return Truth::ERROR,
        }),
        Value::Spaced(text, from) => find_spaced(function, text, *from, wanted),
        _ => Truth::ERROR,
    }
}

fn has_part(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// The same in a text whose underscores may have been white space.
fn find_spaced(function: Function, text: &[u8], from: usize, wanted: &[u8]) -> Truth {
    if wanted.is_empty() {
        return Truth::TRUE;
    }
    let at = |start: usize| {
        let part = text.get(start..start + wanted.len()).unwrap_or_default();
        let equal = spaced_equal(part, from.saturating_sub(start), wanted);
        // Where the wanted text has no underscore and no space, nothing is in doubt.
        let plain = !wanted.iter().any(|&byte| printed(byte) == b'_');
        if plain && equal.may_be(Truth::TRUE) { Truth::TRUE } else { equal }
    };
    let Some(last) = text.len().checked_sub(wanted.len()) else {
        return Truth::FALSE;
    };
    match function {
        Function::StartsWith => at(0),
        Function::EndsWith => at(last),
        Function::Contains => super::disjunction_of((0..=last).map(at)),
        _ => Truth::ERROR,
    }
}

fn matches<'v>(value: &Value<'_>, other: &Value<'_>, known: Option<&Pattern>) -> Outcome<'v> {
    let (text, in_doubt) = match value {
        Value::Text(text) => (text, false),
        Value::Spaced(text, from) => (text, text.iter().skip(*from).any(|&byte| byte == b'_')),
        _ => return Outcome::Error,
    };
    let Some(found) = with_pattern(other, known, |pattern| pattern.is_match(text)) else {
        return Outcome::Error;
    };
    match found {
        Some(_) if in_doubt => Outcome::truth(Truth::EITHER),
        Some(found) => Outcome::bool(found),
        None => Outcome::Unknown,
    }
}

/// Runs a pattern; `None` when it is no string or RE2 refuses it, an inner none when it cannot be
/// told what RE2 finds.
fn with_pattern<T>(
    value: &Value<'_>,
    known: Option<&Pattern>,
    run: impl FnOnce(&Pattern) -> Option<T>,
) -> Option<Option<T>> {
    match (known, value) {
        (Some(pattern), _) => Some(run(pattern)),
        (None, Value::Text(text)) => {
            let pattern = Pattern::new(std::str::from_utf8(text).ok()?);
            if pattern.refusal().is_some() { None } else { Some(run(&pattern)) }
        }
        _ => None,
    }
}

/// `re.capture`: the first group, when the pattern matches all of the text.
fn capture<'v>(value: &Value<'_>, pattern: &Value<'_>) -> Outcome<'v> {
    let Value::Text(text) = value else {
        return if matches!(value, Value::Spaced(..)) { Outcome::Unknown } else { Outcome::Error };
    };
    match with_pattern(pattern, None, |pattern| pattern.capture(text)) {
        Some(Some(group)) => group.map(|group| Value::Text(Cow::Owned(group))).into(),
        Some(None) => Outcome::Unknown,
        None => Outcome::Error,
    }
}

/// `re.extract`: the rewritten first match.
fn extract<'v>(value: &Value<'_>, pattern: &Value<'_>, rewrite: &Value<'_>) -> Outcome<'v> {
    let (Value::Text(text), Value::Text(rewrite)) = (value, rewrite) else {
        let spaced = matches!(value, Value::Spaced(..)) || matches!(rewrite, Value::Spaced(..));
        return if spaced { Outcome::Unknown } else { Outcome::Error };
    };
    match with_pattern(pattern, None, |pattern| pattern.extract(text, rewrite)) {
        Some(Some(found)) => found.map(|found| Value::Text(Cow::Owned(found))).into(),
        Some(None) => Outcome::Unknown,
        None => Outcome::Error,
    }
}
