//! Runs the commands of a block.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::situation::Situation;
use crate::tail_play::binary;

/// How long a step may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a block says of a command that would follow, but ends by itself.
const ITS_END: &str = "its end";

/// What a command printed.
#[derive(Debug)]
pub struct Printed {
    /// The lines of both, as they came.
    pub lines: Vec<String>,
    /// Those of standard output.
    pub out: Vec<String>,
    /// Those of standard error.
    pub err: Vec<String>,
}

/// A line, and whether it is of standard output.
type Lines = Arc<Mutex<Vec<(bool, String)>>>;

/// Runs a command in a folder; one that follows is ended when the situation's lines have come and
/// `until` was printed.
///
/// `until` may be [`ITS_END`]: then a command that follows ends by itself. All run as on a terminal: what
/// would be `pretty` there is `pretty`.
pub fn run(command: &str, situation: &Situation, until: Option<&str>, folder: &Path) -> Printed {
    let path =
        format!("{}:{}", binary().parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut child = Command::new("sh")
        .args(["-c", &as_on_a_terminal(command)])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("NO_COLOR", "1")
        .env("KUBECONFIG", situation.kubeconfig())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = Lines::default();
    let readers = [
        collect(true, child.stdout.take().unwrap(), &lines),
        collect(false, child.stderr.take().unwrap(), &lines),
    ];
    if is_following(command) && until != Some(ITS_END) {
        let says = !command.contains("2>/dev/null");
        let written = command.split_once(" > ").map(|(_, file)| folder.join(file.trim()));
        if situation.is_switched_on() {
            wait("the switch", &lines, || situation.has_object());
        }
        follow(&child, &lines, situation, until, written.as_deref(), says);
    }
    wait(command, &lines, || child.try_wait().unwrap().is_some());
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    let lines = lines.lock().unwrap();
    let of = |which| lines.iter().filter(|it| it.0 == which).map(|it| it.1.clone()).collect();
    let all = lines.iter().map(|it| it.1.clone()).collect();
    Printed { lines: all, out: of(true), err: of(false) }
}

/// Lets the situation's lines come, and asks for the end.
fn follow(
    child: &Child,
    lines: &Lines,
    situation: &Situation,
    until: Option<&str>,
    written: Option<&Path>,
    says: bool,
) {
    let has = |text: &str| lines.lock().unwrap().iter().any(|it| it.1.contains(text));
    if situation.is_switched_on() && says {
        wait("the switch", lines, || has("switched on"));
    }
    let expected = situation.come();
    let printed = || match written {
        Some(path) => std::fs::read_to_string(path).unwrap_or_default().lines().count(),
        None => lines.lock().unwrap().iter().filter(|it| it.0).count(),
    };
    wait("the lines", lines, || printed() >= expected);
    if let Some(text) = until {
        wait(text, lines, || has(text));
    }
    let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
}

fn is_following(command: &str) -> bool {
    command.starts_with("logcollector tail ") && !command.contains("--no-follow")
}

/// The command as the shell takes it, with the output of a terminal.
fn as_on_a_terminal(command: &str) -> String {
    let is_plain = command.starts_with("logcollector ") && !command.contains(" | ");
    let chooses = command.contains(" -o ") || command.contains(" > ");
    let prints = !command.contains("telemetry disable") && !command.contains("format show");
    let pretty = if is_plain && !chooses && prints { " -o pretty" } else { "" };
    // So that the signal reaches the command itself.
    let exec = if is_plain { "exec " } else { "" };
    format!("{exec}{command}{pretty}")
}

fn collect(is_out: bool, input: impl Read + Send + 'static, lines: &Lines) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(input).lines().map_while(Result::ok) {
            lines.lock().unwrap().push((is_out, line));
        }
    })
}

fn wait(what: &str, lines: &Lines, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited for {what}: {:#?}", lines.lock().unwrap());
        thread::sleep(Duration::from_millis(10));
    }
}
