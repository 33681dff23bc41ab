//! Cuts a YAML `List`, as kubectl prints it, into its items without parsing it, so that they can be
//! parsed one by one and on all cores, and a broken item costs no other.
//!
//! kubectl prints `items:` and each `- ` at the start of a line, where nothing but a new item can
//! start so: whatever belongs to an item is indented. Lists that are written in another way, or share
//! parts by anchors, are left to the parser as a whole.

use memchr::memmem;

/// A piece of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    /// Its text.
    pub(super) text: &'t str,
    /// The line of the document on which it starts, from 0.
    pub(super) line: usize,
}

/// A `List` that was cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List<'t> {
    /// What stands around the items: before, and behind.
    pub(super) around: [&'t str; 2],
    /// The items, each a YAML list of one.
    pub(super) items: Vec<Piece<'t>>,
}

/// Cuts a document; `None` where it is no `List`, or not written as kubectl does.
pub(super) fn cut(text: &str) -> Option<List<'_>> {
    const ITEMS: &str = "items:\n";
    let start = match text.starts_with(ITEMS) {
        true => 0,
        false => memmem::find(text.as_bytes(), b"\nitems:\n")? + 1,
    };
    let (before, body) = text.split_at_checked(start)?;
    let body = body.strip_prefix(ITEMS)?;
    if !body.starts_with("- ") || shares_parts(body) {
        return None;
    }
    let mut items = Vec::new();
    let mut line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let mut rest = body;
    while rest.starts_with("- ") {
        let end = end_of_item(rest);
        let (item, after) = rest.split_at_checked(end)?;
        items.push(Piece { text: item, line });
        line += item.bytes().filter(|byte| *byte == b'\n').count();
        rest = after;
    }
    Some(List { around: [before, rest], items })
}

/// Where the item at the start of `text` ends: at the next line that is neither indented nor empty.
fn end_of_item(text: &str) -> usize {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\n', bytes)
        .map(|at| at + 1)
        .find(|at| bytes.get(*at).is_none_or(|byte| !matches!(byte, b' ' | b'\n' | b'\r' | b'#')))
        .unwrap_or(bytes.len())
}

/// Whether there seems to be an anchor, which an item may take from another.
fn shares_parts(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'&', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 1);
        before.is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'[' | b'{' | b','))
            && after.is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'&')
    })
}

#[cfg(test)]
mod tests {
    use super::{List, Piece, cut};

    #[test]
    fn lists_as_kubectl_prints_them_are_cut() {
        let item = |text, line| Piece { text, line };
        let rows: &[(&str, &str, Option<List<'_>>)] = &[
            (
                "two items",
                "apiVersion: v1\nitems:\n- a: 1\n  b: 2\n- a: 3\nkind: List\n",
                Some(List {
                    around: ["apiVersion: v1\n", "kind: List\n"],
                    items: vec![item("- a: 1\n  b: 2\n", 2), item("- a: 3\n", 4)],
                }),
            ),
            (
                "items first, and nothing behind",
                "items:\n- a: 1",
                Some(List { around: ["", ""], items: vec![item("- a: 1", 1)] }),
            ),
            (
                "a literal text with an empty line",
                "items:\n- a: |\n    - x\n\n    y\n- b\nkind: List",
                Some(List {
                    around: ["", "kind: List"],
                    items: vec![item("- a: |\n    - x\n\n    y\n", 1), item("- b\n", 5)],
                }),
            ),
            (
                "a comment between items",
                "items:\n- a\n# c\n- b\n",
                Some(List {
                    around: ["", ""],
                    items: vec![item("- a\n# c\n", 1), item("- b\n", 3)],
                }),
            ),
            ("indented items", "items:\n  - a: 1\n", None),
            ("items in brackets", "items: [a]\n", None),
            ("no items", "kind: Pod\n", None),
            ("items of something else", "spec:\n  items:\n  - a\n", None),
            ("an anchor", "items:\n- a: &x 1\n- a: *x\n", None),
            ("an anchor in brackets", "items:\n- [&x 1]\n", None),
            ("an anchor on a line of its own", "items:\n- a:\n    &x\n    b: 1\n", None),
            (
                "no anchors",
                "items:\n- a: b && c & d?e&f\n",
                Some(List { around: ["", ""], items: vec![item("- a: b && c & d?e&f\n", 1)] }),
            ),
            ("a comment behind the key", "items: # c\n- a\n", None),
        ];
        for (label, text, expected) in rows {
            assert_eq!(cut(text), *expected, "{label}");
        }
    }
}
