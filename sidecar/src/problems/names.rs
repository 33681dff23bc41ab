//! The names that Istio's webhook takes.
//!
//! Follows `pkg/config/validation/agent/validation.go` and `pkg/config/labels/instance.go` at
//! istio/istio 86c9f01f.

use std::net::IpAddr;

/// The longest label, in bytes.
const LONGEST_LABEL: usize = 63;

/// The longest name, in bytes.
const LONGEST_NAME: usize = 255;

/// Whether a text is a label: letters, digits, and `-` between them.
pub(super) fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    bytes.len() <= LONGEST_LABEL
        && ends.iter().all(|byte| byte.is_some_and(u8::is_ascii_alphanumeric))
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Whether a text is a name: labels with dots between them, the last of which is no number and may be
/// empty.
pub(super) fn is_name(text: &str) -> bool {
    let (above, last) = text.rsplit_once('.').map_or((None, text), |(above, it)| (Some(above), it));
    let is_last = match last {
        "" => above.is_some(),
        last => is_label(last) && !last.bytes().all(|byte| byte.is_ascii_digit()),
    };
    text.len() <= LONGEST_NAME && is_last && above.is_none_or(|it| it.split('.').all(is_label))
}

/// What is wrong with an entry of `hosts`, which should be `NAMESPACE/DNS`.
pub(super) fn wrong_host(entry: &str) -> Option<&'static str> {
    let (namespace, dns) = match entry.split_once('/') {
        Some((namespace, dns)) if !namespace.is_empty() && !dns.is_empty() => (namespace, dns),
        _ => return Some("`NAMESPACE/DNS`, such as `./*`"),
    };
    let excluded = namespace.strip_prefix('~').unwrap_or(namespace);
    if !matches!(excluded, "" | "*" | ".") && !is_label(excluded) {
        return Some("`*`, `.`, `~` or a namespace before the `/`");
    }
    if dns == "*" {
        return None;
    }
    if !dns.contains('.') {
        return Some("`*` or a full name after the `/`, such as `reviews.shop.svc.cluster.local`");
    }
    let name = dns.strip_prefix("*.").unwrap_or(dns);
    if name.contains('*') {
        return Some("no `*` after the `/` but for all of the first label");
    }
    (dns.len() > LONGEST_NAME || !is_name(name)).then_some("a DNS name after the `/`")
}

/// Whether a text is where an ingress listener can send traffic to.
pub(super) fn is_default_endpoint(text: &str) -> bool {
    if let Some(path) = text.strip_prefix("unix://") {
        return is_socket(path);
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    matches!(host, "" | "127.0.0.1" | "0.0.0.0" | "[::1]" | "[::]")
        && port.parse().is_ok_and(|port: u16| port != 0)
}

/// Whether a text is the path of a Unix domain socket.
pub(super) fn is_socket(path: &str) -> bool {
    path.starts_with('@') || (path.starts_with('/') && !path.ends_with('/'))
}

/// Whether a text is an IP address.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
