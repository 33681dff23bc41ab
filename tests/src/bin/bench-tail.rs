//! Measures `logcollector tail` on the test server of the Kubernetes API: how long a line takes from the
//! server to standard output, and what many pods cost.
//!
//! Server, writer and reader share the machine with the program that is measured. What a line waits for
//! is all between the call that adds it to a container's log and the moment in which the reader of the
//! program's output has it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a step that fails ends the measurement; the table is the output"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tests::kube::LogHandle;
use tests::tail_play::{Cluster, MESH, line};

/// How many lines are timed, and how many before them are not.
const TIMED: usize = 1000;
const WARM_UP: usize = 100;
/// How far apart they are.
const APART: Duration = Duration::from_millis(5);

/// The load: so many pods, each so often so many lines.
const PODS: usize = 200;
const TICK: Duration = Duration::from_millis(20);
const LINES_A_TICK: usize = 10;
const LOADED: Duration = Duration::from_secs(30);

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let program: PathBuf = arguments.next().expect("usage: bench-tail LOGCOLLECTOR").into();
    println!("| pods | order | lines | p50 ms | p99 ms | most ms |\n|---|---|---|---|---|---|");
    for (pods, order) in [(1, "arrival"), (10, "arrival"), (10, "time")] {
        let mut times = latencies(&program, pods, order);
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
        println!(
            "| {pods} | {order} | {} | {:.2} | {:.2} | {:.2} |",
            times.len(),
            at(50),
            at(99),
            at(100)
        );
    }
    println!(
        "\n| pods | order | lines/s | written | printed | CPU s | MiB after 10 s | most MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for order in ["arrival", "time"] {
        load(&program, order);
    }
}

/// A `tail` of all pods, whose records are their paths.
struct Measured {
    child: Child,
}

impl Measured {
    fn start(program: &Path, cluster: &Cluster, order: &str, pods: usize) -> (Self, ChildStdout) {
        let config = cluster.server.kubeconfig_of(tests::kube::USER, tests::tail_play::NAMESPACE);
        let mut child = Command::new(program)
            .args(["tail", "many", "--fields", "path", "-o", "json", "--order", order])
            .env("KUBECONFIG", config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let measured = Self { child };
        while cluster.server.open_logs() < pods {
            sleep(Duration::from_millis(10));
        }
        // What is there already is held for longer.
        sleep(Duration::from_millis(1500));
        (measured, out)
    }

    /// Resident memory in MiB.
    fn resident(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", self.child.id())).unwrap();
        let pages: f64 = text.split(' ').nth(1).unwrap().parse().unwrap();
        pages * rustix::param::page_size() as f64 / f64::from(1 << 20)
    }

    /// CPU time so far, in seconds.
    fn cpu(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let after = text.rsplit(") ").next().unwrap();
        let ticks = after.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap());
        ticks.sum::<f64>() / rustix::param::clock_ticks_per_second() as f64
    }

    fn end(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        self.child.wait().unwrap();
    }
}

fn pods(cluster: &Cluster, count: usize) -> Vec<LogHandle> {
    (0..count).map(|number| cluster.pod("many", &format!("many-5c4d-{number}"))).collect()
}

/// How long each line takes.
fn latencies(program: &Path, count: usize, order: &str) -> Vec<Duration> {
    let cluster = Cluster::start(MESH);
    let logs = pods(&cluster, count);
    let (measured, out) = Measured::start(program, &cluster, order, count);
    let reader = thread::spawn(move || {
        let lines = BufReader::new(out).lines().map_while(Result::ok);
        let arrived = lines.map(|line| {
            let digits: String = line.chars().filter(char::is_ascii_digit).collect();
            (digits.parse::<usize>().unwrap(), Instant::now())
        });
        arrived.take(WARM_UP + TIMED).collect::<Vec<_>>()
    });
    let mut written = Vec::new();
    for number in 0..WARM_UP + TIMED {
        let text = line(&format!("/{number}"), number as u64 * 5);
        written.push(Instant::now());
        logs[number % logs.len()].line(text);
        sleep(APART);
    }
    let arrived = reader.join().unwrap();
    measured.end();
    let timed = arrived.into_iter().filter(|(number, _)| *number >= WARM_UP);
    timed.map(|(number, at)| at.duration_since(written[number])).collect()
}

/// Lines of many pods at a steady rate.
fn load(program: &Path, order: &str) {
    let cluster = Cluster::start(MESH);
    let logs = pods(&cluster, PODS);
    logs.iter().for_each(|log| log.keep(5000));
    let (measured, mut out) = Measured::start(program, &cluster, order, PODS);
    let printed = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&printed);
    let reader = thread::spawn(move || {
        let mut block = vec![0; 1 << 16];
        while let Ok(count @ 1..) = out.read(&mut block) {
            let lines = block[..count].iter().filter(|byte| **byte == b'\n').count();
            counter.fetch_add(lines as u64, Ordering::Relaxed);
        }
    });
    let text = line("/load", 1);
    let lines = vec![text; LINES_A_TICK];
    let (begun, cpu) = (Instant::now(), measured.cpu());
    let (mut written, mut ticks) = (0_u64, 0);
    let (mut early, mut most) = (0.0_f64, 0.0_f64);
    while begun.elapsed() < LOADED {
        for log in &logs {
            log.lines(&lines);
        }
        written += (PODS * LINES_A_TICK) as u64;
        ticks += 1;
        let resident = measured.resident();
        if begun.elapsed() < LOADED / 3 {
            early = early.max(resident);
        }
        most = most.max(resident);
        sleep((begun + TICK * ticks).saturating_duration_since(Instant::now()));
    }
    let seconds = begun.elapsed().as_secs_f64();
    while printed.load(Ordering::Relaxed) < written && begun.elapsed() < LOADED * 2 {
        sleep(Duration::from_millis(50));
    }
    let cpu = measured.cpu() - cpu;
    measured.end();
    reader.join().unwrap();
    println!(
        "| {PODS} | {order} | {:.0} | {written} | {} | {cpu:.1} | {early:.0} | {most:.0} |",
        written as f64 / seconds,
        printed.load(Ordering::Relaxed)
    );
}
