//! Compares what the crate reads out of a line with the reference and with Envoy's JSON logger.

use std::collections::BTreeMap;

use accesslog::{Kind, Record};

use crate::pair::{Line, Pair, is_volatile};
use crate::reference::Readings;
use crate::truth::Truth;

/// What came of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// One reading, equal to the JSON record.
    Unique,
    /// Several readings, as the reference says; what they agree on equals the JSON record.
    Ambiguous,
    /// No reading.
    Unparsed,
    /// Anything else.
    Wrong,
}

/// A verdict, with the reason where it is not a good one.
#[derive(Debug)]
pub struct Judgement {
    /// What came of the line.
    pub verdict: Verdict,
    /// What is wrong; empty when nothing is.
    pub complaints: Vec<String>,
}

/// Judges the crate's reading of one text line.
pub fn judge(pair: &Pair, line: &Line, read: Option<Record<'_>>, readings: &Readings) -> Judgement {
    let Some(record) = read else {
        let known = if readings.is_empty() { "too" } else { "but the reference reads it" };
        return Judgement {
            verdict: Verdict::Unparsed,
            complaints: vec![format!("not read by the crate, {known}")],
        };
    };
    let mut complaints = compare_ambiguity(pair, &record, readings);
    complaints.extend(compare_values(pair, &record, &line.truth));
    let verdict = match (complaints.is_empty(), record.ambiguity()) {
        (false, _) => Verdict::Wrong,
        (true, None) => Verdict::Unique,
        (true, Some(_)) => Verdict::Ambiguous,
    };
    Judgement { verdict, complaints }
}

/// The members of a record as the crate prints it, without its own `ambiguous`.
pub fn printed(record: &Record<'_>) -> BTreeMap<String, Truth> {
    let mut json = Vec::new();
    record.write_json(&mut json);
    let truth = Truth::parse(&json);
    let truth = truth.unwrap_or_else(|| panic!("not JSON: {}", json.escape_ascii()));
    let mut members = truth.members().clone();
    members.remove("ambiguous");
    members
}

/// A line is ambiguous exactly where the reference says so, in the same fields and bytes.
fn compare_ambiguity(pair: &Pair, record: &Record<'_>, readings: &Readings) -> Vec<String> {
    let key = |field: usize| pair.compiled.fields()[field].key().to_owned();
    let expected: Vec<String> = readings.disputed().into_iter().map(key).collect();
    let ambiguity = record.ambiguity();
    let found: Vec<String> = ambiguity.iter().flat_map(|a| a.fields()).map(str::to_owned).collect();
    let mut complaints = Vec::new();
    if readings.is_empty() {
        complaints.push("read by the crate, but not by the reference".to_owned());
    }
    if expected != found {
        complaints.push(format!("disputed {found:?}, by the reference {expected:?}"));
        complaints.extend(readings.some(3).iter().map(|reading| format!("  can read {reading:?}")));
    } else if let Some(ambiguity) = ambiguity
        && ambiguity.text() != readings.disputed_text()
    {
        complaints.push(format!(
            "disputed text `{}`, by the reference `{}`",
            ambiguity.text().escape_ascii(),
            readings.disputed_text().escape_ascii(),
        ));
    }
    complaints
}

/// All values that are not disputed equal those of the JSON logger, and none is missing; says what
/// is not so. Operators that each logger works out anew are compared by their JSON type.
pub fn compare_values(pair: &Pair, record: &Record<'_>, truth: &Truth) -> Vec<String> {
    let disputed: Vec<&str> = record.ambiguity().iter().flat_map(|a| a.fields()).collect();
    let printed = printed(record);
    let mut complaints = Vec::new();
    for (key, operator) in &pair.members {
        let (ours, theirs) = (printed.get(key), truth.members().get(key));
        let fair = if disputed.contains(&key.as_str()) {
            ours.is_none()
        } else if is_volatile(operator) {
            matches!((ours, theirs), (Some(Truth::Text(_)), Some(Truth::Text(_))))
        } else {
            ours == theirs || excused(pair.kind(key), ours, theirs, pair.format.omit_empty_values)
        };
        if !fair {
            complaints.push(format!("{operator}: {ours:?}, by the JSON logger {theirs:?}"));
        }
    }
    complaints.extend(compare_lookups(pair, record, &printed));
    let strange = printed.keys().filter(|key| !pair.members.iter().any(|(k, _)| k == *key));
    complaints.extend(strange.map(|key| format!("a key from nowhere: {key}")));
    complaints
}

/// Values that are looked up are those that are printed.
fn compare_lookups(
    pair: &Pair,
    record: &Record<'_>,
    printed: &BTreeMap<String, Truth>,
) -> Vec<String> {
    let lookup = |key: &str| {
        let value = record.get(key).filter(|value| !value.is_absent())?;
        let mut json = Vec::new();
        value.write_json(&mut json);
        Truth::parse(&json)
    };
    let differs = |key: &&String| {
        lookup(key).as_ref() != printed.get(*key).filter(|value| **value != Truth::Null)
    };
    let keys = pair.members.iter().map(|(key, _)| key).filter(differs);
    keys.map(|key| format!("{key}: looked up {:?}, printed {:?}", lookup(key), printed.get(key)))
        .collect()
}

/// Whether a difference is one that no reader of text can avoid.
///
/// - A value that is literally what an absent one prints (`-`, or nothing under
///   `omit_empty_values`) reads as absent.
/// - A string that looks like another JSON type, in an operator whose type depends on its content
///   (metadata, `TYPED_CEL`), reads as that type: the text `42` is printed for both.
fn excused(kind: Kind, ours: Option<&Truth>, theirs: Option<&Truth>, omits: bool) -> bool {
    let Some(Truth::Text(text)) = theirs else { return false };
    let looks_absent = text == if omits { b"".as_slice() } else { b"-" };
    match ours {
        None => omits && looks_absent,
        Some(Truth::Null) => !omits && looks_absent,
        Some(Truth::Text(_)) => false,
        Some(typed) => kind == Kind::Content && typed.compact() == *text,
    }
}

#[cfg(test)]
mod tests;
