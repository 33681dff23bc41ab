//! The end of a command that would go on: Ctrl-C and SIGTERM.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// How long the end may take once it was asked for: standard output may be stuck.
const PATIENCE: Duration = Duration::from_secs(2);

/// The end, when it is asked for with Ctrl-C or SIGTERM.
pub(super) struct Shutdown {
    asked: Arc<Notify>,
    flag: Arc<AtomicBool>,
}

impl Shutdown {
    /// Listens for signals from now on. A second signal, or an end that takes too long because
    /// standard output is stuck, ends the process at once.
    pub(super) fn listen(runtime: &Runtime) -> io::Result<Self> {
        let asked = Arc::new(Notify::new());
        let flag = Arc::new(AtomicBool::new(false));
        let shutdown = Self { asked: Arc::clone(&asked), flag: Arc::clone(&flag) };
        let mut signals = {
            let _guard = runtime.enter();
            Signals::new()?
        };
        runtime.spawn(async move {
            signals.next().await;
            flag.store(true, Ordering::Relaxed);
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
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// Waits until the end is asked for, and leaves that to whoever waits next.
    pub(super) async fn asked_before(&self) {
        self.asked.notified().await;
        self.asked.notify_one();
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
