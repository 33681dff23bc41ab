//! Parsing: from a text to a tree, or to an error that says where and what to write instead.

use std::fmt;
use std::ops::Range;

use cel::parser::{ParseError, Parser};

use crate::lower;
use crate::node::Tree;
use crate::token::{self, Tokens};

/// The most characters that an expression may have, in cel-go and in Envoy.
const MAX_LENGTH: usize = 100_000;

/// How many expressions cel-go lets stand in one another.
const MAX_NESTING: usize = 250;

/// Up to which nesting, and which depth of the tree, the parser is asked. What Envoy loads is less
/// deep by far.
const MAX_PARSED: usize = 64;
const MAX_DEPTH: usize = 250;

/// A text is no CEL expression: Istio's admission webhook and Envoy both refuse it.
///
/// ```
/// let error = expression::Expression::parse("response.code = 500").unwrap_err();
/// assert_eq!((error.offset(), error.length()), (14, 1));
/// assert_eq!(error.to_string(), "unexpected character `=`");
/// assert_eq!(error.suggestion(), Some("=="));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    kind: SyntaxErrorKind,
    found: String,
    range: Range<usize>,
    suggestion: Option<String>,
}

/// What is wrong with a text that is no CEL expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// There is nothing but white space and comments.
    Empty,
    /// More characters than an expression may have.
    TooLong,
    /// More expressions in one another than cel-go takes.
    TooDeep,
    /// A character that starts no token.
    Character,
    /// A string without its closing quote.
    UnclosedString,
    /// A backslash that starts no escape of CEL.
    BadEscape,
    /// A bracket that is not closed.
    Unclosed,
    /// A closing bracket that does not belong to the one opened last.
    Unopened,
    /// A token that cannot stand where it stands.
    Unexpected,
    /// The text ends where something must follow.
    UnexpectedEnd,
    /// A reserved word used as a name.
    Reserved,
    /// The argument of `has()` is no selection of a field.
    HasArgument,
    /// The variable of a macro such as `all` is no simple name.
    MacroVariable,
    /// A number that its type cannot hold.
    NumberTooLarge,
    /// An escape that stands for no character.
    BadCharacter,
    /// A field in backticks, `.?` or `[?`: extensions of CEL that Istio does not turn on.
    Extension,
}

impl SyntaxError {
    pub(crate) fn new(kind: SyntaxErrorKind, text: &str, range: Range<usize>) -> Self {
        let found = text.get(range.clone()).unwrap_or_default().to_owned();
        let before = text.get(..range.start).unwrap_or_default();
        let suggestion = suggestion(&kind, &found, before);
        Self { kind, found, range, suggestion }
    }

    /// What is wrong.
    pub fn kind(&self) -> &SyntaxErrorKind {
        &self.kind
    }

    /// Where it is wrong: a byte offset into the text.
    pub fn offset(&self) -> usize {
        self.range.start
    }

    /// How many bytes are wrong; 0 at the end of the text.
    pub fn length(&self) -> usize {
        self.range.len()
    }

    /// The bytes of the text that are wrong.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What to write in place of the wrong part, where that can be told.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = crate::text::clipped(&self.found);
        match self.kind {
            SyntaxErrorKind::Empty => f.write_str("the expression is empty"),
            SyntaxErrorKind::TooLong => write!(f, "longer than {MAX_LENGTH} characters"),
            SyntaxErrorKind::TooDeep => {
                write!(f, "more than {MAX_NESTING} expressions in one another")
            }
            SyntaxErrorKind::Character => write!(f, "unexpected character `{found}`"),
            SyntaxErrorKind::UnclosedString => f.write_str("the string has no closing quote"),
            SyntaxErrorKind::BadEscape => write!(f, "`{found}` is no escape of CEL"),
            SyntaxErrorKind::Unclosed => write!(f, "`{found}` is not closed"),
            SyntaxErrorKind::Unopened => write!(f, "`{found}` closes nothing"),
            SyntaxErrorKind::Unexpected => write!(f, "unexpected `{found}`"),
            SyntaxErrorKind::UnexpectedEnd => f.write_str("the expression ends too early"),
            SyntaxErrorKind::Reserved => write!(f, "`{found}` is a reserved word"),
            SyntaxErrorKind::HasArgument => {
                f.write_str("`has()` takes a field, such as `request.path`")
            }
            SyntaxErrorKind::MacroVariable => f.write_str("a simple name must stand here"),
            SyntaxErrorKind::NumberTooLarge => write!(f, "the number `{found}` is too large"),
            SyntaxErrorKind::BadCharacter => {
                write!(f, "`{found}` has an escape of no character")
            }
            SyntaxErrorKind::Extension => {
                write!(f, "`{found}` starts syntax that Istio does not turn on")
            }
        }
    }
}

impl std::error::Error for SyntaxError {}

/// Parses a text as Istio's admission webhook does: cel-go, with its standard macros.
pub(crate) fn parse(text: &str) -> Result<Tree, SyntaxError> {
    let whole = || 0..text.len();
    if text.chars().count() > MAX_LENGTH {
        return Err(SyntaxError::new(SyntaxErrorKind::TooLong, text, whole()));
    }
    let tokens = token::scan(text)?;
    if tokens.list.is_empty() {
        return Err(SyntaxError::new(SyntaxErrorKind::Empty, text, whole()));
    }
    let nesting = tokens.nesting();
    if nesting > MAX_NESTING {
        return Err(SyntaxError::new(SyntaxErrorKind::TooDeep, text, whole()));
    }
    if nesting > MAX_PARSED || tokens.depth() > MAX_DEPTH {
        return Ok(Tree::too_deep());
    }
    let depth = u16::try_from(MAX_PARSED).unwrap_or(u16::MAX);
    match Parser::new().max_recursion_depth(depth).parse_with_source_info(text) {
        Ok((expression, offsets)) => Ok(lower::tree(&expression, &offsets, &tokens)),
        Err(errors) => Err(errors.errors.first().map_or_else(
            || SyntaxError::new(SyntaxErrorKind::Unexpected, text, whole()),
            |error| translate(error, &tokens),
        )),
    }
}

/// The error of the parser in our words, at the token that it points to.
fn translate(error: &ParseError, tokens: &Tokens<'_>) -> SyntaxError {
    use SyntaxErrorKind as K;
    let starts = |prefix: &str| error.msg.starts_with(prefix);
    let in_macro = starts("invalid argument") || starts("argument");
    let offset = offset(tokens.text, error.pos, in_macro);
    let index = tokens.list.partition_point(|token| token.end <= offset);
    let Some(token) = tokens.list.get(index) else {
        let end = tokens.text.len();
        return SyntaxError::new(K::UnexpectedEnd, tokens.text, end..end);
    };
    let kind = match () {
        () if starts("reserved") => K::Reserved,
        () if starts("invalid argument") => K::HasArgument,
        () if starts("argument") => K::MacroVariable,
        () if starts("invalid string") || starts("invalid bytes") => K::BadCharacter,
        () if starts("invalid") => K::NumberTooLarge,
        () if starts("unsupported") => K::Extension,
        () => K::Unexpected,
    };
    // `a <> b` is one mistake, not two tokens.
    let unequal = kind == K::Unexpected
        && tokens.text(index) == ">"
        && index.checked_sub(1).is_some_and(|before| tokens.text(before) == "<");
    let start = if unequal { tokens.start(index - 1) } else { token.start };
    SyntaxError::new(kind, tokens.text, start..token.end)
}

/// The byte that a line and a column stand for, both counted from 1. Columns count characters,
/// except in the errors of macros, where they count bytes.
fn offset(text: &str, (line, column): (isize, isize), in_bytes: bool) -> usize {
    let from_one = |number: isize| usize::try_from(number - 1).unwrap_or(0);
    let mut lines = text.split_inclusive('\n');
    let before: usize = lines.by_ref().take(from_one(line)).map(str::len).sum();
    let line = lines.next().unwrap_or_default();
    let column = from_one(column);
    let within = match line.char_indices().nth(column) {
        _ if in_bytes => column.min(line.len()),
        Some((at, _)) => at,
        None => line.len(),
    };
    before + within
}

/// What was meant, for mistakes that come from other languages.
fn suggestion(kind: &SyntaxErrorKind, found: &str, before: &str) -> Option<String> {
    let meant = match (kind, found) {
        (SyntaxErrorKind::Character, "=") if !before.ends_with("==") && !before.ends_with("!=") => {
            "=="
        }
        (SyntaxErrorKind::Character, "&") => "&&",
        (SyntaxErrorKind::Character, "|") => "||",
        (SyntaxErrorKind::Character, "\u{201c}" | "\u{201d}" | "\u{2018}" | "\u{2019}") => "\"",
        (SyntaxErrorKind::Unexpected, "<>") => "!=",
        (SyntaxErrorKind::Unexpected, word) if word.eq_ignore_ascii_case("and") => "&&",
        (SyntaxErrorKind::Unexpected, word) if word.eq_ignore_ascii_case("or") => "||",
        (SyntaxErrorKind::BadEscape, escape) => return Some(format!("\\{escape}")),
        _ => return None,
    };
    Some(meant.to_owned())
}

#[cfg(test)]
mod tests;
