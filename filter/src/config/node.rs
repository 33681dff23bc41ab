//! Walking through a configuration with its path at hand.

use super::tree::Tree;
use super::{Error, ErrorKind};

/// A value of the configuration and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    path: String,
    value: &'a Tree,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Tree) -> Self {
        Self { path: String::new(), value }
    }

    pub(super) fn value(&self) -> &'a Tree {
        self.value
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error { path: self.path.clone(), kind }
    }

    pub(super) fn unexpected(&self, expected: &'static str) -> Error {
        self.error(ErrorKind::Unexpected { expected, found: self.value.to_string() })
    }

    /// The entries of an object.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Node<'a>)>, Error> {
        let Tree::Map(entries) = self.value else { return Err(self.unexpected("an object")) };
        let node = |(key, value): &'a (String, Tree)| {
            let mut path = self.path.clone();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(key);
            (key.as_str(), Node { path, value })
        };
        Ok(entries.iter().map(node).collect())
    }

    /// The entries of an object whose keys are settings; `null` is a setting that is not given.
    pub(super) fn settings(&self, known: &'static [&'static str]) -> Result<Settings<'a>, Error> {
        let mut entries = self.entries()?;
        if let Some((_, node)) = entries.iter().find(|(key, _)| !known.contains(key)) {
            return Err(node.error(ErrorKind::UnknownKey { known }));
        }
        entries.retain(|(_, node)| *node.value != Tree::Null);
        Ok(Settings(entries))
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<Node<'a>>, Error> {
        let Tree::List(items) = self.value else { return Err(self.unexpected("a list")) };
        let path = self.path.as_str();
        Ok(items.iter().map(|value| Node { path: path.to_owned(), value }).collect())
    }

    pub(super) fn text(&self, expected: &'static str) -> Result<&'a str, Error> {
        match self.value {
            Tree::Text(text) if !text.is_empty() => Ok(text),
            _ => Err(self.unexpected(expected)),
        }
    }

    pub(super) fn bool(&self) -> Result<bool, Error> {
        match self.value {
            Tree::Bool(value) => Ok(*value),
            _ => Err(self.unexpected("`true` or `false`")),
        }
    }

    /// A whole number from `least` to `most`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    pub(super) fn whole(
        &self,
        least: u32,
        most: u32,
        expected: &'static str,
    ) -> Result<u32, Error> {
        match self.value {
            Tree::Number(number)
                if number.fract() == 0.0
                    && (f64::from(least)..=f64::from(most)).contains(number) =>
            {
                Ok(*number as u32)
            }
            _ => Err(self.unexpected(expected)),
        }
    }
}

/// The settings of an object.
#[derive(Debug)]
pub(super) struct Settings<'a>(Vec<(&'a str, Node<'a>)>);

impl<'a> Settings<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, node)| node)
    }

    /// A setting that is `false` where it is not given.
    pub(super) fn flag(&self, key: &str) -> Result<bool, Error> {
        self.get(key).map_or(Ok(false), Node::bool)
    }
}
