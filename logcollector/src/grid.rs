//! Grids: rows of cells in aligned columns, for documents that a person reads.

use anstyle::Style;

use crate::paint::Paint;

/// A wider cell does not push the others away.
const WIDEST: usize = 48;

/// Rows below a header.
#[derive(Debug)]
pub(crate) struct Grid<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Grid<N> {
    /// A grid with this header.
    pub(crate) fn new(header: [&str; N]) -> Self {
        Self { rows: vec![header.map(str::to_owned)] }
    }

    /// Adds a row. What may come from outside was made visible before.
    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// The rows as text, a line each; `style` is asked for the number of a row, 0 the header, and for
    /// the cell.
    pub(crate) fn text(
        &self,
        style: impl Fn(usize, (usize, &str)) -> Style,
        paint: Paint,
    ) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, (cell, wide)) in row.iter().zip(widths).enumerate() {
                if !cell.is_empty() {
                    line.push_str(&paint.text(style(number, (column, cell)), cell));
                }
                line.extend(std::iter::repeat_n(' ', wide.saturating_sub(width(cell)) + 2));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> [usize; N] {
        let mut widths = [0; N];
        for row in &self.rows {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = width(cell).min(WIDEST).max(*widest);
            }
        }
        widths
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}
