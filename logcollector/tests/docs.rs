//! Keeps the generated parts of `docs/` true; `make docs` writes them anew.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fmt::Write as _;
use std::path::Path;

use mesh::lint::{Code, Severity};

#[test]
fn the_codes_of_lint() {
    check("telemetry.md", "codes", &codes(&telemetry::CODES));
    check("sidecar.md", "codes", &codes(&sidecar::CODES));
}

fn codes(codes: &[&Code]) -> String {
    let mut table = "| code | severity | meaning |\n|---|---|---|\n".to_owned();
    for code in codes {
        let severity = match code.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        };
        writeln!(table, "| `{}` | {severity} | {} |", code.name, code.text.replace('|', "\\|"))
            .unwrap();
    }
    table
}

#[test]
fn the_attributes_of_filters() {
    let mut table = "| attribute | on TCP | carried by |\n|---|---|---|\n".to_owned();
    for attribute in expression::known_attributes() {
        let ways: Vec<String> = attribute
            .carriers()
            .map(|operators| {
                let operators: Vec<String> =
                    operators.iter().map(|operator| written(operator)).collect();
                operators.join(" and ")
            })
            .collect();
        let on_tcp = if attribute.is_http_only() { "" } else { "yes" };
        let carried = ways.join(", or ").replace('|', "\\|");
        writeln!(table, "| `{}` | {on_tcp} | {carried} |", attribute.path()).unwrap();
    }
    check("filters.md", "attributes", &table);
}

#[test]
fn the_paths_of_the_architecture_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let paths: Vec<&str> = quoted.filter(|it| it.contains(".rs") && it.contains("/src/")).collect();
    assert!(paths.len() >= 20, "it names where things are");
    for path in paths {
        assert!(root.join(path).exists(), "{path}");
    }
}

/// An operator as a format has it; an argument that ends in a colon goes on.
fn written(operator: &str) -> String {
    let rest = if operator.ends_with(':') { "...)" } else { "" };
    format!("`%{operator}{rest}%`")
}

/// Compares what stands between two markers of a document, or writes it.
fn check(document: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).unwrap();
    } else {
        assert_eq!(found, expected, "run `make docs`");
    }
}
