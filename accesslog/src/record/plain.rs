//! Writing a record as JSON in pieces: nearly all values stand as they are.

use super::json::{Member, MemberKind};
use super::pieces::{Key, Pieces};
use super::value::Value;
use super::{Record, Span};
use crate::format::Field;
use crate::json::{are_plain, is_plain_number};
use crate::operator::Kind;
use crate::simd::{Level, Work};

/// For how many bytes of a line there is room to be escaped.
const ESCAPES: usize = 4096;

/// How the fields of a format are written, worked out when it is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlainFields {
    fields: Vec<PlainField>,
    omit_empty: bool,
    /// What a record takes at the most beside the bytes of its line.
    room: usize,
}

/// How one field is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlainField {
    index: usize,
    key: Key,
    /// Whether `-` stands for absent.
    dash: bool,
    /// Whether nothing stands for absent.
    empty: bool,
    kind: Kind,
}

/// Writing a text log's record; whether it was written. `PLAIN` says that no value needs escapes and
/// none is disputed; what is disputed is left out.
pub(super) struct WriteText<'a, const PLAIN: bool> {
    pub(super) fields: &'a PlainFields,
    pub(super) record: &'a Record<'a>,
    /// The record's line and what stands behind it.
    pub(super) around: &'a [u8],
    pub(super) spans: &'a [Span],
    pub(super) skip_absent: bool,
    pub(super) out: &'a mut Vec<u8>,
}

impl<const PLAIN: bool> Work for WriteText<'_, PLAIN> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> bool {
        let Self { fields, record, around, spans, skip_absent, out } = self;
        let mut disputed = if PLAIN { &[] } else { record.disputed() };
        let escapes = if PLAIN { 0 } else { record.line.len().min(ESCAPES) * "u00xx".len() };
        let mut pieces = Pieces::behind(out, fields.room + record.line.len() + escapes);
        for (index, (field, &span)) in fields.fields.iter().zip(spans).enumerate() {
            if let [next, rest @ ..] = disputed
                && usize::from(*next) == index
            {
                disputed = rest;
                continue;
            }
            let value = (around, span);
            fields.write_field::<L, PLAIN>(level, record, field, value, skip_absent, &mut pieces);
        }
        pieces.end()
    }
}

/// Writing some members of a text log's record of which no value needs escapes; whether they were
/// written.
pub(super) struct WriteChosen<'a> {
    pub(super) fields: &'a PlainFields,
    pub(super) record: &'a Record<'a>,
    /// The record's line and what stands behind it.
    pub(super) around: &'a [u8],
    pub(super) spans: &'a [Span],
    /// The indices of the fields.
    pub(super) chosen: &'a [usize],
    pub(super) skip_absent: bool,
    pub(super) out: &'a mut Vec<u8>,
}

impl Work for WriteChosen<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> bool {
        let Self { fields, record, around, spans, chosen, skip_absent, out } = self;
        let of = |at: &usize| fields.fields.get(*at).zip(spans.get(*at).copied());
        let mut pieces = Pieces::behind(out, fields.room + record.line.len());
        for (field, span) in chosen.iter().filter_map(of) {
            let value = (around, span);
            fields.write_field::<L, true>(level, record, field, value, skip_absent, &mut pieces);
        }
        pieces.end()
    }
}

/// Whether no byte of a part of the line has to be escaped.
#[inline(always)]
fn is_plain_text<L: Level>(level: L, line: &[u8], span: Span) -> bool {
    let block = line.get(span.start as usize..).and_then(<[u8]>::first_chunk);
    match (block, span.len()) {
        (Some(block), length @ ..64) => level.masks(block, b'"').escapes & ((1 << length) - 1) == 0,
        _ => are_plain(span.of(line)),
    }
}

impl PlainFields {
    /// How to write these fields; those that the preset does not have, which come last, are left out.
    /// `None` where a key is too long to be written so.
    pub(crate) fn new(fields: &[Field], omit_empty: bool) -> Option<Self> {
        let own = fields.iter().take_while(|field| !field.extra).enumerate();
        let own = own.map(|(index, field)| PlainField::new(index, field, omit_empty));
        let fields = own.collect::<Option<Vec<_>>>()?;
        let room = fields.iter().map(|field| field.key.room()).sum::<usize>();
        Some(Self { fields, omit_empty, room })
    }

    /// Whether these are indices of the fields.
    pub(super) fn have(&self, chosen: &[usize]) -> bool {
        chosen.iter().all(|&at| at < self.fields.len())
    }

    /// Writes one member, whose value stands in a text. `PLAIN` says that no value needs escapes.
    #[inline(always)]
    fn write_field<L: Level, const PLAIN: bool>(
        &self,
        level: L,
        record: &Record<'_>,
        field: &PlainField,
        (line, span): (&[u8], Span),
        skip_absent: bool,
        pieces: &mut Pieces<'_>,
    ) {
        if span.len() <= 1 && field.is_absent(span.of(line)) {
            if !skip_absent {
                pieces.null(&field.key);
            }
        } else if field.kind == Kind::String && (PLAIN || is_plain_text(level, line, span)) {
            pieces.string(&field.key, line, span);
        } else if field.kind == Kind::Number && is_plain_number(span.of(line)) {
            pieces.verbatim(&field.key, line, span);
        } else if let Some(json) = self.other_json(record, field, span, skip_absent) {
            pieces.json(&field.key, &json);
        }
    }

    /// The JSON of a value that is not as it stands in the line; `None` where it is skipped.
    #[inline(never)]
    fn other_json(
        &self,
        record: &Record<'_>,
        field: &PlainField,
        span: Span,
        skip_absent: bool,
    ) -> Option<Vec<u8>> {
        let own = record.format.fields.get(field.index)?;
        let value = Value::of_text(own, span.of(record.line), self.omit_empty);
        if skip_absent && value.is_absent() {
            return None;
        }
        // Some quotes in it need no more room.
        let mut json = Vec::with_capacity(2 * span.len() as usize + "\"\"".len());
        value.write_json(&mut json);
        Some(json)
    }

    /// Appends the members of a JSON log's record, separated by commas, if all of them are of the
    /// format; whether they were written.
    pub(super) fn write_json(
        &self,
        line: &[u8],
        members: &[Member],
        skip_absent: bool,
        out: &mut Vec<u8>,
    ) -> bool {
        let of = |member: &Member| self.fields.get(usize::from(member.field?));
        if !members.iter().all(|member| of(member).is_some()) {
            return false;
        }
        let mut pieces = Pieces::behind(out, self.room + line.len());
        for member in members {
            let Some(field) = of(member) else { continue };
            match member.kind {
                MemberKind::Absent if skip_absent => {}
                MemberKind::Absent => pieces.null(&field.key),
                MemberKind::String { .. } => pieces.string(&field.key, line, member.value),
                MemberKind::Number if is_plain_number(member.value.of(line)) => {
                    pieces.verbatim(&field.key, line, member.value);
                }
                _ => {
                    let mut json = Vec::new();
                    member.value(line).write_json(&mut json);
                    pieces.json(&field.key, &json);
                }
            }
        }
        pieces.end()
    }
}

impl PlainField {
    fn new(index: usize, field: &Field, omit_empty: bool) -> Option<Self> {
        let is_absent = |text| Value::of_text(field, text, omit_empty).is_absent();
        Some(Self {
            index,
            key: Key::new(&field.json_key)?,
            dash: is_absent(b"-"),
            empty: is_absent(b""),
            kind: field.kind(),
        })
    }

    #[inline(always)]
    fn is_absent(&self, text: &[u8]) -> bool {
        match text {
            [] => self.empty,
            [byte] => self.dash && *byte == b'-',
            _ => false,
        }
    }
}
