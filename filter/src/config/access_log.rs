//! The section of the role `access_log`.

use super::node::Node;
use super::tree::Tree;
use super::{Error, ErrorKind};
use crate::attribute::{Attribute, AttributeError, Kind};
use crate::hash::Key;
use crate::keep::{Keep, PathPattern, Rate};

/// What the role `access_log` is told.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessLog {
    /// What is packed into the object, in this order.
    pub fields: Vec<Field>,
    /// The most bytes of the object; fields that find no room are left out.
    pub max_bytes: usize,
    /// The key of keyed hashes.
    pub hash_key: Option<Key>,
    /// Whether the number of upstream attempts is left under a key of its own.
    pub attempt_count: bool,
    /// Which requests are worth a line; `None` where that is not decided.
    pub keep: Option<Keep>,
}

/// One field of the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// Where its value comes from.
    pub source: Source,
    /// What is taken out of its value.
    pub redact: Option<Redact>,
    /// What stands in place of what was taken out.
    pub replace: Replace,
    /// The most bytes of its value, before escapes; the rest is cut off.
    pub max_bytes: usize,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// How retries went: `none`, `recovered` or `exhausted`.
    Retry,
    /// How many upstream attempts there were.
    AttemptCount,
    /// An attribute.
    Attribute(Attribute),
}

/// What is taken out of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redact {
    /// All of it.
    Value,
    /// The query string.
    Query,
    /// The values of these parameters of the query string.
    QueryParameters(Vec<String>),
}

/// What stands in place of something that was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replace {
    /// The same mark for everything.
    #[default]
    Mark,
    /// A keyed hash.
    Hash,
}

const MAX_BYTES: u32 = 2048;
const MAX_FIELD_BYTES: u32 = 256;
const BYTES_EXPECTED: &str = "a number of bytes, from 16 to 65536";

impl Default for AccessLog {
    fn default() -> Self {
        let max_bytes = MAX_BYTES as usize;
        Self { fields: Vec::new(), max_bytes, hash_key: None, attempt_count: false, keep: None }
    }
}

pub(super) fn read(node: &Node<'_>) -> Result<AccessLog, Error> {
    let settings = node.settings(&["fields", "max_bytes", "hash_key", "attempt_count", "keep"])?;
    let hash_key = settings.get("hash_key").map(key).transpose()?;
    let fields = match settings.get("fields") {
        Some(node) => node
            .entries()?
            .iter()
            .map(|(name, node)| field(name, node, hash_key.is_some()))
            .collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok(AccessLog {
        fields,
        max_bytes: bytes(settings.get("max_bytes"), MAX_BYTES)?,
        hash_key,
        attempt_count: settings.flag("attempt_count")?,
        keep: settings.get("keep").map(keep).transpose()?,
    })
}

fn key(node: &Node<'_>) -> Result<Key, Error> {
    const EXPECTED: &str = "a secret of at least 16 bytes";
    let found = match node.value() {
        Tree::Text(text) => match Key::new(text.as_bytes()) {
            Some(key) => return Ok(key),
            // Never the text itself: this message ends up in logs.
            None => String::from("a shorter one"),
        },
        other => other.to_string(),
    };
    Err(node.error(ErrorKind::Unexpected { expected: EXPECTED, found }))
}

fn bytes(node: Option<&Node<'_>>, default: u32) -> Result<usize, Error> {
    let found = node.map_or(Ok(default), |node| node.whole(16, 65_536, BYTES_EXPECTED))?;
    Ok(found as usize)
}

/// A field: an object, or for short where its value comes from.
fn field(name: &str, node: &Node<'_>, has_key: bool) -> Result<Field, Error> {
    check_name(name, node)?;
    if let Tree::Text(_) = node.value() {
        let source = source(node, None)?;
        let max_bytes = MAX_FIELD_BYTES as usize;
        let replace = Replace::Mark;
        return Ok(Field { name: name.to_owned(), source, redact: None, replace, max_bytes });
    }
    let settings = node.settings(&["value", "type", "redact", "replace_with", "max_bytes"])?;
    let kind = settings.get("type").map(kind).transpose()?;
    let value =
        settings.get("value").ok_or_else(|| node.error(ErrorKind::Needs { other: "value" }))?;
    let source = source(value, kind)?;
    let redact = settings.get("redact").map(|node| redact(node, &source)).transpose()?;
    let replace = match settings.get("replace_with") {
        Some(node) if redact.is_none() => {
            return Err(node.error(ErrorKind::Needs { other: "redact" }));
        }
        Some(node) => replace(node, has_key)?,
        None => Replace::Mark,
    };
    let max_bytes = bytes(settings.get("max_bytes"), MAX_FIELD_BYTES)?;
    Ok(Field { name: name.to_owned(), source, redact, replace, max_bytes })
}

fn check_name(name: &str, node: &Node<'_>) -> Result<(), Error> {
    const EXPECTED: &str = "a name of 1 to 64 letters, digits, `_`, `-` and `.`";
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let found = match name {
        // What the filter itself writes into the object.
        "filter_error" | "clipped" => format!("`{name}`, which the filter writes itself"),
        name if (1..=64).contains(&name.len()) && name.bytes().all(is_word) => return Ok(()),
        name => Tree::Text(name.to_owned()).to_string(),
    };
    Err(node.error(ErrorKind::Unexpected { expected: EXPECTED, found }))
}

fn source(node: &Node<'_>, kind: Option<Kind>) -> Result<Source, Error> {
    let text = node.text("an attribute, `retry` or `attempt_count`")?;
    let typed = || {
        node.error(ErrorKind::Unexpected {
            expected: "no `type`: that of this value is fixed",
            found: String::from("one"),
        })
    };
    match text {
        "retry" | "attempt_count" if kind.is_some() => Err(typed()),
        "retry" => Ok(Source::Retry),
        "attempt_count" => Ok(Source::AttemptCount),
        _ => Attribute::parse(text, kind).map(Source::Attribute).map_err(|error| {
            let attribute = text.to_owned();
            match error {
                AttributeError::Typed => typed(),
                AttributeError::Unknown => node.error(ErrorKind::UnknownAttribute { attribute }),
                AttributeError::NotOneValue(example) => {
                    node.error(ErrorKind::NotOneValue { attribute, example })
                }
                AttributeError::Path(error) => node.error(ErrorKind::Path { attribute, error }),
            }
        }),
    }
}

fn kind(node: &Node<'_>) -> Result<Kind, Error> {
    const EXPECTED: &str = "`string`, `number` or `bool`";
    match node.text(EXPECTED)? {
        "string" => Ok(Kind::Text),
        "number" => Ok(Kind::Number),
        "bool" => Ok(Kind::Bool),
        _ => Err(node.unexpected(EXPECTED)),
    }
}

fn redact(node: &Node<'_>, source: &Source) -> Result<Redact, Error> {
    const EXPECTED: &str = "`value`, `query` or {\"query_parameters\": [NAME, ...]}";
    match source {
        Source::Attribute(attribute) if attribute.kind() == Kind::Text => {}
        _ => {
            let (expected, found) = ("a value that is text", String::from("another"));
            return Err(node.error(ErrorKind::Unexpected { expected, found }));
        }
    }
    match node.value() {
        Tree::Text(text) if text == "value" => Ok(Redact::Value),
        Tree::Text(text) if text == "query" => Ok(Redact::Query),
        Tree::Map(_) => {
            let settings = node.settings(&["query_parameters"])?;
            let names = settings
                .get("query_parameters")
                .ok_or_else(|| node.error(ErrorKind::Needs { other: "query_parameters" }))?
                .items()?
                .iter()
                .map(|node| node.text("the name of a query parameter").map(str::to_owned))
                .collect::<Result<_, _>>()?;
            Ok(Redact::QueryParameters(names))
        }
        _ => Err(node.unexpected(EXPECTED)),
    }
}

fn replace(node: &Node<'_>, has_key: bool) -> Result<Replace, Error> {
    const EXPECTED: &str = "`mark` or `hash`";
    match node.text(EXPECTED)? {
        "mark" => Ok(Replace::Mark),
        "hash" if has_key => Ok(Replace::Hash),
        "hash" => Err(node.error(ErrorKind::Needs { other: "access_log.hash_key" })),
        _ => Err(node.unexpected(EXPECTED)),
    }
}

fn keep(node: &Node<'_>) -> Result<Keep, Error> {
    let settings = node.settings(&[
        "rate",
        "code_at_least",
        "any_response_flag",
        "retried",
        "slower_than_ms",
        "paths",
    ])?;
    let rate = match settings.get("rate") {
        Some(node) => rate(node)?,
        None => return Err(node.error(ErrorKind::Needs { other: "rate" })),
    };
    let whole = |key, least, most, expected| {
        settings.get(key).map(|node: &Node<'_>| node.whole(least, most, expected)).transpose()
    };
    let code = whole("code_at_least", 100, 599, "a status code, from 100 to 599")?;
    let paths = match settings.get("paths") {
        Some(node) => node.items()?.iter().map(path).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok(Keep {
        rate,
        code_at_least: code.and_then(|code| u16::try_from(code).ok()),
        any_response_flag: settings.flag("any_response_flag")?,
        retried: settings.flag("retried")?,
        slower_than_ms: whole("slower_than_ms", 0, u32::MAX, "a number of milliseconds")?,
        paths,
    })
}

fn rate(node: &Node<'_>) -> Result<Rate, Error> {
    let share = match node.value() {
        Tree::Number(share) => Rate::new(*share),
        _ => None,
    };
    share.ok_or_else(|| node.unexpected("a number from 0 to 1"))
}

fn path(node: &Node<'_>) -> Result<PathPattern, Error> {
    const EXPECTED: &str = "a path that starts with `/`, with `*` at most at its end";
    let text = node.text(EXPECTED)?;
    let is_path = text.starts_with('/') || text == "*";
    let stars = text.bytes().filter(|byte| *byte == b'*').count();
    if is_path && stars <= usize::from(text.ends_with('*')) && !text.contains('?') {
        Ok(PathPattern::new(text))
    } else {
        Err(node.unexpected(EXPECTED))
    }
}
