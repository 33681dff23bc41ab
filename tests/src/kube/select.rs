//! Label and field selectors, as query parameters write them.

use serde_json::Value;

/// Which objects a list or a watch is about.
#[derive(Debug, Default, Clone)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
}

/// The fields that every kind can be selected by, and those of pods.
const FIELDS: &[&str] = &["metadata.name", "metadata.namespace"];
const POD_FIELDS: &[&str] = &[
    "status.phase",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "status.podIP",
];

impl Selector {
    /// Reads both selectors for objects of this kind.
    ///
    /// # Errors
    ///
    /// The API server's message, if one can't be read or names a field that the kind has not.
    pub(crate) fn parse(labels: &str, fields: &str, kind: &str) -> Result<Self, String> {
        let fields = requirements(fields)
            .ok_or_else(|| format!("invalid field selector: {fields}; can't understand"))?;
        for field in &fields {
            let known = FIELDS.contains(&field.key.as_str())
                || kind == "Pod" && POD_FIELDS.contains(&field.key.as_str());
            if !known {
                return Err(format!("field label not supported: {}", field.key));
            }
        }
        let labels = requirements(labels)
            .ok_or_else(|| format!("unable to parse requirement: found '{labels}'"))?;
        Ok(Self { labels, fields })
    }

    /// Whether this object is selected.
    pub(crate) fn selects(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels.iter().all(|label| label.holds(labels[&label.key].as_str()))
            && self.fields.iter().all(|field| {
                let value = field.key.split('.').fold(object, |value, key| &value[key]);
                field.holds(Some(value.as_str().unwrap_or_default()))
            })
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        match &self.test {
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Test::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
        }
    }
}

fn requirements(text: &str) -> Option<Vec<Requirement>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(part_end(rest)?);
        found.push(requirement(part.trim())?);
        rest = behind.strip_prefix(',').unwrap_or_default().trim();
    }
    Some(found)
}

/// The place of the comma that ends the first part, commas in parentheses aside.
fn part_end(text: &str) -> Option<usize> {
    let mut inside = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => inside = true,
            b')' => inside = false,
            b',' if !inside => return Some(at),
            _ => {}
        }
    }
    (!inside).then_some(text.len())
}

fn requirement(part: &str) -> Option<Requirement> {
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some((head, values)) = part.strip_suffix(')').and_then(|part| part.split_once('(')) {
        let mut words = head.split_whitespace();
        let (key, operator) = (words.next()?, words.next()?);
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let test = match operator {
            "in" => Test::In(values),
            "notin" => Test::NotIn(values),
            _ => return None,
        };
        return with_key(key, test);
    }
    if let Some((key, value)) = part.split_once("!=") {
        return with_key(key, Test::NotIn(one(value)));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return with_key(key, Test::In(one(value)));
    }
    match part.strip_prefix('!') {
        Some(key) => with_key(key, Test::Absent),
        None => with_key(part, Test::Exists),
    }
}

fn with_key(key: &str, test: Test) -> Option<Requirement> {
    let key = key.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    (!key.is_empty() && key.bytes().all(plain)).then(|| Requirement { key: key.to_owned(), test })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selects() {
        let pod = json!({
            "metadata": {"name": "web-0", "labels": {"app": "web", "tier": "front", "empty": ""}},
            "spec": {"nodeName": "n1"},
            "status": {"phase": "Running"},
        });
        for (label, labels, fields, expected) in [
            ("nothing", "", "", true),
            ("one equal", "app=web", "", true),
            ("two equal signs", "app==web", "", true),
            ("another value", "app=api", "", false),
            ("all must hold", "app=web,tier=back", "", false),
            ("unequal", "app!=api", "", true),
            ("unequal to an absent label", "zone!=a", "", true),
            ("exists", "app", "", true),
            ("exists though empty", "empty", "", true),
            ("absent", "!app", "", false),
            ("in", "app in (api, web),tier", "", true),
            ("notin", "app notin (api,web)", "", false),
            ("notin of an absent label", "zone notin (a)", "", true),
            ("name", "", "metadata.name=web-0", true),
            ("another name", "", "metadata.name=web-1", false),
            ("phase", "", "status.phase!=Failed,spec.nodeName=n1", true),
            ("node", "", "spec.nodeName=n2", false),
        ] {
            let selector = Selector::parse(labels, fields, "Pod").unwrap();
            assert_eq!(selector.selects(&pod), expected, "{label}");
        }
    }

    #[test]
    fn refuses() {
        for (label, labels, fields, kind) in [
            ("open parenthesis", "app in (a", "", "Pod"),
            ("no key", "=a", "", "Pod"),
            ("odd operator", "app of (a)", "", "Pod"),
            ("space in a key", "a b", "", "Pod"),
            ("a field that is not", "", "spec.other=a", "Pod"),
            ("a field of pods only", "", "status.phase=Running", "Service"),
        ] {
            assert!(Selector::parse(labels, fields, kind).is_err(), "{label}");
        }
    }
}
