//! The commands: what runs, built from what users type.

mod document;
mod enabling;
mod filter;
mod format;
mod formatting;
mod lint;
mod man;
mod mesh;
mod parse;
mod pod_formats;
mod reading;
mod shutdown;
mod sidecar;
mod tail;
mod telemetry;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::cli::{Cli, Command, DocumentOutput, FormatCommand};
use crate::error::Error;
use crate::paint::Paint;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Done,
    /// Done, but the answer is no: lines were rejected, or something is wrong.
    No,
    /// Done, but an input could not be read; that was said already.
    Unreadable,
}

/// Runs a command and gives its exit code.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Parse(args) => parse::run(args),
        Command::Tail(args) => tail::run(args),
        Command::Format(FormatCommand::Show(args)) => format::show(args),
        Command::Format(FormatCommand::List(args)) => format::list(args),
        Command::Filter(command) => filter::run(command),
        Command::Mesh(command) => mesh::run(command),
        Command::Sidecar(command) => sidecar::run(command),
        Command::Telemetry(command) => telemetry::run(command),
        Command::Completions(args) => man::completions(args),
        Command::Man(args) => man::run(args),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Ok(Outcome::Unreadable) => ExitCode::from(2),
        Err(error) => {
            error.report();
            ExitCode::from(2)
        }
    }
}

/// Prints a document; a reader that has gone is no error.
fn print(bytes: &[u8]) -> Result<Outcome, Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(Outcome::Done),
    }
}

/// The paint for a document that is to be pretty; `None` when it is to be JSON.
fn pretty(output: Option<DocumentOutput>) -> Option<Paint> {
    let terminal = io::IsTerminal::is_terminal(&io::stdout());
    let pretty = output.map_or(terminal, |output| output == DocumentOutput::Pretty);
    pretty.then(Paint::stdout)
}
