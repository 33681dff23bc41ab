//! Running a child process and asking the system what it cost.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

use crate::Result;

/// What one run of a process cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// User and system time.
    pub(crate) cpu: Duration,
    /// From before the process was started until it had ended.
    pub(crate) wall: Duration,
    /// The most memory that was resident at a time, in bytes. A process starts in the memory of the
    /// one that starts it, so this is never less than what this program needs itself: a few MB.
    pub(crate) peak_memory: u64,
}

/// Runs a command in `dir` with its output thrown away.
///
/// # Errors
///
/// When the command cannot be started, or fails: then with what it said.
pub(crate) fn run(command: &[String], dir: &Path) -> Result<Cost> {
    let before = Instant::now();
    let child = spawn(command, dir, Stdio::null(), said(dir)?.into())?;
    finish(child, before, command, dir)
}

/// Runs a command in `dir` with `input` coming through a pipe.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn run_with_input(command: &[String], dir: &Path, input: &[u8]) -> Result<Cost> {
    let before = Instant::now();
    let mut child = spawn(command, dir, Stdio::piped(), said(dir)?.into())?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input)?;
    }
    finish(child, before, command, dir)
}

/// The middle value, or the upper one of the two in the middle.
pub(crate) fn median<T: Ord + Copy>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

/// A file for what the command says; a pipe would have to be emptied while it runs.
fn said(dir: &Path) -> Result<File> {
    Ok(File::create(dir.join(STDERR))?)
}

const STDERR: &str = "stderr.txt";

fn spawn(command: &[String], dir: &Path, stdin: Stdio, stderr: Stdio) -> Result<Child> {
    let (program, arguments) = command.split_first().ok_or("an empty command")?;
    let spawned = Command::new(program)
        .args(arguments)
        .current_dir(dir)
        // Other programs keep settings and caches there.
        .env("HOME", dir)
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn();
    spawned.map_err(|error| format!("cannot start `{program}`: {error}").into())
}

fn finish(child: Child, before: Instant, command: &[String], dir: &Path) -> Result<Cost> {
    let used = child.wait4()?;
    let wall = before.elapsed();
    if !used.status.success() {
        let said = std::fs::read_to_string(dir.join(STDERR)).unwrap_or_default();
        return Err(format!("`{}`: {}\n{said}", command.join(" "), used.status).into());
    }
    let usage = used.rusage;
    Ok(Cost { cpu: usage.utime + usage.stime, wall, peak_memory: usage.maxrss })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median([3, 1, 2]), Some(2));
        assert_eq!(median([4, 1, 2, 3]), Some(3));
        assert_eq!(median::<u32>([]), None);
    }
}
