//! The command line and the pipeline: sources, framing, unwrapping, sinks.
//!
//! A line goes from a source through [`frame`] and [`unwrap`] to `accesslog`, which reads it,
//! and on to a sink; every line stands in the account at the end. Async and waiting live at the two
//! ends only. What is public here is public for the fuzz targets: the product is the binary.

mod account;
mod cli;
mod cluster;
mod command;
mod enrich;
mod error;
mod formats;
pub mod frame;
mod grid;
mod manifests;
mod notes;
mod other;
mod output;
mod paint;
mod pipeline;
mod pods;
mod progress;
mod select;
mod sink;
mod source;
mod streams;
mod terminal;
pub mod unwrap;
mod visible;
mod workloads;

use std::process::ExitCode;

/// Runs the command line of this process.
///
/// The exit code is 0 when the work is done, 1 when it is done but lines were rejected under
/// `--strict`, and 2 when it could not start or an input could not be read.
pub fn run() -> ExitCode {
    command::run(cli::parse())
}
