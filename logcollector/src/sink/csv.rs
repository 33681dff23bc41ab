//! CSV as RFC 4180 has it: a header, CRLF, fields quoted where needed.

use super::columns::text;
use super::{Columns, Entry};

/// Writes a header and then one row a record.
#[derive(Debug)]
pub(crate) struct Csv {
    pub(super) columns: Option<Columns>,
    header_written: bool,
}

impl Csv {
    pub(super) fn new(columns: Option<Columns>) -> Self {
        Self { columns: columns.map(Columns::with_disputes), header_written: false }
    }

    #[inline(never)]
    pub(super) fn record(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        self.columns.get_or_insert_with(|| Columns::of(entry));
        self.flush(out);
        let Some(columns) = &mut self.columns else { return };
        let mut first = true;
        columns.cells(entry, |_, cell| {
            write_field(!first, text(entry, &cell).as_deref(), out);
            first = false;
        });
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the header as soon as the columns are known; chosen ones have one without records.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        let Some(columns) = self.columns.as_ref().filter(|_| !self.header_written) else { return };
        self.header_written = true;
        for (count, name) in columns.names().enumerate() {
            write_field(count > 0, Some(name.as_bytes()), out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends a field; one that is absent is empty, one that is there and empty is `""`.
fn write_field(separate: bool, value: Option<&[u8]>, out: &mut Vec<u8>) {
    if separate {
        out.push(b',');
    }
    let Some(value) = value else { return };
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    if !value.is_empty() && !value.iter().any(special) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for &byte in value {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
