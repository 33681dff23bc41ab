//! Schemas of CRDs as flat tables: what an API server refuses of an object, and what it drops.
//!
//! A kind has a table of [`Rule`]s beside the code that reads it. [`walk`] holds a value against it, and
//! tells every [`Fault`] with its place; how it is worded is left to the kind. Null stands for a field
//! that is not there, as it does for an API server.

mod read;
#[cfg(test)]
mod tests;
mod walk;

use serde_json::{Number, Value};

pub use read::{labels, list, text, texts};
pub use walk::walk;

/// A fixed list of fields with their rules.
pub type Fields = &'static [(&'static str, Rule)];

/// What a schema asks of a value.
#[derive(Debug)]
pub enum Rule {
    /// Anything: it is not looked into.
    Any,
    /// True or false.
    Bool,
    /// A whole number.
    Integer,
    /// A number in a range.
    Number {
        /// The least.
        least: f64,
        /// The most.
        most: f64,
    },
    /// A string.
    Text,
    /// A string that a check has nothing against; it gives what is wrong, in words.
    Checked(fn(&str) -> Option<String>),
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// Values by any keys.
    Map {
        /// The rule of each value.
        values: &'static Self,
        /// The most of them.
        most: usize,
        /// What is wrong with a pair, in words.
        check: fn(&str, &Value) -> Option<String>,
    },
    /// A list.
    List {
        /// The rule of each item.
        items: &'static Self,
        /// The most of them.
        most: usize,
    },
    /// Fields by name; an API server drops unknown ones.
    Object {
        /// The fields.
        fields: Fields,
        /// Those that have to be there.
        required: &'static [&'static str],
        /// What is wrong with the fields together, in words.
        check: fn(&Value) -> Option<String>,
    },
}

/// Something that a schema has against a value.
#[derive(Debug, Clone)]
pub enum Fault<'v> {
    /// A field that has to be there is not.
    Missing,
    /// The value is of another type, or none of the choices.
    Type {
        /// What is asked for.
        rule: &'static Rule,
        /// What is there.
        found: &'v Value,
    },
    /// A number is out of its range.
    Outside {
        /// The least.
        least: f64,
        /// The most.
        most: f64,
        /// The number.
        found: &'v Number,
    },
    /// There are more items than this.
    TooMany(usize),
    /// A check has something against it: what is wrong, in words.
    Refused(String),
    /// The schema has no such field, and an API server drops it. That refuses no object.
    Unknown {
        /// The field's name.
        name: &'v str,
        /// The fields that there are.
        fields: Fields,
    },
}

impl Rule {
    /// Strings.
    pub const TEXTS: Self = Self::list(&Self::Text);

    /// Strings by any keys.
    pub const LABELS: Self = Self::map(&Self::Text);

    /// A list of any length.
    pub const fn list(items: &'static Self) -> Self {
        Self::List { items, most: usize::MAX }
    }

    /// Any number of values by any keys.
    pub const fn map(values: &'static Self) -> Self {
        Self::Map { values, most: usize::MAX, check: |_, _| None }
    }

    /// Fields that are checked one by one, and some of which have to be there.
    pub const fn object(fields: Fields, required: &'static [&'static str]) -> Self {
        Self::Object { fields, required, check: |_| None }
    }

    /// What is asked for, in words.
    pub fn expected(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Number { .. } => "a number".to_owned(),
            Self::Text | Self::Checked(_) => "a string".to_owned(),
            Self::Choice(names) => format!("`{}`", names.join("`, `")),
            Self::Map { .. } | Self::Object { .. } => "an object".to_owned(),
            Self::List { .. } => "a list".to_owned(),
        }
    }
}

impl Fault<'_> {
    /// The field beside an unknown one that has much the same name; `None` for other faults, too.
    pub fn closest(&self) -> Option<&'static str> {
        let Self::Unknown { name, fields } = self else { return None };
        crate::closest(name, fields.iter().map(|(name, _)| *name))
    }
}
