//! Cuts a file into its YAML documents.
//!
//! A line that starts with `---` ends a document whatever stands around it: YAML forbids such a line
//! even in quoted and literal texts. So a document with a syntax error costs only itself. JSON never
//! has such a line.

/// A document of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document<'t> {
    /// Its text.
    pub(super) text: &'t str,
    /// The line of the file on which the text starts, from 1.
    pub(super) line: usize,
    /// Its number among the documents that hold something, from 1.
    pub(super) number: usize,
}

/// The documents of `text` that hold more than comments.
pub(super) fn documents(text: &str) -> impl Iterator<Item = Document<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rest = Some(text);
    let mut next_line = 1;
    let pieces = std::iter::from_fn(move || {
        let piece = rest?;
        let line = next_line;
        let (document, after) = match marker(piece) {
            Some(at) => {
                // The marker itself is ASCII, so the text can be cut behind it.
                (piece.get(..at).unwrap_or_default(), piece.get(at + MARKER..))
            }
            None => (piece, None),
        };
        next_line += document.bytes().filter(|byte| *byte == b'\n').count();
        rest = after;
        Some((document, line))
    });
    let full = pieces.filter(|(document, _)| !is_empty(document));
    full.enumerate().map(|(index, (text, line))| Document { text, line, number: index + 1 })
}

/// The length of a document marker.
const MARKER: usize = 3;

/// The offset of the first line that is a document marker, `---` or `...`, or starts with one and
/// white space.
fn marker(text: &str) -> Option<usize> {
    let is_marker = |at: &usize| {
        let line = text.as_bytes().get(*at..).unwrap_or_default();
        let end = line.get(MARKER).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        (line.starts_with(b"---") || line.starts_with(b"...")) && end
    };
    let starts = std::iter::once(0)
        .chain(memchr::memmem::find_iter(text.as_bytes(), b"\n---").map(|at| at + 1))
        .find(is_marker);
    // Only up to the start that was found, so that many documents are not searched many times.
    let before = text.as_bytes().get(..starts.unwrap_or(text.len())).unwrap_or_default();
    let mut ends = memchr::memmem::find_iter(before, b"\n...").map(|at| at + 1);
    ends.find(is_marker).or(starts)
}

/// Whether a document is comments, directives and white space only.
fn is_empty(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line.starts_with('%')
    })
}

#[cfg(test)]
mod tests {
    use super::documents;

    /// The texts, lines and numbers of a file's documents.
    fn cut(text: &str) -> Vec<(&str, usize, usize)> {
        documents(text).map(|found| (found.text.trim(), found.line, found.number)).collect()
    }

    /// A label, a file, and its documents.
    type Row = (&'static str, &'static str, &'static [(&'static str, usize, usize)]);

    #[test]
    fn documents_are_cut_at_their_markers() {
        let rows: &[Row] = &[
            ("nothing", "", &[]),
            ("comments only", "# a\n\n---\n# b\n", &[]),
            ("one", "a: 1\n", &[("a: 1", 1, 1)]),
            ("a marker first", "---\na: 1\n", &[("a: 1", 1, 1)]),
            ("a comment first", "# x\n---\na: 1", &[("a: 1", 2, 1)]),
            ("two", "a: 1\n---\nb: 2\n", &[("a: 1", 1, 1), ("b: 2", 2, 2)]),
            ("empty ones do not count", "a: 1\n---\n---\nb: 2", &[("a: 1", 1, 1), ("b: 2", 3, 2)]),
            (
                "content behind the marker",
                "a: 1\n--- {b: 2}\n",
                &[("a: 1", 1, 1), ("{b: 2}", 2, 2)],
            ),
            ("an end marker", "a: 1\n...\nb: 2", &[("a: 1", 1, 1), ("b: 2", 2, 2)]),
            ("an end and a start", "a: 1\n...\n---\nb: 2", &[("a: 1", 1, 1), ("b: 2", 3, 2)]),
            ("directives", "%YAML 1.2\n---\na: 1", &[("a: 1", 2, 1)]),
            ("dashes in a line", "a: x --- y\n", &[("a: x --- y", 1, 1)]),
            ("indented dashes", "a: |\n  ---\n  b\n", &[("a: |\n  ---\n  b", 1, 1)]),
            ("four dashes", "a: 1\n----\n", &[("a: 1\n----", 1, 1)]),
            ("carriage returns", "a: 1\r\n---\r\nb: 2", &[("a: 1", 1, 1), ("b: 2", 2, 2)]),
            ("a byte order mark", "\u{feff}a: 1", &[("a: 1", 1, 1)]),
        ];
        for (label, text, expected) in rows {
            assert_eq!(cut(text), *expected, "{label}");
        }
    }
}
