//! Timestamps and durations: reading them from strings, and their parts.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::arithmetic::MAX_DURATION;
use crate::function::Part;
use crate::value::{Between, Outcome, Value};

const SECOND: i128 = 1_000_000_000;

/// `timestamp(value)`
pub(crate) fn timestamp<'v>(value: &Value<'_>) -> Outcome<'v> {
    match value {
        Value::Int(seconds) => {
            Outcome::Value(Value::Time(Between::exactly(i128::from(*seconds) * SECOND)))
        }
        Value::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => parse_timestamp(text),
            Err(_) => Outcome::Error,
        },
        Value::Spaced(..) => Outcome::Unknown,
        _ => Outcome::Error,
    }
}

/// RFC 3339. Envoy takes years beyond four digits and `infinite-past` as well; no filter has use
/// for them, so they are left open.
fn parse_timestamp<'v>(text: &str) -> Outcome<'v> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let upper = shape.to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix("0000-00-00T00:00:00") else {
        let open = upper.starts_with("00000") || upper.starts_with(['I', '-', '+']);
        return if open { Outcome::Unknown } else { Outcome::Error };
    };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches('0'),
        None => rest,
    };
    if !matches!(zone, "Z" | "+00:00" | "-00:00") {
        return Outcome::Error;
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Outcome::Value(Value::Time(Between::exactly(time.as_nanosecond()))),
        Err(_) => Outcome::Error,
    }
}

/// `duration(value)`
pub(crate) fn duration<'v>(value: &Value<'_>) -> Outcome<'v> {
    let nanoseconds = match value {
        Value::Text(text) => std::str::from_utf8(text).ok().and_then(parse_duration),
        Value::Spaced(..) => return Outcome::Unknown,
        _ => None,
    };
    nanoseconds.map(|n| Value::Duration(Between::exactly(n))).into()
}

/// Numbers with units, such as `-1h1.5m`; `0` needs none.
fn parse_duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_i128;
    let mut any = false;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at_checked(digits(rest))?;
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at_checked(digits(after))?,
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at_checked(letters)?;
        total = total.checked_add(amount(whole, fraction, unit_length(unit)?)?)?;
        any = true;
        rest = after;
    }
    (any && total <= MAX_DURATION).then_some(sign * total)
}

fn unit_length(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60 * SECOND,
        "h" => 3_600 * SECOND,
        _ => return None,
    })
}

fn amount(whole: &str, fraction: &str, unit: i128) -> Option<i128> {
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
    // Digits that stand for less than a nanosecond say nothing.
    let digits = fraction.len().min(15);
    let fraction = fraction.get(..digits).filter(|digits| !digits.is_empty()).unwrap_or("0");
    let part = unit * fraction.parse::<i128>().ok()? / 10_i128.pow(u32::try_from(digits).ok()?);
    whole.checked_mul(unit)?.checked_add(part)
}

/// A part of a time or a duration.
pub(super) fn part<'v>(part: Part, value: &Value<'_>, zone: Option<&Value<'_>>) -> Outcome<'v> {
    let offset = match (value, zone) {
        (Value::Time(_), None) => Ok(Offset::UTC),
        (Value::Time(_), Some(Value::Text(name))) => zone_offset(name),
        (Value::Duration(_), None) if part.is_of_durations() => Ok(Offset::UTC),
        _ => Err(Outcome::Error),
    };
    let offset = match offset {
        Ok(offset) => offset,
        Err(outcome) => return outcome,
    };
    let (between, of): (_, &dyn Fn(i128) -> Option<i64>) = match value {
        Value::Time(between) => (between, &|at| of_time(part, at, offset)),
        Value::Duration(between) => (between, &|length| of_duration(part, length)),
        _ => return Outcome::Error,
    };
    match (of(between.least), of(between.most)) {
        (Some(least), Some(most)) if least == most => Outcome::Value(Value::Int(least)),
        _ => Outcome::Unknown,
    }
}

/// The offset of a time zone: none, UTC, or hours and minutes. Names of places need a database
/// that Envoy has and this crate has not.
fn zone_offset<'v>(name: &[u8]) -> Result<Offset, Outcome<'v>> {
    let text = std::str::from_utf8(name).map_err(|_| Outcome::Error)?;
    let (sign, digits) = match text.as_bytes().first() {
        None => return Ok(Offset::UTC),
        Some(b'-') => (-1, text.get(1..).unwrap_or_default()),
        Some(b'+') => (1, text.get(1..).unwrap_or_default()),
        Some(_) => (1, text),
    };
    if text == "UTC" {
        return Ok(Offset::UTC);
    }
    let parsed = digits.split_once(':').and_then(|(hours, minutes)| {
        let number = |text: &str| text.parse::<i32>().ok().filter(|_| text.len() == 2);
        Some(sign * (number(hours)? * 3_600 + number(minutes)? * 60))
    });
    parsed.and_then(|seconds| Offset::from_seconds(seconds).ok()).ok_or(Outcome::Unknown)
}

fn of_time(part: Part, nanoseconds: i128, offset: Offset) -> Option<i64> {
    let time = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
    let civil: DateTime = offset.to_datetime(time);
    Some(match part {
        Part::FullYear => i64::from(civil.year()),
        Part::Month => i64::from(civil.month()) - 1,
        Part::DayOfYear => i64::from(civil.day_of_year()) - 1,
        Part::DayOfMonth => i64::from(civil.day()) - 1,
        Part::Date => i64::from(civil.day()),
        Part::DayOfWeek => i64::from(civil.weekday().to_sunday_zero_offset()),
        Part::Hours => i64::from(civil.hour()),
        Part::Minutes => i64::from(civil.minute()),
        Part::Seconds => i64::from(civil.second()),
        Part::Milliseconds => i64::from(civil.millisecond()),
    })
}

fn of_duration(part: Part, nanoseconds: i128) -> Option<i64> {
    let whole = |unit: i128| i64::try_from(nanoseconds / unit).ok();
    match part {
        Part::Hours => whole(3_600 * SECOND),
        Part::Minutes => whole(60 * SECOND),
        Part::Seconds => whole(SECOND),
        // The milliseconds within the second, not the whole duration in them.
        Part::Milliseconds => Some(whole(1_000_000)? % 1_000),
        _ => None,
    }
}
