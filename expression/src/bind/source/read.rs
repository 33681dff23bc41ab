//! From what operators print to the values of attributes.

use std::borrow::Cow;

use accesslog::{Record, ResponseFlags, Value as Printed};

use super::Slot;
use crate::attribute::Read;
use crate::value::{Between, Outcome, Value};

/// The bit of each response flag in `response.flags`, in the order of [`FLAG_NAMES`].
const FLAG_NAMES: &[(&str, u32)] = &[
    ("LH", 0),
    ("UH", 1),
    ("UT", 2),
    ("LR", 3),
    ("UR", 4),
    ("UF", 5),
    ("UC", 6),
    ("UO", 7),
    ("NR", 8),
    ("DI", 9),
    ("FI", 10),
    ("RL", 11),
    ("UAEX", 12),
    ("RLSE", 13),
    ("DC", 14),
    ("URX", 15),
    ("SI", 16),
    ("IH", 17),
    ("DPE", 18),
    ("UMSDR", 19),
    ("RFCF", 20),
    ("NFCF", 21),
    ("DT", 22),
    ("UPE", 23),
    ("NC", 24),
    ("OM", 25),
    ("DF", 26),
    ("DO", 27),
    ("DR", 28),
    ("UDO", 29),
];

/// The value that a carrier's fields give; `None` when they do not tell it.
pub(super) fn value<'r>(
    slots: &[Slot],
    read: Read,
    precision: i128,
    record: &Record<'r>,
) -> Option<Outcome<'r>> {
    let printed = |index: usize| slots.get(index)?.value(record);
    let first = printed(0)?;
    let text = || bytes(first);
    Some(match read {
        Read::Text => text().map(Value::Text).into(),
        Read::Bytes => match text() {
            Some(text) => Outcome::Value(Value::Bytes(text)),
            // Filters set what a header had, and of a missing one that is a dash.
            None if slots.first()?.is_text() => Outcome::Perhaps(Value::Bytes(b"-"[..].into())),
            None => Outcome::Error,
        },
        Read::PercentEncoded => text().map(|text| Value::Text(decoded(&text).into())).into(),
        Read::TextOrEmpty => Outcome::Value(Value::Text(text().unwrap_or_default())),
        Read::TextMaybeEmpty => match text() {
            Some(text) => Outcome::Value(Value::Text(text)),
            None => Outcome::Perhaps(Value::text(b"")),
        },
        Read::Spaced => text().map(|text| Value::Spaced(text, 0)).into(),
        Read::SpacedDetail => text().map(spaced_detail).into(),
        Read::UpstreamFailure => match text() {
            Some(text) => Outcome::Value(Value::Spaced(text, 0)),
            None if printed(1)?.is_absent() => Outcome::Perhaps(Value::text(b"")),
            None => Outcome::Value(Value::text(b"")),
        },
        Read::FirstName => text().map(|names| Value::Text(until(names, b','))).into(),
        Read::Int => whole(first)?.map(Value::Int).into(),
        Read::Code => whole(first)?.filter(|code| *code != 0).map(Value::Int).into(),
        Read::Uint => first.as_u64().map(Value::Uint).into(),
        Read::UintNotZero => first.as_u64().filter(|id| *id != 0).map(Value::Uint).into(),
        Read::Flags => Outcome::Value(Value::Int(flags(&text().unwrap_or_default())?)),
        Read::Port => text().and_then(|text| port(&text)).map(Value::Int).into(),
        Read::IsPresent => Outcome::bool(!first.is_absent()),
        Read::Milliseconds => whole(first)?.map(|ms| duration(ms, 1_000_000)).into(),
        Read::Nanoseconds => whole(first)?.map(|ns| duration(ns, 1)).into(),
        Read::Time => Outcome::Value(Value::Time(time(&text()?, precision)?)),
        Read::Sum => sum(slots, record)?,
        Read::ContentLength => content_length(text(), printed(1)?),
        Read::PathOnly => text().map(|path| Value::Text(until(path, b'?'))).into(),
        Read::Query => text().map(|path| Value::Text(query(path))).into(),
        Read::GrpcStatus => match int(first) {
            Some(status) => Outcome::Value(Value::Int(status)),
            None => int(printed(1)?).and_then(inferred_status).map(Value::Int).into(),
        },
        Read::GrpcHeaders => grpc_status(first, printed(1)?, printed(2)?)?,
        Read::Metadata => return None,
    })
}

/// The bytes of a printed value.
pub(super) fn bytes(value: Printed<'_>) -> Option<Cow<'_, [u8]>> {
    value.to_bytes()
}

/// A printed number.
pub(super) fn int(value: Printed<'_>) -> Option<i64> {
    match value {
        Printed::Number(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
        _ => None,
    }
}

/// A printed number that may be absent; `None` when it is none that fits.
fn whole(value: Printed<'_>) -> Option<Option<i64>> {
    if value.is_absent() { Some(None) } else { int(value).map(Some) }
}

/// Details in which only what stands in brackets or behind a colon can have held white space: the
/// words before are constants of Envoy.
fn spaced_detail(text: Cow<'_, [u8]>) -> Value<'_> {
    let from = text.iter().position(|byte| matches!(byte, b'{' | b'[' | b':'));
    match from {
        Some(from) => Value::Spaced(text, from),
        None => Value::Text(text),
    }
}

fn flags(text: &[u8]) -> Option<i64> {
    let bit = |name: &[u8]| {
        let is_named = |(short, _): &&(&str, u32)| {
            short.as_bytes() == name || ResponseFlags::new(name).contains(short)
        };
        FLAG_NAMES.iter().find(is_named).map(|(_, bit)| 1_i64 << bit)
    };
    ResponseFlags::new(text).iter().try_fold(0, |all, name| Some(all | bit(name)?))
}

/// The port of an IP address; other addresses have none.
fn port(address: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(address).ok()?;
    let address: std::net::SocketAddr = text.parse().ok()?;
    Some(i64::from(address.port()))
}

/// A duration of which the part below `unit` nanoseconds was cut off.
fn duration<'r>(count: i64, unit: i128) -> Value<'r> {
    let least = i128::from(count) * unit;
    Value::Duration(Between { least, most: least + unit - 1 })
}

/// A time in seconds with a fraction, or as Envoy prints it without a format.
fn time(text: &[u8], precision: i128) -> Option<Between> {
    let text = std::str::from_utf8(text).ok()?;
    let least = if text.contains('T') {
        text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()
    } else {
        let digits: String = text.chars().filter(|c| *c != '.').collect();
        digits.parse::<i128>().ok()?.checked_mul(precision)?
    };
    Some(Between { least, most: least.checked_add(precision - 1)? })
}

fn sum<'r>(slots: &[Slot], record: &Record<'r>) -> Option<Outcome<'r>> {
    let mut total = Some(0_i64);
    for slot in slots {
        let part = whole(slot.value(record)?)?;
        total = match (total, part) {
            (Some(total), Some(part)) => Some(total.checked_add(part)?),
            _ => None,
        };
    }
    Some(total.map(Value::Int).into())
}

/// The content length that the request claimed, if it is a number; else the bytes received.
fn content_length<'r>(claimed: Option<Cow<'r, [u8]>>, received: Printed<'r>) -> Outcome<'r> {
    let size = match claimed {
        Some(claimed) => {
            std::str::from_utf8(&claimed).ok().and_then(|text| text.trim_ascii().parse().ok())
        }
        None => int(received),
    };
    size.map(Value::Int).into()
}

fn until(text: Cow<'_, [u8]>, end: u8) -> Cow<'_, [u8]> {
    let end = memchr::memchr(end, &text).unwrap_or(text.len());
    part(text, 0, end)
}

fn query(path: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let start = memchr::memchr(b'?', &path).map_or(path.len(), |at| at + 1);
    let fragment = path.get(start..).and_then(|rest| memchr::memchr(b'#', rest));
    let end = fragment.map_or(path.len(), |at| start + at);
    part(path, start, end)
}

/// The bytes that percent-encoded text stands for.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%');
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

fn part(text: Cow<'_, [u8]>, start: usize, end: usize) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(start..end).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(start..end).unwrap_or_default().to_vec()),
    }
}

/// The gRPC status that Envoy infers from a response code.
fn inferred_status(code: i64) -> Option<i64> {
    Some(match code {
        0 => return None,
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502 | 503 | 504 => 14,
        _ => 2,
    })
}

/// The status in the trailers, else in the headers, else the inferred one; `None` when a client of
/// Envoy's would have to tell whether it is a number.
fn grpc_status<'r>(
    trailer: Printed<'r>,
    header: Printed<'r>,
    code: Printed<'r>,
) -> Option<Outcome<'r>> {
    let claimed = bytes(trailer).or_else(|| bytes(header));
    let status = match claimed {
        Some(text) => Some(std::str::from_utf8(&text).ok()?.parse().ok()?),
        None => int(code).and_then(inferred_status),
    };
    Some(status.map(Value::Int).into())
}
