//! A table: columns aligned by the first records, streaming after them.

use super::columns::text;
use super::{Columns, Entry};
use crate::visible;

/// How many records decide on the widths, and how many bytes of them are held back at the most.
const SAMPLE: usize = 100;
const MOST_HELD: usize = 1 << 20;

/// No column is made wider than this; a longer value pushes the rest of its own row aside.
const WIDEST: usize = 60;

/// Writes a header and then aligned rows.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) columns: Option<Columns>,
    /// Rows held back until the widths are decided.
    held: Vec<Vec<String>>,
    held_bytes: usize,
    widths: Option<Vec<usize>>,
}

impl Table {
    pub(super) fn new(columns: Option<Columns>) -> Self {
        Self {
            columns: columns.map(Columns::with_disputes),
            held: Vec::new(),
            held_bytes: 0,
            widths: None,
        }
    }

    #[inline(never)]
    pub(super) fn record(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        let columns = self.columns.get_or_insert_with(|| Columns::of(entry));
        let mut row = Vec::new();
        columns.cells(entry, |_, cell| {
            row.push(match text(entry, &cell) {
                None => "-".to_owned(),
                Some(value) if value.is_empty() => "\"\"".to_owned(),
                Some(value) => visible::text(&value),
            });
        });
        match &self.widths {
            Some(widths) => write_row(&row, widths, out),
            None => {
                self.held_bytes += row.iter().map(String::len).sum::<usize>();
                self.held.push(row);
                if self.held.len() >= SAMPLE || self.held_bytes >= MOST_HELD {
                    self.flush(out);
                }
            }
        }
    }

    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.decide(out);
        }
    }

    /// Appends what is left; the header of chosen columns is printed without records, too.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if self.widths.is_none() {
            self.decide(out);
        }
    }

    /// Decides on the widths, and appends the header and the rows held back.
    fn decide(&mut self, out: &mut Vec<u8>) {
        let Some(columns) = &self.columns else { return };
        let header: Vec<String> = columns.names().map(str::to_uppercase).collect();
        let mut widths: Vec<usize> = header.iter().map(|name| width(name)).collect();
        for row in &self.held {
            for (widest, value) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(width(value).min(WIDEST));
            }
        }
        write_row(&header, &widths, out);
        self.held.drain(..).for_each(|row| write_row(&row, &widths, out));
        self.widths = Some(widths);
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn write_row(row: &[String], widths: &[usize], out: &mut Vec<u8>) {
    let last = row.len().saturating_sub(1);
    for (at, (value, &wide)) in row.iter().zip(widths).enumerate() {
        out.extend_from_slice(value.as_bytes());
        if at < last {
            let gap = wide.saturating_sub(width(value)) + 2;
            out.extend(std::iter::repeat_n(b' ', gap));
        }
    }
    out.push(b'\n');
}
