//! Sinks: how records are written.
//!
//! A sink appends to a buffer and never writes to a terminal or a file itself; see
//! [`crate::output`] for that.

mod columns;
mod csv;
mod json;
mod logfmt;
mod pretty;
mod table;
mod wasm;

use accesslog::Record;

use crate::enrich::Enriched;
use crate::paint::Paint;
use crate::unwrap::Wrapper;

pub(crate) use columns::{Columns, RECORD_KEYS, WRAPPER_KEYS};

/// A record on its way out, with what its wrapper told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) wrapper: &'a Wrapper<'a>,
    pub(crate) record: &'a Record<'a>,
    /// The line as the proxy wrote it.
    pub(crate) line: &'a [u8],
    /// The index of the record's format among those in use.
    pub(crate) format: usize,
    /// What kind of traffic it tells of, under `--enrich`.
    pub(crate) traffic: Option<&'a Enriched<'a>>,
}

/// A form of output.
#[derive(Debug)]
pub(crate) enum Sink {
    Json(json::Json),
    Pretty(pretty::Pretty),
    Raw,
    Logfmt(logfmt::Logfmt),
    Csv(csv::Csv),
    Table(table::Table),
    None,
}

impl Sink {
    /// One JSON object a line.
    pub(crate) fn json(columns: Option<Columns>, skip_absent: bool) -> Self {
        Self::Json(json::Json::new(columns, skip_absent))
    }

    /// One line a record for a person, and one for the attempts of a retried request.
    pub(crate) fn pretty(columns: Option<Columns>, paint: Paint, namespaces: bool) -> Self {
        Self::Pretty(pretty::Pretty::new(columns, paint, namespaces))
    }

    /// `key=value` pairs.
    pub(crate) fn logfmt(columns: Option<Columns>, skip_absent: bool) -> Self {
        Self::Logfmt(logfmt::Logfmt::new(columns, skip_absent))
    }

    /// RFC 4180 with a header.
    pub(crate) fn csv(columns: Option<Columns>) -> Self {
        Self::Csv(csv::Csv::new(columns))
    }

    /// Aligned columns.
    pub(crate) fn table(columns: Option<Columns>) -> Self {
        Self::Table(table::Table::new(columns))
    }

    /// Appends a record. The sinks are functions of their own: together they would be one that has to
    /// save much for each record.
    #[inline]
    pub(crate) fn record(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Json(sink) => sink.record(entry, out),
            Self::Pretty(sink) => sink.record(entry, out),
            Self::Raw => {
                out.extend_from_slice(entry.line);
                out.push(b'\n');
            }
            Self::Logfmt(sink) => sink.record(entry, out),
            Self::Csv(sink) => sink.record(entry, out),
            Self::Table(sink) => sink.record(entry, out),
            Self::None => {}
        }
    }

    /// A copy, if the sink writes each record by itself: then copies write what one sink would have.
    pub(crate) fn copy(&self) -> Option<Self> {
        Some(match self {
            Self::Json(sink) => Self::Json(sink.clone()),
            Self::Pretty(sink) => Self::Pretty(sink.clone()),
            Self::Raw => Self::Raw,
            Self::Logfmt(sink) => Self::Logfmt(sink.clone()),
            Self::None => Self::None,
            Self::Csv(_) | Self::Table(_) => return None,
        })
    }

    /// Which chosen columns had something in them since [`Self::forget_seen`].
    pub(crate) fn seen(&self) -> Vec<bool> {
        self.columns().map(Columns::seen).unwrap_or_default()
    }

    /// Forgets which columns had something in them.
    pub(crate) fn forget_seen(&mut self) {
        if let Some(columns) = self.columns_mut() {
            columns.forget_seen();
        }
    }

    /// Notes which columns had something in them in a copy.
    pub(crate) fn add_seen(&mut self, seen: &[bool]) {
        if let Some(columns) = self.columns_mut() {
            columns.add_seen(seen);
        }
    }

    /// Appends what the sink held back to see more of it.
    pub(crate) fn flush(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Csv(sink) => sink.flush(out),
            Self::Table(sink) => sink.flush(out),
            Self::Json(_) | Self::Pretty(_) | Self::Raw | Self::Logfmt(_) | Self::None => {}
        }
    }

    /// Appends what belongs at the end.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Table(sink) => sink.end(out),
            _ => self.flush(out),
        }
    }

    /// What the user should know at the end about fields that no record had.
    pub(crate) fn remarks(&self) -> Vec<String> {
        self.columns().map(Columns::remarks).unwrap_or_default()
    }

    fn columns(&self) -> Option<&Columns> {
        match self {
            Self::Json(sink) => sink.columns.as_ref(),
            Self::Pretty(sink) => sink.columns.as_ref(),
            Self::Logfmt(sink) => sink.columns.as_ref(),
            Self::Csv(sink) => sink.columns.as_ref(),
            Self::Table(sink) => sink.columns.as_ref(),
            Self::Raw | Self::None => None,
        }
    }

    fn columns_mut(&mut self) -> Option<&mut Columns> {
        match self {
            Self::Json(sink) => sink.columns.as_mut(),
            Self::Pretty(sink) => sink.columns.as_mut(),
            Self::Logfmt(sink) => sink.columns.as_mut(),
            Self::Csv(sink) => sink.columns.as_mut(),
            Self::Table(sink) => sink.columns.as_mut(),
            Self::Raw | Self::None => None,
        }
    }
}
