//! Measures how fast access logs are read.
//!
//! `bench run` generates the corpora and runs the contenders over them, `bench instructions` counts
//! the instructions a line under valgrind; `bench filter` measures the filter in the real Envoy. The
//! other commands are what these start as child processes: contenders of our own, and the reading of
//! lines from memory.

mod anew;
mod contender;
mod corpora;
mod decompress;
mod filter;
mod instructions;
mod lines;
mod measure;
mod regex_reader;
mod report;
mod run;
mod suggest;
mod who;

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// What a step that failed says.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Measure how fast access logs are read
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate the corpora, run all contenders in alternation, and print what they cost
    Run(run::RunArgs),
    /// Count instructions a line under valgrind, and compare them with the committed ones
    Instructions(instructions::InstructionsArgs),
    /// Measure what `telemetry who` costs on the manifests of a large cluster
    Who(who::WhoArgs),
    /// Measure what `sidecar suggest` costs on the log of a large mesh
    Suggest(suggest::SuggestArgs),
    /// Measure what the filter's modules cost in the real Envoy
    Filter(filter::FilterArgs),
    /// Read lines from memory, in this process
    Lines(lines::LinesArgs),
    /// Print lines of Istio's text format as JSON, with the regex crate and serde
    Regex(FileArgs),
    /// Decompress a file to standard output, with the libraries that logcollector uses
    Decompress(FileArgs),
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The file to read
    file: PathBuf,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Instructions(args) => instructions::run(&args),
        Command::Who(args) => who::run(&args),
        Command::Suggest(args) => suggest::run(&args),
        Command::Filter(args) => filter::run(&args),
        Command::Lines(args) => lines::run(&args),
        Command::Regex(args) => regex_reader::run(&args.file),
        Command::Decompress(args) => decompress::run(&args.file),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
