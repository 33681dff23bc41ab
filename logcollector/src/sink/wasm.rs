//! What our proxy-wasm filter left in a record: the history of attempts, and the added fields.

use std::borrow::Cow;

use accesslog::{Record, Value, WellKnown, write_json_string};
use filter::history::{self, Attempt, History};
use serde::de::IgnoredAny;

/// A key of ours that stands beside an operator's own, with the same in a better form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WasmKey {
    /// The upstream attempts as an array.
    Attempts,
    /// `true` where the history says that there were more.
    MoreAttempts,
    /// The object of added fields.
    Added,
}

impl WasmKey {
    pub(crate) const ALL: [Self; 3] = [Self::Attempts, Self::MoreAttempts, Self::Added];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::MoreAttempts => "attempts_more",
            Self::Added => "added",
        }
    }

    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// The keys that stand in a record, those left out for which it has a key of the same name.
    pub(super) fn of<'r>(record: &'r Record<'_>) -> impl Iterator<Item = Self> + use<'r> {
        let stands = |key: &Self| {
            record.well_known(key.field()).is_some() && record.index_of(key.name()).is_none()
        };
        Self::ALL.into_iter().filter(stands)
    }

    /// The operator that gives it.
    pub(super) fn operator(self) -> String {
        let key = match self {
            Self::Attempts | Self::MoreAttempts => filter::key::UPSTREAM_ATTEMPTS,
            Self::Added => filter::key::ACCESS_LOG,
        };
        format!("%FILTER_STATE({key}:PLAIN)%")
    }

    /// The field that it is made of.
    pub(super) fn field(self) -> WellKnown {
        match self {
            Self::Attempts | Self::MoreAttempts => WellKnown::UpstreamAttempts,
            Self::Added => WellKnown::AddedFields,
        }
    }

    /// Whether null stands for it where the field is absent, or is not what our filter writes.
    pub(super) fn is_nullable(self) -> bool {
        self != Self::MoreAttempts
    }

    /// The value as JSON; `None` where the field is absent, or is not what our filter writes.
    pub(super) fn json(self, record: &Record<'_>) -> Option<Vec<u8>> {
        match self {
            Self::Added => added(record).map(Cow::into_owned),
            Self::Attempts => {
                let mut json = Vec::new();
                write_attempts(&history::parse(&history_text(record)?)?, &mut json);
                Some(json)
            }
            Self::MoreAttempts => {
                let text = history_text(record).filter(|text| text.ends_with(b";+"))?;
                history::parse(&text).map(|_| b"true".to_vec())
            }
        }
    }
}

/// The history of attempts as it was written.
pub(super) fn history_text<'r>(record: &Record<'r>) -> Option<Cow<'r, [u8]>> {
    record.well_known(WellKnown::UpstreamAttempts).and_then(Value::to_bytes)
}

/// The object of added fields: JSON text of visible ASCII.
pub(super) fn added<'r>(record: &Record<'r>) -> Option<Cow<'r, [u8]>> {
    let text = record.well_known(WellKnown::AddedFields).and_then(Value::to_bytes)?;
    let visible = text.starts_with(b"{") && text.iter().all(u8::is_ascii_graphic);
    (visible && serde_json::from_slice::<IgnoredAny>(&text).is_ok()).then_some(text)
}

fn write_attempts(history: &History<'_>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (count, attempt) in history.attempts.iter().enumerate() {
        if count > 0 {
            out.push(b',');
        }
        write_attempt(attempt, out);
    }
    out.push(b']');
}

fn write_attempt(attempt: &Attempt<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"host\":");
    write_text(attempt.host.as_deref(), out);
    out.extend_from_slice(b",\"code\":");
    write_number(attempt.code.map(u64::from), out);
    out.extend_from_slice(b",\"duration_ms\":");
    write_number(attempt.duration_ms, out);
    out.extend_from_slice(b",\"failure\":");
    write_text(attempt.failure.as_deref(), out);
    out.push(b'}');
}

fn write_text(text: Option<&[u8]>, out: &mut Vec<u8>) {
    match text {
        Some(text) => write_json_string(text, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends a number. It is done for every attempt of every record: a string for each would show.
fn write_number(number: Option<u64>, out: &mut Vec<u8>) {
    let Some(mut rest) = number else { return out.extend_from_slice(b"null") };
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(rest % 10).unwrap_or_default());
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

#[cfg(test)]
mod tests;
