//! Taking out of a value what is not to be read.

use crate::config::Redact;
use crate::hash::Key;

/// What stands in place of a value that was taken out.
pub(crate) const MARK: &[u8] = b"[redacted]";
/// What stands before the keyed hash of a value that was taken out.
pub(crate) const HASH: &[u8] = b"hmac:";

/// The value without what `redact` takes out. With a key, what was taken out leaves its hash, so that
/// equal values can be told from different ones; without, it leaves a mark.
///
/// `is_query` says that all of the value is a query string; else its query is what follows the first
/// question mark.
pub(crate) fn apply(value: &[u8], redact: &Redact, is_query: bool, key: Option<&Key>) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let start = match redact {
        Redact::Value => 0,
        _ if is_query => 0,
        _ => value.iter().position(|byte| *byte == b'?').map_or(value.len(), |at| at + 1),
    };
    let (kept, query) = value.split_at_checked(start).unwrap_or((value, b""));
    out.extend_from_slice(kept);
    match redact {
        Redact::Value | Redact::Query => take_out(&mut out, query, key),
        Redact::QueryParameters(names) => parameters(&mut out, query, names, key),
    }
    out
}

fn take_out(out: &mut Vec<u8>, secret: &[u8], key: Option<&Key>) {
    match key {
        _ if secret.is_empty() => {}
        Some(key) => {
            out.extend_from_slice(HASH);
            out.extend_from_slice(&key.hash(secret));
        }
        None => out.extend_from_slice(MARK),
    }
}

/// Appends a query string without the values of some parameters.
///
/// A semicolon parts parameters as an ampersand does, for servers that take it so. A fragment is part of
/// the last one.
fn parameters(out: &mut Vec<u8>, query: &[u8], names: &[String], key: Option<&Key>) {
    for part in query.split_inclusive(|byte| matches!(byte, b'&' | b';')) {
        let (parameter, end) = match part.split_last() {
            Some((end @ (b'&' | b';'), parameter)) => (parameter, Some(*end)),
            _ => (part, None),
        };
        let equals = parameter.iter().position(|byte| *byte == b'=');
        let named = equals.filter(|&at| {
            let name = parameter.get(..at).unwrap_or_default();
            names.iter().any(|wanted| is_named(name, wanted.as_bytes()))
        });
        match named.and_then(|at| parameter.split_at_checked(at + 1)) {
            Some((name, value)) => {
                out.extend_from_slice(name);
                take_out(out, value, key);
            }
            None => out.extend_from_slice(parameter),
        }
        out.extend(end);
    }
}

/// Whether a parameter's name is this one, whatever the case of its letters, with its escapes resolved as
/// a server would.
fn is_named(name: &[u8], wanted: &[u8]) -> bool {
    let mut rest = name;
    let decoded = std::iter::from_fn(|| {
        let (&first, after) = rest.split_first()?;
        let escape = after.get(..2).filter(|_| first == b'%').and_then(|digits| {
            let text = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(text, 16).ok()
        });
        match escape {
            Some(byte) => {
                rest = after.get(2..).unwrap_or_default();
                Some(byte)
            }
            None => {
                rest = after;
                Some(if first == b'+' { b' ' } else { first })
            }
        }
    });
    decoded.map(|byte| byte.to_ascii_lowercase()).eq(wanted.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(value: &str, names: &[&str]) -> String {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let out = apply(value.as_bytes(), &Redact::QueryParameters(names), false, None);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ok_parameters() {
        for (value, expected) in [
            ("/a", "/a"),
            ("/a?", "/a?"),
            ("/a?token=x", "/a?token=[redacted]"),
            ("/a?token=", "/a?token="),
            ("/a?token", "/a?token"),
            ("/a?x=1&token=s&y=2", "/a?x=1&token=[redacted]&y=2"),
            ("/a?token=1&token=2", "/a?token=[redacted]&token=[redacted]"),
            ("/a?TOKEN=1;Token=2", "/a?TOKEN=[redacted];Token=[redacted]"),
            ("/a?%74oken=1&%54%4fken=2", "/a?%74oken=[redacted]&%54%4fken=[redacted]"),
            ("/a?token=a=b?c=d", "/a?token=[redacted]"),
            ("/a?mytoken=1&tokens=2", "/a?mytoken=1&tokens=2"),
            ("/a?x=1&my+key=2&my%20key=3", "/a?x=1&my+key=[redacted]&my%20key=[redacted]"),
            ("/token=x?y=1", "/token=x?y=1"),
            ("/a?%zz=1&%=2&%4=3", "/a?%zz=1&%=2&%4=3"),
            ("https://h/a?token=x#f", "https://h/a?token=[redacted]"),
        ] {
            assert_eq!(redacted(value, &["token", "my key"]), expected);
        }
    }

    #[test]
    fn ok_the_whole_query_or_value() {
        let key = Key::new(b"0123456789abcdef").unwrap();
        let text = |out| String::from_utf8(out).unwrap();
        assert_eq!(text(apply(b"/a?b=1", &Redact::Query, false, None)), "/a?[redacted]");
        assert_eq!(text(apply(b"b=1", &Redact::Query, true, None)), "[redacted]");
        assert_eq!(text(apply(b"/a", &Redact::Query, false, None)), "/a");
        assert_eq!(text(apply(b"Basic x", &Redact::Value, false, None)), "[redacted]");
        assert_eq!(text(apply(b"", &Redact::Value, false, None)), "");
        let hashed = text(apply(b"Basic x", &Redact::Value, false, Some(&key)));
        assert_eq!(hashed.len(), HASH.len() + 16);
        assert_eq!(hashed, text(apply(b"Basic x", &Redact::Value, false, Some(&key))));
        assert_ne!(hashed, text(apply(b"Basic y", &Redact::Value, false, Some(&key))));
    }

    proptest! {
        #[test]
        fn ok_a_secret_does_not_get_through(
            before in "[a-z&;=?%+#]{0,12}",
            secret in "[A-Z]{8}",
            after in "(&[a-z&;=?%+#]{0,12})?",
        ) {
            let value = format!("/?{before}&token={secret}{after}");
            prop_assert!(!redacted(&value, &["token"]).contains(&secret));
        }
    }
}
