//! Entries of `accessLogging` that are yet to be written.

use serde_json::{Map, Value, json};

use crate::object::{Mode, Side};

/// An entry of `accessLogging` for one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: Mode,
    pub(crate) provider: String,
    pub(crate) filter: Option<String>,
    pub(crate) disabled: bool,
}

impl Entry {
    pub(crate) fn on(provider: String, filter: Option<String>) -> Self {
        Self { mode: Mode::ClientAndServer, provider, filter, disabled: false }
    }

    pub(crate) fn off(provider: String) -> Self {
        Self { mode: Mode::ClientAndServer, provider, filter: None, disabled: true }
    }

    pub(crate) fn json(&self) -> Value {
        let mut entry = Map::new();
        if self.mode != Mode::ClientAndServer {
            entry.insert("match".to_owned(), json!({"mode": self.mode.as_str()}));
        }
        entry.insert("providers".to_owned(), json!([{"name": self.provider}]));
        if let Some(filter) = &self.filter {
            entry.insert("filter".to_owned(), json!({"expression": filter}));
        }
        if self.disabled {
            entry.insert("disabled".to_owned(), true.into());
        }
        Value::Object(entry)
    }
}

/// The entries of a proxy's sides as one list, without a match where all sides have the same.
pub(crate) fn of_sides(by_side: Vec<(Side, Vec<Entry>)>) -> Vec<Entry> {
    match by_side.as_slice() {
        [(_, one)] => one.clone(),
        [(_, one), (_, other)] if one == other => one.clone(),
        _ => by_side.into_iter().flat_map(|(side, entries)| with_mode(entries, side)).collect(),
    }
}

fn with_mode(entries: Vec<Entry>, side: Side) -> impl Iterator<Item = Entry> {
    let mode = match side {
        Side::Client => Mode::Client,
        Side::Server => Mode::Server,
    };
    entries.into_iter().map(move |entry| Entry { mode, ..entry })
}
