//! Access log records: what one line says, field by field.

mod json;
mod pieces;
mod plain;
mod room;
mod value;
mod well_known;

pub(crate) use json::{Member, MemberKind};
pub(crate) use plain::PlainFields;
pub use value::Value;
pub(crate) use value::is_number;
pub use well_known::WellKnown;

use crate::format::{Field, Format};
use crate::simd;
use plain::{WriteChosen, WriteText};

/// A part of a line, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: clip(start), end: clip(end) }
    }

    /// A part of a line that has less than 4 GiB.
    #[inline(always)]
    pub(crate) fn within(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(crate) fn len(self) -> u32 {
        self.end.wrapping_sub(self.start)
    }

    pub(crate) fn of(self, line: &[u8]) -> &[u8] {
        line.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The fields of a line on which its readings differ.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disputed {
    /// Indices of fields, ascending.
    pub(crate) fields: Vec<u16>,
    /// From the first disputed byte to the last.
    pub(crate) text: Span,
}

/// An access log record, borrowed from a line and the [`Reader`](crate::Reader) that read it.
///
/// Values are numbered from 0 in the order of the format, or of the line where that is a JSON
/// object. The record is what Envoy's own JSON logger would have printed for the same operators.
#[derive(Debug, Clone, Copy)]
pub struct Record<'r> {
    line: &'r [u8],
    format: &'r Format,
    body: Body<'r>,
}

#[derive(Debug, Clone, Copy)]
enum Body<'r> {
    Text {
        /// The line and what happens to stand behind it.
        around: &'r [u8],
        spans: &'r [Span],
        disputed: Option<&'r Disputed>,
        /// Whether no value holds a byte that JSON would escape.
        plain: bool,
    },
    Json {
        members: &'r [Member],
        leaves: &'r [u32],
        /// Whether there is nothing nested, and no string holds a byte that JSON would escape.
        plain: bool,
    },
}

/// What several readings of a line do not agree on.
#[derive(Debug, Clone, Copy)]
pub struct Ambiguity<'r> {
    line: &'r [u8],
    format: &'r Format,
    disputed: &'r Disputed,
}

impl<'r> Ambiguity<'r> {
    /// The keys of the disputed fields, in the order of the format.
    pub fn fields(&self) -> impl Iterator<Item = &'r str> + use<'r> {
        let fields = &self.format.fields;
        let field = move |index: &u16| fields.get(usize::from(*index));
        self.disputed.fields.iter().filter_map(field).map(Field::key)
    }

    /// The bytes of the line from the first disputed one to the last.
    pub fn text(&self) -> &'r [u8] {
        self.disputed.text.of(self.line)
    }
}

impl<'r> Record<'r> {
    pub(crate) fn text(
        line: &'r [u8],
        format: &'r Format,
        spans: &'r [Span],
        disputed: Option<&'r Disputed>,
    ) -> Self {
        Self { line, format, body: Body::Text { around: line, spans, disputed, plain: false } }
    }

    /// A record with one reading, and whether no value holds a byte that JSON would escape. `around` is
    /// the line, or the line and what stands behind it: what is read many bytes at a time can then be
    /// read so up to the line's end.
    #[inline(always)]
    pub(crate) fn certain(
        line: &'r [u8],
        around: &'r [u8],
        format: &'r Format,
        spans: &'r [Span],
        plain: bool,
    ) -> Self {
        Self { line, format, body: Body::Text { around, spans, disputed: None, plain } }
    }

    pub(crate) fn json(
        line: &'r [u8],
        format: &'r Format,
        members: &'r [Member],
        leaves: &'r [u32],
        plain: bool,
    ) -> Self {
        Self { line, format, body: Body::Json { members, leaves, plain } }
    }

    /// The line that was read.
    pub fn line(&self) -> &'r [u8] {
        self.line
    }

    /// The format that the line was read with.
    pub fn format(&self) -> &'r Format {
        self.format
    }

    /// How many values there are, disputed and absent ones included.
    pub fn len(&self) -> usize {
        match self.body {
            Body::Text { spans, .. } => spans.len(),
            Body::Json { leaves, .. } => leaves.len(),
        }
    }

    /// Whether the record has no values at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of a value; empty when there is no such value.
    ///
    /// The keys of a JSON log are given as they are written, escapes included.
    pub fn key(&self, index: usize) -> &'r str {
        match self.body {
            Body::Text { .. } => self.format.fields.get(index).map_or("", Field::key),
            Body::Json { .. } => self.member(index).map_or("", |m| m.key(self.line, self.format)),
        }
    }

    /// A value; absent when there is no such value or it is disputed.
    pub fn value(&self, index: usize) -> Value<'r> {
        match self.body {
            Body::Text { .. } if self.is_disputed(index) => Value::Absent,
            Body::Text { spans, .. } => {
                let field = self.format.fields.get(index);
                let text = spans.get(index).map(|span| span.of(self.line));
                field.zip(text).map_or(Value::Absent, |(field, text)| {
                    Value::of_text(field, text, self.format.omit_empty_values)
                })
            }
            Body::Json { .. } => self.member(index).map_or(Value::Absent, |m| m.value(self.line)),
        }
    }

    /// Whether the readings of the line differ on a value.
    pub fn is_disputed(&self, index: usize) -> bool {
        self.disputed().iter().any(|&field| usize::from(field) == index)
    }

    /// The indices of the disputed values, ascending.
    fn disputed(&self) -> &'r [u16] {
        match self.body {
            Body::Text { disputed: Some(disputed), .. } => &disputed.fields,
            _ => &[],
        }
    }

    /// Whether a value is of a field that the preset does not have; such values are left out of
    /// the JSON object and stand in [`Self::extra`].
    pub fn is_extra(&self, index: usize) -> bool {
        matches!(self.body, Body::Text { .. })
            && self.format.fields.get(index).is_some_and(|field| field.extra)
    }

    /// The index of the value with this key.
    pub fn index_of(&self, key: &str) -> Option<usize> {
        (0..self.len()).find(|&index| self.key(index) == key && !self.is_extra(index))
    }

    /// The value with this key: `None` when the record has no such key or the value is disputed.
    pub fn get(&self, key: &str) -> Option<Value<'r>> {
        let index = self.index_of(key).filter(|&index| !self.is_disputed(index))?;
        Some(self.value(index))
    }

    /// A value that many formats carry, whatever its key: `None` when this format does not carry
    /// it or it is disputed.
    pub fn well_known(&self, field: WellKnown) -> Option<Value<'r>> {
        let field = self.format.well_known(field)?;
        let index = match self.body {
            Body::Text { .. } => field,
            Body::Json { .. } => (0..self.len())
                .find(|&index| self.member(index).is_some_and(|m| m.is_field(field)))?,
        };
        (!self.is_disputed(index)).then(|| self.value(index))
    }

    /// The texts of the fields that the detected preset does not have; `None` for a disputed one.
    pub fn extra(&self) -> impl Iterator<Item = Option<&'r [u8]>> + use<'r> {
        let record = *self;
        let (spans, fields) = match self.body {
            Body::Text { spans, .. } => (spans, self.format.fields.as_slice()),
            Body::Json { .. } => Default::default(),
        };
        let extra = fields.iter().zip(spans).enumerate().filter(|(_, (field, _))| field.extra);
        extra.map(move |(index, (_, span))| {
            (!record.is_disputed(index)).then(|| span.of(record.line))
        })
    }

    /// What several readings of the line do not agree on; `None` when there is one reading.
    pub fn ambiguity(&self) -> Option<Ambiguity<'r>> {
        match self.body {
            Body::Text { disputed: Some(disputed), .. } => {
                Some(Ambiguity { line: self.line, format: self.format, disputed })
            }
            _ => None,
        }
    }

    /// Appends the record as a JSON object. Disputed fields are left out and named under
    /// `ambiguous`; absent ones are null, or left out when the format omits empty values.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.write_json_members(out, self.format.omit_empty_values);
        out.push(b'}');
    }

    /// Appends the members of [`Self::write_json`]'s object, separated by commas and without the
    /// braces. With `skip_absent`, absent values are left out.
    pub fn write_json_members(&self, out: &mut Vec<u8>, skip_absent: bool) {
        let start = out.len();
        let record = self;
        let written = match (self.body, &self.format.plain_fields) {
            (Body::Text { around, spans, plain: true, .. }, Some(fields)) => {
                simd::run(WriteText::<true> { fields, record, around, spans, skip_absent, out })
            }
            (Body::Text { around, spans, .. }, Some(fields)) => {
                simd::run(WriteText::<false> { fields, record, around, spans, skip_absent, out })
            }
            (Body::Json { members, plain: true, .. }, Some(fields)) => {
                fields.write_json(self.line, members, skip_absent, out)
            }
            _ => false,
        };
        match self.body {
            _ if written => {}
            Body::Text { spans, .. } => self.write_text_members(spans, out, skip_absent),
            Body::Json { members, .. } => {
                json::write_members(members, self.line, self.format, skip_absent, out);
            }
        }
        if self.has_extra() {
            separate(out, start);
            out.extend_from_slice(b"\"extra\":");
            self.write_json_extra(out);
        }
        self.write_ambiguous(out, start);
    }

    /// Appends some members of [`Self::write_json`]'s object, by their indices, separated by commas and
    /// without the braces. With `skip_absent`, absent values are left out; an index that is no value's
    /// is passed over.
    pub fn write_json_chosen(&self, chosen: &[usize], skip_absent: bool, out: &mut Vec<u8>) {
        if let (Body::Text { around, spans, plain: true, .. }, Some(fields)) =
            (self.body, &self.format.plain_fields)
            && fields.have(chosen)
        {
            let record = self;
            let work = WriteChosen { fields, record, around, spans, chosen, skip_absent, out };
            if simd::run(work) {
                return;
            }
        }
        let start = out.len();
        for &index in chosen.iter().filter(|&&index| index < self.len()) {
            if !(skip_absent && self.value(index).is_absent()) {
                separate(out, start);
                self.write_json_member(index, out);
            }
        }
    }

    /// Appends one `"key":value`.
    pub fn write_json_member(&self, index: usize, out: &mut Vec<u8>) {
        match self.body {
            Body::Text { .. } => {
                let field = self.format.fields.get(index);
                out.extend_from_slice(field.map_or(&[], |field| &field.json_key));
            }
            Body::Json { .. } => {
                if let Some(member) = self.member(index) {
                    member.write_key(self.line, self.format, out);
                }
            }
        }
        self.value(index).write_json(out);
    }

    /// Whether the detected format has fields that the preset does not have.
    fn has_extra(&self) -> bool {
        matches!(self.body, Body::Text { .. })
            && self.format.fields.last().is_some_and(|field| field.extra)
    }

    /// Appends [`Self::extra`] as a JSON array: strings, and null for a disputed field.
    pub fn write_json_extra(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (count, text) in self.extra().enumerate() {
            if count > 0 {
                out.push(b',');
            }
            text.map_or(Value::Absent, Value::Text).write_json(out);
        }
        out.push(b']');
    }

    fn write_ambiguous(&self, out: &mut Vec<u8>, start: usize) {
        let Some(ambiguity) = self.ambiguity() else {
            return;
        };
        separate(out, start);
        out.extend_from_slice(b"\"ambiguous\":");
        ambiguity.write_json(out);
    }

    fn write_text_members(&self, spans: &[Span], out: &mut Vec<u8>, skip_absent: bool) {
        let start = out.len();
        let disputed = self.ambiguity().is_some();
        for (index, (field, span)) in self.format.fields.iter().zip(spans).enumerate() {
            if field.extra || (disputed && self.is_disputed(index)) {
                continue;
            }
            let omit = self.format.omit_empty_values;
            let value = Value::of_text(field, span.of(self.line), omit);
            if skip_absent && value.is_absent() {
                continue;
            }
            separate(out, start);
            out.extend_from_slice(&field.json_key);
            value.write_json(out);
        }
    }

    fn member(&self, index: usize) -> Option<&'r Member> {
        match self.body {
            Body::Json { members, leaves, .. } => members.get(*leaves.get(index)? as usize),
            Body::Text { .. } => None,
        }
    }
}

impl Ambiguity<'_> {
    /// Appends `{"fields":[...],"text":"..."}`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"fields\":[");
        for (count, key) in self.fields().enumerate() {
            if count > 0 {
                out.push(b',');
            }
            crate::json::write_json_string(key.as_bytes(), out);
        }
        out.extend_from_slice(b"],\"text\":");
        crate::json::write_json_string(self.text(), out);
        out.push(b'}');
    }
}

/// Appends a comma unless nothing was written since `start`.
fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start {
        out.push(b',');
    }
}
