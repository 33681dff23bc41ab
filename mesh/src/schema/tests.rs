use serde_json::json;

use super::*;

const SPEC: Rule = Rule::Object {
    fields: &[
        ("any", Rule::Any),
        ("flag", Rule::Bool),
        ("count", Rule::Integer),
        ("share", Rule::Number { least: 0.0, most: 100.0 }),
        ("name", Rule::Text),
        ("short", Rule::Checked(|text| (text.len() > 3).then(|| format!("`{text}` is long")))),
        ("mode", Rule::Choice(&["A", "B"])),
        ("labels", Rule::LABELS),
        (
            "few",
            Rule::Map {
                values: &Rule::Bool,
                most: 1,
                check: |key, _| (key == "bad").then(|| "a bad key".to_owned()),
            },
        ),
        ("hosts", Rule::TEXTS),
        ("pair", Rule::List { items: &Rule::Integer, most: 2 }),
        ("inner", Rule::object(&[("name", Rule::Text)], &["name"])),
    ],
    required: &[],
    check: |value| (value["flag"] == true && value["count"] == 0).then(|| "both".to_owned()),
};

/// Faults as `PATH FAULT`.
fn told(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(&SPEC, value, "spec", &mut |path, fault| {
        let fault = match &fault {
            Fault::Missing => "missing".to_owned(),
            Fault::Type { rule, found } => format!("{}, not {found}", rule.expected()),
            Fault::Outside { least, most, found } => format!("{found} not in {least}..{most}"),
            Fault::TooMany(most) => format!("over {most}"),
            Fault::Refused(message) => message.clone(),
            Fault::Unknown { name, .. } => format!("unknown {name}, {:?}", fault.closest()),
        };
        found.push(format!("{path} {fault}"));
    });
    found
}

#[test]
fn every_rule_takes_what_it_asks_for_and_nothing_else() {
    let long = "x".repeat(100);
    let cases: &[(&str, Value, &[&str])] = &[
        ("nothing", json!({}), &[]),
        (
            "all of it",
            json!({"any": [5], "flag": true, "count": 1, "share": 100, "name": "", "short": "abc",
          "mode": "A", "labels": {"a": "b"}, "few": {"a": true}, "hosts": ["a"], "pair": [1, 2], "inner": {"name": "a"}}),
            &[],
        ),
        ("null is not there", json!({"flag": null, "labels": {"a": null}}), &[]),
        ("but in a list", json!({"hosts": [null]}), &["spec.hosts[0] a string, not null"]),
        ("no object", json!([]), &["spec an object, not []"]),
        ("no flag", json!({"flag": "true"}), &["spec.flag true or false, not \"true\""]),
        ("no whole number", json!({"count": 1.5}), &["spec.count a whole number, not 1.5"]),
        ("no number", json!({"share": "1"}), &["spec.share a number, not \"1\""]),
        ("out of range", json!({"share": 100.5}), &["spec.share 100.5 not in 0..100"]),
        (
            "no string",
            json!({"name": 5, "short": 5}),
            &["spec.name a string, not 5", "spec.short a string, not 5"],
        ),
        ("refused", json!({"short": "abcd"}), &["spec.short `abcd` is long"]),
        ("no choice", json!({"mode": "C"}), &["spec.mode `A`, `B`, not \"C\""]),
        ("no labels", json!({"labels": ["a"]}), &["spec.labels an object, not [\"a\"]"]),
        ("a label", json!({"labels": {"a": 5}}), &["spec.labels[a] a string, not 5"]),
        ("a pair", json!({"few": {"bad": true}}), &["spec.few a bad key"]),
        ("too many pairs", json!({"few": {"a": true, "b": true}}), &["spec.few over 1"]),
        ("no list", json!({"hosts": "a"}), &["spec.hosts a list, not \"a\""]),
        ("too many items", json!({"pair": [1, 2, 3]}), &["spec.pair over 2"]),
        ("missing", json!({"inner": {"name": null}}), &["spec.inner.name missing"]),
        ("together", json!({"flag": true, "count": 0}), &["spec both"]),
        ("unknown", json!({"host": []}), &["spec.host unknown host, Some(\"hosts\")"]),
        ("like nothing", json!({"zzz": []}), &["spec.zzz unknown zzz, None"]),
    ];
    for (label, value, expected) in cases {
        assert_eq!(told(value), *expected, "{label}");
    }
    let path = format!("spec.labels[{}...] a string, not 5", "x".repeat(60));
    assert_eq!(told(&json!({"labels": {long: 5}})), [path], "keys are clipped");
}

#[test]
fn values_are_read_as_far_as_they_are_of_the_type() {
    let value =
        json!({"list": ["a", 5, null], "text": "a", "labels": {"a": "b", "c": 5, "d": null}});
    assert_eq!(list(&value["list"]).count(), 3);
    assert_eq!(texts(&value["list"]), ["a"]);
    assert_eq!((text(&value["text"]), text(&value["list"])), ("a".to_owned(), String::new()));
    let pairs = [("a", "b"), ("c", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(labels(&value["labels"]), pairs.into());
    assert_eq!((list(&value).count(), labels(&value["list"]).len()), (0, 0), "of another type");
}
