//! `telemetry`: which proxies write access logs, in what form, and why.

mod explain;
mod lint;
mod render;
mod replay;
mod who;

use serde_json::Value;

use super::Outcome;
use crate::cli::TelemetryCommand;
use crate::error::Error;
use crate::visible;

/// Runs a command of `telemetry`.
pub(crate) fn run(command: TelemetryCommand) -> Result<Outcome, Error> {
    match command {
        TelemetryCommand::Who(args) => who::run(&args),
        TelemetryCommand::Explain(args) => explain::run(&args),
        TelemetryCommand::Lint(args) => lint::run(&args),
        TelemetryCommand::Render(args) => render::run(&args),
        TelemetryCommand::Replay(args) => replay::run(args),
    }
}

/// A JSON document, safe for a terminal.
fn document(document: &Value, indented: bool) -> Vec<u8> {
    let text = if indented { format!("{document:#}") } else { document.to_string() };
    let mut out = Vec::with_capacity(text.len() + 1);
    for line in text.lines() {
        visible::write_json(line.as_bytes(), &mut out);
        out.push(b'\n');
    }
    out
}

/// Values as an array, an element a line, so that it can be read and cut by lines too.
fn array<T: serde::Serialize>(values: &[T]) -> Result<Vec<u8>, Error> {
    let mut out = b"[".to_vec();
    for (number, value) in values.iter().enumerate() {
        out.extend_from_slice(if number > 0 { b",\n" } else { b"\n" });
        let text = serde_json::to_vec(value).map_err(|error| Error::Output(error.into()))?;
        visible::write_json(&text, &mut out);
    }
    out.extend_from_slice(if values.is_empty() { b"]\n" } else { b"\n]\n" });
    Ok(out)
}
