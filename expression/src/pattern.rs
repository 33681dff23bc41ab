//! Patterns of `matches()`: what RE2 refuses, and the same search with the `regex` crate.

mod class;
mod program;
mod syntax;
mod tree;

use regex::bytes::{Regex, RegexBuilder};

/// The largest program that Envoy takes.
const MAX_PROGRAM: usize = 100;

/// A pattern, checked as RE2 checks it.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Option<Regex>,
    refusal: Option<String>,
    is_too_large: bool,
}

impl Pattern {
    /// Compiles a pattern.
    pub(crate) fn new(text: &str) -> Self {
        let re = match syntax::parse(text) {
            Ok(re) => re,
            Err(reason) => return Self { regex: None, refusal: Some(reason), is_too_large: false },
        };
        if program::size(&re).is_none_or(|size| size > MAX_PROGRAM) {
            return Self { regex: None, refusal: None, is_too_large: true };
        }
        let mut own = String::new();
        re.write(&mut own);
        let regex = RegexBuilder::new(&own).build().ok();
        Self { regex, refusal: None, is_too_large: false }
    }

    /// Why RE2 refuses the pattern.
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    /// Whether RE2's program for the pattern is larger than Envoy takes.
    pub(crate) fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// Whether the pattern is found in a text; `None` when it cannot be told.
    pub(crate) fn is_match(&self, text: &[u8]) -> Option<bool> {
        self.regex.as_ref().map(|regex| regex.is_match(text))
    }

    /// The first group of a match of the whole text; an inner none when there is none.
    pub(crate) fn capture(&self, text: &[u8]) -> Option<Option<Vec<u8>>> {
        let regex = self.regex.as_ref()?;
        let is_whole = |captures: &regex::bytes::Captures<'_>| {
            captures.get(0).is_some_and(|all| all.range() == (0..text.len()))
        };
        let found = regex.captures(text).filter(is_whole);
        Some(found.and_then(|captures| captures.get(1).map(|group| group.as_bytes().to_vec())))
    }

    /// The first match, rewritten; an inner none when there is none or the rewriting is wrong.
    pub(crate) fn extract(&self, text: &[u8], rewrite: &[u8]) -> Option<Option<Vec<u8>>> {
        let captures = self.regex.as_ref()?.captures(text);
        Some(captures.and_then(|captures| rewritten(&captures, rewrite)))
    }
}

/// A rewriting with its `\0` to `\9` filled in.
fn rewritten(captures: &regex::bytes::Captures<'_>, rewrite: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut bytes = rewrite.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next()? {
            digit @ b'0'..=b'9' => {
                let group = usize::from(digit - b'0');
                if group >= captures.len() {
                    return None;
                }
                out.extend_from_slice(captures.get(group).map_or(b"", |group| group.as_bytes()));
            }
            b'\\' => out.push(b'\\'),
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests;
