//! Attributes: what Envoy's CEL expressions can look up in a request or connection.
//!
//! [`table`] owns every fact about an attribute: its name, its type, whether TCP has it, and which
//! command operators of a log format carry its value.

mod carrier;
mod table;

pub(crate) use carrier::{Carrier, Read};
pub(crate) use table::ATTRIBUTES;

use crate::node::Type;
use crate::path::Path;

/// The names that a lookup can start with.
pub(crate) const ROOTS: &[&str] = &[
    "connection",
    "destination",
    "filter_state",
    "metadata",
    "request",
    "response",
    "source",
    "upstream",
    "upstream_filter_state",
    "xds",
];

/// An attribute: a row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The attribute without the keys that follow: `request.headers`.
    pub(crate) path: &'static str,
    pub(crate) content: Content,
    pub(crate) protocol: Protocol,
    /// Operators that carry it, the exact ones first.
    pub(crate) carriers: &'static [Carrier],
}

/// What an attribute is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A value of one type.
    Value(Type),
    /// A map of header names to strings.
    Headers,
    /// A map of namespaces to structures.
    Metadata,
    /// A map of keys to bytes or, for objects with fields, to maps of them.
    FilterState,
    /// A message of protobuf, whose fields no operator but `%CEL()%` prints.
    Message,
}

/// Which traffic has an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP and TCP.
    Any,
    /// HTTP alone: on TCP it is always missing.
    Http,
}

impl Row {
    /// How many steps after the root belong to the attribute itself.
    pub(crate) fn steps(&self) -> usize {
        self.path.matches('.').count()
    }

    /// Whether keys are header names, whose letter case does not matter.
    pub(crate) fn is_headers(&self) -> bool {
        self.content == Content::Headers
    }

    /// How many keys lead to a value that may still have fields, and to one that never has.
    fn keys(&self) -> (usize, usize) {
        match self.content {
            Content::Value(_) => (0, 0),
            Content::Headers => (1, 1),
            Content::Metadata => (1, usize::MAX),
            Content::FilterState => (1, 2),
            Content::Message => (0, usize::MAX),
        }
    }
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// To a value of the attribute.
    Value,
    /// To a whole map of attributes, headers or metadata.
    Whole,
    /// To a field of a value that has none: always an error.
    FieldOfValue,
    /// To no attribute, below a name that Envoy knows.
    UnknownField,
    /// To a name that Envoy does not know.
    UnknownRoot,
}

impl Path {
    /// Where the path leads.
    pub(crate) fn target(&self) -> Target {
        let Some(row) = self.row else {
            return match (ROOTS.contains(&self.root.as_str()), self.steps.is_empty()) {
                (true, true) => Target::Whole,
                (true, false) if self.is_prefix() => Target::Whole,
                (true, false) => Target::UnknownField,
                (false, _) => Target::UnknownRoot,
            };
        };
        let (least, most) = row.keys();
        match self.steps.len().saturating_sub(row.steps()) {
            keys if keys < least => Target::Whole,
            keys if keys > most => Target::FieldOfValue,
            _ => Target::Value,
        }
    }

    /// Whether there are attributes below: `xds.cluster_metadata`.
    fn is_prefix(&self) -> bool {
        let path = self.to_string();
        let below = |row: &Row| row.path.strip_prefix(&path).is_some_and(|r| r.starts_with('.'));
        ATTRIBUTES.iter().any(below)
    }

    /// The type of the value; `None` when it depends on the record.
    pub(crate) fn value_type(&self) -> Option<Type> {
        match (self.target(), self.row.map(|row| row.content)) {
            (Target::Value, Some(Content::Value(value_type))) => Some(value_type),
            (Target::Value, Some(Content::Headers)) => Some(Type::Text),
            // A field of an object is text or a number.
            (Target::Value, Some(Content::FilterState)) if self.steps.len() == 1 => {
                Some(Type::Bytes)
            }
            (Target::Value, Some(Content::Metadata)) if self.keys().count() == 1 => Some(Type::Map),
            (Target::Whole, None) if self.root == "metadata" || self.steps.len() == 1 => {
                Some(Type::Message)
            }
            (Target::Whole, _) => Some(Type::Map),
            _ => None,
        }
    }
}

/// The attribute that a path leads to, or through.
pub(crate) fn find(path: &Path) -> Option<&'static Row> {
    ATTRIBUTES.iter().find(|row| {
        let mut names = row.path.split('.');
        let is_message = row.content == Content::Metadata;
        names.next() == Some(path.root.as_str())
            && path.steps.len() >= row.steps()
            && names.zip(&path.steps).all(|(name, step)| {
                // The fields of messages cannot be looked up as keys.
                let by_key = step.is_index && is_message && name == "filter_metadata";
                step.name == name && !by_key
            })
    })
}

/// The names that may follow a path: of attributes below it.
pub(crate) fn fields(prefix: &str) -> impl Iterator<Item = &'static str> {
    ATTRIBUTES.iter().filter_map(move |row| {
        let rest = row.path.strip_prefix(prefix)?.strip_prefix('.')?;
        rest.split('.').next()
    })
}

/// The name that is closest to a text, if one is close enough to be meant.
pub(crate) fn closest(
    text: &str,
    names: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-'], "");
    let wanted = plain(text);
    let distance = |name: &str| strsim::damerau_levenshtein(&wanted, &plain(name));
    let (found, name) = names.map(|name| (distance(name), name)).min()?;
    (found <= name.len() / 3).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_sorted_without_repetition() {
        for pair in ATTRIBUTES.windows(2) {
            assert!(pair[0].path < pair[1].path, "{} before {}", pair[0].path, pair[1].path);
        }
    }

    #[test]
    fn ok_every_root_is_known_and_has_attributes() {
        let root = |row: &Row| row.path.split('.').next().unwrap_or_default();
        assert!(ATTRIBUTES.iter().all(|row| ROOTS.contains(&root(row))));
        for name in ROOTS {
            assert!(ATTRIBUTES.iter().any(|row| root(row) == *name), "{name}");
        }
    }

    #[test]
    fn ok_operators_exist() {
        for row in ATTRIBUTES {
            for operator in row.carriers.iter().flat_map(|carrier| carrier.operators) {
                let name = operator.split('(').next().unwrap_or_default();
                assert!(accesslog::operator(name).is_some(), "{}: {operator}", row.path);
            }
        }
    }

    #[test]
    fn closest_names() {
        let field = |text| closest(text, fields("request"));
        assert_eq!(field("user_agent"), Some("useragent"));
        assert_eq!(field("header"), Some("headers"));
        assert_eq!(field("mehtod"), Some("method"));
        assert_eq!(field("something"), None);
    }
}
