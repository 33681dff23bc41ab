//! `format show` and `format list`: what format strings and command operators mean.

use accesslog::{Field, Format, OPERATORS, Operator, Segment, Source};
use anstyle::Style;
use serde_json::{Value, json};

use super::{Outcome, formatting, pretty, print};
use crate::cli::{FormatListArgs, FormatShowArgs};
use crate::error::Error;
use crate::grid::Grid;
use crate::paint::{BOLD, CYAN, DIM, Paint, YELLOW};
use crate::visible;

/// Runs `format show`.
pub(crate) fn show(args: FormatShowArgs) -> Result<Outcome, Error> {
    let options = formatting::options(&args.keys, false);
    let asked = formatting::format(&args.format, args.encoding, &options)?;
    formatting::check_keys(&asked.format, &args.keys)?;
    match pretty(args.output) {
        Some(paint) => print(show_pretty(&asked.format, paint).as_bytes()),
        None => print(&document(&show_json(&asked.format))),
    }
}

/// Runs `format list`.
pub(crate) fn list(args: FormatListArgs) -> Result<Outcome, Error> {
    match pretty(args.output) {
        Some(paint) => print(list_pretty(paint).as_bytes()),
        None => print(&document(&Value::Array(OPERATORS.iter().map(operator_json).collect()))),
    }
}

fn document(value: &Value) -> Vec<u8> {
    format!("{value}\n").into_bytes()
}

fn show_json(format: &Format) -> Value {
    let segments = format.segments().iter().filter_map(|segment| match segment {
        Segment::Literal(bytes) => Some(json!({"literal": String::from_utf8_lossy(bytes)})),
        Segment::Field(index) => format.fields().get(*index).map(field_json),
    });
    // Text around operators, in a JSON format, is one value: a string.
    let templates = format
        .templates()
        .map(|(key, text)| json!({"operator": text, "key": key, "type": "string", "unit": null}));
    let segments: Vec<Value> = segments.chain(templates).collect();
    let warnings: Vec<String> = format.warnings().iter().map(ToString::to_string).collect();
    json!({"segments": segments, "warnings": warnings})
}

fn field_json(field: &Field) -> Value {
    json!({
        "operator": field.text(),
        "key": field.key(),
        "type": field.kind().as_str(),
        "unit": field.unit().map(accesslog::Unit::as_str),
    })
}

fn show_pretty(format: &Format, paint: Paint) -> String {
    let mut grid = Grid::new(["SEGMENT", "KEY", "TYPE", "UNIT", "MEANING"]);
    for segment in format.segments() {
        grid.row(match segment {
            Segment::Literal(bytes) => {
                let shown = format!("`{}`", visible::text(bytes));
                [shown, String::new(), String::new(), String::new(), String::new()]
            }
            Segment::Field(index) => match format.fields().get(*index) {
                Some(field) => [
                    visible::text(field.text().as_bytes()),
                    visible::text(field.key().as_bytes()),
                    field.kind().as_str().to_owned(),
                    field.unit().map_or("", accesslog::Unit::as_str).to_owned(),
                    field.operator().map_or("not known to Envoy 1.40", |o| o.meaning).to_owned(),
                ],
                None => continue,
            },
        });
    }
    for (key, text) in format.templates() {
        let [text, key] = [text, key].map(|cell| visible::text(cell.as_bytes()));
        let meaning = "text around operators".to_owned();
        grid.row([text, key, "string".to_owned(), String::new(), meaning]);
    }
    let mut text = grid.text(style, paint);
    for warning in format.warnings() {
        let shown = visible::text(warning.to_string().as_bytes());
        text.push_str(&format!("{} {shown}\n", paint.text(YELLOW, "warning:")));
    }
    text
}

fn operator_json(operator: &Operator) -> Value {
    json!({
        "operator": operator.syntax(),
        "type": operator.kind.as_str(),
        "unit": operator.unit.map(accesslog::Unit::as_str),
        "meaning": operator.meaning,
        "source": source(operator),
    })
}

fn list_pretty(paint: Paint) -> String {
    let mut grid = Grid::new(["OPERATOR", "TYPE", "UNIT", "MEANING"]);
    for operator in OPERATORS {
        let unit = operator.unit.map_or("", accesslog::Unit::as_str);
        let mut meaning = operator.meaning.to_owned();
        if let Source::Extension(name) = operator.source {
            meaning.push_str(&format!(" (extension {name})"));
        }
        let kind = operator.kind.as_str().to_owned();
        grid.row([operator.syntax(), kind, unit.to_owned(), meaning]);
    }
    grid.text(style, paint)
}

fn source(operator: &Operator) -> String {
    match operator.source {
        Source::Documented => "envoy".to_owned(),
        Source::Undocumented => "envoy, undocumented".to_owned(),
        Source::Extension(name) => format!("extension {name}"),
    }
}

/// Operators stand out, literals step back.
fn style(row: usize, (column, cell): (usize, &str)) -> Style {
    match (row, column) {
        (0, _) => BOLD,
        (_, 0) if cell.starts_with('%') => CYAN,
        (_, 0) => DIM,
        _ => Style::new(),
    }
}
