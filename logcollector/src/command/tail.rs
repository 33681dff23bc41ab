//! `tail`: standard input or a file as it grows.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;

use super::reading::Reading;
use super::shutdown::Shutdown;
use super::{Outcome, formatting};
use crate::cli::TailArgs;
use crate::error::Error;
use crate::output::Stop;
use crate::source::{Event, Follower, STDIN, is_compressed};

/// How much is read at a time.
const BLOCK: usize = 64 * 1024;
/// How long to wait when a file has nothing new.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `tail`.
pub(crate) fn run(args: TailArgs) -> Result<Outcome, Error> {
    let target = args.target.filter(|target| target != "-");
    match &target {
        None if io::stdin().is_terminal() => {
            return Err(Error::NothingToRead { command: "tail" });
        }
        Some(target) if !formatting::is_file(target) => {
            return Err(Error::NoCluster { target: target.clone() });
        }
        _ => {}
    }
    let reading = Reading::new(args.read)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Error::Start)?;
    let outcome = follow(&runtime, reading, target.as_deref(), !args.no_follow);
    // A read of standard input cannot be called off; it must not hold up the end.
    runtime.shutdown_background();
    outcome
}

fn follow(
    runtime: &Runtime,
    mut reading: Reading,
    target: Option<&str>,
    wait: bool,
) -> Result<Outcome, Error> {
    let shutdown = Shutdown::listen(runtime).map_err(Error::Start)?;
    let ended = runtime.block_on(async {
        match target {
            None => stdin(&mut reading, &shutdown).await,
            Some(path) => file(&mut reading, Path::new(path), wait, &shutdown).await,
        }
    });
    match ended {
        Ok(()) => reading.finish(Ok(())),
        Err(End::Output(stop)) => reading.finish(Err(stop)),
        Err(End::Input(error)) => {
            reading.finish(Ok(()))?;
            Err(error)
        }
    }
}

/// Why following ended before its time.
enum End {
    Input(Error),
    Output(Stop),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self::Output(stop)
    }
}

async fn stdin(reading: &mut Reading, shutdown: &Shutdown) -> Result<(), End> {
    let pipeline = &mut reading.pipeline;
    let mut input = tokio::io::stdin();
    let mut block = vec![0; BLOCK];
    pipeline.begin(STDIN);
    loop {
        let count = tokio::select! {
            biased;
            () = shutdown.asked() => return Ok(()),
            count = input.read(&mut block) => count,
        };
        match count {
            Ok(0) => break,
            Ok(count) => {
                pipeline.chunk(block.get(..count).unwrap_or_default())?;
                pipeline.flush()?;
            }
            Err(error) => {
                pipeline.end()?;
                return Err(End::Input(Error::Input { name: STDIN.to_owned(), error }));
            }
        }
    }
    Ok(pipeline.end()?)
}

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
    let mut block = vec![0; BLOCK];
    let mut begun = false;
    pipeline.begin(&name);
    while !shutdown.is_asked() {
        match follower.poll(&mut block).map_err(failed)? {
            Event::Data(count) => {
                let chunk = block.get(..count).unwrap_or_default();
                if !std::mem::replace(&mut begun, true) {
                    check_content(chunk).map_err(failed)?;
                }
                pipeline.chunk(chunk)?;
                pipeline.flush()?;
                continue;
            }
            Event::Missing if !wait && !begun => {
                let error = std::fs::metadata(path).err();
                return Err(failed(error.unwrap_or_else(|| io::ErrorKind::NotFound.into())));
            }
            Event::Nothing | Event::Missing if !wait => return Ok(pipeline.end()?),
            Event::Replaced => pipeline.end_line()?,
            Event::Truncated => {
                pipeline.end_line()?;
                pipeline.notes().say(&format!("{name}: truncated, read from its start"));
            }
            Event::Missing => pipeline.notes().say(&format!("{name}: waiting for the file")),
            Event::Nothing => {}
        }
        pipeline.flush()?;
        tokio::select! {
            () = shutdown.asked() => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
    Ok(())
}

/// Sees that a file is not compressed: such files do not grow by lines.
fn check_content(start: &[u8]) -> io::Result<()> {
    if is_compressed(start) {
        let said = "compressed files do not grow by lines; `logcollector parse` reads them";
        return Err(io::Error::other(said));
    }
    Ok(())
}
