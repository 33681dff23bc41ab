//! `tail`: standard input or a file as it grows.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

use super::reading::Reading;
use super::{Outcome, formatting};
use crate::cli::TailArgs;
use crate::error::Error;
use crate::output::Stop;
use crate::source::{Event, Follower, STDIN};

/// How much is read at a time.
const BLOCK: usize = 64 * 1024;
/// How long to wait when a file has nothing new.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the end may take once it was asked for: standard output may be stuck.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs `tail`.
pub(crate) fn run(args: TailArgs) -> Result<Outcome, Error> {
    match &args.target {
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
    let outcome = follow(&runtime, reading, args.target.as_deref(), !args.no_follow);
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
    pipeline.begin(&name);
    loop {
        match follower.poll(&mut block).map_err(failed)? {
            Event::Data(count) => {
                pipeline.chunk(block.get(..count).unwrap_or_default())?;
                pipeline.flush()?;
                if shutdown.is_asked() {
                    return Ok(());
                }
                continue;
            }
            Event::Replaced => pipeline.end_line()?,
            Event::Truncated => {
                pipeline.end_line()?;
                pipeline.notes().say(&format!("{name}: truncated, read from its start"));
            }
            Event::Missing if !wait => {
                return Err(failed(io::ErrorKind::NotFound.into()));
            }
            Event::Missing => pipeline.notes().say(&format!("{name}: waiting for the file")),
            Event::Nothing if !wait => return Ok(pipeline.end()?),
            Event::Nothing => {}
        }
        pipeline.flush()?;
        tokio::select! {
            biased;
            () = shutdown.asked() => return Ok(()),
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// The end, when it is asked for with Ctrl-C or SIGTERM.
struct Shutdown {
    asked: Arc<Notify>,
    flag: Arc<std::sync::atomic::AtomicBool>,
}

impl Shutdown {
    /// Listens for signals from now on. A second signal, or an end that takes too long because
    /// standard output is stuck, ends the process at once.
    fn listen(runtime: &Runtime) -> io::Result<Self> {
        let asked = Arc::new(Notify::new());
        let flag = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let shutdown = Self { asked: Arc::clone(&asked), flag: Arc::clone(&flag) };
        let mut signals = {
            let _guard = runtime.enter();
            Signals::new()?
        };
        runtime.spawn(async move {
            signals.next().await;
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
            asked.notify_one();
            tokio::select! {
                () = signals.next() => {}
                () = tokio::time::sleep(PATIENCE) => {}
            }
            std::process::exit(0);
        });
        Ok(shutdown)
    }

    /// Waits until the end is asked for.
    async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Whether it was asked for already.
    fn is_asked(&self) -> bool {
        self.flag.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self { interrupt: signal(interrupt)?, terminate: signal(terminate)? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without signals there is only Ctrl-C; if even that cannot be heard, nothing ever comes.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
