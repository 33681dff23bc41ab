//! What stands behind the last field of a preset: the operators that it looks like.

use crate::record::Value;

/// A field behind the last one of a preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Extra {
    AttemptCount,
    /// A history of attempts, as logcollector's filter leaves it.
    History,
    /// A JSON object without white space, as logcollector's filter leaves it.
    Object,
    /// `-`, which says nothing of what it is.
    Absent,
    Bare,
    Quoted,
}

/// The operators that are recognised, in the order in which they may follow each other.
const KNOWN: &[(Extra, &str, &str)] = &[
    (Extra::AttemptCount, "upstream_request_attempt_count", "%UPSTREAM_REQUEST_ATTEMPT_COUNT%"),
    (Extra::History, "wasm.upstream_attempts", "%FILTER_STATE(wasm.upstream_attempts:PLAIN)%"),
    (Extra::Object, "wasm.access_log", "%FILTER_STATE(wasm.access_log:PLAIN)%"),
];

/// The names and operators of fields that are all recognised; `None` where one is not. What is absent
/// in all lines is recognised beside a history or an object, where just one operator can stand.
pub(super) fn known(extra: &[Extra]) -> Option<Vec<(&'static str, &'static str)>> {
    let says_ours = extra.iter().any(|extra| matches!(extra, Extra::History | Extra::Object));
    let mut known = Vec::new();
    let mut rest = KNOWN.iter();
    for extra in extra {
        let (_, name, operator) = rest.find(|(kind, ..)| match extra {
            Extra::Absent => says_ours && *kind != Extra::AttemptCount,
            extra => extra == kind,
        })?;
        known.push((*name, *operator));
    }
    Some(known)
}

/// The key of a field in a JSON log: its name, without what Envoy puts before a module's own.
pub(super) fn json_key(name: &str) -> &str {
    name.strip_prefix("wasm.").unwrap_or(name)
}

/// What a member of a JSON log is, if its key is one that is recognised and its value no other.
pub(super) fn of_member(key: &[u8], value: &[u8]) -> Option<Extra> {
    let (extra, ..) = KNOWN.iter().find(|(_, name, _)| json_key(name).as_bytes() == key)?;
    let text = Value::of_json(value).to_bytes();
    let fits = text.is_none_or(|text| [*extra, Extra::Absent].contains(&kind(&text)));
    fits.then_some(*extra)
}

/// Of the extra fields of two lines, what both have: a name with spaces looks like more fields.
pub(super) fn fewer(one: Vec<Extra>, other: Vec<Extra>) -> Vec<Extra> {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let from = long.len() - short.len();
    let pairs = short.iter().zip(long.iter().skip(from));
    pairs.map(|(a, b)| common(*a, *b)).collect()
}

/// What a field is that is this in one line and that in another.
fn common(one: Extra, other: Extra) -> Extra {
    match (one, other) {
        (one, other) if one == other => one,
        (Extra::Absent, told @ (Extra::History | Extra::Object))
        | (told @ (Extra::History | Extra::Object), Extra::Absent) => told,
        _ => Extra::Bare,
    }
}

/// The words of a text, apart by single spaces; one in double quotes may hold spaces.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = Extra> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let quoted = text.strip_prefix(b"\"").and_then(|inside| {
            let end = memchr::memmem::find(inside, b"\" ").or(inside.len().checked_sub(1))?;
            (inside.get(end) == Some(&b'"')).then_some((Extra::Quoted, end + 2))
        });
        let (word, length) = quoted.unwrap_or_else(|| {
            let length = memchr::memchr(b' ', text).unwrap_or(text.len());
            (kind(text.get(..length).unwrap_or_default()), length)
        });
        rest = text.get(length + 1..);
        Some(word)
    })
}

fn kind(word: &[u8]) -> Extra {
    match word {
        b"-" => Extra::Absent,
        word if is_digits(word) => Extra::AttemptCount,
        [b'{', ..] if word.is_ascii() && crate::json::is_json_value(word) => Extra::Object,
        word if is_history(word) => Extra::History,
        _ => Extra::Bare,
    }
}

fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Whether a word is a history of attempts: `HOST=CODE/TIMEms`, joined by `;`.
fn is_history(word: &[u8]) -> bool {
    let entries = word.strip_suffix(b";+").unwrap_or(word);
    entries.split(|&byte| byte == b';').all(|entry| {
        let mut parts = entry.splitn(2, |&byte| byte == b'=');
        let (host, result) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        !host.is_empty() && (result == b"?" || is_outcome(result))
    })
}

fn is_outcome(result: &[u8]) -> bool {
    let mut parts = result.splitn(3, |&byte| byte == b'/');
    let code = parts.next().unwrap_or_default();
    let time = parts.next().and_then(|time| time.strip_suffix(b"ms"));
    (code == b"-" || (code.len() == 3 && is_digits(code))) && time.is_some_and(is_digits)
}
