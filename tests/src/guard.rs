//! A child process ends with the test, however that ends.

use std::io::Write;
use std::process::{Child, Command, Stdio};

/// A process that kills another one when its input ends without a line, as it does when this process
/// is killed.
#[derive(Debug)]
pub(crate) struct Guard(Child);

impl Guard {
    /// Watches over this child.
    pub(crate) fn over(child: &Child) -> Self {
        let script = format!("read -r _ || kill -9 {}", child.id());
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Lets go of the child; to be called before it is waited for, so that the process id is never
    /// somebody else's.
    pub(crate) fn dismiss(&mut self) {
        let _ = self.0.stdin.take().map(|mut input| input.write_all(b"\n"));
        let _ = self.0.wait();
    }
}
