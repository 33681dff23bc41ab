//! What a record says in one field, and whether it says anything at all.

use accesslog::{Encoding, Record, Value, WellKnown};

/// What is known of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known<'r> {
    /// The format lacks the field, or the readings of the line differ on it.
    Not,
    /// The field has no value.
    Absent,
    /// The field has this value.
    Is(&'r [u8]),
}

impl<'r> Known<'r> {
    /// What a record says.
    ///
    /// A JSON log may leave out what is absent, so there a missing key is an absent value as long
    /// as the format has it. Istio's JSON logs before 1.5 print `"-"` for absent.
    pub(super) fn of(record: &Record<'r>, field: WellKnown) -> Self {
        let is_json = record.format().encoding() == Encoding::Json;
        match record.well_known(field) {
            None if is_json && record.format().carries(field) => Self::Absent,
            None => Self::Not,
            Some(Value::Absent) => Self::Absent,
            Some(Value::Text(b"-")) if is_json => Self::Absent,
            Some(Value::Text(text) | Value::Number(text)) => Self::Is(text),
            // Nothing that decides here needs an escape or has another type.
            Some(Value::Escaped(_) | Value::Bool(_) | Value::Json(_)) => Self::Not,
        }
    }

    /// The value, if there is one.
    pub(super) fn text(self) -> Option<&'r [u8]> {
        match self {
            Self::Is(text) => Some(text),
            Self::Absent | Self::Not => None,
        }
    }

    /// Whether there is a value and it is this one.
    pub(super) fn is(self, text: &str) -> bool {
        self.text() == Some(text.as_bytes())
    }
}
