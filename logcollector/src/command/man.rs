//! Completion scripts and manual pages, made from the definition of the command line.

use super::{Outcome, print};
use crate::cli::{self, CompletionsArgs, ManArgs};
use crate::error::Error;

/// Runs `completions`.
pub(crate) fn completions(args: CompletionsArgs) -> Result<Outcome, Error> {
    let mut definition = cli::definition();
    let name = definition.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition, name, &mut script);
    print(&script)
}

/// Runs `man`.
pub(crate) fn run(args: ManArgs) -> Result<Outcome, Error> {
    let definition = cli::definition();
    match args.dir {
        None => print(&page(definition)?),
        Some(folder) => {
            std::fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(definition, &folder))
                .map_err(|error| Error::Write { path: folder, error })?;
            Ok(Outcome::Done)
        }
    }
}

fn page(command: clap::Command) -> Result<Vec<u8>, Error> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(Error::Output)?;
    Ok(page)
}
