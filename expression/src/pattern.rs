//! Patterns of `matches()`: what RE2 refuses, and the same search with the `regex` crate.

use regex::bytes::{Regex, RegexBuilder};

/// A pattern, checked as RE2 checks it.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Option<Regex>,
    refusal: Option<String>,
}

impl Pattern {
    /// Compiles a pattern.
    pub(crate) fn new(text: &str) -> Self {
        match RegexBuilder::new(text).unicode(true).build() {
            Ok(regex) => Self { regex: Some(regex), refusal: None },
            Err(error) => Self { regex: None, refusal: Some(error.to_string()) },
        }
    }

    /// Why Envoy refuses the pattern.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Whether RE2's program for the pattern is larger than Envoy takes.
    pub(crate) fn is_too_large(&self) -> bool {
        false
    }

    /// Whether the pattern is found in a text; `None` when it cannot be told.
    pub(crate) fn is_match(&self, text: &[u8]) -> Option<bool> {
        self.regex.as_ref().map(|regex| regex.is_match(text))
    }

    /// The first group of a match of the whole text.
    pub(crate) fn capture(&self, text: &[u8]) -> Option<Option<Vec<u8>>> {
        let regex = self.regex.as_ref()?;
        let found =
            regex.captures(text).filter(|c| c.get(0).is_some_and(|m| m.range() == (0..text.len())));
        Some(found.and_then(|c| c.get(1).map(|group| group.as_bytes().to_vec())))
    }

    /// The first match, rewritten.
    pub(crate) fn extract(&self, text: &[u8], rewrite: &[u8]) -> Option<Option<Vec<u8>>> {
        let regex = self.regex.as_ref()?;
        let Some(captures) = regex.captures(text) else { return Some(None) };
        let mut out = Vec::new();
        let mut bytes = rewrite.iter();
        while let Some(&byte) = bytes.next() {
            match (byte, (byte == b'\\').then(|| bytes.next()).flatten()) {
                (b'\\', Some(digit @ b'0'..=b'9')) => {
                    let group = usize::from(digit - b'0');
                    if group >= captures.len() {
                        return Some(None);
                    }
                    out.extend_from_slice(captures.get(group).map_or(b"", |g| g.as_bytes()));
                }
                (b'\\', Some(b'\\')) => out.push(b'\\'),
                (b'\\', _) => return Some(None),
                (other, _) => out.push(other),
            }
        }
        Some(Some(out))
    }
}
