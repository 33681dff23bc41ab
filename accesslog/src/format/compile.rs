//! From tokens to a program.

use super::argument;
use super::field::Field;
use super::grammar::{self, Command, Token};
use super::key::Keys;
use super::warning::{self, Warning, WarningKind};
use super::{Encoding, Format, FormatError, FormatErrorKind, FormatOptions, Segment};
use crate::operator::{self, Argument, Operator};
use crate::read::Plan;
use crate::record::{PlainFields, WellKnown};

/// The most fields that a format may have.
pub(crate) const MAX_FIELDS: usize = 512;

/// Compiles a text format string.
pub(super) fn text(text: &str, options: &FormatOptions) -> Result<Format, FormatError> {
    let mut parts = Parts::default();
    parts.parse(text, 0)?;
    parts.drop_final_newline();
    let Parts { segments, mut fields } = parts;
    name_fields(&mut fields, options);
    let mut warnings = warning::collect(&segments, &fields);
    let mut format = Format {
        text: text.to_owned(),
        encoding: Encoding::Text,
        well_known: WellKnown::index(&fields),
        plan: Plan::new(&segments, &fields, options.omit_empty_values),
        plain_fields: PlainFields::new(&fields, options.omit_empty_values),
        segments,
        fields,
        warnings: Vec::new(),
        omit_empty_values: options.omit_empty_values,
        templates: Vec::new(),
    };
    let lines = format.lines_per_record();
    if lines > 1 {
        let at = memchr::memchr(b'\n', text.as_bytes()).unwrap_or_default();
        warnings.insert(0, Warning::new(WarningKind::SeveralLines { lines }, at, 1));
    }
    format.warnings = warnings;
    Ok(format)
}

/// Gives every field its key.
pub(super) fn name_fields(fields: &mut [Field], options: &FormatOptions) {
    let mut keys = Keys::default();
    let renamed: Vec<_> = fields.iter().map(|field| options.renamed(&field.text)).collect();
    // What the user chose is not taken away by what the rule gives.
    renamed.iter().flatten().for_each(|key| keys.reserve(key));
    for ((index, field), renamed) in fields.iter_mut().enumerate().zip(renamed) {
        let renamed = renamed.map(str::to_owned);
        let key = match &renamed {
            Some(key) => keys.claim_reserved(key),
            None => keys.claim(field.own_key()),
        };
        // A JSON log nests its values: the member's name is the last part of the path.
        let member = renamed.or_else(|| field.path.last().cloned());
        field.set_key(key, member);
        field.extra = options.extra_from.is_some_and(|from| index >= from);
    }
}

/// The pieces of a format string while it is compiled.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) segments: Vec<Segment>,
    pub(super) fields: Vec<Field>,
}

impl Parts {
    /// Adds the pieces of `text`, which stands at `base` of the whole format string.
    pub(super) fn parse(&mut self, text: &str, base: usize) -> Result<(), FormatError> {
        let mut rest = text;
        while !rest.is_empty() {
            let offset = text.len() - rest.len();
            let (after, token) =
                grammar::token(rest).map_err(|_| shifted(grammar::explain(text, offset), base))?;
            match token {
                Token::Text(literal) => self.literal(literal.as_bytes()),
                Token::Percent => self.literal(b"%"),
                Token::Command(command) => {
                    let whole = rest.get(..rest.len() - after.len()).unwrap_or(rest);
                    let mut field =
                        field(command, whole, offset).map_err(|error| shifted(error, base))?;
                    field.offset = base + offset;
                    self.field(field)?;
                }
            }
            rest = after;
        }
        Ok(())
    }

    fn literal(&mut self, bytes: &[u8]) {
        match self.segments.last_mut() {
            Some(Segment::Literal(last)) => last.extend_from_slice(bytes),
            _ => self.segments.push(Segment::Literal(bytes.to_vec())),
        }
    }

    fn field(&mut self, field: Field) -> Result<(), FormatError> {
        if self.fields.len() == MAX_FIELDS {
            let (offset, length) = (field.offset, field.text.len());
            let kind = FormatErrorKind::TooManyFields;
            return Err(FormatError { kind, offset, length, suggestion: None });
        }
        self.segments.push(Segment::Field(self.fields.len()));
        self.fields.push(field);
        Ok(())
    }

    fn drop_final_newline(&mut self) {
        if let Some(Segment::Literal(last)) = self.segments.last_mut() {
            if last.last() == Some(&b'\n') {
                last.pop();
            }
            if last.is_empty() {
                self.segments.pop();
            }
        }
    }
}

fn shifted(error: FormatError, base: usize) -> FormatError {
    FormatError { offset: error.offset + base, ..error }
}

/// Compiles one command operator, written as `whole` at `offset`.
fn field(command: Command<'_>, whole: &str, offset: usize) -> Result<Field, FormatError> {
    let max_length = max_length(command, whole, offset)?;
    let operator = operator::operator(command.name);
    if let Some(operator) = operator {
        check(operator, command, whole, offset)?;
    }
    Ok(Field::new(operator, command, whole, max_length))
}

fn max_length(
    command: Command<'_>,
    whole: &str,
    offset: usize,
) -> Result<Option<u32>, FormatError> {
    let Some(digits) = command.length else {
        return Ok(None);
    };
    // Envoy reads it as a 64-bit number; what is longer than any line cuts nothing.
    let length: u64 = digits.parse().map_err(|_| FormatError {
        kind: FormatErrorKind::BadLength,
        offset: offset + whole.len() - 1 - digits.len(),
        length: digits.len(),
        suggestion: None,
    })?;
    Ok(Some(u32::try_from(length).unwrap_or(u32::MAX)))
}

/// Checks argument and length of a known operator.
fn check(
    operator: &'static Operator,
    command: Command<'_>,
    whole: &str,
    offset: usize,
) -> Result<(), FormatError> {
    let name = operator.name;
    let inside = offset + 1 + name.len();
    let fail =
        |kind, at, length, suggestion| Err(FormatError { kind, offset: at, length, suggestion });
    match (operator.argument, command.argument) {
        (Argument::None, Some(argument)) if !argument.is_empty() => {
            let kind = FormatErrorKind::NoArgument { name };
            return fail(kind, inside, argument.len() + 2, Some(format!("write `%{name}%`")));
        }
        (Argument::Required(argument), None) => {
            let kind = FormatErrorKind::NeedsArgument { name };
            let suggestion = Some(format!("write `%{name}({})%`", argument.placeholder()));
            return fail(kind, offset, whole.len(), suggestion);
        }
        _ => {}
    }
    if let (Some(digits), false) = (command.length, operator.length) {
        let at = offset + whole.len() - 2 - digits.len();
        let kind = FormatErrorKind::NoLength { name };
        return fail(kind, at, digits.len() + 1, Some("leave the length out".to_owned()));
    }
    argument::check(operator, command.argument).or_else(|error| {
        let kind = FormatErrorKind::BadArgument { name, expected: error.expected };
        fail(kind, inside + 1 + error.at, 1, error.suggestion)
    })
}
