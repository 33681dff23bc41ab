//! CEL expressions: only what can be judged without a CEL parser.

use super::ArgumentError;

/// Checks that a CEL expression is not blank, that its strings end and that its brackets match.
///
/// Envoy parses the expression when it loads the configuration, and refuses more than this does:
/// syntax errors, unknown functions, wrong regular expressions, macros such as `exists`. Nothing
/// that Envoy accepts is refused here, because strings and comments are skipped by the rules of
/// CEL's own tokens (<https://github.com/google/cel-spec/blob/v0.24.0/doc/langdef.md#syntax>).
pub(super) fn check(text: &str) -> Result<(), ArgumentError> {
    if text.trim().is_empty() {
        return Err(ArgumentError::new(0, "a CEL expression"));
    }
    let bytes = text.as_bytes();
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'"' | b'\'' => string_end(bytes, at)
                .ok_or_else(|| ArgumentError::new(at, "a string with a closing quote"))?,
            b'/' if bytes.get(at + 1) == Some(&b'/') => comment_end(bytes, at),
            b'(' | b'[' | b'{' => {
                open.push((at, closing(byte)));
                at + 1
            }
            b')' | b']' | b'}' => match open.pop() {
                Some((_, expected)) if expected == byte => at + 1,
                Some((_, expected)) => {
                    return Err(ArgumentError::new(at, format!("`{}`", char::from(expected))));
                }
                None => return Err(ArgumentError::new(at, "no bracket that was not opened")),
            },
            _ => at + 1,
        };
    }
    match open.pop() {
        Some((at, expected)) => {
            let expected = format!("a bracket closed with `{}`", char::from(expected));
            Err(ArgumentError::new(at, expected))
        }
        None => Ok(()),
    }
}

/// The bracket that closes an opening one.
fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

/// Where the string that opens at `at` ends, if it does. Its prefix (`r`, `b`, `br`) was passed.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let raw = at.checked_sub(1).is_some_and(|i| matches!(bytes.get(i), Some(b'r' | b'R')));
    let quote = *bytes.get(at)?;
    let triple = [quote; 3];
    let delimiter = if bytes.get(at..)?.starts_with(&triple) { &triple[..] } else { &triple[..1] };
    let mut at = at + delimiter.len();
    loop {
        let rest = bytes.get(at..)?;
        match rest.first()? {
            b'\\' if !raw => at += 2,
            b'\n' | b'\r' if delimiter.len() == 1 => return None,
            _ if rest.starts_with(delimiter) => return Some(at + delimiter.len()),
            _ => at += 1,
        }
    }
}

/// Where the comment that starts at `at` ends: at a line feed or at the end of the text.
fn comment_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|&b| b == b'\n').map_or(bytes.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_cel() {
        for text in [
            "1",
            "request.headers[':path']",
            r#""(""#,
            r#"')' + ")""#,
            r#""\"(""#,
            r#"'\'('"#,
            r#"r"\(""#,
            r#"bR"(""#,
            r#""""a"(b""""#,
            "'''a\n('''",
            r#""\\" + "(""#,
            r#"1 // )"'"#,
            "1 // (\n + 1",
            "1 //\r)",
            r#"{"a": [1, {"b": (1)}]}"#,
            r#""é(""#,
            "10 % 3",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn err_cel() {
        for (text, at, expected) in [
            (" \t", 0, "a CEL expression"),
            ("(1", 0, "a bracket closed with `)`"),
            ("a[\"b\"", 1, "a bracket closed with `]`"),
            ("{1:2", 0, "a bracket closed with `}`"),
            ("1)", 1, "no bracket that was not opened"),
            ("([)]", 2, "`]`"),
            ("a + \"b", 4, "a string with a closing quote"),
            ("'b\"", 0, "a string with a closing quote"),
            ("\"a\nb\"", 0, "a string with a closing quote"),
            (r#""\""#, 0, "a string with a closing quote"),
            (r#""""a""#, 0, "a string with a closing quote"),
            (r#"r"\"("#, 4, "a bracket closed with `)`"),
        ] {
            assert_eq!(check(text), Err(ArgumentError::new(at, expected)), "{text}");
        }
    }
}
