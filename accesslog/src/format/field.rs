//! One command operator of a format: what it prints and what it is called.

use super::grammar::Command;
use super::time::TimePattern;
use super::{argument, key};
use crate::operator::{
    Absent, Argument, ArgumentKind, Kind, Operator, Unit, operator, state_object,
};
use crate::shape::Shape;

/// A command operator in a format: the type, shape and key of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub(super) operator: Option<&'static Operator>,
    pub(super) text: String,
    pub(super) name: String,
    pub(super) argument: Option<String>,
    pub(super) offset: usize,
    max_length: Option<u32>,
    kind: Kind,
    shape: Shape,
    unit: Option<Unit>,
    absent: Absent,
    time: Option<TimePattern>,
    key: String,
    pub(crate) json_key: Vec<u8>,
    pub(crate) extra: bool,
    pub(crate) path: Vec<String>,
}

impl Field {
    pub(super) fn new(
        operator: Option<&'static Operator>,
        command: Command<'_>,
        text: &str,
        max_length: Option<u32>,
    ) -> Self {
        let (name, argument) = (key::alias(command.name), command.argument);
        let time = time_pattern(operator, argument);
        let mut shape = shape(operator, name, argument);
        if shape == Shape::Time && time.is_none() {
            shape = Shape::Any;
        }
        Self {
            operator,
            text: text.to_owned(),
            name: command.name.to_owned(),
            argument: argument.map(str::to_owned),
            offset: 0,
            max_length,
            kind: kind(operator, name, argument),
            shape,
            unit: unit(operator, argument),
            absent: operator.map_or(Absent::Dash, |o| o.absent),
            time,
            key: String::new(),
            json_key: Vec::new(),
            extra: false,
            path: Vec::new(),
        }
    }

    /// The operator, or `None` when Envoy 1.40 has none of this name.
    pub fn operator(&self) -> Option<&'static Operator> {
        self.operator
    }

    /// The operator as it stands in the format string: `%REQ(USER-AGENT):50%`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The operator's name: `REQ`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text between the parentheses, if there are any.
    pub fn argument(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    /// The most bytes that a value can have (`:50`), if there is a limit.
    pub fn max_length(&self) -> Option<usize> {
        self.max_length.map(|length| usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// The name of the value in a record. Keys are unique in a format.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The JSON type of the value.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which bytes the value's text can consist of.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The unit of a number, if it has one.
    pub fn unit(&self) -> Option<Unit> {
        self.unit
    }

    /// What is printed when there is no value.
    pub fn absent(&self) -> Absent {
        self.absent
    }

    /// The shape of a time, when [`Self::shape`] is [`Shape::Time`].
    pub(crate) fn time(&self) -> Option<&TimePattern> {
        self.time.as_ref()
    }

    /// The key that the naming rule gives, before repeated ones get a suffix.
    pub(super) fn own_key(&self) -> String {
        if self.path.is_empty() {
            key::of(key::alias(&self.name), self.argument())
        } else {
            self.path.join(".")
        }
    }

    /// Sets the key, and the name of the JSON member where that is not the key.
    pub(super) fn set_key(&mut self, key: String, member: Option<String>) {
        self.json_key.clear();
        let member = member.as_ref().unwrap_or(&key);
        crate::json::write_json_string(member.as_bytes(), &mut self.json_key);
        self.json_key.push(b':');
        self.key = key;
    }
}

fn time_pattern(operator: Option<&Operator>, argument: Option<&str>) -> Option<TimePattern> {
    let operator = operator?;
    let time = matches!(operator.shape, Shape::Time);
    let local = operator.name.ends_with("_LOCAL");
    let format = argument.filter(|format| !format.is_empty());
    if time { TimePattern::compile(format, local) } else { None }
}

/// The shape of an operator's values, where its argument changes what the table says.
fn shape(operator: Option<&Operator>, name: &str, argument: Option<&str>) -> Shape {
    let Some(operator) = operator else {
        return Shape::Any;
    };
    match (name, argument) {
        ("REQ", Some(header)) => request_header_shape(header),
        ("REQ_WITHOUT_QUERY", Some(header)) if is_path(header) => Shape::Path,
        ("RESP", Some(header)) if header.eq_ignore_ascii_case("X-ENVOY-UPSTREAM-SERVICE-TIME") => {
            Shape::Token
        }
        ("PATH", Some(options)) if second(options) == "PATH" => Shape::Path,
        // The host may be the `X-Envoy-Original-Host` that a client sent.
        ("REQUESTED_SERVER_NAME", Some(options)) => match (first(options), second(options)) {
            ("HOST_FIRST" | "SNI_FIRST", "HOST") => Shape::Name,
            ("HOST_FIRST" | "SNI_FIRST", _) => Shape::Any,
            _ => operator.shape,
        },
        ("FILTER_STATE", Some(options)) => {
            state_object(options).map_or(operator.shape, |object| object.shape)
        }
        ("GRPC_STATUS", Some("NUMBER")) => Shape::Signed,
        ("RESPONSE_CODE_DETAILS", Some("ALLOW_WHITESPACES")) => Shape::Any,
        _ => operator.shape,
    }
}

/// Pseudo-headers that Envoy has checked before it admits a request; all others can hold anything.
fn request_header_shape(header: &str) -> Shape {
    let shape = |name: &str| match name.to_ascii_lowercase().as_str() {
        ":method" | ":authority" => Shape::Name,
        ":path" => Shape::Path,
        _ => Shape::Any,
    };
    match header.split_once('?') {
        Some((main, other)) if shape(main) == shape(other) => shape(main),
        Some(_) => Shape::Any,
        None => shape(header),
    }
}

fn is_path(header: &str) -> bool {
    header.eq_ignore_ascii_case(":path")
}

/// The part of an argument before the first colon, and the one after it.
fn first(options: &str) -> &str {
    options.split(':').next().unwrap_or_default()
}

fn second(options: &str) -> &str {
    options.split(':').nth(1).unwrap_or_default()
}

fn kind(operator: Option<&Operator>, name: &str, argument: Option<&str>) -> Kind {
    match (name, argument) {
        ("GRPC_STATUS", Some("NUMBER")) => Kind::Number,
        ("FILTER_STATE" | "UPSTREAM_FILTER_STATE", Some(options)) => match second(options) {
            "PLAIN" => Kind::String,
            "FIELD" => Kind::Content,
            _ => Kind::JsonText,
        },
        ("COALESCE", Some(json)) => coalesced_kind(json),
        _ => operator.map_or(Kind::String, |o| o.kind),
    }
}

/// The kind that all operators of a `COALESCE` have: its value has the type of the one chosen.
fn coalesced_kind(json: &str) -> Kind {
    let mut kinds = argument::coalesced(json)
        .into_iter()
        .map(|(name, argument)| kind(operator(&name), key::alias(&name), argument.as_deref()));
    let Some(first) = kinds.next() else {
        return Kind::String;
    };
    if kinds.all(|kind| kind == first) { first } else { Kind::String }
}

fn unit(operator: Option<&Operator>, argument: Option<&str>) -> Option<Unit> {
    let operator = operator?;
    let kind = match operator.argument {
        Argument::Required(kind) => Some(kind),
        _ => None,
    };
    if kind != Some(ArgumentKind::CommonDuration) {
        return operator.unit;
    }
    match argument.and_then(|argument| argument.rsplit(':').next()) {
        Some("us") => Some(Unit::Microseconds),
        Some("ns") => Some(Unit::Nanoseconds),
        _ => Some(Unit::Milliseconds),
    }
}
