//! What Envoy's JSON logger printed, byte for byte.
//!
//! Envoy prints a value that is not UTF-8 with each byte from 0x80 on as `\u0080` to `\u00ff`, and
//! prints valid UTF-8 as it is; so the exact bytes can be recovered, but only by a reader that sees
//! the escapes. An ordinary JSON parser does not, hence this one.

use std::collections::BTreeMap;
use std::fmt;

/// A JSON value whose strings are bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Truth {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it is written.
    Number(String),
    /// A string.
    Text(Vec<u8>),
    /// An array.
    List(Vec<Truth>),
    /// An object; the order of its members says nothing.
    Object(BTreeMap<String, Truth>),
}

impl Truth {
    /// Reads one JSON value, which must be all of `bytes`.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut parser = Parser { rest: bytes };
        let value = parser.value()?;
        parser.skip_blanks();
        parser.rest.is_empty().then_some(value)
    }

    /// The members of an object.
    pub fn members(&self) -> &BTreeMap<String, Truth> {
        match self {
            Self::Object(members) => members,
            other => panic!("{other:?} is no object"),
        }
    }

    /// Writes the value as compact JSON, as Envoy does inside a text line.
    pub fn compact(&self) -> Vec<u8> {
        let join = |open: u8, items: Vec<Vec<u8>>, close: u8| {
            let mut out = vec![open];
            out.extend(items.join(&b','));
            out.push(close);
            out
        };
        match self {
            Self::Null => b"null".to_vec(),
            Self::Bool(value) => value.to_string().into_bytes(),
            Self::Number(text) => text.clone().into_bytes(),
            Self::Text(bytes) => quote(bytes),
            Self::List(items) => join(b'[', items.iter().map(Self::compact).collect(), b']'),
            Self::Object(members) => {
                let member = |(key, value): (&String, &Self)| {
                    [quote(key.as_bytes()), value.compact()].join(&b':')
                };
                join(b'{', members.iter().map(member).collect(), b'}')
            }
        }
    }
}

impl fmt::Debug for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            other => write!(f, "{}", other.compact().escape_ascii()),
        }
    }
}

fn quote(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', *byte]),
            b'\t' => out.extend(b"\\t"),
            b'\n' => out.extend(b"\\n"),
            other => out.push(*other),
        }
    }
    out.push(b'"');
    out
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl Parser<'_> {
    fn value(&mut self) -> Option<Truth> {
        self.skip_blanks();
        match self.rest.first()? {
            b'{' => self.object(),
            b'[' => self.list(),
            b'"' => Some(Truth::Text(self.string()?)),
            b'n' => self.word("null", Truth::Null),
            b't' => self.word("true", Truth::Bool(true)),
            b'f' => self.word("false", Truth::Bool(false)),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Option<Truth> {
        let mut members = BTreeMap::new();
        self.take(b"{")?;
        while self.take(b"}").is_none() {
            if !members.is_empty() {
                self.take(b",")?;
            }
            self.skip_blanks();
            let key = String::from_utf8(self.string()?).ok()?;
            self.take(b":")?;
            let value = self.value()?;
            // A key that comes twice makes the object unreadable.
            members.insert(key, value).is_none().then_some(())?;
        }
        Some(Truth::Object(members))
    }

    fn list(&mut self) -> Option<Truth> {
        let mut items = Vec::new();
        self.take(b"[")?;
        while self.take(b"]").is_none() {
            if !items.is_empty() {
                self.take(b",")?;
            }
            items.push(self.value()?);
        }
        Some(Truth::List(items))
    }

    fn number(&mut self) -> Option<Truth> {
        let end = self
            .rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let text = String::from_utf8(text.to_vec()).ok()?;
        text.parse::<f64>().ok()?;
        Some(Truth::Number(text))
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.rest = self.rest.strip_prefix(b"\"")?;
        let mut out = Vec::new();
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(out),
                b'\\' => self.escape(&mut out)?,
                0..0x20 => return None,
                _ => out.push(byte),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let (&kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        match kind {
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let (digits, rest) = self.rest.split_at_checked(4)?;
                self.rest = rest;
                let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
                // Envoy escapes control characters and the bytes of invalid UTF-8, nothing else.
                out.push(u8::try_from(code).ok()?);
            }
            b'"' | b'\\' | b'/' => out.push(kind),
            _ => return None,
        }
        Some(())
    }

    fn word(&mut self, word: &str, value: Truth) -> Option<Truth> {
        self.rest = self.rest.strip_prefix(word.as_bytes())?;
        Some(value)
    }

    fn take(&mut self, bytes: &[u8]) -> Option<()> {
        self.skip_blanks();
        self.rest = self.rest.strip_prefix(bytes)?;
        Some(())
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_back_to_the_bytes_that_envoy_had() {
        let cases: &[(&[u8], &[u8])] = &[
            (br#""caf\u00e9""#, b"caf\xe9"),
            ("\"café\"".as_bytes(), "café".as_bytes()),
            (br#""a\"b\\c\u0001\t""#, b"a\"b\\c\x01\t"),
        ];
        for (json, bytes) in cases {
            assert_eq!(Truth::parse(json), Some(Truth::Text(bytes.to_vec())));
        }
    }

    #[test]
    fn what_is_no_json_of_envoys_is_refused() {
        for json in [r#"{"a":1,"a":2}"#, r#"{"a":1} x"#, r#""\u4e2d""#, "{\"a\":\"\n\"}", "01x", ""]
        {
            assert_eq!(Truth::parse(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn values_are_written_as_envoy_writes_them_in_text() {
        let json = br#"{"b": [1, 2.5, "x \" y"], "a": {"n": null, "t": true}}"#;
        let compact = Truth::parse(json).unwrap().compact();
        assert_eq!(compact, br#"{"a":{"n":null,"t":true},"b":[1,2.5,"x \" y"]}"#);
    }
}
