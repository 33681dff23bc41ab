//! `telemetry`: which proxies write access logs, in what form, and why.

mod disable;
mod enable;
mod explain;
mod lint;
mod render;
mod replay;
mod who;

use super::Outcome;
use crate::cli::TelemetryCommand;
use crate::error::Error;

/// Runs a command of `telemetry`.
pub(crate) fn run(command: TelemetryCommand) -> Result<Outcome, Error> {
    match command {
        TelemetryCommand::Who(args) => who::run(&args),
        TelemetryCommand::Explain(args) => explain::run(&args),
        TelemetryCommand::Lint(args) => lint::run(&args),
        TelemetryCommand::Render(args) => render::run(&args),
        TelemetryCommand::Replay(args) => replay::run(args),
        TelemetryCommand::Enable(args) => enable::run(&args),
        TelemetryCommand::Disable(args) => disable::run(&args),
    }
}
