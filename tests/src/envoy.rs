//! The real Envoy as a child process: start, wait until it is ready, ask its admin, stop.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::guard::Guard;

/// How long any wait for the child may take before the test fails; never asserted on.
const PATIENCE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(5);

/// A running Envoy; ends with its handle, or with this process if that is killed.
#[derive(Debug)]
pub struct Envoy {
    child: Child,
    guard: Guard,
    admin: SocketAddr,
    dir: PathBuf,
}

/// The Envoy to run: `ENVOY_BIN`, else the one that `make envoy` installs.
pub fn binary() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/envoy/bin/envoy");
    let path = std::env::var_os("ENVOY_BIN").map_or(installed, PathBuf::from);
    assert!(path.exists(), "no Envoy at {}: run `make envoy`", path.display());
    path
}

impl Envoy {
    /// Starts Envoy with `config` and waits until it serves; its files go into `dir`.
    pub fn start(config: &Value, dir: &Path) -> Self {
        let file = |name: &str| fs::File::create(dir.join(name)).unwrap();
        Self::start_with(config, dir, file("envoy.stdout"), file("envoy.log"))
    }

    /// As [`Self::start`], as a member of a group. Envoy runs in the network namespace of the calling
    /// thread, and can be asked and stopped from there only.
    pub fn start_in_group(group: u32, config: &Value, dir: &Path) -> Self {
        let file = |name: &str| fs::File::create(dir.join(name)).unwrap();
        let mut command = Command::new(binary());
        command.gid(group);
        Self::run(command, 1, config, dir, (file("envoy.stdout"), file("envoy.log")))
    }

    /// As [`Self::start`], with so many worker threads in place of one.
    pub fn start_workers(workers: u32, config: &Value, dir: &Path) -> Self {
        let file = |name: &str| fs::File::create(dir.join(name)).unwrap();
        let output = (file("envoy.stdout"), file("envoy.log"));
        Self::run(Command::new(binary()), workers, config, dir, output)
    }

    /// As [`Self::start`], with standard output and error going elsewhere.
    pub fn start_with(
        config: &Value,
        dir: &Path,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
    ) -> Self {
        Self::run(Command::new(binary()), 1, config, dir, (stdout, stderr))
    }

    fn run(
        mut command: Command,
        workers: u32,
        config: &Value,
        dir: &Path,
        (stdout, stderr): (impl Into<Stdio>, impl Into<Stdio>),
    ) -> Self {
        let file = dir.join("envoy.json");
        let address = dir.join("admin.address");
        fs::write(&file, serde_json::to_vec_pretty(config).unwrap()).unwrap();
        let child = command
            .args(["--disable-hot-restart", "--log-level", "warning"])
            .args(["--concurrency", &workers.to_string()])
            .args(["--file-flush-interval-msec", "5", "--drain-time-s", "1"])
            .arg("--admin-address-path")
            .arg(&address)
            .arg("-c")
            .arg(&file)
            .env("ACCESS_LOG_TEST", "from the \"environment\"")
            // A zone that needs no time zone database.
            .env("TZ", "Fixed/UTC-05:00:00")
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap();
        let admin = SocketAddr::from(([127, 0, 0, 1], 0));
        let guard = Guard::over(&child);
        let mut envoy = Self { child, guard, admin, dir: dir.to_owned() };
        envoy.admin = envoy.wait("its admin address", || {
            fs::read_to_string(&address).ok().and_then(|text| text.trim().parse().ok())
        });
        envoy.wait("it to be ready", || envoy.ask("GET", "/ready").filter(|b| b.contains("LIVE")));
        envoy
    }

    /// The addresses of the listeners that bind a port, by listener name.
    pub fn ports(&self) -> BTreeMap<String, SocketAddr> {
        let body = self.ask("GET", "/listeners?format=json").expect("the listeners");
        let listing: Value = serde_json::from_str(&body).unwrap();
        let mut ports = BTreeMap::new();
        for status in listing["listener_statuses"].as_array().unwrap() {
            let socket = &status["local_address"]["socket_address"];
            let (Some(ip), Some(port)) =
                (socket["address"].as_str(), socket["port_value"].as_u64())
            else {
                continue;
            };
            let port = u16::try_from(port).unwrap();
            let name = status["name"].as_str().unwrap().to_owned();
            ports.insert(name, SocketAddr::new(ip.parse().unwrap(), port));
        }
        ports
    }

    /// Why each listener of a listeners file was refused, by name; `None` for those that were not.
    pub fn refusals(&self) -> BTreeMap<String, Option<String>> {
        let path = "/config_dump?resource=dynamic_listeners";
        let body = self.ask("GET", path).expect("the configuration");
        let dump: Value = serde_json::from_str(&body).unwrap();
        let listeners = dump["configs"].as_array().into_iter().flatten();
        let verdict = |listener: &Value| {
            let error = &listener["error_state"];
            let name = listener["name"].as_str().or(error["failed_configuration"]["name"].as_str());
            (name.unwrap().to_owned(), error["details"].as_str().map(str::to_owned))
        };
        listeners.map(verdict).collect()
    }

    /// The value of a counter or gauge; 0 where Envoy has not made it yet.
    pub fn stat(&self, name: &str) -> u64 {
        self.stats(&format!("^{name}$"))
            .rsplit_once(": ")
            .map_or(0, |(_, value)| value.trim().parse().unwrap())
    }

    /// Waits until a counter or gauge has at least this value.
    pub fn wait_for_stat(&self, name: &str, value: u64) {
        self.wait(&format!("{name} to be {value}"), || (self.stat(name) >= value).then_some(()));
    }

    /// The statistics whose names match the regular expression `filter`, as `name: value` lines.
    pub fn stats(&self, filter: &str) -> String {
        self.ask("GET", &format!("/stats?filter={filter}")).expect("the statistics")
    }

    /// The memory that the process holds, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap().trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What Envoy has said so far, on standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("envoy.log")).unwrap_or_default()
    }

    /// Waits until `file` has `count` lines and returns it whole.
    pub fn wait_for_lines(&self, file: &Path, count: usize, why: &str) -> Vec<u8> {
        self.wait(&format!("line {count} of {} ({why})", file.display()), || {
            let bytes = fs::read(file).unwrap_or_default();
            (bytes.iter().filter(|b| **b == b'\n').count() >= count).then_some(bytes)
        })
    }

    /// Stops Envoy in an orderly way, so that every log line is on disk, and waits for its end.
    pub fn stop(mut self) {
        let _ = self.ask("POST", "/quitquitquit");
        let mut tries = PATIENCE.as_millis() / STEP.as_millis();
        while self.child.try_wait().unwrap().is_none() {
            tries = tries.checked_sub(1).expect("envoy ends when asked to");
            sleep(STEP);
        }
    }

    fn ask(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.admin).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        Some(unchunk(body))
    }

    fn wait<T>(&self, what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            if let Some(found) = poll() {
                return found;
            }
            sleep(STEP);
        }
        panic!("waited for {what} in vain; envoy said:\n{}", self.log());
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        // First, so that it never sees the process id of somebody else.
        self.guard.dismiss();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Takes the chunk sizes out of a chunked body.
fn unchunk(body: &str) -> String {
    let mut rest = body;
    let mut out = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        match usize::from_str_radix(size, 16).ok().and_then(|n| Some((tail.get(..n)?, n))) {
            Some((chunk, n)) => {
                out.push_str(chunk);
                rest = tail.get(n + 2..).unwrap_or_default();
            }
            None => return body.to_owned(),
        }
    }
    out
}
