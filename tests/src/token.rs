//! Cuts a format string into literals and operators, by the one rule that Envoy documents.
//!
//! Independent of the crate's grammar: it knows no operator by name and refuses nothing.

use regex::Regex;

/// A piece of a format string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Text that stands in every line, `%%` already a single percent sign.
    Literal(String),
    /// An operator as it is written, percent signs included.
    Operator(String),
}

/// Cuts up `format`; the newline at its end is left out.
pub fn tokens(format: &str) -> Vec<Token> {
    let operator = Regex::new(r"^%[A-Z0-9_]+(?:\((?s:.*?)\))?(?::[0-9]+)?%").unwrap();
    let mut rest = format.strip_suffix('\n').unwrap_or(format);
    let mut out = Vec::new();
    let mut literal = String::new();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("%%") {
            literal.push('%');
            2
        } else if let Some(found) = operator.find(rest) {
            if !literal.is_empty() {
                out.push(Token::Literal(std::mem::take(&mut literal)));
            }
            out.push(Token::Operator(found.as_str().to_owned()));
            found.len()
        } else {
            literal.push(first);
            first.len_utf8()
        };
        rest = rest.split_at(length).1;
    }
    if !literal.is_empty() {
        out.push(Token::Literal(literal));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_cut_as_envoy_cuts_them() {
        let cases: &[(&str, &[&str])] = &[
            ("a %% b %PROTOCOL%\n", &["a % b ", "%PROTOCOL%"]),
            ("%REQ(X):3%%REQ(Y)%", &["%REQ(X):3%", "%REQ(Y)%"]),
            ("%CEL('(' + ')')% x", &["%CEL('(' + ')')%", " x"]),
            ("%%%REQ(A?B)%", &["%", "%REQ(A?B)%"]),
        ];
        for (format, expected) in cases {
            let found: Vec<String> = tokens(format)
                .into_iter()
                .map(|token| match token {
                    Token::Literal(text) | Token::Operator(text) => text,
                })
                .collect();
            assert_eq!(found, *expected, "{format}");
        }
    }
}
