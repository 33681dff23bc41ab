//! Reads kubectl's `-l`.

use std::collections::BTreeSet;

use super::{Requirement, key};

/// A text that is no label selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: expected {expected}, found {found}")]
pub struct SelectorError {
    /// Where the wrong part starts: a column in characters, from 1.
    pub column: usize,
    /// What was expected there.
    pub expected: &'static str,
    /// What stands there: a text in backticks, or `the end`.
    pub found: String,
}

/// The most characters of a wrong part that an error repeats.
const SHOWN: usize = 40;

/// Reads requirements up to the end of `text`.
pub(super) fn parse(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut input = Input { text, at: 0 };
    let mut requirements = Vec::new();
    if input.peek() == Token::End {
        return Ok(requirements);
    }
    loop {
        requirements.push(requirement(&mut input)?);
        match input.next() {
            (_, Token::End) => return Ok(requirements),
            (_, Token::Sign(",")) => {}
            (at, token) => return Err(input.error(at, "`,` or the end", token)),
        }
    }
}

/// Reads one requirement.
fn requirement(input: &mut Input<'_>) -> Result<Requirement, SelectorError> {
    if input.peek() == Token::Sign("!") {
        input.next();
        return Ok(Requirement::DoesNotExist { key: input.key()? });
    }
    let key = input.key()?;
    let (at, token) = match input.peek() {
        Token::End | Token::Sign(",") => return Ok(Requirement::Exists { key }),
        _ => input.next(),
    };
    match token {
        Token::Sign("=" | "==") => Ok(Requirement::In { key, values: one(input)? }),
        Token::Sign("!=") => Ok(Requirement::NotIn { key, values: one(input)? }),
        Token::Word("in") => Ok(Requirement::In { key, values: list(input)? }),
        Token::Word("notin") => Ok(Requirement::NotIn { key, values: list(input)? }),
        token => Err(input.error(at, "`=`, `==`, `!=`, `in`, `notin` or `,`", token)),
    }
}

/// Reads the one value behind `=`, which may be empty.
fn one(input: &mut Input<'_>) -> Result<BTreeSet<String>, SelectorError> {
    Ok(BTreeSet::from([input.value()?]))
}

/// Reads the values behind `in`.
fn list(input: &mut Input<'_>) -> Result<BTreeSet<String>, SelectorError> {
    let mut values = BTreeSet::new();
    match input.next() {
        (_, Token::Sign("(")) => {}
        (at, token) => return Err(input.error(at, "`(`", token)),
    }
    loop {
        values.insert(input.value()?);
        match input.next() {
            (_, Token::Sign(",")) => {}
            (_, Token::Sign(")")) => return Ok(values),
            (at, token) => return Err(input.error(at, "`,` or `)`", token)),
        }
    }
}

/// A part of a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    /// `=`, `==`, `!=`, `!`, `(`, `)`, `,`, `<` or `>`.
    Sign(&'t str),
    /// Anything else up to white space or a sign.
    Word(&'t str),
    /// Nothing more.
    End,
}

/// The text of a selector, and how far it was read.
struct Input<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Input<'t> {
    /// The next token, and where it starts.
    fn next(&mut self) -> (usize, Token<'t>) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        let start = self.at + rest.len() - trimmed.len();
        let is_sign = |c: char| matches!(c, '=' | '!' | '(' | ')' | ',' | '<' | '>');
        let length = match trimmed.chars().next() {
            None => 0,
            Some(_) if trimmed.starts_with("==") || trimmed.starts_with("!=") => 2,
            Some(first) if is_sign(first) => 1,
            Some(_) => {
                trimmed.find(|c: char| c.is_whitespace() || is_sign(c)).unwrap_or(trimmed.len())
            }
        };
        let text = trimmed.get(..length).unwrap_or_default();
        self.at = start + length;
        let token = match text.chars().next() {
            None => Token::End,
            Some(first) if is_sign(first) => Token::Sign(text),
            Some(_) => Token::Word(text),
        };
        (start, token)
    }

    /// The next token, left where it is.
    fn peek(&self) -> Token<'t> {
        Input { text: self.text, at: self.at }.next().1
    }

    /// Reads a label's key.
    fn key(&mut self) -> Result<String, SelectorError> {
        match self.next() {
            (_, Token::Word(word)) if key::is_key(word) => Ok(word.to_owned()),
            (at, token) => Err(self.error(at, "a label's key", token)),
        }
    }

    /// Reads a label's value, which is empty where a sign or the end follows.
    fn value(&mut self) -> Result<String, SelectorError> {
        if matches!(self.peek(), Token::End | Token::Sign("," | ")")) {
            return Ok(String::new());
        }
        match self.next() {
            (_, Token::Word(word)) if key::is_value(word) => Ok(word.to_owned()),
            (at, token) => Err(self.error(at, "a label's value", token)),
        }
    }

    /// The error at the byte offset `at`.
    fn error(&self, at: usize, expected: &'static str, token: Token<'_>) -> SelectorError {
        let before = self.text.get(..at).unwrap_or_default();
        let found = match token {
            Token::End => "the end".to_owned(),
            Token::Sign(text) | Token::Word(text) => {
                format!("`{}`", text.chars().take(SHOWN).collect::<String>())
            }
        };
        SelectorError { column: before.chars().count() + 1, expected, found }
    }
}
