//! `logcollector tail` on the test server of the Kubernetes API.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::kube::{KubeServer, LogHandle, USER};

/// The namespace of the pods.
pub const NAMESPACE: &str = "shop";
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Istio's ConfigMap, in which the mesh logs in the default format.
pub const MESH: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    accessLogFile: /dev/stdout
";

/// The same, in which it does not log.
pub const SILENT_MESH: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data:
  mesh: |
    rootNamespace: istio-system
";

/// A cluster whose pods a test writes the logs of.
#[derive(Debug)]
pub struct Cluster {
    /// The server; a test changes the cluster through it.
    pub server: KubeServer,
    config: PathBuf,
}

impl Cluster {
    /// A cluster with this mesh configuration and the namespace [`NAMESPACE`], where proxies are injected.
    pub fn start(mesh: &str) -> Self {
        let server = KubeServer::start();
        server.apply(mesh);
        server.apply(&format!(
            "{{apiVersion: v1, kind: Namespace, metadata: {{name: {NAMESPACE}, \
             labels: {{istio-injection: enabled}}}}}}"
        ));
        let config = server.kubeconfig_of(USER, NAMESPACE);
        Self { server, config }
    }

    /// Makes a pod of a Deployment's, and gives its proxy's log.
    pub fn pod(&self, app: &str, name: &str) -> LogHandle {
        self.server.apply(&pod_manifest(app, name));
        self.server.log(NAMESPACE, name, "istio-proxy")
    }

    /// Makes a Deployment and its ReplicaSet.
    pub fn deployment(&self, app: &str) {
        self.server.apply(&deployment_manifest(app));
    }

    /// The command with these arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .env_clear()
            .env("HOME", self.config.parent().unwrap())
            .env("KUBECONFIG", &self.config)
            .args(arguments);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).stdin(Stdio::null()).output().unwrap();
        Ended {
            status: output.status,
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Begins `logcollector tail` with these arguments.
    pub fn tail(&self, arguments: &[&str]) -> Tail {
        let mut command = self.command(&["tail"]);
        command.args(arguments);
        Tail::start(command)
    }
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// A command that goes on until it is asked to end, or dropped.
#[derive(Debug)]
pub struct Tail {
    child: Child,
    out: Lines,
    err: Lines,
}

impl Tail {
    /// Begins a command.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("logcollector was built");
        let out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        Self { child, out, err }
    }

    /// The lines that came so far on standard output.
    pub fn out(&self) -> Vec<String> {
        self.out.0.lock().unwrap().clone()
    }

    /// The lines that came so far on standard error.
    pub fn err(&self) -> Vec<String> {
        self.err.0.lock().unwrap().clone()
    }

    /// Waits until so many lines came on standard output.
    pub fn wait_out(&self, count: usize) -> Vec<String> {
        self.wait(&format!("{count} lines"), || self.out().len() >= count);
        self.out()
    }

    /// Waits until something stands on standard error.
    pub fn wait_err(&self, text: &str) {
        self.wait(text, || self.err().iter().any(|line| line.contains(text)));
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(
                begun.elapsed() < PATIENCE,
                "waited for: {what}\n--- out ({} lines)\n{}\n--- err\n{}",
                self.out().len(),
                self.out().iter().rev().take(20).cloned().collect::<Vec<_>>().join("\n"),
                self.err().join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal)
            .unwrap();
    }

    /// Waits for the end; what was printed.
    pub fn ended(mut self) -> Ended {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it has not ended:\n{}", self.err().join("\n"));
            std::thread::sleep(Duration::from_millis(10));
        };
        self.out.read_all();
        self.err.read_all();
        Ended { status, out: self.out().join("\n"), err: self.err().join("\n") }
    }

    /// Asks for the end with Ctrl-C; what was printed.
    pub fn end(self) -> Ended {
        self.signal(Signal::INT);
        self.ended()
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _it_has_ended_already = self.child.kill();
        self.child.wait().unwrap();
    }
}

/// Lines as they come.
#[derive(Debug)]
struct Lines(Arc<Mutex<Vec<String>>>, Option<JoinHandle<()>>);

impl Lines {
    fn of(input: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(input).split(b'\n').map_while(Result::ok) {
                taken.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
            }
        });
        Self(lines, Some(reader))
    }

    /// Waits for the end of the input.
    fn read_all(&mut self) {
        self.1.take().map(JoinHandle::join).transpose().unwrap();
    }
}

/// The command that was built beside the tests.
pub fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("logcollector")
}

/// A line of Istio's default format: a request to `path` that began `at`, in milliseconds of a day.
pub fn line(path: &str, at: u64) -> String {
    let (second, milli) = (at / 1000, at % 1000);
    let time = format!(
        "2026-11-25T{:02}:{:02}:{:02}.{milli:03}Z",
        second / 3600 % 24,
        second / 60 % 60,
        second % 60
    );
    format!(
        "[{time}] \"GET {path} HTTP/1.1\" 200 - via_upstream - \"-\" 0 295 12 11 \"-\" \"curl/8.1.2\" \
         \"6d7c9b2e-4c11-9a0f-8e5d-3b0a6f1c2d4e\" \"reviews:9080\" \"10.244.1.31:9080\" \
         outbound|9080||reviews.shop.svc.cluster.local 10.244.0.15:40322 10.96.12.9:9080 \
         10.244.0.15:54120 - default"
    )
}

/// A pod of a Deployment's, whose proxy runs.
pub fn pod_manifest(app: &str, name: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: {NAMESPACE}
  labels: {{app: {app}, pod-template-hash: 5c4d}}
  annotations: {{sidecar.istio.io/status: '{{\"revision\":\"default\"}}'}}
  ownerReferences:
  - {{apiVersion: apps/v1, kind: ReplicaSet, name: {app}-5c4d, uid: r-{app}, controller: true}}
spec:
  nodeName: node-1
  containers:
  - {{name: app, image: app}}
  - {{name: istio-proxy, image: 'docker.io/istio/proxyv2:1.31.0', args: [proxy, sidecar]}}
status:
  phase: Running
  podIP: 10.1.0.9
  containerStatuses:
  - {{name: app, image: app, imageID: '', ready: true, restartCount: 0, state: {{running: {{}}}}}}
  - name: istio-proxy
    image: proxyv2
    imageID: ''
    ready: true
    restartCount: 0
    containerID: 'containerd://{name}-0'
    state: {{running: {{}}}}
"
    )
}

/// A Deployment and its ReplicaSet.
pub fn deployment_manifest(app: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {app}, namespace: {NAMESPACE}, labels: {{app: {app}}}}}
spec:
  selector: {{matchLabels: {{app: {app}}}}}
  template: {{metadata: {{labels: {{app: {app}}}}}, spec: {{containers: [{{name: app, image: app}}]}}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: {app}-5c4d
  namespace: {NAMESPACE}
  labels: {{app: {app}, pod-template-hash: 5c4d}}
  ownerReferences: [{{apiVersion: apps/v1, kind: Deployment, name: {app}, uid: d-{app}, controller: true}}]
spec:
  selector: {{matchLabels: {{app: {app}, pod-template-hash: 5c4d}}}}
  template:
    metadata: {{labels: {{app: {app}, pod-template-hash: 5c4d}}}}
    spec: {{containers: [{{name: app, image: app}}]}}
"
    )
}
