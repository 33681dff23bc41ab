//! `parse`: the records of files or of standard input.

use std::io::{self, IsTerminal, Stdout};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Outcome;
use super::reading::{End, Reading};
use crate::cli::ParseArgs;
use crate::error::Error;
use crate::output::Stop;
use crate::pipeline::Pipeline;
use crate::source::{Source, one_stdin};

/// How much is read at a time; a format is told from the first block.
const BLOCK: usize = 256 * 1024;
/// Files smaller than this are read before a progress bar could be seen.
const LONG: u64 = 64 * 1024 * 1024;

/// Runs `parse`.
pub(crate) fn run(args: ParseArgs) -> Result<Outcome, Error> {
    let files = inputs(args.files, "parse")?;
    one_stdin(args.read.pods.paths().chain(&files))?;
    let mut reading = Reading::new(args.read)?;
    reading.pipeline.use_threads(thread::available_parallelism().map_or(1, NonZero::get));
    let (unreadable, stopped) = read_all(&mut reading, &files);
    let outcome = reading.finish(stopped)?;
    Ok(if unreadable { Outcome::Unreadable } else { outcome })
}

/// The files to read, standard input where none is named.
///
/// # Errors
///
/// When standard input is a terminal: nobody types access logs.
pub(super) fn inputs(
    mut files: Vec<PathBuf>,
    command: &'static str,
) -> Result<Vec<PathBuf>, Error> {
    if files.is_empty() {
        files.push(PathBuf::from("-"));
    }
    if files.iter().any(|file| file == Path::new("-")) && io::stdin().is_terminal() {
        return Err(Error::NothingToRead { command });
    }
    Ok(files)
}

/// Reads files one after the other. Gives whether one could not be read, which was said, and why
/// reading ended before its time, if it did.
pub(super) fn read_all(reading: &mut Reading, files: &[PathBuf]) -> (bool, Result<(), Stop>) {
    let mut unreadable = false;
    for file in files {
        match read(reading, file) {
            Ok(()) => {}
            Err(End::Input(error)) => {
                unreadable = true;
                reading.pipeline.notes().hide();
                error.report();
            }
            Err(End::Output(stop)) => return (unreadable, Err(stop)),
        }
    }
    (unreadable, Ok(()))
}

fn read(reading: &mut Reading, file: &Path) -> Result<(), End> {
    let failed =
        |error| End::Input(Error::Input { name: file.to_string_lossy().into_owned(), error });
    let mut source = Source::open(file).map_err(failed)?;
    let pipeline = &mut reading.pipeline;
    let bar = progress_bar(&source);
    if let Some(bar) = &bar {
        pipeline.notes().show(bar.clone());
    }
    pipeline.begin(&source.name);
    let ended = read_blocks(&mut source, pipeline, bar.as_ref())?;
    pipeline.end()?;
    pipeline.notes().hide();
    ended.map_err(failed)
}

/// Reads an input to its end, or up to what it ends with instead.
fn read_blocks(
    source: &mut Source,
    pipeline: &mut Pipeline<Stdout>,
    bar: Option<&ProgressBar>,
) -> Result<io::Result<()>, Stop> {
    // The block, and how much of its start was read already.
    let (mut block, mut filled) = (vec![0; BLOCK], 0);
    let ended = loop {
        if source.may_wait() {
            // What is there now should not wait with the next read; but where there is work besides, more
            // may have come when it is done.
            if pipeline.take()? {
                continue;
            }
            if filled > 0 {
                pipeline.chunk(block.get(..filled).unwrap_or_default())?;
                filled = 0;
            }
            pipeline.flush()?;
        }
        match source.read(block.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break Ok(()),
            Ok(count) => filled += count,
            Err(error) => break Err(error),
        }
        if filled == block.len() {
            // The line that the block cuts goes with the next one.
            let end = memchr::memrchr(b'\n', &block).map_or(block.len(), |at| at + 1);
            let cut = block.split_off(end);
            block = pipeline.block(block)?;
            filled = cut.len();
            block.splice(..filled.min(block.len()), cut);
            block.resize(BLOCK, 0);
        }
        if pipeline.has_threads() {
            source.read_ahead();
        }
        if let Some(bar) = bar {
            bar.set_position(source.position());
        }
    };
    pipeline.chunk(block.get(..filled).unwrap_or_default())?;
    Ok(ended)
}

/// A progress bar for a long file, where a person can see it and no records are in its way.
fn progress_bar(source: &Source) -> Option<ProgressBar> {
    let size = source.size.filter(|&size| size >= LONG)?;
    if !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
    let template = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).ok()?);
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}
