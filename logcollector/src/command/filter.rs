//! `filter`: loads the filter that adds to access logs what Envoy cannot log.

mod check;
mod code;
mod configuration;
mod formats;
mod here;
mod manifest;
mod mesh_config;
mod now;
mod object;
mod rivals;
mod role;
mod words;

use super::Outcome;
use crate::cli::FilterCommand;
use crate::error::Error;

/// Runs a command of `filter`.
pub(crate) fn run(command: FilterCommand) -> Result<Outcome, Error> {
    match command {
        FilterCommand::Manifest(args) => manifest::run(args),
        FilterCommand::Check(args) => check::run(&args),
    }
}
