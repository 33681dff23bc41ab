//! A scanner over JSON text that checks it and borrows from it.

/// How deep objects and arrays may nest; hostile input must not exhaust the stack.
const MAX_DEPTH: usize = 64;

/// A cursor over JSON text. Every method moves past what it checked, or gives `None` and leaves
/// the cursor where the text stopped being JSON.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

/// Where the body of a JSON string stands, quotes left out, and whether it holds escapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StringSpan {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) escaped: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The offset of the cursor.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The next byte that is no white space, without moving past it.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Moves past `byte` if it comes next.
    pub(crate) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Whether only white space is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Moves past a string.
    pub(crate) fn string(&mut self) -> Option<StringSpan> {
        self.eat(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.get(self.at..)?;
            let step = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | 0..0x20));
            self.at += step.unwrap_or(rest.len());
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return None,
            }
        }
        let end = self.at;
        self.at += 1;
        std::str::from_utf8(self.text.get(start..end)?).ok()?;
        Some(StringSpan { start, end, escaped })
    }

    fn escape(&mut self) -> Option<()> {
        let length = match self.text.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 2,
            b'u' => {
                let digits = self.text.get(self.at + 2..self.at + 6)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(6)?
            }
            _ => return None,
        };
        self.at += length;
        Some(())
    }

    /// Moves past a number.
    pub(crate) fn number(&mut self) -> Option<()> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.text.get(self.at)? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.text.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.text.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        (count > 0).then_some(())
    }

    /// Moves past one of the words `true`, `false` and `null`.
    pub(crate) fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    /// Moves past a value of any type.
    pub(crate) fn value(&mut self) -> Option<()> {
        self.value_at(0)
    }

    fn value_at(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' if depth < MAX_DEPTH => self.items(b'{', b'}', |s| {
                s.string()?;
                s.eat(b':')?;
                s.value_at(depth + 1)
            }),
            b'[' if depth < MAX_DEPTH => self.items(b'[', b']', |s| s.value_at(depth + 1)),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn items(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.eat(open)?;
        if self.eat(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.eat(close),
            }
        }
    }
}

/// Whether `text` is one JSON value and nothing else, not even white space around it.
pub(crate) fn is_json_value(text: &[u8]) -> bool {
    let edges = [text.first(), text.last()];
    if edges.iter().any(|edge| edge.is_none_or(u8::is_ascii_whitespace)) {
        return false;
    }
    let mut scanner = Scanner::new(text);
    scanner.value().is_some() && scanner.at() == text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for ok in [
            r#""""#,
            r#""a\u00e9\"""#,
            "0",
            "-1.5e+3",
            "true",
            "null",
            "[]",
            "{}",
            r#"{"a":[1,{"b":null}],"c":"d"}"#,
            "[1, 2]",
        ] {
            assert!(is_json_value(ok.as_bytes()), "{ok}");
        }
        for bad in [
            "",
            " 1",
            "1 ",
            "01",
            "1.",
            "-",
            "tru",
            "nullx",
            "[1,]",
            r#"{"a"}"#,
            r#"{"a":1,}"#,
            "\"a\nb\"",
            r#""\x""#,
            r#""\u12g4""#,
            "[",
            "{",
            "\"",
            "\"\\\"",
            "'a'",
        ] {
            assert!(!is_json_value(bad.as_bytes()), "{bad}");
        }
        assert!(!is_json_value(b"\"\xff\""));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(is_json_value(deep(MAX_DEPTH).as_bytes()));
        assert!(!is_json_value(deep(100_000).as_bytes()));
    }
}
