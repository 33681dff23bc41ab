//! A server as a child process.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::guard::Guard;

/// A server that runs. It ends with its handle, or with this process if that is killed.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    guard: Guard,
}

impl Process {
    /// Starts a server that writes what it says into the file `log`.
    pub(super) fn start(mut command: Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { guard: Guard::over(&child), child }
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // First, so that it never sees the process id of somebody else.
        self.guard.dismiss();
        let _it_has_ended_already = self.child.kill();
        let _ = self.child.wait();
    }
}
