//! What Kubernetes takes for a label's key and value.

/// The longest name, and the longest value, in bytes.
const MAX_NAME: usize = 63;

/// The longest prefix of a key, in bytes.
const MAX_PREFIX: usize = 253;

/// Whether `key` is a label's key: a name, with a DNS subdomain and `/` before it or without.
pub(super) fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        None => is_name(key),
        Some((prefix, name)) => is_subdomain(prefix) && is_name(name),
    }
}

/// Whether `value` is a label's value: a name, or nothing.
pub(super) fn is_value(value: &str) -> bool {
    value.is_empty() || is_name(value)
}

/// Letters, digits, `-`, `_` and `.`, with a letter or a digit at both ends.
fn is_name(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = [name.bytes().next(), name.bytes().last()];
    name.len() <= MAX_NAME
        && ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        && name.bytes().all(inside)
}

/// A DNS subdomain: labels of lower case letters, digits and `-` between dots.
fn is_subdomain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_label = |label: &str| {
        let ends = [label.bytes().next(), label.bytes().last()];
        ends.iter().all(|end| end.is_some_and(plain))
            && label.bytes().all(|byte| plain(byte) || byte == b'-')
    };
    text.len() <= MAX_PREFIX && text.split('.').all(is_label)
}
