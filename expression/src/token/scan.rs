//! From a text to its tokens.

use super::{Token, TokenKind, Tokens};
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// Characters and pairs that are operators or separators; longer ones first.
const OPERATORS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", ".", ",", "-", "!", "?", ":", "+", "*", "/", "%",
];

/// Cuts a text into tokens and matches its brackets.
pub(crate) fn scan(text: &str) -> Result<Tokens<'_>, SyntaxError> {
    let mut scan = Scan { text, at: 0, list: Vec::new(), open: Vec::new() };
    while scan.skip_blanks() {
        scan.token()?;
    }
    let Scan { list, open, .. } = scan;
    match open.last().and_then(|&index| list.get(index)) {
        Some(&Token { start, end, .. }) => {
            Err(SyntaxError::new(SyntaxErrorKind::Unclosed, text, start..end))
        }
        None => Ok(Tokens { text, list }),
    }
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    list: Vec<Token>,
    /// The indices of brackets that are open.
    open: Vec<usize>,
}

impl<'t> Scan<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Skips white space and comments; says whether anything follows.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let blank = |c| matches!(c, '\t' | ' ' | '\r' | '\n' | '\u{c}');
            let trimmed = rest.trim_start_matches(blank);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return !trimmed.is_empty();
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn token(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let kind = match self.byte(0) {
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() => self.number(),
            b'"' | b'\'' => self.quoted(0)?,
            b'r' | b'R' | b'b' | b'B' if self.prefix() > 0 => self.quoted(self.prefix())?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.name(),
            b'`' => self.escaped_name()?,
            b'(' | b'[' | b'{' => self.bracket(),
            b')' | b']' | b'}' => return self.close(),
            _ => self.operator()?,
        };
        self.list.push(Token { kind, start, end: self.at, pair: 0 });
        Ok(())
    }

    fn name(&mut self) -> TokenKind {
        let word = self.rest();
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let word = end.and_then(|end| word.get(..end)).unwrap_or(word);
        self.at += word.len();
        match word {
            "in" | "true" | "false" | "null" => TokenKind::Other,
            _ => TokenKind::Name,
        }
    }

    /// A name in backticks, which the parser refuses with a reason of its own.
    fn escaped_name(&mut self) -> Result<TokenKind, SyntaxError> {
        let inside = self.rest().get(1..).unwrap_or_default();
        let legal = |c: char| c.is_ascii_alphanumeric() || "_.-/ ".contains(c);
        let end = inside.find(|c: char| !legal(c)).unwrap_or(inside.len());
        if end == 0 || inside.as_bytes().get(end) != Some(&b'`') {
            return Err(self.unexpected());
        }
        self.at += end + 2;
        Ok(TokenKind::Name)
    }

    fn number(&mut self) -> TokenKind {
        let digits = |scan: &Self, ahead: usize| {
            let rest = scan.text.as_bytes().get(scan.at + ahead..).unwrap_or_default();
            rest.iter().take_while(|b| b.is_ascii_digit()).count()
        };
        let unsigned = |scan: &mut Self| {
            scan.at += usize::from(matches!(scan.byte(0), b'u' | b'U'));
            TokenKind::Number
        };
        if self.rest().starts_with("0x") && self.byte(2).is_ascii_hexdigit() {
            let hex = self.rest().bytes().skip(2).take_while(u8::is_ascii_hexdigit).count();
            self.at += 2 + hex;
            return unsigned(self);
        }
        self.at += digits(self, 0);
        let mut whole = true;
        if self.byte(0) == b'.' && digits(self, 1) > 0 {
            self.at += 1 + digits(self, 1);
            whole = false;
        }
        if matches!(self.byte(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte(1), b'+' | b'-'));
            let exponent = digits(self, 1 + sign);
            if exponent > 0 {
                self.at += 1 + sign + exponent;
                whole = false;
            }
        }
        if whole { unsigned(self) } else { TokenKind::Number }
    }

    /// How many bytes stand before the quote of a string: `r`, `b` or `br`; 0 when none follows.
    fn prefix(&self) -> usize {
        let quote = |ahead| matches!(self.byte(ahead), b'"' | b'\'');
        let bytes = matches!(self.byte(0), b'b' | b'B');
        match (self.byte(1), bytes) {
            _ if quote(1) => 1,
            (b'r' | b'R', true) if quote(2) => 2,
            _ => 0,
        }
    }

    fn quoted(&mut self, prefix: usize) -> Result<TokenKind, SyntaxError> {
        let start = self.at;
        let raw = self.rest().bytes().take(prefix).any(|b| matches!(b, b'r' | b'R'));
        self.at += prefix;
        let quote = self.byte(0);
        let triple = self.byte(1) == quote && self.byte(2) == quote;
        self.at += if triple { 3 } else { 1 };
        let fail = |kind, end| Err(SyntaxError::new(kind, self.text, start..end));
        loop {
            let (byte, end) = (self.byte(0), self.at >= self.text.len());
            match byte {
                _ if end => return fail(SyntaxErrorKind::UnclosedString, self.at),
                b'\n' | b'\r' if !triple => {
                    return fail(SyntaxErrorKind::UnclosedString, self.at);
                }
                b'\\' if !raw => match escape_length(self.rest()) {
                    Some(length) => self.at += length,
                    None => return Err(self.bad_escape()),
                },
                _ if byte != quote => self.at += 1,
                _ if !triple => {
                    self.at += 1;
                    return Ok(TokenKind::Quoted);
                }
                _ if self.byte(1) == quote && self.byte(2) == quote => {
                    self.at += 3;
                    return Ok(TokenKind::Quoted);
                }
                _ => self.at += 1,
            }
        }
    }

    fn bad_escape(&self) -> SyntaxError {
        let after = self.rest().chars().nth(1).map_or(0, char::len_utf8);
        let range = self.at..self.at + 1 + after;
        SyntaxError::new(SyntaxErrorKind::BadEscape, self.text, range)
    }

    fn bracket(&mut self) -> TokenKind {
        self.open.push(self.list.len());
        self.at += 1;
        TokenKind::Open
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let open = self.open.pop();
        let text = |index: usize| {
            let token = self.list.get(index)?;
            self.text.get(token.start..token.end)
        };
        let closing = match open.and_then(text) {
            Some("(") => ")",
            Some("[") => "]",
            _ => "}",
        };
        let (Some(open), true) = (open, self.rest().starts_with(closing)) else {
            return Err(SyntaxError::new(SyntaxErrorKind::Unopened, self.text, start..start + 1));
        };
        let own = self.list.len();
        if let Some(token) = self.list.get_mut(open) {
            token.pair = own;
        }
        self.at += 1;
        self.list.push(Token { kind: TokenKind::Close, start, end: self.at, pair: open });
        Ok(())
    }

    fn operator(&mut self) -> Result<TokenKind, SyntaxError> {
        let rest = self.rest();
        match OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
            Some(operator) => {
                self.at += operator.len();
                Ok(TokenKind::Other)
            }
            None => Err(self.unexpected()),
        }
    }

    fn unexpected(&self) -> SyntaxError {
        let length = self.rest().chars().next().map_or(0, char::len_utf8);
        let range = self.at..self.at + length;
        SyntaxError::new(SyntaxErrorKind::Character, self.text, range)
    }
}

/// The length of the escape that a text starts with, if it is one of CEL's.
fn escape_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let hex = |from: usize, count: usize| {
        let digits = bytes.get(from..from + count)?;
        digits.iter().all(u8::is_ascii_hexdigit).then_some(from + count)
    };
    let octal = |b: Option<&u8>| b.is_some_and(|b| matches!(b, b'0'..=b'7'));
    match bytes.get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => {
            Some(2)
        }
        b'x' | b'X' => hex(2, 2),
        b'u' => hex(2, 4),
        b'U' => hex(2, 8),
        b'0'..=b'3' if octal(bytes.get(2)) && octal(bytes.get(3)) => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_tokens() {
        let cases: &[(&str, &[&str])] = &[
            ("a.b1 == 'x'", &["a", ".", "b1", "==", "'x'"]),
            ("1.5e3+.5-1u", &["1.5e3", "+", ".5", "-", "1u"]),
            ("1e x 0x1Fu 0xg", &["1", "e", "x", "0x1Fu", "0", "xg"]),
            ("1.a", &["1", ".", "a"]),
            (r#"b"a" br'\' r"\d" R'x'"#, &[r#"b"a""#, r"br'\'", r#"r"\d""#, "R'x'"]),
            (r#""a\"b" '''x'y''' """a""b""""#, &[r#""a\"b""#, "'''x'y'''", r#""""a""b""""#]),
            ("a // b\n && c //", &["a", "&&", "c"]),
            ("\"é\"+'\\u00e9'", &["\"é\"", "+", "'\\u00e9'"]),
            ("bar rb", &["bar", "rb"]),
        ];
        for (text, expected) in cases {
            let tokens = scan(text).unwrap();
            let found: Vec<_> = (0..tokens.list.len()).map(|i| tokens.text(i)).collect();
            assert_eq!(&found, expected, "{text}");
        }
    }

    #[test]
    fn err_tokens() {
        use SyntaxErrorKind as K;
        for (text, kind, range) in [
            ("a = b", K::Character, 2..3),
            ("a & b", K::Character, 2..3),
            ("é", K::Character, 0..2),
            ("a == 'b", K::UnclosedString, 5..7),
            ("'a\nb'", K::UnclosedString, 0..2),
            (r"'\d'", K::BadEscape, 1..3),
            (r"'\400'", K::BadEscape, 1..3),
            ("(a", K::Unclosed, 0..1),
            ("a)", K::Unopened, 1..2),
            ("(a]", K::Unopened, 2..3),
        ] {
            let error = scan(text).unwrap_err();
            assert_eq!((error.kind(), error.range()), (&kind, range), "{text}");
        }
    }
}
