//! The name of a value in a record.
//!
//! The rule: Istio's JSON name where Istio has one. Else the operator's name in lower case; an
//! argument follows after `_`, in lower case, everything but letters and digits as one `_`. The
//! arguments of time formats and maximum lengths are left out, and of `NAME?ALT` only `NAME` is
//! taken. `REQUEST_HEADER`, `RESPONSE_HEADER` and `RESPONSE_TRAILER` are named as the `REQ`, `RESP`
//! and `TRAILER` that they are other names of. A name that is taken already gets `_2`, `_3`, ...

use std::collections::HashSet;

use crate::operator::operator;
use crate::shape::Shape;

/// Istio's keys, where they are not the operator's name in lower case.
const ISTIO: &[(&str, Option<&str>, &str)] = &[
    ("REQ", Some(":METHOD"), "method"),
    ("REQ", Some("X-ENVOY-ORIGINAL-PATH?:PATH"), "path"),
    ("RESP", Some("X-ENVOY-UPSTREAM-SERVICE-TIME"), "upstream_service_time"),
    ("REQ", Some("X-FORWARDED-FOR"), "x_forwarded_for"),
    ("REQ", Some("USER-AGENT"), "user_agent"),
    ("REQ", Some("X-REQUEST-ID"), "request_id"),
    ("REQ", Some(":AUTHORITY"), "authority"),
    ("UPSTREAM_CLUSTER_RAW", None, "upstream_cluster"),
    ("DYNAMIC_METADATA", Some("istio.mixer:status"), "istio_policy_status"),
];

/// The operator that an alias stands for.
pub(super) fn alias(name: &str) -> &str {
    match name {
        "REQUEST_HEADER" => "REQ",
        "RESPONSE_HEADER" => "RESP",
        "RESPONSE_TRAILER" => "TRAILER",
        _ => name,
    }
}

/// The key of an operator with its argument.
pub(super) fn of(name: &str, argument: Option<&str>) -> String {
    let istio = ISTIO
        .iter()
        .find(|(operator, known, _)| *operator == name && same_argument(name, *known, argument));
    if let Some((_, _, key)) = istio {
        return (*key).to_owned();
    }
    let mut key = name.to_ascii_lowercase();
    let is_time = operator(name).is_some_and(|o| o.shape == Shape::Time);
    if let (Some(argument), false) = (argument, is_time) {
        let main = if is_header(name) { argument.split('?').next() } else { Some(argument) };
        append_words(&mut key, main.unwrap_or_default());
    }
    key
}

/// Whether two operators, as they are written, are the same.
pub(super) fn same_operator(one: &str, other: &str) -> bool {
    canonical(one.trim_matches('%')) == canonical(other.trim_matches('%'))
}

/// An operator as it is written, brought to one spelling: `REQ(X-Tenant):5` and
/// `REQUEST_HEADER(x-tenant):5` are the same.
fn canonical(text: &str) -> String {
    let (name, rest) = text.split_once('(').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let name = alias(name);
    match rest {
        Some(rest) if is_header(name) => format!("{name}({}", rest.to_ascii_uppercase()),
        Some(rest) => format!("{name}({rest}"),
        None => name.to_owned(),
    }
}

fn is_header(name: &str) -> bool {
    matches!(name, "REQ" | "RESP" | "TRAILER" | "REQ_WITHOUT_QUERY" | "STREAM_INFO_REQ")
}

fn same_argument(name: &str, known: Option<&str>, argument: Option<&str>) -> bool {
    match (known, argument) {
        (Some(known), Some(argument)) if is_header(name) => known.eq_ignore_ascii_case(argument),
        (known, argument) => known == argument,
    }
}

fn append_words(key: &mut String, text: &str) {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    for word in words {
        key.push('_');
        key.push_str(&word.to_ascii_lowercase());
    }
}

/// The keys that are taken in a format.
#[derive(Debug)]
pub(super) struct Keys {
    taken: HashSet<String>,
    reserved: HashSet<String>,
}

impl Default for Keys {
    /// Takes what records have beside the values of operators.
    fn default() -> Self {
        let ours = ["ambiguous", "extra"].map(str::to_owned);
        Self { taken: ours.into(), reserved: HashSet::new() }
    }
}

impl Keys {
    /// Keeps `key` for [`Self::claim_reserved`].
    pub(super) fn reserve(&mut self, key: &str) {
        self.reserved.insert(key.to_owned());
    }

    /// Takes a key that was reserved, or `key_2`, `key_3`, ... when it is taken already.
    pub(super) fn claim_reserved(&mut self, key: &str) -> String {
        self.take(key, |_| false)
    }

    /// Takes `key`, or `key_2`, `key_3`, ... when it is taken or reserved already.
    pub(super) fn claim(&mut self, key: String) -> String {
        let reserved = std::mem::take(&mut self.reserved);
        let claimed = self.take(&key, |key| reserved.contains(key));
        self.reserved = reserved;
        claimed
    }

    fn take(&mut self, key: &str, is_reserved: impl Fn(&str) -> bool) -> String {
        let mut claimed = key.to_owned();
        let mut count = 1;
        while is_reserved(&claimed) || !self.taken.insert(claimed.clone()) {
            count += 1;
            claimed = format!("{key}_{count}");
        }
        claimed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_the_rule() {
        let cases = [
            ("REQ", Some(":METHOD"), "method"),
            ("REQ", Some(":method"), "method"),
            ("REQ", Some("X-ENVOY-ORIGINAL-PATH?:PATH"), "path"),
            ("REQ", Some(":PATH"), "req_path"),
            ("REQ", Some("X-Tenant?X-User"), "req_x_tenant"),
            ("RESP", Some("X-ENVOY-UPSTREAM-SERVICE-TIME"), "upstream_service_time"),
            ("RESP", Some("Content-Type"), "resp_content_type"),
            ("START_TIME", Some("%s.%3f"), "start_time"),
            ("UPSTREAM_CLUSTER", None, "upstream_cluster"),
            ("UPSTREAM_CLUSTER_RAW", None, "upstream_cluster"),
            ("UPSTREAM_REQUEST_ATTEMPT_COUNT", None, "upstream_request_attempt_count"),
            ("DYNAMIC_METADATA", Some("istio.mixer:status"), "istio_policy_status"),
            ("FILTER_STATE", Some("wasm.keep:PLAIN"), "filter_state_wasm_keep_plain"),
            ("GRPC_STATUS", Some("NUMBER"), "grpc_status_number"),
        ];
        for (name, argument, key) in cases {
            assert_eq!(of(name, argument), key, "{name} {argument:?}");
        }
    }

    #[test]
    fn repeated_keys_get_a_suffix() {
        let mut keys = Keys::default();
        let claimed = ["a", "a", "a_2", "a"].map(|key| keys.claim(key.to_owned()));
        assert_eq!(claimed, ["a", "a_2", "a_2_2", "a_3"]);
        keys.reserve("b");
        assert_eq!(keys.claim("b".to_owned()), "b_2");
        assert_eq!(keys.claim_reserved("b"), "b");
        assert_eq!(keys.claim("ambiguous".to_owned()), "ambiguous_2");
    }

    #[test]
    fn spellings_are_brought_together() {
        assert_eq!(canonical("REQUEST_HEADER(x-a):5"), canonical("REQ(X-A):5"));
        assert_ne!(canonical("REQ(X-A)"), canonical("REQ(X-B)"));
        assert_ne!(canonical("DYNAMIC_METADATA(a:b)"), canonical("DYNAMIC_METADATA(A:b)"));
    }
}
