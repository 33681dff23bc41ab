//! The real Envoy as a child process, and its CPU time.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use super::Result;

/// How long Envoy may take for anything that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_millis(10);

/// A running Envoy with one worker; ends with its handle, or with this process if that is killed.
#[derive(Debug)]
pub(crate) struct Envoy {
    child: Child,
    guard: Guard,
    listener: SocketAddr,
    dir: PathBuf,
}

impl Envoy {
    /// Starts Envoy and waits until its listener is there; its files go into `dir`.
    pub(crate) fn start(binary: &Path, config: &Value, dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let (file, address) = (dir.join("envoy.json"), dir.join("admin.address"));
        fs::write(&file, serde_json::to_vec_pretty(config)?)?;
        let _ = fs::remove_file(&address);
        let child = Command::new(binary)
            .args(["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"])
            .args(["--file-flush-interval-msec", "1000"])
            .arg("--admin-address-path")
            .arg(&address)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("envoy.log"))?)
            .spawn()?;
        let guard = Guard::over(&child)?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut envoy = Self { child, guard, listener: nowhere, dir: dir.to_owned() };
        let admin: SocketAddr = envoy.wait("its admin address", || {
            fs::read_to_string(&address).ok().and_then(|text| text.trim().parse().ok())
        })?;
        envoy.listener = envoy.wait("its listener", || listener(admin))?;
        Ok(envoy)
    }

    /// Where requests go to.
    pub(crate) fn listener(&self) -> SocketAddr {
        self.listener
    }

    /// The CPU time of all threads so far, in nanoseconds.
    pub(crate) fn cpu(&self) -> Result<u64> {
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(task?.path().join("schedstat"))?;
            let nanoseconds = text.split(' ').next().unwrap_or_default();
            total += nanoseconds.parse::<u64>()?;
        }
        Ok(total)
    }

    /// Waits for something.
    ///
    /// # Errors
    ///
    /// When it takes too long: then with what Envoy said.
    pub(crate) fn wait<T>(&self, what: &str, mut poll: impl FnMut() -> Option<T>) -> Result<T> {
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            if let Some(found) = poll() {
                return Ok(found);
            }
            sleep(STEP);
        }
        let log = fs::read_to_string(self.dir.join("envoy.log")).unwrap_or_default();
        Err(format!("waited for {what} in vain; Envoy said:\n{log}").into())
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

/// The address of the one listener, as soon as Envoy is ready.
fn listener(admin: SocketAddr) -> Option<SocketAddr> {
    ask(admin, "/ready").filter(|answer| answer.contains("LIVE"))?;
    let listing = ask(admin, "/listeners")?;
    // `NAME::ADDRESS`, a listener a line.
    let (_, rest) = listing.split_once("bench::")?;
    rest.lines().next()?.trim().parse().ok()
}

fn ask(admin: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(admin).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A process that kills another one when its input ends without a line, as it does when this process
/// is killed.
#[derive(Debug)]
struct Guard(Child);

impl Guard {
    fn over(child: &Child) -> Result<Self> {
        let script = format!("read -r _ || kill -9 {}", child.id());
        let mut command = Command::new("sh");
        Ok(Self(command.args(["-c", &script]).stdin(Stdio::piped()).spawn()?))
    }

    fn dismiss(&mut self) {
        let _ = self.0.stdin.take().map(|mut input| input.write_all(b"\n"));
        let _ = self.0.wait();
    }
}
