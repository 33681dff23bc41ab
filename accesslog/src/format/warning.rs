//! What a format leaves in doubt.

use std::fmt;

use super::{Field, Segment, argument};
use crate::operator::OPERATORS;
use crate::shape::Shape;

/// Something about a format that makes lines of it harder to read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    kind: WarningKind,
    offset: usize,
    length: usize,
}

/// What a format leaves in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarningKind {
    /// An operator that Envoy 1.40 does not have; it is read as opaque text.
    UnknownOperator {
        /// The name as written.
        name: String,
        /// The known operator with the closest name, if one is close.
        closest: Option<&'static str>,
    },
    /// Two operators with nothing between them.
    Touching {
        /// The key of the first.
        left: String,
        /// The key of the second.
        right: String,
    },
    /// A value that may hold the text that ends it.
    MayHoldDelimiter {
        /// The key of the field.
        key: String,
        /// The text that ends it.
        delimiter: String,
    },
    /// A value that can print a newline, and so tear a record apart or forge one.
    MayPrintNewline {
        /// The key of the field.
        key: String,
    },
    /// A format with newlines inside: one record takes several lines.
    SeveralLines {
        /// How many.
        lines: usize,
    },
}

impl Warning {
    pub(super) fn new(kind: WarningKind, offset: usize, length: usize) -> Self {
        Self { kind, offset, length }
    }

    /// What is in doubt.
    pub fn kind(&self) -> &WarningKind {
        &self.kind
    }

    /// Where: an offset in bytes from the start of the format string.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes of the format string it is about.
    pub fn length(&self) -> usize {
        self.length
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            WarningKind::UnknownOperator { name, closest: Some(closest) } => {
                write!(f, "`%{name}%` is unknown and read as opaque text; close is `%{closest}%`")
            }
            WarningKind::UnknownOperator { name, closest: None } => {
                write!(f, "`%{name}%` is unknown and read as opaque text")
            }
            WarningKind::Touching { left, right } => {
                write!(f, "nothing stands between `{left}` and `{right}`")
            }
            WarningKind::MayHoldDelimiter { key, delimiter } => {
                write!(f, "`{key}` may hold the text that ends it, {delimiter:?}")
            }
            WarningKind::MayPrintNewline { key } => {
                write!(f, "`{key}` can print a newline and so forge a record")
            }
            WarningKind::SeveralLines { lines } => {
                write!(f, "one record takes {lines} lines")
            }
        }
    }
}

/// Collects the warnings of a compiled text format, in the order of the format string.
pub(super) fn collect(segments: &[Segment], fields: &[Field]) -> Vec<Warning> {
    let mut warnings = of_fields(fields);
    warnings.extend(fields.iter().filter_map(newline));
    warnings.extend(segments.windows(2).filter_map(|pair| in_doubt(pair, fields)));
    warnings.sort_by_key(|warning| warning.offset);
    warnings
}

/// The warnings about operators alone, which hold in JSON formats too.
pub(super) fn of_fields(fields: &[Field]) -> Vec<Warning> {
    fields.iter().flat_map(unknown).collect()
}

fn about(field: &Field, kind: WarningKind) -> Warning {
    Warning::new(kind, field.offset, field.text.len())
}

/// Warns of an operator that is not known, or that a `COALESCE` names.
fn unknown(field: &Field) -> Vec<Warning> {
    let names = match field.operator() {
        None => vec![field.name().to_owned()],
        Some(operator) if operator.name == "COALESCE" => {
            let named = argument::coalesced(field.argument().unwrap_or_default()).into_iter();
            named.map(|(name, _)| name).filter(|name| crate::operator(name).is_none()).collect()
        }
        Some(_) => Vec::new(),
    };
    let warning = |name: String| {
        let closest = closest(&name);
        about(field, WarningKind::UnknownOperator { name, closest })
    };
    names.into_iter().map(warning).collect()
}

/// The known operator whose name is closest to `name`, when it is close at all.
pub(super) fn closest(name: &str) -> Option<&'static str> {
    let candidates = OPERATORS.iter().map(|o| (strsim::jaro_winkler(name, o.name), o.name));
    let best = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.85).then_some(best.1)
}

fn newline(field: &Field) -> Option<Warning> {
    const CAN: &[&str] = &[
        "CEL",
        "COALESCE",
        "DYNAMIC_METADATA",
        "FILE_CONTENT",
        "FILTER_STATE",
        "METADATA",
        "QUERY_PARAM",
        "TYPED_CEL",
        "UPSTREAM_FILTER_STATE",
    ];
    let key = field.key().to_owned();
    let can = CAN.contains(&field.name()) && field.shape() == Shape::Any;
    can.then(|| about(field, WarningKind::MayPrintNewline { key }))
}

fn in_doubt(pair: &[Segment], fields: &[Field]) -> Option<Warning> {
    match pair {
        [Segment::Field(left), Segment::Field(right)] => {
            let (left, right) = (fields.get(*left)?, fields.get(*right)?);
            let kind = WarningKind::Touching {
                left: left.key().to_owned(),
                right: right.key().to_owned(),
            };
            Some(about(left, kind))
        }
        [Segment::Field(left), Segment::Literal(literal)] => {
            let field = fields.get(*left)?;
            may_hold(field.shape(), literal).then(|| {
                let key = field.key().to_owned();
                let delimiter = String::from_utf8_lossy(literal).into_owned();
                about(field, WarningKind::MayHoldDelimiter { key, delimiter })
            })
        }
        _ => None,
    }
}

/// Whether a value of this shape may hold the whole of `literal`.
fn may_hold(shape: Shape, literal: &[u8]) -> bool {
    let holds: fn(&u8) -> bool = match shape {
        Shape::Any | Shape::Address | Shape::AddressWithoutPort => |byte| *byte != b'\n',
        Shape::NoSpace => |byte| !byte.is_ascii_whitespace(),
        Shape::Path => |byte| *byte != b' ',
        Shape::Object => u8::is_ascii_graphic,
        Shape::Name => |byte| !matches!(byte, b' ' | b'"'),
        Shape::Token => |byte| !byte.is_ascii_whitespace() && *byte != b'"',
        Shape::Code
        | Shape::Counter
        | Shape::Signed
        | Shape::Flags
        | Shape::Protocol
        | Shape::Uuid
        | Shape::Time => return false,
    };
    literal.iter().all(holds)
}
