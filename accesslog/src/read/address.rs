//! Addresses as Envoy prints them: `1.2.3.4:80`, `[::1]:80`, socket paths, `envoy://...`.

/// The longest text of an IP address.
const LONGEST_IP: usize = 64;

/// Whether the text is an address that may hold any bytes: a socket path, an abstract socket, or an
/// internal listener.
pub(super) fn has_free_prefix(text: &[u8]) -> bool {
    free_prefix(text).is_some()
}

/// The length of what such an address starts with.
fn free_prefix(text: &[u8]) -> Option<usize> {
    match text.first() {
        Some(b'/' | b'@') => Some(1),
        _ => text.starts_with(b"envoy://").then_some(8),
    }
}

/// Whether an address that is not free text, or the start of one that is, can hold `byte`.
pub(super) fn is_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".:[]%/@".contains(&byte)
}

/// Calls `run` with the ranges of ends of an address with a port at the start of `rest`, which
/// starts at `start` of a line that ends at `line_end`.
pub(super) fn ends(rest: &[u8], start: usize, line_end: usize, run: &mut dyn FnMut(usize, usize)) {
    if let Some(prefix) = free_prefix(rest) {
        return run(start + prefix, line_end);
    }
    if let Some((low, high)) = with_port(rest) {
        run(start + low, start + high);
    }
}

/// Whether all of `text` is an address with a port.
pub(super) fn matches(text: &[u8]) -> bool {
    let is_whole = |(low, high)| (low..=high).contains(&text.len());
    is_ipv4_with_port(text) || has_free_prefix(text) || with_port(text).is_some_and(is_whole)
}

/// Whether all of `text` is `1.2.3.4:80`: most addresses are.
pub(super) fn is_ipv4_with_port(text: &[u8]) -> bool {
    let (mut separators, mut digits) = (0, 0);
    for &byte in text {
        if byte.is_ascii_digit() {
            digits += 1;
            continue;
        }
        let separator = if separators < 3 { b'.' } else { b':' };
        if byte != separator || separators > 3 || digits == 0 || digits > 3 {
            return false;
        }
        separators += 1;
        digits = 0;
    }
    separators == 4 && (1..=5).contains(&digits)
}

/// The least and the greatest length of an IP address with a port at the start of `text`.
fn with_port(text: &[u8]) -> Option<(usize, usize)> {
    let scheme = if text.starts_with(b"tcp://") { 6 } else { 0 };
    let ip = text.get(scheme..)?;
    let host = match ip.first()? {
        b'[' => bracketed_length(ip),
        _ => ipv4_length(ip),
    };
    if host == 0 || ip.get(host) != Some(&b':') {
        return None;
    }
    let port = ip.iter().skip(host + 1).take(5).take_while(|b| b.is_ascii_digit()).count();
    let colon = scheme + host;
    (port > 0).then_some((colon + 2, colon + 1 + port))
}

/// The length of `[::1]` at the start of `ip`; 0 when there is none.
fn bracketed_length(ip: &[u8]) -> usize {
    let inside = ip.iter().skip(1).take(LONGEST_IP);
    let is_inside = |b: &&u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'%');
    let close = 1 + inside.take_while(is_inside).count();
    if ip.get(close) == Some(&b']') { close + 1 } else { 0 }
}

/// The length of `1.2.3.4` at the start of `ip`; 0 when there is none.
fn ipv4_length(ip: &[u8]) -> usize {
    let mut at = 0;
    for octet in 0..4 {
        if octet > 0 {
            match ip.get(at) {
                Some(b'.') => at += 1,
                _ => return 0,
            }
        }
        let digits = ip.iter().skip(at).take(3).take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return 0;
        }
        at += digits;
    }
    at
}

/// As [`ends`], for an address without a port and perhaps with a prefix length.
pub(super) fn bare_ends(
    rest: &[u8],
    start: usize,
    line_end: usize,
    run: &mut dyn FnMut(usize, usize),
) {
    if let Some(prefix) = free_prefix(rest) {
        return run(start + prefix, line_end);
    }
    let Some((low, high)) = bare_ip(rest) else { return };
    run(start + low, start + high);
    if rest.get(high) == Some(&b'/') {
        let bits = rest.iter().skip(high + 1).take(3).take_while(|b| b.is_ascii_digit()).count();
        if bits > 0 {
            run(start + high + 2, start + high + 1 + bits);
        }
    }
}

/// The least and the greatest length of an IP address without a port at the start of `text`.
fn bare_ip(text: &[u8]) -> Option<(usize, usize)> {
    let ipv4 = ipv4_length(text);
    if ipv4 > 0 {
        let last = text.get(..ipv4)?.rsplit(|&byte| byte == b'.').next()?.len();
        return Some((ipv4 - last + 1, ipv4));
    }
    let hex =
        |at: usize| text.iter().skip(at).take(4).take_while(|b| b.is_ascii_hexdigit()).count();
    let first = hex(0);
    let second = first + 1 + hex(first + 1);
    if text.get(first) != Some(&b':') || text.get(second) != Some(&b':') {
        return None;
    }
    let is_inside = |b: &&u8| b.is_ascii_hexdigit() || matches!(b, b':' | b'.');
    let end = text.iter().take(LONGEST_IP).take_while(is_inside).count();
    Some((second + 1, end))
}
