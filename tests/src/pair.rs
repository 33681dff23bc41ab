//! Each record twice: as the text line under test, and as Envoy's JSON logger printed it.

use accesslog::{Format, Kind, Segment};

use crate::config::{Logger, Template, World};
use crate::formats::TextFormat;
use crate::token::{self, Token};
use crate::truth::Truth;

/// A format, its two loggers, and what they wrote.
#[derive(Debug)]
pub struct Pair {
    /// The format under test.
    pub format: TextFormat,
    /// The format as the crate compiles it.
    pub compiled: Format,
    /// The keys of the JSON logger with their operators, in the order of the format.
    pub members: Vec<(String, String)>,
    /// The logger that writes text.
    pub text: Logger,
    /// The logger that writes JSON.
    pub json: Logger,
}

/// One record, twice.
#[derive(Debug)]
pub struct Line {
    /// The text line, without its newline.
    pub text: Vec<u8>,
    /// The JSON line, without its newline.
    pub json: Vec<u8>,
    /// What the JSON line says.
    pub truth: Truth,
}

impl Pair {
    /// Two loggers for `format`; `number` makes their files unique.
    pub fn new(number: usize, format: TextFormat) -> Self {
        let compiled = format.compile();
        let members = members(&format, &compiled);
        let logger = |kind: &str, template| Logger {
            file: format!("{number:02}.{kind}.log"),
            template,
            omit_empty_values: format.omit_empty_values,
            filter: None,
        };
        Self {
            text: logger("text", Template::Text(format.text.clone())),
            json: logger("json", Template::Json(members.iter().cloned().collect())),
            compiled,
            members,
            format,
        }
    }

    /// The JSON type of the value with this key, as the crate has it.
    pub fn kind(&self, key: &str) -> Kind {
        let field = self.compiled.fields().iter().find(|field| field.key() == key);
        field.expect("a key of the format").kind()
    }

    /// Reads both logs and makes sure that they tell of the same records.
    pub fn lines(&self, world: &World) -> Vec<Line> {
        let text = lines(&std::fs::read(self.text.path(world)).unwrap());
        let json = lines(&std::fs::read(self.json.path(world)).unwrap());
        assert_eq!(text.len(), json.len(), "{}: records as text and as JSON", self.format.name);
        text.into_iter().zip(json).map(|(text, json)| self.line(text, json)).collect()
    }

    fn line(&self, text: Vec<u8>, json: Vec<u8>) -> Line {
        let truth = Truth::parse(&json)
            .unwrap_or_else(|| panic!("{}: not JSON: {}", self.format.name, json.escape_ascii()));
        let values: Vec<Vec<Vec<u8>>> = self.members.iter().map(|m| texts(&m.0, &truth)).collect();
        assert!(
            says(&token::tokens(&self.format.text), &values, &text),
            "{}: the text line and the JSON line are of different records:\n{}\n{}",
            self.format.name,
            text.escape_ascii(),
            json.escape_ascii(),
        );
        Line { text, json, truth }
    }
}

/// Checks that the crate cuts the format up as this harness does, and names the JSON logger's keys
/// as the crate does.
fn members(format: &TextFormat, compiled: &Format) -> Vec<(String, String)> {
    let theirs: Vec<Token> = compiled
        .segments()
        .iter()
        .map(|segment| match segment {
            Segment::Literal(bytes) => Token::Literal(String::from_utf8(bytes.clone()).unwrap()),
            Segment::Field(index) => Token::Operator(compiled.fields()[*index].text().to_owned()),
        })
        .collect();
    assert_eq!(theirs, token::tokens(&format.text), "{}: segments", format.name);
    let fields = compiled.fields().iter();
    fields.map(|field| (field.key().to_owned(), field.text().to_owned())).collect()
}

/// The texts that stand for a JSON value in a text line.
fn texts(key: &str, record: &Truth) -> Vec<Vec<u8>> {
    match record.members().get(key) {
        None | Some(Truth::Null) => vec![b"-".to_vec(), Vec::new()],
        // The typed form of a filter state prints the quotes of a JSON string as well.
        Some(value @ Truth::Text(bytes)) => vec![bytes.clone(), value.compact()],
        Some(value) => vec![value.compact()],
    }
}

/// Whether an operator is worked out anew by each logger, so that the two never agree.
pub fn is_volatile(operator: &str) -> bool {
    ["%EMIT_TIME", "%UNIQUE_ID"].iter().any(|name| operator.starts_with(name))
}

/// Whether a line is made of these tokens and values, in order.
fn says(tokens: &[Token], values: &[Vec<Vec<u8>>], line: &[u8]) -> bool {
    match tokens.split_first() {
        None => line.is_empty(),
        Some((Token::Literal(text), rest)) => {
            line.strip_prefix(text.as_bytes()).is_some_and(|line| says(rest, values, line))
        }
        Some((Token::Operator(operator), rest)) => {
            let Some((texts, values)) = values.split_first() else { return false };
            let tail = |text: &Vec<u8>| line.strip_prefix(text.as_slice());
            if is_volatile(operator) {
                (0..=line.len()).any(|end| says(rest, values, line.split_at(end).1))
            } else {
                texts.iter().filter_map(tail).any(|line| says(rest, values, line))
            }
        }
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    assert_eq!(lines.pop(), Some(Vec::new()), "a log ends in a newline");
    lines
}
