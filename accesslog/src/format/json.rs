//! JSON formats: `accessLogFormat` of the JSON encoding, Envoy's `json_format`.

use super::compile::{Parts, name_fields};
use super::field::Field;
use super::warning::{self, Warning};
use super::{Encoding, Format, FormatError, FormatErrorKind, FormatOptions, Segment};
use crate::json::{Scanner, StringSpan};
use crate::read::Plan;
use crate::record::{PlainFields, WellKnown};

/// How deep a JSON format may nest.
const MAX_DEPTH: usize = 32;

/// A value of a JSON format that is text around operators, and so always a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) key: String,
    pub(crate) text: String,
}

/// Compiles a JSON format.
pub(super) fn compile(text: &str, options: &FormatOptions) -> Result<Format, FormatError> {
    let mut walk = Walk { text, scanner: Scanner::new(text.as_bytes()), ..Walk::default() };
    walk.object(&mut Vec::new())?;
    if !walk.scanner.at_end() {
        return Err(walk.not_json("nothing after the object"));
    }
    let Walk { mut fields, templates, warnings, .. } = walk;
    name_fields(&mut fields, options);
    Ok(Format {
        text: text.to_owned(),
        encoding: Encoding::Json,
        segments: (0..fields.len()).map(Segment::Field).collect(),
        well_known: WellKnown::index(&fields),
        plain_fields: PlainFields::new(&fields, options.omit_empty_values),
        fields,
        warnings,
        omit_empty_values: options.omit_empty_values,
        plan: Plan::default(),
        templates,
    })
}

#[derive(Debug)]
struct Walk<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    fields: Vec<Field>,
    templates: Vec<Template>,
    warnings: Vec<Warning>,
    /// Whether the walk is inside of a list.
    in_list: bool,
}

impl Default for Walk<'_> {
    fn default() -> Self {
        Self {
            text: "",
            scanner: Scanner::new(b""),
            fields: Vec::new(),
            templates: Vec::new(),
            warnings: Vec::new(),
            in_list: false,
        }
    }
}

impl Walk<'_> {
    fn object(&mut self, path: &mut Vec<String>) -> Result<(), FormatError> {
        if path.len() > MAX_DEPTH {
            return Err(self.not_json("fewer nested objects"));
        }
        self.eat(b'{', "a JSON object, `{\"key\": \"%OPERATOR%\"}`")?;
        if self.scanner.eat(b'}').is_some() {
            return Ok(());
        }
        loop {
            let key = self.string("a key in double quotes")?;
            path.push(self.body(key));
            self.eat(b':', "`:` after the key")?;
            self.value(path)?;
            path.pop();
            if self.scanner.eat(b',').is_none() {
                return self.eat(b'}', "`,` or `}`");
            }
        }
    }

    fn value(&mut self, path: &mut Vec<String>) -> Result<(), FormatError> {
        match self.scanner.peek() {
            Some(b'{') => self.object(path),
            Some(b'[') if path.len() <= MAX_DEPTH => self.list(path),
            Some(b'"') => {
                let span = self.string("a string")?;
                self.operators(span, path)
            }
            _ => self.scanner.value().ok_or_else(|| self.not_json("a JSON value")),
        }
    }

    /// Compiles the string at `span`, a value of the format.
    fn operators(&mut self, span: StringSpan, path: &[String]) -> Result<(), FormatError> {
        let text = self.body(span);
        let mut parts = Parts::default();
        parts.parse(&text, 0).map_err(|error| match span.escaped {
            false => FormatError { offset: error.offset + span.start, ..error },
            true => FormatError { offset: span.start, length: span.end - span.start, ..error },
        })?;
        for field in &mut parts.fields {
            field.offset = span.start;
        }
        self.warnings.extend(warning::of_fields(&parts.fields));
        match (parts.segments.as_slice(), parts.fields.pop()) {
            ([Segment::Field(_)], Some(mut field)) if !self.in_list => {
                field.path = path.to_vec();
                self.fields.push(field);
            }
            (_, Some(_)) => self.templates.push(Template { key: path.join("."), text }),
            (_, None) => {}
        }
        Ok(())
    }

    /// Compiles the strings of a list: logs have it as one value.
    fn list(&mut self, path: &mut Vec<String>) -> Result<(), FormatError> {
        self.eat(b'[', "`[`")?;
        if self.scanner.eat(b']').is_some() {
            return Ok(());
        }
        let outer = std::mem::replace(&mut self.in_list, true);
        for index in 0.. {
            path.push(index.to_string());
            self.value(path)?;
            path.pop();
            if self.scanner.eat(b',').is_none() {
                break;
            }
        }
        self.in_list = outer;
        self.eat(b']', "`,` or `]`")
    }

    fn body(&self, span: StringSpan) -> String {
        let body = self.text.get(span.start..span.end).unwrap_or_default();
        if !span.escaped {
            return body.to_owned();
        }
        serde_json::from_str(&format!("\"{body}\"")).unwrap_or_else(|_| body.to_owned())
    }

    fn string(&mut self, expected: &'static str) -> Result<StringSpan, FormatError> {
        self.scanner.string().ok_or_else(|| self.not_json(expected))
    }

    fn eat(&mut self, byte: u8, expected: &'static str) -> Result<(), FormatError> {
        self.scanner.eat(byte).ok_or_else(|| self.not_json(expected))
    }

    fn not_json(&self, expected: &'static str) -> FormatError {
        let kind = FormatErrorKind::NotJson { expected };
        FormatError { kind, offset: self.scanner.at(), length: 1, suggestion: None }
    }
}
