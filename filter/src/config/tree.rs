//! JSON that keeps the order of keys and minds repeated ones.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::json;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl fmt::Display for Tree {
    /// What was found, for a message.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The most characters of a text that a message repeats.
        const CLIP: usize = 60;
        /// A number beyond this is larger than any setting may be.
        const LARGE: f64 = 1e12;
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(true) => out.write_str("`true`"),
            Self::Bool(false) => out.write_str("`false`"),
            Self::Number(number) if number.abs() > LARGE => out.write_str("a larger number"),
            Self::Number(number) => {
                let mut digits = Vec::new();
                json::push_number(&mut digits, *number);
                write!(out, "`{}`", String::from_utf8_lossy(&digits))
            }
            Self::Text(text) if text.chars().nth(CLIP).is_none() => write!(out, "`{text}`"),
            Self::Text(_) => out.write_str("a long text"),
            Self::List(_) => out.write_str("a list"),
            Self::Map(_) => out.write_str("an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Tree;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    #[allow(clippy::cast_precision_loss, reason = "no setting is as large as that")]
    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value as f64))
    }

    #[allow(clippy::cast_precision_loss, reason = "no setting is as large as that")]
    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut map: Vec<(String, Tree)> = Vec::new();
        while let Some((key, value)) = entries.next_entry::<String, Tree>()? {
            if map.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom("the same key twice"));
            }
            map.push((key, value));
        }
        Ok(Tree::Map(map))
    }
}
