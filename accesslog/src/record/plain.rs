//! Writing a record as JSON in pieces: nearly all values stand as they are.

use super::json::{Member, MemberKind};
use super::pieces::{Key, Pieces, make_room};
use super::value::Value;
use super::{Record, Span};
use crate::format::Field;
use crate::json::{is_plain, is_plain_number};
use crate::operator::Kind;
use crate::simd::{Level, Work};

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

/// Writing a text log's record of which no value needs escapes.
pub(super) struct PlainText<'a> {
    pub(super) fields: &'a PlainFields,
    pub(super) record: &'a Record<'a>,
    pub(super) spans: &'a [Span],
    pub(super) skip_absent: bool,
    pub(super) out: &'a mut Vec<u8>,
}

impl Work for PlainText<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Level>(self, _: L) {
        let Self { fields, record, spans, skip_absent, out } = self;
        fields.write_text::<true>(record, spans, skip_absent, out);
    }
}

impl PlainFields {
    /// How to write these fields; those that the preset does not have are left out. `None` where a
    /// key is too long to be written so.
    pub(crate) fn new(fields: &[Field], omit_empty: bool) -> Option<Self> {
        let own = fields.iter().enumerate().filter(|(_, field)| !field.extra);
        let own = own.map(|(index, field)| PlainField::new(index, field, omit_empty));
        let fields = own.collect::<Option<Vec<_>>>()?;
        let room = fields.iter().map(|field| field.key.room()).sum::<usize>();
        Some(Self { fields, omit_empty, room })
    }

    /// Appends the members of a text log's record, separated by commas. `PLAIN` says that no value
    /// needs escapes and none is disputed; what is disputed is left out.
    #[inline(always)]
    pub(super) fn write_text<const PLAIN: bool>(
        &self,
        record: &Record<'_>,
        spans: &[Span],
        skip_absent: bool,
        out: &mut Vec<u8>,
    ) {
        let line = record.line;
        let disputed = !PLAIN && record.ambiguity().is_some();
        let escapes = if PLAIN { 0 } else { line.iter().filter(|&&byte| !is_plain(byte)).count() };
        let values = line.len() + escapes * "\\u00x".len();
        let start = make_room(out, self.room + values);
        let mut pieces = Pieces::new(out.get_mut(start..).unwrap_or_default());
        for field in &self.fields {
            let Some(&span) = spans.get(field.index) else { continue };
            if !(disputed && record.is_disputed(field.index)) {
                self.write_field::<PLAIN>(record, field, span, skip_absent, &mut pieces);
            }
        }
        let written = pieces.end();
        out.truncate(start + written);
    }

    #[inline(always)]
    fn write_field<const PLAIN: bool>(
        &self,
        record: &Record<'_>,
        field: &PlainField,
        span: Span,
        skip_absent: bool,
        pieces: &mut Pieces<'_>,
    ) {
        let line = record.line;
        if span.len() <= 1 && field.is_absent(span.of(line)) {
            if !skip_absent {
                pieces.null(&field.key);
            }
            return;
        }
        if PLAIN && field.kind == Kind::String {
            return pieces.string(&field.key, line, span);
        }
        let text = span.of(line);
        match field.kind {
            Kind::String if text.iter().fold(true, |all, &byte| all & is_plain(byte)) => {
                pieces.string(&field.key, line, span);
            }
            Kind::Number if is_plain_number(text) => pieces.verbatim(&field.key, line, span),
            _ => {
                let json = self.other(field, text, &record.format.fields);
                if !(skip_absent && json == b"null") {
                    pieces.json(&field.key, &json);
                }
            }
        }
    }

    /// A value that is not as it stands in the line, as JSON.
    #[inline(never)]
    fn other(&self, field: &PlainField, text: &[u8], fields: &[Field]) -> Vec<u8> {
        let mut json = Vec::new();
        if let Some(field) = fields.get(field.index) {
            Value::of_text(field, text, self.omit_empty).write_json(&mut json);
        }
        json
    }

    /// Appends the members of a JSON log's record, separated by commas, if all of them are of the
    /// format; whether they are.
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
        let start = make_room(out, self.room + line.len());
        let mut pieces = Pieces::new(out.get_mut(start..).unwrap_or_default());
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
        let written = pieces.end();
        out.truncate(start + written);
        true
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
