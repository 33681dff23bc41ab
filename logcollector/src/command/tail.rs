//! `tail`: what is written now.

mod live;
mod local;
mod order;
mod report;
mod troubles;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::reading::{End, Reading};
use super::{Outcome, formatting};
use crate::cli::TailArgs;
use crate::error::Error;
use crate::source::one_stdin;

/// Runs `tail`.
pub(crate) fn run(args: TailArgs) -> Result<Outcome, Error> {
    let target = args.target.as_deref().filter(|target| *target != "-");
    let is_local = match target {
        Some(target) => formatting::is_file(target),
        None => args.target.is_some() || !args.live.choose(),
    };
    if !is_local {
        return live::run(args);
    }
    if let Some(option) = args.live.only_for_pods() {
        let target = args.target.unwrap_or_else(|| "standard input".to_owned());
        return Err(Error::NoPods { option, target });
    }
    if target.is_none() {
        if io::stdin().is_terminal() {
            return Err(Error::NothingToRead { command: "tail" });
        }
        one_stdin(args.read.pods.paths().chain([&PathBuf::from("-")]))?;
    }
    let target = target.map(Path::new).map(Path::to_owned);
    let reading = Reading::new(args.read)?;
    local::run(reading, target.as_deref(), !args.no_follow)
}

/// Ends the reading, whatever ended it.
fn finish(reading: Reading, ended: Result<(), End>) -> Result<Outcome, Error> {
    match ended {
        Ok(()) => reading.finish(Ok(())),
        Err(End::Output(stop)) => reading.finish(Err(stop)),
        Err(End::Input(error)) => {
            reading.finish(Ok(()))?;
            Err(error)
        }
    }
}
