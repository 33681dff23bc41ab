//! One walk over a value and its schema.

use serde_json::{Map, Value};

use super::{Fault, Fields, Rule};
use crate::describe::clip;

/// Holds a value against a rule, and tells every fault with its path, which begins with `path`. Keys in
/// paths are clipped: an object chose them.
///
/// ```
/// use mesh::schema::{Fault, Rule, walk};
/// use serde_json::json;
///
/// const SPEC: Rule = Rule::object(&[("hosts", Rule::TEXTS)], &["hosts"]);
/// let mut found = Vec::new();
/// walk(&SPEC, &json!({"hosts": ["a", 5]}), "spec", &mut |path, fault| {
///     found.push((path.to_owned(), matches!(fault, Fault::Type { .. })));
/// });
/// assert_eq!(found, [("spec.hosts[1]".to_owned(), true)]);
/// ```
pub fn walk<'v>(
    rule: &'static Rule,
    value: &'v Value,
    path: &str,
    found: &mut dyn FnMut(&str, Fault<'v>),
) {
    match (rule, value) {
        (Rule::Any, _) | (Rule::Bool, Value::Bool(_)) | (Rule::Text, Value::String(_)) => {}
        (Rule::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {}
        (Rule::Choice(names), Value::String(text)) if names.contains(&text.as_str()) => {}
        (Rule::Checked(check), Value::String(text)) => {
            check(text).into_iter().for_each(|message| found(path, Fault::Refused(message)));
        }
        (Rule::Number { least, most }, Value::Number(number)) => {
            let is_in = |number: f64| (*least..=*most).contains(&number);
            if !number.as_f64().is_some_and(is_in) {
                found(path, Fault::Outside { least: *least, most: *most, found: number });
            }
        }
        (Rule::List { items, most }, Value::Array(values)) => {
            too_many(values.len(), *most, path, found);
            for (index, item) in values.iter().enumerate() {
                walk(items, item, &format!("{path}[{index}]"), found);
            }
        }
        (Rule::Map { values, most, check }, Value::Object(map)) => {
            too_many(map.len(), *most, path, found);
            for (key, value) in map {
                child(values, value, &format!("{path}[{}]", clip(key)), found);
                check(key, value)
                    .into_iter()
                    .for_each(|message| found(path, Fault::Refused(message)));
            }
        }
        (Rule::Object { fields, required, check }, Value::Object(map)) => {
            for name in required.iter().filter(|name| value[**name].is_null()) {
                found(&format!("{path}.{name}"), Fault::Missing);
            }
            members(fields, map, path, found);
            check(value).into_iter().for_each(|message| found(path, Fault::Refused(message)));
        }
        _ => found(path, Fault::Type { rule, found: value }),
    }
}

fn members<'v>(
    fields: Fields,
    map: &'v Map<String, Value>,
    path: &str,
    found: &mut dyn FnMut(&str, Fault<'v>),
) {
    for (key, value) in map {
        let path = format!("{path}.{}", clip(key));
        match fields.iter().find(|(name, _)| name == key) {
            Some((_, rule)) => child(rule, value, &path, found),
            None => found(&path, Fault::Unknown { name: key, fields }),
        }
    }
}

/// Checks a field or a value; null is as if it were not there.
fn child<'v>(
    rule: &'static Rule,
    value: &'v Value,
    path: &str,
    found: &mut dyn FnMut(&str, Fault<'v>),
) {
    if !value.is_null() {
        walk(rule, value, path, found);
    }
}

fn too_many<'v>(count: usize, most: usize, path: &str, found: &mut dyn FnMut(&str, Fault<'v>)) {
    if count > most {
        found(path, Fault::TooMany(most));
    }
}
