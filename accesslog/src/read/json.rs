//! Reading the lines of a JSON log.
//!
//! Values are typed by the format's operators, key by key: a number that an old Envoy wrote as a
//! string is a number again. Old Envoys wrote all values as strings, and `"-"` for absent; newer
//! ones write typed values and null. A line with any typed value, or a logger that omits empty
//! values, is of the new kind, and a `"-"` in it is what a client sent; else `"-"` is absent.

mod flat;

use super::marks::Marks;
use super::{Expected, Mismatch};
use crate::format::{Field, Format, MAX_FIELDS};
use crate::json::Scanner;
use crate::operator::{Absent, Kind};
use crate::record::{Member, MemberKind, Record, Span, is_number};
use crate::simd::{self, Level, Work};

/// Working memory, kept from line to line.
#[derive(Debug, Clone, Default)]
pub(super) struct JsonScratch {
    quotes: Marks,
    members: Vec<Member>,
    leaves: Vec<u32>,
    /// The path of the nested object that is being read.
    path: Vec<Span>,
    /// The field after the one that was found last: lines mostly keep the order of the format.
    next_field: usize,
}

impl JsonScratch {
    pub(super) fn read<'r>(
        &'r mut self,
        line: &'r [u8],
        format: &'r Format,
    ) -> Result<Record<'r>, Mismatch> {
        self.members.clear();
        self.leaves.clear();
        self.path.clear();
        self.next_field = 0;
        let plain =
            format.plain_fields.is_some() && simd::run(Flat { line, format, scratch: self });
        if !plain {
            self.members.clear();
            let mut scanner = Scanner::new(line);
            let done = self.object(&mut scanner, line, format).is_some() && scanner.at_end();
            if !done {
                let offset = u32::try_from(scanner.at()).unwrap_or(u32::MAX);
                return Err(Mismatch { offset, expected: Expected::Json });
            }
        }
        let known = self.members.iter().filter(|member| member.field.is_some()).count();
        let has =
            |key: &[u8]| self.members.iter().any(|m| m.field.is_none() && m.key.of(line) == key);
        // An entry of the agent's log may share a key such as `time` with the format.
        let agent = known <= 2 && has(b"level") && (has(b"msg") || has(b"message"));
        if agent || (known == 0 && !format.fields.is_empty()) {
            return Err(Mismatch { offset: 0, expected: Expected::Key });
        }
        if self.repeats_a_key() {
            // Envoy's JSON logger writes each key once: this was written by hand, and forged.
            return Err(Mismatch { offset: 0, expected: Expected::KeyOnce });
        }
        self.type_values(line, format);
        self.index_leaves();
        Ok(Record::json(line, format, &self.members, &self.leaves, plain))
    }

    fn repeats_a_key(&self) -> bool {
        let mut seen = [0_u64; MAX_FIELDS / 64];
        self.members.iter().filter_map(|member| member.field).any(|field| {
            let bit = 1 << (field % 64);
            seen.get_mut(usize::from(field / 64)).is_some_and(|word| {
                let again = *word & bit != 0;
                *word |= bit;
                again
            })
        })
    }

    fn object(&mut self, scanner: &mut Scanner<'_>, line: &[u8], format: &Format) -> Option<()> {
        scanner.eat(b'{')?;
        if scanner.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = scanner.string()?;
            scanner.eat(b':')?;
            self.member(Span::new(key.start, key.end), scanner, line, format)?;
            if scanner.eat(b',').is_none() {
                return scanner.eat(b'}');
            }
        }
    }

    fn member(
        &mut self,
        key: Span,
        scanner: &mut Scanner<'_>,
        line: &[u8],
        format: &Format,
    ) -> Option<()> {
        self.path.push(key);
        let byte = scanner.peek()?;
        if byte == b'{' && self.is_prefix(line, format) {
            let open = Member { key, field: None, kind: MemberKind::Open, value: Span::default() };
            self.members.push(open);
            self.object(scanner, line, format)?;
            self.members.push(Member { kind: MemberKind::Close, ..open });
        } else {
            let field = self.find_field(line, format);
            let (kind, value) = value(byte, scanner)?;
            self.members.push(Member { key, field, kind, value });
        }
        self.path.pop();
        Some(())
    }

    /// Whether the format has fields below the current path.
    fn is_prefix(&self, line: &[u8], format: &Format) -> bool {
        let below = |field: &Field| field.path.len() > self.path.len() && self.starts(field, line);
        format.fields.iter().any(below)
    }

    /// The field at the current path.
    fn find_field(&mut self, line: &[u8], format: &Format) -> Option<u16> {
        let is_here = |&at: &usize| {
            let field = format.fields.get(at);
            field.is_some_and(|f| f.path.len() == self.path.len() && self.starts(f, line))
        };
        let next = self.next_field;
        let found = (next..format.fields.len()).chain(0..next).find(is_here)?;
        self.next_field = found + 1;
        u16::try_from(found).ok()
    }

    /// Whether the field's path starts with the current one.
    fn starts(&self, field: &Field, line: &[u8]) -> bool {
        let mut parts = field.path.iter().zip(&self.path);
        parts.all(|(own, here)| own.as_bytes() == here.of(line))
    }

    /// Gives the values of known keys the types of their operators.
    fn type_values(&mut self, line: &[u8], format: &Format) {
        let is_typed = |member: &Member| match member.kind {
            MemberKind::String { .. } | MemberKind::Open | MemberKind::Close => false,
            MemberKind::Absent | MemberKind::Number | MemberKind::Bool(_) | MemberKind::Other => {
                member.field.is_some()
            }
        };
        let dash_is_absent = !self.members.iter().any(is_typed) && !format.omit_empty_values;
        for member in &mut self.members {
            let field = member.field.and_then(|field| format.fields.get(usize::from(field)));
            let (Some(field), MemberKind::String { escaped: false }) = (field, member.kind) else {
                continue;
            };
            let text = member.value.of(line);
            let keeps_dash = matches!(field.absent(), Absent::LiteralDash | Absent::EmptyString);
            let numeric = field.kind() == Kind::Number;
            if text == b"-" && !keeps_dash && (dash_is_absent || numeric) {
                member.kind = MemberKind::Absent;
            } else if numeric && is_number(text) {
                member.kind = MemberKind::Number;
            }
        }
    }

    fn index_leaves(&mut self) {
        let is_leaf =
            |member: &Member| !matches!(member.kind, MemberKind::Open | MemberKind::Close);
        let leaves = (0u32..).zip(&self.members).filter(|(_, member)| is_leaf(member));
        self.leaves.extend(leaves.map(|(at, _)| at));
    }
}

/// Reading a line as a flat object; whether it is one.
struct Flat<'a> {
    line: &'a [u8],
    format: &'a Format,
    scratch: &'a mut JsonScratch,
}

impl Work for Flat<'_> {
    type Output = bool;

    #[inline(always)]
    fn run<L: Level>(self, level: L) -> bool {
        let JsonScratch { quotes, members, .. } = self.scratch;
        quotes.find_quotes_on(level, self.line)
            && flat::read(self.line, self.format, quotes.offsets(), members).is_some()
    }
}

/// Reads one value that starts with `byte`.
fn value(byte: u8, scanner: &mut Scanner<'_>) -> Option<(MemberKind, Span)> {
    if byte == b'"' {
        return scanner.string().map(Member::string);
    }
    let start = scanner.at();
    scanner.value()?;
    let kind = match byte {
        b'n' => MemberKind::Absent,
        b't' => MemberKind::Bool(true),
        b'f' => MemberKind::Bool(false),
        b'-' | b'0'..=b'9' => MemberKind::Number,
        _ => MemberKind::Other,
    };
    Some((kind, Span::new(start, scanner.at())))
}
