//! Reading a history back.

use std::borrow::Cow;

use super::is_safe;

/// A history that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History<'a> {
    /// The attempts, in the order in which they began.
    pub attempts: Vec<Attempt<'a>>,
    /// Whether further attempts found no room.
    pub more: bool,
}

/// One attempt to reach an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempt<'a> {
    /// The upstream's address; `None` where there was none.
    pub host: Option<Cow<'a, [u8]>>,
    /// The status code of the response; `None` where none came.
    pub code: Option<u16>,
    /// Milliseconds to the headers of the response, or to the end of the attempt where none came;
    /// `None` where it was still open.
    pub duration_ms: Option<u64>,
    /// What went wrong, spaces as underscores; `None` where that is not known.
    pub failure: Option<Cow<'a, [u8]>>,
}

/// Reads a history; `None` means that the text is none, as for the `-` of a request that was sent to no
/// upstream.
///
/// ```
/// let history = filter::history::parse(b"10.0.0.1:80=503/12ms;10.0.0.2:80=?").unwrap();
/// assert_eq!(history.attempts[0].code, Some(503));
/// assert_eq!(history.attempts[0].duration_ms, Some(12));
/// assert_eq!(history.attempts[1].host.as_deref(), Some(&b"10.0.0.2:80"[..]));
/// assert_eq!(history.attempts[1].duration_ms, None);
/// ```
pub fn parse(text: &[u8]) -> Option<History<'_>> {
    let (entries, more) = match text.strip_suffix(b";+") {
        Some(entries) => (entries, true),
        None => (text, false),
    };
    let attempts = entries.split(|byte| *byte == b';').map(attempt).collect::<Option<_>>()?;
    Some(History { attempts, more })
}

fn attempt(entry: &[u8]) -> Option<Attempt<'_>> {
    let (host, result) = split_once(entry, b'=')?;
    let host = if host == b"-" { None } else { Some(decode(host)?) };
    if result == b"?" {
        return Some(Attempt { host, ..Attempt::default() });
    }
    let (code, rest) = split_once(result, b'/')?;
    let (duration, failure) = match split_once(rest, b'/') {
        Some((duration, failure)) => (duration, Some(decode(failure)?)),
        None => (rest, None),
    };
    let code = match code {
        b"-" => None,
        code if code.len() == 3 => Some(u16::try_from(number(code)?).ok()?),
        _ => return None,
    };
    let duration_ms = Some(number(duration.strip_suffix(b"ms")?)?);
    Some(Attempt { host, code, duration_ms, failure })
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|byte| *byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

fn number(digits: &[u8]) -> Option<u64> {
    let only_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    only_digits.then_some(())?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Takes the escapes out of a host or a failure; `None` where a byte cannot be part of one.
fn decode(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if text.is_empty() {
        return None;
    }
    if text.iter().all(|byte| is_safe(*byte)) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        match byte {
            b'%' => {
                let high = hex(*rest.next()?)?;
                out.push(high << 4 | hex(*rest.next()?)?);
            }
            byte if is_safe(byte) => out.push(byte),
            _ => return None,
        }
    }
    Some(Cow::Owned(out))
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}
