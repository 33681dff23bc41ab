//! `mesh`: which pods get a proxy, and which of their traffic it sees.

pub(crate) mod capture;
mod inject;

use super::Outcome;
use crate::cli::MeshCommand;
use crate::error::Error;

/// Runs a command of `mesh`.
pub(crate) fn run(command: MeshCommand) -> Result<Outcome, Error> {
    match command {
        MeshCommand::Inject(args) => inject::run(&args),
        MeshCommand::Capture(args) => capture::run(&args),
    }
}
