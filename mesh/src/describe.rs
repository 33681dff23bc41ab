//! Values in words, for error messages.

use serde_json::Value;

/// The most characters of a text that an error repeats.
const SHOWN: usize = 60;

/// What a value is, in words: `the string `x``, `the number 5`, `a list`.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number `{number}`"),
        Value::String(text) => format!("the string `{}`", clip(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// `text`, shortened when it is long, with control characters made visible.
pub fn clip(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(visible).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// A character as it can be printed on a terminal.
fn visible(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control().then(|| c.escape_default());
    let plain = (!c.is_control()).then_some(c);
    escaped.into_iter().flatten().chain(plain)
}

/// The name among `known` that `text` was probably meant to be.
pub fn closest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    /// What a close name is like, from 0 to 1; lower would suggest names that only share a few letters.
    const CLOSE: f64 = 0.84;
    let likeness = |name: &'k str| (strsim::jaro_winkler(text, name), name);
    let best = known.into_iter().map(likeness).max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= CLOSE).then_some(best.1)
}
