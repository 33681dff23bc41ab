//! The end of a command that would go on: Ctrl-C and SIGTERM.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

use crate::error::Error;

/// What is left to do at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtEnd {
    /// To write out what is there.
    Write,
    /// To take back what was done to a cluster, too. A terminal that is lost asks for the end as well.
    TakeBack,
}

impl AtEnd {
    /// How long the end may take once it was asked for: standard output may be stuck, and a cluster
    /// may not answer.
    fn patience(self) -> Duration {
        match self {
            Self::Write => Duration::from_secs(2),
            Self::TakeBack => Duration::from_secs(25),
        }
    }
}

/// A runtime for a command that goes on, beside what it waits for.
///
/// # Errors
///
/// When the system gives none.
pub(super) fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Error::Start)
}

/// The end, when it is asked for with Ctrl-C or SIGTERM.
pub(super) struct Shutdown {
    asked: Arc<Notify>,
    flag: Arc<AtomicBool>,
}

impl Shutdown {
    /// Listens for signals from now on. A second signal, or an end that takes too long, ends the process
    /// at once.
    pub(super) fn listen(runtime: &Runtime, at_end: AtEnd) -> io::Result<Self> {
        let asked = Arc::new(Notify::new());
        let flag = Arc::new(AtomicBool::new(false));
        let shutdown = Self { asked: Arc::clone(&asked), flag: Arc::clone(&flag) };
        let mut signals = {
            let _guard = runtime.enter();
            Signals::new(at_end)?
        };
        runtime.spawn(async move {
            signals.next().await;
            flag.store(true, Ordering::Relaxed);
            asked.notify_one();
            tokio::select! {
                () = signals.next() => {}
                () = tokio::time::sleep(at_end.patience()) => {}
            }
            std::process::exit(0);
        });
        Ok(shutdown)
    }

    /// Waits until the end is asked for.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Whether it was asked for already.
    pub(super) fn is_asked(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new(at_end: AtEnd) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        // Otherwise it stays as it is: under nohup it is ignored.
        let hangup = match at_end {
            AtEnd::Write => None,
            AtEnd::TakeBack => Some(signal(SignalKind::hangup())?),
        };
        Ok(Self { interrupt: signal(interrupt)?, terminate: signal(terminate)?, hangup })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hung_up(&mut self.hangup) => {}
        }
    }
}

#[cfg(unix)]
async fn hung_up(hangup: &mut Option<tokio::signal::unix::Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new(_at_end: AtEnd) -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        // Without signals there is only Ctrl-C; if even that cannot be heard, nothing ever comes.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
