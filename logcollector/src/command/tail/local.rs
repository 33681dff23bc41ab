//! Standard input, or a file as it grows.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};

use super::finish;
use crate::command::Outcome;
use crate::command::reading::{End, Reading};
use crate::command::shutdown::{self, AtEnd, Shutdown};
use crate::error::Error;
use crate::source::{Event, Follower, STDIN, refuse_compressed};

/// How much of a pipe is read at a time.
const BLOCK: usize = 64 * 1024;
/// How many blocks are read ahead.
const AHEAD: usize = 2;
/// How long to wait when a file has nothing new.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows standard input, or what a path names.
pub(super) fn run(
    mut reading: Reading,
    target: Option<&Path>,
    wait: bool,
) -> Result<Outcome, Error> {
    let runtime = shutdown::runtime()?;
    let shutdown = Shutdown::listen(&runtime, AtEnd::Write).map_err(Error::Start)?;
    let ended = runtime.block_on(async {
        match target {
            Some(path) if is_followed(path) => file(&mut reading, path, wait, &shutdown).await,
            _ => stream(&mut reading, target, &shutdown).await,
        }
    });
    let outcome = finish(reading, ended);
    runtime.shutdown_background();
    outcome
}

/// Whether a path names a file, or may do so later. Pipes and devices are read to their end.
fn is_followed(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |metadata| metadata.is_file())
}

/// Reads standard input, a pipe or a device to its end.
async fn stream(
    reading: &mut Reading,
    path: Option<&Path>,
    shutdown: &Shutdown,
) -> Result<(), End> {
    let pipeline = &mut reading.pipeline;
    let name = path.map_or_else(|| STDIN.to_owned(), |path| path.display().to_string());
    let mut chunks = chunks(path.map(Path::to_owned));
    let mut begun = false;
    pipeline.begin(&name);
    loop {
        let chunk = tokio::select! {
            biased;
            () = shutdown.asked() => return Ok(pipeline.stop()?),
            chunk = chunks.recv() => chunk,
        };
        let Some(chunk) = chunk else { return Ok(pipeline.end()?) };
        let checked = chunk.and_then(|chunk| {
            let first = !std::mem::replace(&mut begun, true);
            if first { refuse_compressed(&chunk).map(|()| chunk) } else { Ok(chunk) }
        });
        match checked {
            Ok(chunk) => {
                pipeline.chunk(&chunk)?;
                pipeline.flush()?;
            }
            Err(error) => {
                pipeline.end()?;
                return Err(End::Input(Error::Input { name, error }));
            }
        }
    }
}

/// What arrives on standard input, or on what `path` names, read by a thread of its own: such a
/// read, and the opening of a FIFO, waits and cannot be called off.
fn chunks(path: Option<PathBuf>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = channel(AHEAD);
    std::thread::spawn(move || {
        let opened: io::Result<Box<dyn Read>> = match path {
            None => Ok(Box::new(io::stdin())),
            Some(path) => File::open(path).map(|file| Box::new(file) as _),
        };
        let mut input = match opened {
            Ok(input) => input,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        loop {
            let mut block = vec![0; BLOCK];
            let read = match input.read(&mut block) {
                Ok(0) => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read,
            };
            let failed = read.is_err();
            let chunk = read.map(|count| {
                block.truncate(count);
                block
            });
            // Nobody receives when the end was asked for.
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// Follows a file.
async fn file(
    reading: &mut Reading,
    path: &Path,
    wait: bool,
    shutdown: &Shutdown,
) -> Result<(), End> {
    let pipeline = &mut reading.pipeline;
    let name = path.display().to_string();
    let failed = |error| End::Input(Error::Input { name: name.clone(), error });
    let mut follower = Follower::new(path);
    let mut lines = Vec::new();
    pipeline.begin(&name);
    while !shutdown.is_asked() {
        let event = follower.poll(&mut lines).map_err(failed)?;
        pipeline.chunk(&lines)?;
        match event {
            Event::More => {}
            Event::Missing if !wait && !follower.has_begun() => return Err(failed(gone(path))),
            Event::Truncated => {
                pipeline.notes().say(&format!("{name}: truncated, read from its start"));
            }
            Event::Nothing | Event::Missing if !wait => {
                follower.finish(&mut lines);
                pipeline.chunk(&lines)?;
                return Ok(pipeline.end()?);
            }
            Event::Missing => pipeline.notes().say(&format!("{name}: waiting for the file")),
            Event::Nothing => {}
        }
        pipeline.flush()?;
        if matches!(event, Event::Nothing | Event::Missing) {
            tokio::select! {
                () = shutdown.asked() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
    Ok(pipeline.stop()?)
}

/// Why there is no file, as the system puts it.
fn gone(path: &Path) -> io::Error {
    std::fs::metadata(path).err().unwrap_or_else(|| io::ErrorKind::NotFound.into())
}
