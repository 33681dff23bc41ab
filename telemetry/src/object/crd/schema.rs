//! The schema as a flat table.

use serde_json::Value;

/// What the schema asks of a value.
pub(super) enum Rule {
    Bool,
    /// A number from 0 to 100.
    Percentage,
    Text {
        check: fn(&str) -> Option<String>,
    },
    /// Fields by name; unknown ones are pruned, not refused.
    Object {
        fields: &'static [(&'static str, Rule)],
        required: &'static [&'static str],
        check: fn(&Value) -> Option<String>,
    },
    /// Any keys.
    Map {
        values: &'static Rule,
        max: usize,
        check: fn(&str, &Value) -> Option<String>,
    },
    Array {
        items: &'static Rule,
        max: usize,
    },
    Nullable(&'static Rule),
}

impl Rule {
    /// The type that is asked for, in words.
    pub(super) fn expected(&self) -> &'static str {
        match self {
            Self::Bool => "a boolean",
            Self::Percentage => "a number",
            Self::Text { .. } => "a string",
            Self::Object { .. } | Self::Map { .. } => "an object",
            Self::Array { .. } => "a list",
            Self::Nullable(rule) => rule.expected(),
        }
    }
}

pub(super) const SPEC: Rule = Rule::Object {
    fields: &[
        ("selector", object(&[("matchLabels", MATCH_LABELS)], &[])),
        ("targetRef", TARGET_REF),
        ("targetRefs", Rule::Array { items: &TARGET_REF, max: 16 }),
        ("accessLogging", list(&ACCESS_LOGGING)),
        ("metrics", list(&METRICS)),
        ("tracing", list(&TRACING)),
    ],
    required: &[],
    check: one_way_to_attach,
};

const MATCH_LABELS: Rule =
    Rule::Map { values: &Rule::Text { check: label_value }, max: 4096, check: label_key };

const TARGET_REF: Rule = object(
    &[
        ("group", Rule::Text { check: group }),
        ("kind", Rule::Text { check: kind }),
        ("name", Rule::Text { check: object_name }),
        ("namespace", Rule::Text { check: no_namespace }),
    ],
    &["kind", "name"],
);

const ACCESS_LOGGING: Rule = object(
    &[
        ("disabled", NULLABLE_BOOL),
        ("filter", object(&[("expression", ANY_TEXT)], &[])),
        ("match", object(&[("mode", MODE)], &[])),
        ("providers", PROVIDERS),
    ],
    &[],
);

const METRICS: Rule = object(
    &[
        ("overrides", list(&OVERRIDE)),
        ("providers", PROVIDERS),
        ("reportingInterval", Rule::Text { check: interval }),
    ],
    &[],
);

const OVERRIDE: Rule = object(
    &[
        ("disabled", NULLABLE_BOOL),
        ("match", METRIC_MATCH),
        ("tagOverrides", Rule::Map { values: &TAG_OVERRIDE, max: usize::MAX, check: any_pair }),
    ],
    &[],
);

const METRIC_MATCH: Rule = Rule::Object {
    fields: &[("metric", Rule::Text { check: metric }), ("customMetric", NAME), ("mode", MODE)],
    required: &[],
    check: |value| at_most_one(value, &["metric", "customMetric"]),
};

const TAG_OVERRIDE: Rule = Rule::Object {
    fields: &[("operation", Rule::Text { check: operation }), ("value", ANY_TEXT)],
    required: &[],
    check: tag_value,
};

const TRACING: Rule = object(
    &[
        ("customTags", Rule::Map { values: &CUSTOM_TAG, max: usize::MAX, check: any_pair }),
        ("disableContextPropagation", NULLABLE_BOOL),
        ("disableSpanReporting", NULLABLE_BOOL),
        ("enableIstioTags", NULLABLE_BOOL),
        ("match", object(&[("mode", MODE)], &[])),
        ("providers", PROVIDERS),
        ("randomSamplingPercentage", Rule::Nullable(&Rule::Percentage)),
        ("useRequestIdForTraceSampling", NULLABLE_BOOL),
    ],
    &[],
);

const CUSTOM_TAG: Rule = Rule::Object {
    fields: &[
        ("environment", object(&[("name", NAME), ("defaultValue", ANY_TEXT)], &["name"])),
        ("formatter", object(&[("value", NAME)], &["value"])),
        ("header", object(&[("name", NAME), ("defaultValue", ANY_TEXT)], &["name"])),
        ("literal", object(&[("value", NAME)], &["value"])),
    ],
    required: &[],
    check: |value| at_most_one(value, &["literal", "environment", "header", "formatter"]),
};

const PROVIDERS: Rule = list(&object(&[("name", NAME)], &["name"]));
const NULLABLE_BOOL: Rule = Rule::Nullable(&Rule::Bool);
const ANY_TEXT: Rule = Rule::Text { check: |_| None };
const NAME: Rule = Rule::Text { check: not_empty };
const MODE: Rule = Rule::Text { check: mode };

const fn object(
    fields: &'static [(&'static str, Rule)],
    required: &'static [&'static str],
) -> Rule {
    Rule::Object { fields, required, check: |_| None }
}

const fn list(items: &'static Rule) -> Rule {
    Rule::Array { items, max: usize::MAX }
}

fn any_pair(_: &str, _: &Value) -> Option<String> {
    None
}

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
