//! Keeps `docs/formats.md` true: it is generated from the operator table and the presets.
//! `make docs` writes it anew.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fmt::Write as _;
use std::path::Path;

use accesslog::{Absent, Encoding, FormatOptions, Kind, OPERATORS, Operator, Preset, Source};

const HEAD: &str = "\
# Formats

Generated from the operator table and the presets; `make docs` writes it anew. Do not edit.

`logcollector format list` prints the operators, `logcollector format show STRING` what a format
string means.

## Keys

The key of a value is Istio's JSON name where Istio has one. Else it is the operator's name in lower
case; an argument follows after `_`, in lower case, everything but letters and digits as one `_`.
The arguments of time formats and maximum lengths are left out, and of `NAME?ALT` only `NAME` is
taken. `REQUEST_HEADER`, `RESPONSE_HEADER` and `RESPONSE_TRAILER` are named as `REQ`, `RESP` and
`TRAILER`. A key that is taken already gets `_2`, `_3`, ... `--key 'OPERATOR=name'` renames. The
keys of a JSON format are those that it gives, nested ones joined by `.`.

";

const LIMITS: &str = "\
## What text cannot tell

Envoy's text loggers escape nothing. Where a line has several readings, the record keeps the fields
on which all agree and names the others under `ambiguous`. Two things no reader of text can know:

- A value that is literally `-` prints as what is absent does. It reads as absent. With
  `omit_empty_values` the same holds for the empty value.
- The type of metadata and of `TYPED_CEL` is not printed. Text that is a JSON number, boolean,
  object or array is read as that, all else as a string; a string `42` reads as the number.

Three values are taken to be words without white space and double quotes, because Envoy makes or
cleans them: `RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)`, which the router sets (not where Envoy's headers
are suppressed), the names of clusters, and `REQUESTED_SERVER_NAME`. Envoys of before late 2024 print
the server name as the client sent it.

Four objects of the filter state are taken to be what logcollector's own filter leaves there, where
`PLAIN` prints them: `wasm.upstream_attempts` is a word without white space and double quotes,
`wasm.access_log` a JSON object without white space, and `wasm.keep` and `wasm.attempt_count` are digits.

## What is left to Envoy

The expressions of `CEL` and `TYPED_CEL` are checked for strings and brackets only; Envoy refuses some
that compile here. Operators of a name that Envoy 1.40 does not have compile too, with a warning.

A format with newlines inside is read too: the lines of a record are joined first, and count as one.

";

fn row(out: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    writeln!(out, "| {} |", cells.join(" | ")).unwrap();
}

fn kind(operator: &Operator) -> &'static str {
    match operator.kind {
        Kind::String => "string",
        Kind::Number => "number",
        Kind::Content => "by content",
        Kind::JsonText => "as its JSON text",
    }
}

fn absent(operator: &Operator) -> &'static str {
    match operator.absent {
        Absent::Never => "never",
        Absent::Dash => "`-`, null",
        Absent::LiteralDash => "`-`, `\"-\"`",
        Absent::EmptyString => "nothing, `\"\"`",
        Absent::EmptyOrDash => "nothing or `-`, null",
        Absent::EmptyStringOrDash => "nothing, `\"\"`; or `-`, null",
    }
}

fn source(operator: &Operator) -> String {
    match operator.source {
        Source::Documented => String::new(),
        Source::Undocumented => "undocumented".to_owned(),
        Source::Extension(name) => format!("`{name}`"),
    }
}

fn operators(out: &mut String) {
    writeln!(out, "## Command operators\n").unwrap();
    writeln!(out, "Absent: what text prints, and what JSON does.\n").unwrap();
    row(out, &["operator", "meaning", "type", "unit", "absent", "source"]);
    row(out, &["---"; 6]);
    for operator in OPERATORS {
        let unit = operator.unit.map_or("", |unit| unit.as_str());
        let syntax = format!("`{}`", operator.syntax());
        let cells = [&syntax, operator.meaning, kind(operator), unit, absent(operator)];
        let mut cells = cells.to_vec();
        let source = source(operator);
        cells.push(&source);
        row(out, &cells);
    }
    out.push('\n');
}

fn presets(out: &mut String) {
    writeln!(out, "## Presets").unwrap();
    for preset in Preset::ALL {
        let encoding = match preset.encoding() {
            Encoding::Text => "text",
            Encoding::Json => "JSON",
        };
        let format = preset.compile(&FormatOptions::new()).unwrap();
        let (name, releases, count) = (preset.name(), preset.releases(), format.fields().len());
        writeln!(out, "\n### `{name}`\n\n{releases}. {encoding}, {count} fields.\n").unwrap();
        writeln!(out, "```\n{}\n```\n", preset.text().trim_end()).unwrap();
        let keys: Vec<_> = format.fields().iter().map(|f| format!("`{}`", f.key())).collect();
        writeln!(out, "Keys: {}.", keys.join(", ")).unwrap();
    }
}

#[test]
fn docs_formats_md_is_what_the_table_says() {
    let mut expected = HEAD.to_owned() + LIMITS;
    operators(&mut expected);
    presets(&mut expected);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/formats.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/formats.md is out of date: run `make docs`");
}
