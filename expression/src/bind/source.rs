//! Sources: the value of a path, read from a record.

mod content;
mod read;

use accesslog::{Encoding, Format, Record};

use crate::attribute::{Content, Read, Target};
use crate::node::Type;
use crate::path::Path;
use crate::value::{Outcome, Truth, Value};

/// A field of a format, found in records.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    index: usize,
    /// The key, where records are JSON and their members come in any order.
    key: Option<String>,
    max_length: usize,
}

/// Where the value of a path comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// From nothing: it is this in every record.
    Fixed { value: FixedValue, has: Truth },
    /// The format does not carry it.
    NotCarried,
    /// From the fields of a carrier.
    Fields { slots: Vec<Slot>, read: Read, precision: i128, missing: Truth },
    /// From a field of metadata, below these keys. `missing` is what `has()` says when it is absent.
    Metadata { slot: Slot, rest: Vec<String>, is_namespace: bool, missing: Truth },
    /// From `%CEL()%` or `%TYPED_CEL()%` of the same path; the type is `None` where it varies.
    Cel { slot: Slot, of: Option<Type>, is_base64: bool, missing: Truth },
}

/// What a path is in every record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FixedValue {
    Error,
    Whole(Type),
    /// A message or map that may be missing.
    PerhapsWhole(Type),
}

impl Slot {
    /// The field with this index.
    pub(crate) fn new(format: &Format, index: usize) -> Self {
        let field = format.fields().get(index);
        let is_json = format.encoding() == Encoding::Json;
        Self {
            index,
            key: field.filter(|_| is_json).map(|field| field.key().to_owned()),
            max_length: field.and_then(accesslog::Field::max_length).unwrap_or(usize::MAX),
        }
    }

    /// Whether records are text, in which a value of just `-` looks like none.
    fn is_text(&self) -> bool {
        self.key.is_none()
    }

    /// The printed value: `None` when readings of the line differ on it, or it may have been cut.
    fn value<'r>(&self, record: &Record<'r>) -> Option<accesslog::Value<'r>> {
        let index = match &self.key {
            None => self.index,
            Some(key) => match record.index_of(key) {
                Some(index) => index,
                None => return Some(accesslog::Value::Absent),
            },
        };
        if record.is_disputed(index) {
            return None;
        }
        let value = record.value(index);
        let is_whole = self.max_length == usize::MAX
            || value.to_bytes().is_none_or(|bytes| bytes.len() < self.max_length);
        is_whole.then_some(value)
    }
}

impl Source {
    /// The source of a path that leads to no single value.
    pub(crate) fn fixed(path: &Path, target: Target) -> Self {
        let fixed = |value, has| Self::Fixed { value, has };
        match target {
            Target::UnknownField => {
                // In a map of Envoy's a field is missing, in a message it is an error to ask.
                let is_map = path.steps.len() == 1 && path.root != "metadata";
                fixed(FixedValue::Error, if is_map { Truth::FALSE } else { Truth::ERROR })
            }
            Target::Whole => {
                let of = path.value_type().unwrap_or(Type::Map);
                let always = match path.row.map(|row| row.content) {
                    Some(Content::Headers) => true,
                    None => path.steps.is_empty() && path.root != "upstream_filter_state",
                    _ => path.root == "metadata" || path.root == "filter_state",
                };
                let has = if path.steps.is_empty() { Truth::ERROR } else { Truth::TRUE };
                match always {
                    true if path.root == "metadata" => fixed(FixedValue::Whole(of), Truth::ANY),
                    true => fixed(FixedValue::Whole(of), has),
                    false => fixed(FixedValue::PerhapsWhole(of), Truth::ANY),
                }
            }
            _ => fixed(FixedValue::Error, Truth::ERROR),
        }
    }

    /// The source of a path that has no value.
    pub(crate) fn missing() -> Self {
        Self::Fixed { value: FixedValue::Error, has: Truth::FALSE }
    }

    /// The value, if it is the same in every record.
    pub(crate) fn fixed_value<'v>(&self) -> Option<Outcome<'v>> {
        let Self::Fixed { value, .. } = self else { return None };
        Some(match value {
            FixedValue::Error => Outcome::Error,
            FixedValue::Whole(of) => Outcome::Value(Value::Opaque(*of)),
            FixedValue::PerhapsWhole(of) => Outcome::Perhaps(Value::Opaque(*of)),
        })
    }

    /// What `has()` says, if it is the same for every record.
    pub(crate) fn fixed_has(&self) -> Option<Truth> {
        match self {
            Self::Fixed { has, .. } => Some(*has),
            _ => None,
        }
    }

    /// The one field of a text format that tells the value, unclipped, and how to read it.
    pub(crate) fn text_field(&self) -> Option<(usize, Read)> {
        let Self::Fields { slots, read, .. } = self else { return None };
        let [Slot { index, key: None, max_length: usize::MAX }] = slots.as_slice() else {
            return None;
        };
        Some((*index, *read))
    }

    /// The value in a record.
    pub(crate) fn value<'r>(&self, record: &Record<'r>) -> Outcome<'r> {
        match self {
            Self::Fixed { .. } => self.fixed_value().unwrap_or(Outcome::Error),
            Self::NotCarried => Outcome::Unknown,
            Self::Fields { slots, read, precision, .. } => {
                read::value(slots, *read, *precision, record).unwrap_or(Outcome::Unknown)
            }
            Self::Metadata { slot, rest, is_namespace, .. } => match slot.value(record) {
                Some(value) => content::metadata(value, rest, *is_namespace),
                None => Outcome::Unknown,
            },
            Self::Cel { slot, of, is_base64, .. } => match slot.value(record) {
                Some(value) if *is_base64 => content::base64(value),
                Some(value) if value.is_absent() && *of == Some(Type::Bytes) && slot.is_text() => {
                    Outcome::Perhaps(Value::Bytes(b"-"[..].into()))
                }
                Some(value) => content::printed(value, *of),
                None => Outcome::Unknown,
            },
        }
    }

    /// What `has()` says of a record.
    pub(crate) fn has(&self, record: &Record<'_>) -> Truth {
        let missing = match self {
            Self::Fixed { has, .. } => return *has,
            Self::NotCarried => return Truth::ANY,
            Self::Fields { missing, .. }
            | Self::Metadata { missing, .. }
            | Self::Cel { missing, .. } => *missing,
        };
        match self.value(record) {
            Outcome::Value(_) => Truth::TRUE,
            Outcome::Perhaps(_) => Truth::TRUE.or(missing),
            Outcome::Error => missing,
            Outcome::Truth(_) | Outcome::Unknown => Truth::ANY,
        }
    }
}
