//! JSON lines: the object that Envoy's JSON logger would have printed, with what we know besides.

use accesslog::{Encoding, write_json_string};

use super::columns::{Cell, WRAPPER_KEYS, wrapper_values};
use super::wasm::WasmKey;
use super::{Columns, Entry};
use crate::enrich::Enriched;
use crate::unwrap::Wrapper;

/// Writes one object a line.
#[derive(Debug, Clone)]
pub(crate) struct Json {
    pub(super) columns: Option<Columns>,
    skip_absent: bool,
    /// What of [`WRAPPER_KEYS`] are keys of the last record's own format, if that is a text format.
    own: Option<Own>,
}

/// Which of [`WRAPPER_KEYS`] the records of a format have as their own.
#[derive(Debug, Clone, Copy)]
struct Own {
    /// The format, by its index among those in use.
    format: usize,
    keys: [bool; WRAPPER_KEYS.len()],
}

impl Json {
    pub(super) fn new(columns: Option<Columns>, skip_absent: bool) -> Self {
        Self { columns, skip_absent, own: None }
    }

    #[inline]
    pub(super) fn record(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        let skip_absent = self.skip_absent || entry.record.format().omits_empty_values();
        match &mut self.columns {
            Some(columns) => write_chosen(columns, entry, skip_absent, out),
            None => self.write_all(entry, skip_absent, out),
        }
        out.extend_from_slice(b"}\n");
    }

    #[inline(never)]
    fn write_all(&mut self, entry: &Entry<'_>, skip_absent: bool, out: &mut Vec<u8>) {
        let start = out.len();
        if *entry.wrapper != Wrapper::default() {
            self.write_wrapper(entry, start, out);
        }
        write_record(entry, skip_absent, start, out);
    }

    /// Appends what the wrapper told. Where the record has a key of the same name, the record's own
    /// stands.
    fn write_wrapper(&mut self, entry: &Entry<'_>, start: usize, out: &mut Vec<u8>) {
        let values = wrapper_values(entry.wrapper);
        let own = match self.own.filter(|own| own.format == entry.format) {
            Some(own) => own.keys,
            None => {
                // Each line of a JSON log may have keys of its own.
                let is_text = entry.record.format().encoding() == Encoding::Text;
                let keys = std::array::from_fn(|at| {
                    let told = values.get(at).is_some_and(Option::is_some);
                    (is_text || told)
                        && WRAPPER_KEYS
                            .get(at)
                            .is_some_and(|key| entry.record.index_of(key).is_some())
                });
                self.own = is_text.then_some(Own { format: entry.format, keys });
                keys
            }
        };
        let members = WRAPPER_KEYS.into_iter().zip(values);
        for ((key, value), own) in members.zip(own) {
            let Some(value) = value.filter(|_| !own) else { continue };
            separate(start, out);
            write_key(key, out);
            match key {
                "stream" => {
                    // Its name is one of two, and needs no look.
                    out.push(b'"');
                    out.extend_from_slice(value);
                    out.push(b'"');
                }
                _ => write_json_string(value, out),
            }
        }
    }
}

/// Appends the record's own members and those that are made of them.
fn write_record(entry: &Entry<'_>, skip_absent: bool, start: usize, out: &mut Vec<u8>) {
    let before_comma = out.len();
    separate(start, out);
    let members = out.len();
    entry.record.write_json_members(out, skip_absent);
    if out.len() == members {
        out.truncate(before_comma);
    }
    for key in WasmKey::of(entry.record) {
        write_wasm(key, entry, skip_absent, start, out);
    }
    if let Some(traffic) = entry.traffic.filter(|_| entry.record.index_of("traffic").is_none()) {
        write_traffic(traffic, start, out);
    }
}

#[inline]
fn write_chosen(columns: &mut Columns, entry: &Entry<'_>, skip_absent: bool, out: &mut Vec<u8>) {
    match columns.fields(entry) {
        Some(fields) => entry.record.write_json_chosen(fields, skip_absent, out),
        None => write_cells(columns, entry, skip_absent, out),
    }
}

#[inline(never)]
fn write_cells(columns: &mut Columns, entry: &Entry<'_>, skip_absent: bool, out: &mut Vec<u8>) {
    let start = out.len();
    let mut ambiguous = false;
    columns.cells(entry, |name, cell| match cell {
        Cell::Absent => {}
        Cell::Disputed | Cell::Ambiguous => ambiguous = true,
        Cell::Field(at) if skip_absent && entry.record.value(at).is_absent() => {}
        // The members of a nested JSON log go by the last part of their name alone.
        Cell::Field(at) if name.contains('.') => {
            separate(start, out);
            write_json_string(name.as_bytes(), out);
            out.push(b':');
            entry.record.value(at).write_json(out);
        }
        Cell::Field(at) => {
            separate(start, out);
            entry.record.write_json_member(at, out);
        }
        Cell::Wrapper(value) => write_string_member(name, value, start, out),
        Cell::Traffic(traffic) => write_traffic(traffic, start, out),
        Cell::Wasm(key) => write_wasm(key, entry, skip_absent, start, out),
        Cell::Extra => {
            separate(start, out);
            out.extend_from_slice(b"\"extra\":");
            entry.record.write_json_extra(out);
        }
    });
    if let Some(ambiguity) = entry.record.ambiguity().filter(|_| ambiguous) {
        separate(start, out);
        out.extend_from_slice(b"\"ambiguous\":");
        ambiguity.write_json(out);
    }
}

fn write_traffic(traffic: &Enriched<'_>, start: usize, out: &mut Vec<u8>) {
    separate(start, out);
    out.extend_from_slice(b"\"traffic\":");
    traffic.write_json(out);
}

fn write_wasm(key: WasmKey, entry: &Entry<'_>, skip_absent: bool, start: usize, out: &mut Vec<u8>) {
    let value = key.json(entry.record);
    if value.is_some() || (key.is_nullable() && !skip_absent) {
        separate(start, out);
        write_key(key.name(), out);
        out.extend_from_slice(value.as_deref().unwrap_or(b"null"));
    }
}

fn write_string_member(key: &str, value: &[u8], start: usize, out: &mut Vec<u8>) {
    separate(start, out);
    write_key(key, out);
    write_json_string(value, out);
}

/// Appends a key of ours, which holds nothing that is to be escaped.
fn write_key(key: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Appends a comma unless nothing was written since `start`.
fn separate(start: usize, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b',');
    }
}
