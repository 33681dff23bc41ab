//! Completion scripts and manual pages, made from the definition of the command line.

use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

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

/// What every page says about exit codes; [`Outcome`] and [`Error`] have them.
const EXIT_STATUS: &str = "\
.SH \"EXIT STATUS\"
.TP
.B 0
Done; also when the reader of standard output has gone.
.TP
.B 1
With \\-\\-strict: a line could not be read.
.TP
.B 2
The command could not start, or an input could not be read to its end.
";

/// Runs `man`.
pub(crate) fn run(args: ManArgs) -> Result<Outcome, Error> {
    let mut definition = cli::definition();
    match args.dir {
        None => print(&page(&Man::new(definition)).map_err(Error::Output)?),
        Some(folder) => {
            definition = definition.disable_help_subcommand(true);
            // Names the pages of subcommands after the whole command.
            definition.build();
            std::fs::create_dir_all(&folder)
                .and_then(|()| write_pages(definition, &folder))
                .map_err(|error| Error::Write { path: folder, error })?;
            Ok(Outcome::Done)
        }
    }
}

/// Writes a page for a command and for each of its subcommands.
fn write_pages(command: Command, folder: &Path) -> io::Result<()> {
    for subcommand in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        write_pages(subcommand.clone(), folder)?;
    }
    let man = Man::new(command);
    std::fs::write(folder.join(man.get_filename()), page(&man)?)
}

fn page(man: &Man) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    man.render(&mut page)?;
    page.extend_from_slice(EXIT_STATUS.as_bytes());
    Ok(page)
}
