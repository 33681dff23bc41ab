//! `tail` as it runs: lines as they arrive, files that are rotated, signals.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs::{File, OpenOptions, remove_file, rename};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Far more than anything here takes; only a failure waits so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// A running `logcollector tail`, its lines arriving on channels.
struct Tail {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

impl Tail {
    fn new(args: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("logcollector"))
            .args(["tail", "--format", "envoy", "--fields", "path"])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Waits for the record of a path.
    fn expect(&self, path: &str) {
        let line = self.stdout.recv_timeout(DEADLINE).expect("a record in time");
        assert_eq!(line, format!(r#"{{"path":"{path}"}}"#));
    }

    /// Waits for a line on standard error that holds `text`.
    fn expect_said(&self, text: &str) {
        loop {
            let line = self.stderr.recv_timeout(DEADLINE).expect("it is said in time");
            if line.contains(text) {
                return;
            }
        }
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Waits for the end, and gives the exit code.
    fn code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(path: &str) -> String {
    format!(
        "[2026-11-20T12:48:45.922Z] \"GET {path} HTTP/1.1\" 200 - 0 5 7 6 \"-\" \"c\" \"id\" \"a\" \"10.0.0.1:80\"\n"
    )
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn each_line_of_standard_input_appears_as_it_arrives() {
    let mut tail = Tail::new(&[]);
    let mut stdin = tail.stdin();
    for path in ["/a", "/b", "/c"] {
        stdin.write_all(line(path).as_bytes()).unwrap();
        tail.expect(path);
    }
    stdin.write_all(line("/last").trim_end().as_bytes()).unwrap();
    drop(stdin);
    tail.expect("/last");
    tail.expect_said("4 lines read: 4 records, ");
    assert_eq!(tail.code(), Some(0));
}

#[test]
fn an_unterminated_line_waits_for_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, &line("/a"));
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect("/a");
    let text = line("/b");
    let (start, end) = text.split_at(text.len() - 3);
    append(&path, start);
    assert_eq!(
        tail.stdout.recv_timeout(Duration::from_millis(500)),
        Err(RecvTimeoutError::Timeout)
    );
    append(&path, end);
    tail.expect("/b");
}

#[test]
fn a_file_is_followed_across_rename_and_create() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
    append(&path, &line("/a"));
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect("/a");
    rename(&path, &old).unwrap();
    append(&old, &line("/late"));
    tail.expect("/late");
    append(&path, &line("/b"));
    tail.expect("/b");
    append(&path, &line("/c"));
    tail.expect("/c");
}

/// Envoy opens its new file only when it is told to, and buffers what it writes.
#[test]
fn a_renamed_file_is_read_beside_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
    append(&path, &line("/a"));
    let mut late = OpenOptions::new().append(true).open(&path).unwrap();
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect("/a");
    rename(&path, &old).unwrap();
    append(&path, &line("/b"));
    tail.expect("/b");
    assert_eq!(
        tail.stdout.recv_timeout(Duration::from_millis(700)),
        Err(RecvTimeoutError::Timeout)
    );
    late.write_all(line("/late").as_bytes()).unwrap();
    tail.expect("/late");
    append(&path, &line("/c"));
    tail.expect("/c");
}

#[test]
fn a_file_that_is_written_anew_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, &line("/a"));
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect("/a");
    // Truncated and written before the next look: as long as before, and longer.
    std::fs::write(&path, line("/b")).unwrap();
    tail.expect("/b");
    std::fs::write(&path, line("/c") + &line("/d")).unwrap();
    tail.expect("/c");
    tail.expect("/d");
    tail.expect_said("truncated");
    tail.expect_said("truncated");
}

#[cfg(unix)]
#[test]
fn pipes_are_read_to_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let fifo = fifo.to_str().unwrap();
    for args in [&[fifo][..], &[fifo, "--no-follow"], &["/dev/stdin"], &["/dev/fd/0"]] {
        let mut tail = Tail::new(args);
        let mut input: Box<dyn Write> = match args.first() {
            Some(&path) if path == fifo => {
                Box::new(OpenOptions::new().write(true).open(fifo).unwrap())
            }
            _ => Box::new(tail.stdin()),
        };
        for path in ["/a", "/b"] {
            input.write_all(line(path).as_bytes()).unwrap();
            tail.expect(path);
        }
        drop(input);
        tail.expect_said("2 lines read: 2 records, ");
        assert_eq!(tail.code(), Some(0), "{args:?}");
    }
}

#[test]
fn a_file_is_followed_across_truncation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, &(line("/a") + &line("/b")));
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect("/a");
    tail.expect("/b");
    OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    tail.expect_said("truncated");
    append(&path, &line("/c"));
    tail.expect("/c");
}

#[test]
fn a_file_may_come_later() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect_said("waiting for the file");
    append(&path, &line("/a"));
    tail.expect("/a");
}

#[test]
fn a_removed_file_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, &line("/a"));
    let tail = Tail::new(&[path.to_str().unwrap()]);
    tail.expect("/a");
    remove_file(&path).unwrap();
    tail.expect_said("waiting for the file");
    append(&path, &line("/b"));
    tail.expect("/b");
}

#[test]
fn without_following_it_ends_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    append(&path, line("/a").trim_end());
    let mut tail = Tail::new(&[path.to_str().unwrap(), "--no-follow"]);
    tail.expect("/a");
    tail.expect_said("1 lines read: 1 records, ");
    assert_eq!(tail.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn signals_end_it_with_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    for name in ["INT", "TERM"] {
        for args in [&[][..], &[path.to_str().unwrap()]] {
            File::create(&path).unwrap();
            let mut tail = Tail::new(args);
            let mut stdin = tail.stdin();
            if args.is_empty() {
                stdin.write_all(line("/a").as_bytes()).unwrap();
            } else {
                append(&path, &line("/a"));
            }
            tail.expect("/a");
            tail.signal(name);
            tail.expect_said("1 lines read: 1 records, ");
            assert_eq!(tail.code(), Some(0), "{name} {args:?}");
        }
    }
}
