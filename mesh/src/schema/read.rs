//! Values as far as they are of the type that is asked for: what is not is as good as absent, and
//! [`walk`](super::walk) says so.

use serde_json::Value;

use crate::meta::Labels;

/// The items of a list; none of what is no list.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The strings of a list.
pub fn texts(value: &Value) -> Vec<String> {
    list(value).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A string; empty where there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An object of strings; a value of another type is empty, and null is not there.
pub fn labels(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    let there = pairs.filter(|(_, value)| !value.is_null());
    there.map(|(key, value)| (key.clone(), text(value))).collect()
}
