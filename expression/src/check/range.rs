//! Values that an attribute never has.

use super::Check;
use crate::finding::{FindingKind, NeverTrue};
use crate::node::{Binary, Literal, Node, NodeKind};

/// The numbers that an attribute can be: the least, the most, and both in words.
const NUMBERS: &[(&str, f64, f64, &str)] = &[
    ("destination.port", 0.0, 65_535.0, "0 to 65535"),
    ("request.headers_bytes", 0.0, f64::INFINITY, "0 or more"),
    ("request.total_size", 0.0, f64::INFINITY, "0 or more"),
    ("response.code", 100.0, 999.0, "100 to 999, and missing where the log has 0"),
    ("response.flags", 0.0, 1_073_741_823.0, "a sum of the bits below 1073741824"),
    ("response.headers_bytes", 0.0, f64::INFINITY, "0 or more"),
    ("response.size", 0.0, f64::INFINITY, "0 or more"),
    ("response.total_size", 0.0, f64::INFINITY, "0 or more"),
    ("source.port", 0.0, 65_535.0, "0 to 65535"),
    ("upstream.port", 0.0, 65_535.0, "0 to 65535"),
    ("upstream.request_attempt_count", 0.0, f64::INFINITY, "0 or more"),
    ("xds.listener_direction", 0.0, 2.0, "0, 1 for inbound or 2 for outbound"),
];

/// The strings that an attribute can be.
const WORDS: &[(&str, &[&str], &str)] = &[
    (
        "connection.tls_version",
        &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
        "`TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`",
    ),
    (
        "request.protocol",
        &["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"],
        "`HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`",
    ),
    (
        "upstream.tls_version",
        &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"],
        "`TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`",
    ),
];

impl Check<'_> {
    /// Adds comparisons with values outside of what an attribute can be.
    pub(super) fn range(&mut self, operator: Binary, left: &Node, right: &Node, node: &Node) {
        let (operator, path, literal) = match (&left.kind, &right.kind) {
            (NodeKind::Path(path), NodeKind::Literal(literal)) => (operator, path, literal),
            (NodeKind::Literal(literal), NodeKind::Path(path)) => {
                (operator.mirrored(), path, literal)
            }
            _ => return,
        };
        let Some(path) = self.tree.paths.get(*path).filter(|path| path.keys().count() == 0) else {
            return;
        };
        let Some(name) = path.row.map(|row| row.path) else { return };
        if let Some(range) = never(operator, name, literal) {
            let kind = NeverTrue::Value { path: name.to_owned(), range };
            self.add(FindingKind::NeverTrue(kind), node, None);
            return;
        }
        let is_equality = matches!(operator, Binary::Equal | Binary::NotEqual);
        if let ("response.flags", true, Literal::Int(bits @ 1..)) = (name, is_equality, literal) {
            let wanted = i32::from(operator == Binary::Equal);
            let instead = (bits.count_ones() == 1)
                .then(|| format!("response.flags / {bits} % 2 == {wanted}"));
            self.add(FindingKind::WholeFlags, node, instead);
        }
    }
}

/// What an attribute can be, when the comparison is never true of it.
fn never(operator: Binary, name: &str, literal: &Literal) -> Option<&'static str> {
    #[allow(clippy::cast_precision_loss, reason = "the ranges are far smaller")]
    let number = match literal {
        Literal::Int(number) => *number as f64,
        Literal::Uint(number) => *number as f64,
        Literal::Double(number) => *number,
        Literal::Text(text) => {
            let (_, words, range) = WORDS.iter().find(|row| row.0 == name)?;
            let never = operator == Binary::Equal && !words.contains(&text.as_str());
            return never.then_some(*range);
        }
        _ => return None,
    };
    let (_, least, most, range) = NUMBERS.iter().find(|row| row.0 == name)?;
    let possible = match operator {
        Binary::Equal => number >= *least && number <= *most && number.fract() == 0.0,
        Binary::Less => *least < number,
        Binary::LessOrEqual => *least <= number,
        Binary::Greater => *most > number,
        Binary::GreaterOrEqual => *most >= number,
        _ => true,
    };
    (!possible).then_some(*range)
}
