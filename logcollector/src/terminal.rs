//! The terminal that standard output is.

/// How wide a document is where nothing says how wide the terminal is.
const WIDTH: usize = 100;

/// Its width in columns: `COLUMNS`, else what the terminal says, else 100.
pub(crate) fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let told = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    said.or_else(told).filter(|width| *width > 0).unwrap_or(WIDTH)
}
