//! Operators of the attribute table, compared with those of a format.

use accesslog::Field;

/// An operator with its argument, the keys of a path filled in.
#[derive(Debug)]
pub(super) struct Wanted<'t> {
    name: &'t str,
    argument: Option<String>,
}

impl<'t> Wanted<'t> {
    /// Fills `keys` into an operator of the table; `None` when their number differs or they cannot
    /// stand in an argument.
    pub(super) fn new(operator: &'t str, keys: &[&str]) -> Option<Self> {
        let Some((name, argument)) = operator.split_once('(') else {
            return keys.is_empty().then_some(Self { name: operator, argument: None });
        };
        let mut argument = argument.strip_suffix(')')?.to_owned();
        if argument.matches("{}").count() != keys.len() {
            return None;
        }
        for key in keys {
            let fits = !key.is_empty() && !key.contains([':', '?', ')', '%']);
            let header = name != "FILTER_STATE" && name != "UPSTREAM_FILTER_STATE";
            let pseudo = header && key.strip_prefix(':').is_some_and(|rest| !rest.contains(':'));
            if !fits && !pseudo {
                return None;
            }
            argument = argument.replacen("{}", key, 1);
        }
        Some(Self { name, argument: Some(argument) })
    }

    /// Whether a field of a format is this operator.
    pub(super) fn is(&self, field: &Field) -> bool {
        let name = alias(field.name());
        let own = field.argument().filter(|argument| !argument.is_empty());
        name == self.name
            && match (own, self.argument.as_deref()) {
                (None, None) => true,
                (Some(own), Some(wanted)) if is_header(name) => {
                    plain_host(own).eq_ignore_ascii_case(plain_host(wanted))
                }
                (Some(own), Some(wanted)) => own == wanted,
                _ => false,
            }
    }
}

/// The operator as it is written in a format string.
pub(super) fn spelled(operator: &str, keys: &[&str]) -> Option<String> {
    if let Some((name, kind)) = operator.split_once('(').filter(|(_, rest)| rest.ends_with(':')) {
        return Some(format!("%{name}({kind}{})%", keys.join(":")));
    }
    if matches!(operator, "DYNAMIC_METADATA" | "CLUSTER_METADATA" | "UPSTREAM_METADATA") {
        return Some(format!("%{operator}({})%", keys.join(":")));
    }
    let wanted = Wanted::new(operator, keys)?;
    Some(match wanted.argument {
        Some(argument) if is_header(wanted.name) => {
            format!("%{}({})%", wanted.name, argument.to_ascii_uppercase())
        }
        Some(argument) => format!("%{}({argument})%", wanted.name),
        None => format!("%{}%", wanted.name),
    })
}

/// The keys of metadata that a field prints, if it is `operator`: a name, or `METADATA(TYPE:`.
pub(super) fn metadata_keys<'f>(operator: &str, field: &'f Field) -> Option<Vec<&'f str>> {
    let (name, kind) = operator.split_once('(').unwrap_or((operator, ""));
    let argument = field.argument().filter(|_| field.name() == name)?.strip_prefix(kind)?;
    (!argument.is_empty()).then(|| argument.split(':').collect())
}

/// How many nanoseconds the last digit of a time stands for.
pub(super) fn precision(operator: &str) -> i128 {
    match operator {
        "START_TIME(%s.%9f)" => 1,
        "START_TIME(%s.%6f)" => 1_000,
        "START_TIME(%s)" => 1_000_000_000,
        _ => 1_000_000,
    }
}

/// The name that the table uses for an operator with two.
fn alias(name: &str) -> &str {
    match name {
        "REQUEST_HEADER" => "REQ",
        "RESPONSE_HEADER" => "RESP",
        "RESPONSE_TRAILER" => "TRAILER",
        other => other,
    }
}

fn is_header(name: &str) -> bool {
    matches!(name, "REQ" | "RESP" | "TRAILER" | "REQ_WITHOUT_QUERY")
}

/// `Host` is the authority.
fn plain_host(header: &str) -> &str {
    if header.eq_ignore_ascii_case("host") { ":authority" } else { header }
}
