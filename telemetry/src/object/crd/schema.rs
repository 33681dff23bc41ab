//! The schema as a flat table.

use mesh::schema::Rule;
use serde_json::Value;

pub(super) const SPEC: Rule = Rule::Object {
    fields: &[
        ("selector", Rule::object(&[("matchLabels", MATCH_LABELS)], &[])),
        ("targetRef", TARGET_REF),
        ("targetRefs", Rule::List { items: &TARGET_REF, most: 16 }),
        ("accessLogging", Rule::list(&ACCESS_LOGGING)),
        ("metrics", Rule::list(&METRICS)),
        ("tracing", Rule::list(&TRACING)),
    ],
    required: &[],
    check: one_way_to_attach,
};

const MATCH_LABELS: Rule =
    Rule::Map { values: &Rule::Checked(label_value), most: 4096, check: label_key };

const TARGET_REF: Rule = Rule::object(
    &[
        ("group", Rule::Checked(group)),
        ("kind", Rule::Checked(kind)),
        ("name", Rule::Checked(object_name)),
        ("namespace", Rule::Checked(no_namespace)),
    ],
    &["kind", "name"],
);

const ACCESS_LOGGING: Rule = Rule::object(
    &[
        ("disabled", Rule::Bool),
        ("filter", Rule::object(&[("expression", Rule::Text)], &[])),
        ("match", Rule::object(&[("mode", MODE)], &[])),
        ("providers", PROVIDERS),
    ],
    &[],
);

const METRICS: Rule = Rule::object(
    &[
        ("overrides", Rule::list(&OVERRIDE)),
        ("providers", PROVIDERS),
        ("reportingInterval", Rule::Checked(interval)),
    ],
    &[],
);

const OVERRIDE: Rule = Rule::object(
    &[
        ("disabled", Rule::Bool),
        ("match", METRIC_MATCH),
        ("tagOverrides", Rule::map(&TAG_OVERRIDE)),
    ],
    &[],
);

const METRIC_MATCH: Rule = Rule::Object {
    fields: &[("metric", Rule::Checked(metric)), ("customMetric", NAME), ("mode", MODE)],
    required: &[],
    check: |value| at_most_one(value, &["metric", "customMetric"]),
};

const TAG_OVERRIDE: Rule = Rule::Object {
    fields: &[("operation", Rule::Checked(operation)), ("value", Rule::Text)],
    required: &[],
    check: tag_value,
};

const TRACING: Rule = Rule::object(
    &[
        ("customTags", Rule::map(&CUSTOM_TAG)),
        ("disableContextPropagation", Rule::Bool),
        ("disableSpanReporting", Rule::Bool),
        ("enableIstioTags", Rule::Bool),
        ("match", Rule::object(&[("mode", MODE)], &[])),
        ("providers", PROVIDERS),
        ("randomSamplingPercentage", PERCENTAGE),
        ("useRequestIdForTraceSampling", Rule::Bool),
    ],
    &[],
);

const CUSTOM_TAG: Rule = Rule::Object {
    fields: &[
        ("environment", Rule::object(&[("name", NAME), ("defaultValue", Rule::Text)], &["name"])),
        ("formatter", Rule::object(&[("value", NAME)], &["value"])),
        ("header", Rule::object(&[("name", NAME), ("defaultValue", Rule::Text)], &["name"])),
        ("literal", Rule::object(&[("value", NAME)], &["value"])),
    ],
    required: &[],
    check: |value| at_most_one(value, &["literal", "environment", "header", "formatter"]),
};

const PROVIDERS: Rule = Rule::list(&Rule::object(&[("name", NAME)], &["name"]));
const PERCENTAGE: Rule = Rule::Number { least: 0.0, most: 100.0 };
const NAME: Rule = Rule::Checked(not_empty);
const MODE: Rule = Rule::Checked(mode);

fn not_empty(text: &str) -> Option<String> {
    text.is_empty().then(|| "should be at least 1 chars long".to_owned())
}

fn one_of(text: &str, allowed: &[&str]) -> Option<String> {
    (!allowed.contains(&text))
        .then(|| format!("unsupported value `{text}`, must be one of {}", allowed.join(", ")))
}

fn mode(text: &str) -> Option<String> {
    one_of(text, &["CLIENT_AND_SERVER", "CLIENT", "SERVER"])
}

fn operation(text: &str) -> Option<String> {
    one_of(text, &["UPSERT", "REMOVE"])
}

fn metric(text: &str) -> Option<String> {
    const METRICS: [&str; 11] = [
        "ALL_METRICS",
        "REQUEST_COUNT",
        "REQUEST_DURATION",
        "REQUEST_SIZE",
        "RESPONSE_SIZE",
        "TCP_OPENED_CONNECTIONS",
        "TCP_CLOSED_CONNECTIONS",
        "TCP_SENT_BYTES",
        "TCP_RECEIVED_BYTES",
        "GRPC_REQUEST_MESSAGES",
        "GRPC_RESPONSE_MESSAGES",
    ];
    one_of(text, &METRICS)
}

fn at_most(text: &str, limit: usize) -> Option<String> {
    (text.chars().count() > limit).then(|| format!("may not be more than {limit} characters"))
}

fn label_value(text: &str) -> Option<String> {
    if text.contains('*') {
        return Some("wildcard not allowed in label value match".to_owned());
    }
    at_most(text, 63)
}

fn label_key(key: &str, _: &Value) -> Option<String> {
    if key.is_empty() {
        return Some("key must not be empty".to_owned());
    }
    key.contains('*').then(|| format!("wildcard not allowed in label key match, `{key}`"))
}

/// Letters, digits and hyphens that start with what `first` takes and end with no hyphen.
fn is_name(text: &str, first: fn(&u8) -> bool, other: fn(&u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(first)
        && bytes.last().is_some_and(other)
        && bytes.iter().all(|byte| other(byte) || *byte == b'-')
}

fn group(text: &str) -> Option<String> {
    let lower = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if text.is_empty() || text.split('.').all(|part| is_name(part, lower, lower)) {
        return at_most(text, 253);
    }
    Some(format!("`{text}` is not the name of an API group"))
}

fn kind(text: &str) -> Option<String> {
    if is_name(text, u8::is_ascii_alphabetic, u8::is_ascii_alphanumeric) {
        return at_most(text, 63);
    }
    Some(format!("`{text}` is not the name of a kind"))
}

fn object_name(text: &str) -> Option<String> {
    not_empty(text).or_else(|| at_most(text, 253))
}

fn no_namespace(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| "cross namespace referencing is not currently supported".to_owned())
}

/// How many of the fields a value has, null counting as none.
fn count(value: &Value, names: &[&str]) -> usize {
    names.iter().filter(|name| !value[**name].is_null()).count()
}

fn at_most_one(value: &Value, names: &[&str]) -> Option<String> {
    (count(value, names) > 1).then(|| format!("only one of {} can be set", names.join(", ")))
}

fn one_way_to_attach(spec: &Value) -> Option<String> {
    (count(spec, &["selector", "targetRef", "targetRefs"]) > 1)
        .then(|| "only one of targetRefs or selector can be set".to_owned())
}

fn tag_value(tag: &Value) -> Option<String> {
    match (tag["operation"].as_str(), tag["value"].as_str()) {
        (Some("UPSERT"), None | Some("")) => {
            Some("value must be set when operation is UPSERT".to_owned())
        }
        (Some("REMOVE"), Some(_)) => {
            Some("value must not be set when operation is REMOVE".to_owned())
        }
        _ => None,
    }
}

/// A duration as Go and CEL write it, of at least a millisecond.
fn interval(text: &str) -> Option<String> {
    (!nanoseconds(text).is_some_and(|n| n >= 1e6))
        .then(|| "must be a valid duration greater than 1ms".to_owned())
}

fn nanoseconds(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1.0),
        ("us", 1e3),
        ("\u{b5}s", 1e3),
        ("\u{3bc}s", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 60e9),
        ("h", 3600e9),
    ];
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total += number.parse::<f64>().ok()? * scale;
        rest = tail;
    }
    (!text.is_empty()).then_some(total)
}
