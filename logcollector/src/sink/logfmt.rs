//! logfmt: `key=value` pairs, quoted where a reader would stumble.

use accesslog::write_json_string;

use super::columns::{AMBIGUOUS, Cell, text};
use super::{Columns, Entry};

/// Writes one line of pairs a record.
#[derive(Debug, Clone)]
pub(crate) struct Logfmt {
    pub(super) columns: Option<Columns>,
    skip_absent: bool,
}

impl Logfmt {
    pub(super) fn new(columns: Option<Columns>, skip_absent: bool) -> Self {
        Self { columns, skip_absent }
    }

    #[inline(never)]
    pub(super) fn record(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        let skip_absent = self.skip_absent || entry.record.format().omits_empty_values();
        let mut all;
        let columns = match &mut self.columns {
            Some(columns) => columns,
            None => {
                all = Columns::of(entry);
                &mut all
            }
        };
        write_pairs(columns, entry, skip_absent, out);
        out.push(b'\n');
    }
}

/// Appends the pairs of a record, `ambiguous` last and only when there is something to say. Where
/// the record has a key of this name, the record's own stands.
pub(super) fn write_pairs(
    columns: &mut Columns,
    entry: &Entry<'_>,
    skip_absent: bool,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let (mut disputed, mut own) = (false, false);
    columns.cells(entry, |name, cell| {
        disputed |= matches!(cell, Cell::Disputed | Cell::Ambiguous);
        if name == AMBIGUOUS {
            match cell {
                Cell::Field(_) => own = true,
                _ => return,
            }
        }
        let value = text(entry, &cell);
        if cell == Cell::Disputed || (skip_absent && value.is_none()) {
            return;
        }
        write_pair(name, value.as_deref(), start, out);
    });
    if disputed && !own {
        write_pair(AMBIGUOUS, text(entry, &Cell::Ambiguous).as_deref(), start, out);
    }
}

fn write_pair(key: &str, value: Option<&[u8]>, start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b' ');
    }
    write_key(key, out);
    if let Some(value) = value {
        write_value(value, out);
    }
}

/// Appends a key and its equals sign.
pub(super) fn write_key(key: &str, out: &mut Vec<u8>) {
    let stumbling = |byte: u8| byte <= b' ' || matches!(byte, b'=' | b'"' | 0x7f);
    out.extend(key.bytes().map(|byte| if stumbling(byte) { b'_' } else { byte }));
    out.push(b'=');
}

/// Appends a value, quoted if it has to be.
pub(super) fn write_value(value: &[u8], out: &mut Vec<u8>) {
    if !value.is_empty() && is_bare(value) {
        out.extend_from_slice(value);
    } else {
        write_json_string(value, out);
    }
}

/// Whether a value needs no quotes.
fn is_bare(value: &[u8]) -> bool {
    let plain = |byte: &u8| *byte > b' ' && !matches!(*byte, b'=' | b'"' | b'\\' | 0x7f);
    value.iter().all(plain) && std::str::from_utf8(value).is_ok()
}
