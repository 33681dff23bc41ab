//! The grammar of format strings, after Envoy's own:
//! `%([A-Z0-9_]+)(\((.*?)\))?(:([0-9]+))?%`, and `%%` for a percent sign.
//!
//! The argument is lazy: it ends at the first `)` that a `%` or a `:LENGTH%` follows, so it may
//! hold `)` and `%` itself. See `source/common/formatter/substitution_formatter.cc` of Envoy 1.40.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, opt, value};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::{FormatError, FormatErrorKind};

/// A piece of a format string as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Text(&'a str),
    Percent,
    Command(Command<'a>),
}

/// A command operator as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command<'a> {
    pub(super) name: &'a str,
    /// The text between the parentheses.
    pub(super) argument: Option<&'a str>,
    /// The digits after the colon.
    pub(super) length: Option<&'a str>,
}

/// The next token of `input` and what follows it.
pub(super) fn token(input: &str) -> IResult<&str, Token<'_>> {
    alt((
        map(take_till1(|c| c == '%'), Token::Text),
        value(Token::Percent, tag("%%")),
        map(command, Token::Command),
    ))
    .parse(input)
}

fn command(input: &str) -> IResult<&str, Command<'_>> {
    let (rest, name) = preceded(char('%'), take_while1(is_name)).parse(input)?;
    let (rest, (argument, length)) = alt((
        map(end, |length| (None, length)),
        map(argument_and_end, |(argument, length)| (Some(argument), length)),
    ))
    .parse(rest)?;
    Ok((rest, Command { name, argument, length }))
}

fn is_name(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

/// The end of an operator: perhaps `:LENGTH`, then `%`.
fn end(input: &str) -> IResult<&str, Option<&str>> {
    terminated(opt(preceded(char(':'), digit1)), char('%')).parse(input)
}

fn argument_and_end(input: &str) -> IResult<&str, (&str, Option<&str>)> {
    let (inside, _) = char('(').parse(input)?;
    let one_line = inside.split('\n').next().unwrap_or_default();
    let ends = one_line.match_indices(')').find_map(|(at, _)| {
        let (argument, rest) = inside.split_at_checked(at)?;
        let (rest, length) = end(rest.strip_prefix(')')?).ok()?;
        Some((rest, (argument, length)))
    });
    ends.ok_or_else(|| nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Tag)))
}

/// Explains why no token starts at `offset` of `format`.
pub(super) fn explain(format: &str, offset: usize) -> FormatError {
    let rest = format.get(offset..).unwrap_or_default();
    let after = rest.strip_prefix('%').unwrap_or_default();
    let word: &str =
        after.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let (kind, suggestion) = if word.is_empty() {
        (FormatErrorKind::Stray, Some("write `%%` for a percent sign".to_owned()))
    } else if !word.chars().all(is_name) {
        lower_case(word, after)
    } else {
        unclosed(word, after)
    };
    let length = if word.is_empty() { 1 } else { 1 + word.len() };
    FormatError { kind, offset, length, suggestion }
}

fn lower_case(word: &str, after: &str) -> (FormatErrorKind, Option<String>) {
    let upper = word.to_ascii_uppercase();
    let known = crate::operator::operator(&upper).map(|o| o.name);
    let suggestion = match known.or_else(|| super::warning::closest(&upper)) {
        Some(name) => format!("write `%{name}%`"),
        None => "write `%%` for a percent sign".to_owned(),
    };
    let closed = after.get(word.len()..).is_some_and(|rest| rest.starts_with(['%', '(', ':']));
    if closed || known.is_some() {
        (FormatErrorKind::LowerCase { name: word.to_owned() }, Some(suggestion))
    } else {
        (FormatErrorKind::Stray, Some("write `%%` for a percent sign".to_owned()))
    }
}

fn unclosed(word: &str, after: &str) -> (FormatErrorKind, Option<String>) {
    let rest = after.get(word.len()..).unwrap_or_default();
    let suggestion = if rest.starts_with('(') {
        format!("end it with `)%`: `%{word}(...)%`")
    } else {
        format!("write `%{word}%`, or `%%` for a percent sign")
    };
    (FormatErrorKind::Unclosed { name: word.to_owned() }, Some(suggestion))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(
        name: &'a str,
        argument: Option<&'a str>,
        length: Option<&'a str>,
    ) -> Option<Token<'a>> {
        Some(Token::Command(Command { name, argument, length }))
    }

    fn first(format: &str) -> Option<Token<'_>> {
        token(format).ok().map(|(_, token)| token)
    }

    #[test]
    fn tokens() {
        assert_eq!(first("a b%X%"), Some(Token::Text("a b")));
        assert_eq!(first("%%X%"), Some(Token::Percent));
        assert_eq!(first("%X%"), one("X", None, None));
        assert_eq!(first("%X:3%"), one("X", None, Some("3")));
        assert_eq!(first("%X()%"), one("X", Some(""), None));
        assert_eq!(first("%X(a?b):10%"), one("X", Some("a?b"), Some("10")));
        assert_eq!(first("%CEL('(' + ')')%"), one("CEL", Some("'(' + ')'"), None));
        assert_eq!(first("%CEL(a % b)% %X(c)%"), one("CEL", Some("a % b"), None));
        assert_eq!(first("%X(a):b)%"), one("X", Some("a):b"), None));
        assert_eq!(first("%REQ(A)%%REQ(B)%"), one("REQ", Some("A"), None));
    }

    #[test]
    fn no_tokens() {
        for bad in ["%", "% ", "%x%", "%X", "%X(", "%X(a", "%X(a)", "%X(a\n)%", "%X:%", "%X :3%"] {
            assert_eq!(first(bad), None, "{bad:?}");
        }
    }
}
