//! What happens to a cluster while `tail` looks at it: the same on the test server and on a real
//! kube-apiserver.
//!
//! A scene plays on a [`Stage`] and fails where `tail` does not do as it should. What only one of the
//! servers can do is in the tests of that server.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::kube::{Cut, KubeServer, LogHandle};
use crate::real_kube::RealKube;
use crate::tail_play::{
    Cluster, Ended, MESH, NAMESPACE, Tail, binary, deployment_manifest, line, pod_manifest,
};

/// The container of the proxy.
const PROXY: &str = "istio-proxy";

/// What gives the mesh of [`MESH`], behind it, a format of its own.
const OWN_FORMAT: &str =
    "    accessLogFormat: \"%START_TIME% %REQ(:PATH)% %RESPONSE_CODE% mine\\n\"\n";

/// A cluster that scenes are played on.
pub trait Stage {
    /// Creates or replaces the objects of these documents.
    fn apply(&self, documents: &str);
    /// Deletes a pod, and its logs with it.
    fn delete_pod(&self, name: &str);
    /// The server that holds the logs and is asked for them.
    fn logs(&self) -> &KubeServer;
    /// Restarts the proxy of a pod.
    fn restart(&self, pod: &str);
    /// Cuts every connection of the clients.
    fn cut(&self);
    /// Has the API server forget what was, so that watches must begin anew.
    fn forget(&self);
    /// The API server is gone.
    fn down(&self);
    /// It is back.
    fn up(&self);
    /// The kubeconfig of somebody who may do everything.
    fn config(&self) -> PathBuf;
}

impl Stage for Cluster {
    fn apply(&self, documents: &str) {
        self.server.apply(documents);
    }

    fn delete_pod(&self, name: &str) {
        self.server.delete("Pod", NAMESPACE, name);
    }

    fn logs(&self) -> &KubeServer {
        &self.server
    }

    fn restart(&self, pod: &str) {
        self.server.log(NAMESPACE, pod, PROXY).restart();
    }

    fn cut(&self) {
        self.server.cut_logs(Cut::Abort);
        self.server.cut_watches(Cut::Abort);
    }

    fn forget(&self) {
        self.server.compact();
        self.server.cut_watches(Cut::Abort);
    }

    fn down(&self) {
        self.server.down();
    }

    fn up(&self) {
        self.server.up();
    }

    fn config(&self) -> PathBuf {
        self.server.kubeconfig_of(crate::kube::USER, NAMESPACE)
    }
}

impl Stage for RealKube {
    fn apply(&self, documents: &str) {
        RealKube::apply(self, documents);
    }

    fn delete_pod(&self, name: &str) {
        self.delete("v1", "Pod", NAMESPACE, name);
    }

    fn logs(&self) -> &KubeServer {
        &self.kubelet
    }

    fn restart(&self, pod: &str) {
        RealKube::restart(self, NAMESPACE, pod, PROXY);
    }

    fn cut(&self) {
        RealKube::cut(self);
    }

    // An API server that starts knows nothing of what was before, whatever etcd remembers.
    fn forget(&self) {
        self.compact();
        RealKube::down(self);
        RealKube::up(self);
    }

    fn down(&self) {
        RealKube::down(self);
    }

    fn up(&self) {
        RealKube::up(self);
    }

    fn config(&self) -> PathBuf {
        self.kubeconfig(NAMESPACE)
    }
}

/// A mesh that logs in the default format, and a Deployment `reviews` without pods.
fn set(stage: &impl Stage) {
    stage.apply(&format!(
        "{{apiVersion: v1, kind: Namespace, metadata: {{name: {NAMESPACE}, \
         labels: {{istio-injection: enabled}}}}}}"
    ));
    stage.apply(MESH);
    stage.apply(&deployment_manifest("reviews"));
}

/// Makes a pod, and gives its proxy's log.
fn pod(stage: &impl Stage, app: &str, name: &str) -> LogHandle {
    stage.apply(&pod_manifest(app, name));
    stage.logs().log(NAMESPACE, name, PROXY)
}

/// Begins `logcollector tail` as a user of this kubeconfig.
fn tail(config: &PathBuf, arguments: &[&str]) -> Tail {
    Tail::start(command(config, "tail", arguments))
}

fn command(config: &PathBuf, name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("HOME", config.parent().unwrap())
        .env("KUBECONFIG", config)
        .args(name.split(' '))
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// The paths of the records that were printed, sorted.
fn paths(ended: &Ended) -> Vec<String> {
    let path = |line: &str| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["path"].as_str().unwrap_or_else(|| panic!("no path: {line}")).to_owned()
    };
    let mut paths: Vec<_> = ended.out.lines().map(path).collect();
    paths.sort();
    paths
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("/{number:04}")).collect()
}

/// The pods of a Deployment, those that come and those that go; no other ones.
pub fn pods_come_and_go(stage: &impl Stage) {
    set(stage);
    let first = pod(stage, "reviews", "reviews-5c4d-a");
    let other = pod(stage, "ratings", "ratings-5c4d-b");
    first.line(line("/1-before", 1));
    other.line(line("/other", 1));
    let tail = tail(&stage.config(), &["deploy/reviews"]);
    tail.wait_out(1);
    first.line(line("/2-after", 2));
    tail.wait_out(2);
    let second = pod(stage, "reviews", "reviews-5c4d-c");
    second.line(line("/3-new", 3));
    tail.wait_out(3);
    first.line(line("/4-last", 4));
    tail.wait_out(4);
    stage.delete_pod("reviews-5c4d-a");
    tail.wait_err("reviews-5c4d-a: ended");
    second.line(line("/5-left", 5));
    tail.wait_out(5);
    let ended = tail.end();
    let expected = ["/1-before", "/2-after", "/3-new", "/4-last", "/5-left"];
    assert_eq!(paths(&ended), expected, "{}", ended.err);
    assert_eq!(ended.status.code(), Some(0));
}

/// A restart of the container loses nothing of either run.
pub fn a_container_restarts(stage: &impl Stage) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    log.line(line("/1", 1));
    let tail = tail(&stage.config(), &["deploy/reviews"]);
    tail.wait_out(1);
    log.lines(&[line("/2", 2), line("/3", 3)]);
    stage.restart("reviews-5c4d-a");
    log.line(line("/4", 4));
    tail.wait_err("restarted");
    tail.wait_out(4);
    let ended = tail.end();
    assert_eq!(paths(&ended), ["/1", "/2", "/3", "/4"], "{}", ended.err);
    let previous = command(&stage.config(), "tail", &["reviews-5c4d-a", "--previous"]);
    assert_eq!(paths(&Tail::start(previous).ended()), ["/1", "/2", "/3"]);
}

/// Cut connections lose nothing and repeat nothing.
pub fn connections_are_cut(stage: &impl Stage) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    let tail = tail(&stage.config(), &["deploy/reviews"]);
    for (number, path) in numbered(60).iter().enumerate() {
        log.line(line(path, number as u64));
        if number % 12 == 5 {
            tail.wait_out(number.saturating_sub(3));
            stage.cut();
        }
    }
    tail.wait_out(60);
    let ended = tail.end();
    assert_eq!(paths(&ended), numbered(60), "{}", ended.err);
    assert!(!ended.err.contains("may be missing"), "{}", ended.err);
}

/// A log that the kubelet ends in the middle of a line is gone on with, without half a line.
pub fn logs_are_cut_within_a_line(stage: &impl Stage) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    let length = line("/0000", 0).len() + 32;
    for at in [1, 30, 31, 32, length - 1, length, length + 1, 2 * length - 7] {
        for cut in [Cut::Clean, Cut::Abort] {
            stage.logs().cut_log_at(NAMESPACE, "reviews-5c4d-a", PROXY, at, cut);
        }
    }
    for (number, path) in numbered(20).iter().enumerate() {
        log.line(line(path, number as u64));
    }
    let tail = tail(&stage.config(), &["deploy/reviews", "--tail", "-1"]);
    tail.wait_out(20);
    let ended = tail.end();
    assert_eq!(paths(&ended), numbered(20), "{}", ended.err);
}

/// A watch whose version is forgotten (410) is begun anew.
pub fn the_past_is_forgotten(stage: &impl Stage) {
    set(stage);
    let first = pod(stage, "reviews", "reviews-5c4d-a");
    let tail = tail(&stage.config(), &["deploy/reviews"]);
    first.line(line("/1", 1));
    tail.wait_out(1);
    stage.forget();
    let second = pod(stage, "reviews", "reviews-5c4d-c");
    second.line(line("/2", 2));
    first.line(line("/3", 3));
    tail.wait_out(3);
    stage.delete_pod("reviews-5c4d-a");
    tail.wait_err("reviews-5c4d-a: ended");
    let ended = tail.end();
    assert_eq!(paths(&ended), ["/1", "/2", "/3"], "{}", ended.err);
}

/// What is written while the API server is away comes when it is back.
pub fn the_api_server_goes_and_comes(stage: &impl Stage) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    let tail = tail(&stage.config(), &["deploy/reviews"]);
    log.line(line("/1", 1));
    tail.wait_out(1);
    stage.down();
    tail.wait_err("cannot reach the cluster");
    log.lines(&[line("/2", 2), line("/3", 3)]);
    stage.up();
    tail.wait_out(3);
    let next = pod(stage, "reviews", "reviews-5c4d-c");
    next.line(line("/4", 4));
    tail.wait_out(4);
    let ended = tail.end();
    assert_eq!(paths(&ended), ["/1", "/2", "/3", "/4"], "{}", ended.err);
}

/// A change of the mesh's format is followed: each line is read in the format it was written in.
pub fn the_format_changes(stage: &impl Stage) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    let tail = tail(&stage.config(), &["deploy/reviews"]);
    log.line(line("/1", 1));
    tail.wait_out(1);
    stage.apply(&format!("{MESH}{OWN_FORMAT}"));
    // Until the change has arrived, a line of the new format is no record.
    tail.wait("a record of the new format", || {
        log.line("2026-11-25T00:00:02.000Z /2 503 mine");
        std::thread::sleep(std::time::Duration::from_millis(100));
        tail.out().iter().any(|line| line.contains("\"/2\""))
    });
    let ended = tail.end();
    assert!(ended.out.contains("503"), "{}", ended.out);
}

/// Many pods at once, of which some are replaced.
pub fn many_pods_are_replaced(stage: &impl Stage) {
    set(stage);
    let name = |number: usize| format!("reviews-5c4d-{number:02}");
    let logs: Vec<_> = (0..50).map(|number| pod(stage, "reviews", &name(number))).collect();
    let tail = tail(&stage.config(), &["deploy/reviews", "--tail", "-1"]);
    for (log, path) in logs.iter().zip(numbered(50)) {
        log.line(line(&path, 1));
    }
    tail.wait_out(50);
    for number in 0..20 {
        stage.delete_pod(&name(number));
        let path = format!("/{:04}", 50 + number);
        pod(stage, "reviews", &name(50 + number)).line(line(&path, 2));
    }
    for (number, log) in logs.iter().enumerate().skip(20) {
        log.line(line(&format!("/{:04}", 50 + number), 3));
    }
    tail.wait_out(100);
    let ended = tail.end();
    assert_eq!(paths(&ended), numbered(100), "{}", ended.err);
}

/// `telemetry who` reads the cluster.
pub fn who_is_live(stage: &impl Stage) {
    set(stage);
    pod(stage, "reviews", "reviews-5c4d-a");
    stage.apply(&format!(
        "{{apiVersion: telemetry.istio.io/v1, kind: Telemetry, \
         metadata: {{name: quiet, namespace: {NAMESPACE}}}, spec: {{accessLogging: [{{disabled: true}}]}}}}"
    ));
    let ended = Tail::start(command(&stage.config(), "telemetry who", &["-o", "json"])).ended();
    let found: Value = serde_json::from_str(&ended.out)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{}", ended.out, ended.err));
    assert!(found.to_string().contains("reviews-5c4d-a"), "{found}");
    assert!(found.to_string().contains(&format!("{NAMESPACE}/quiet")), "{found}");
}

/// A time with a fraction reaches the kubelet as a whole second.
pub fn since_counts_seconds(stage: &impl Stage) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    for (time, path) in [("04.9", "/1"), ("05.1", "/2"), ("05.9", "/3"), ("06.0", "/4")] {
        log.line_at(format!("2026-01-02T03:04:{time}Z").parse().unwrap(), line(path, 1));
    }
    let arguments = ["reviews-5c4d-a", "--no-follow", "--since-time", "2026-01-02T03:04:05.5Z"];
    let ended = Tail::start(command(&stage.config(), "tail", &arguments)).ended();
    assert_eq!(paths(&ended), ["/2", "/3", "/4"], "{}", ended.err);
    let arguments = ["reviews-5c4d-a", "--no-follow", "--tail", "1"];
    let ended = Tail::start(command(&stage.config(), "tail", &arguments)).ended();
    assert_eq!(paths(&ended), ["/4"], "{}", ended.err);
}

/// Logging that is switched on is switched off again.
pub fn logging_is_switched_on_and_off(stage: &impl Stage, telemetries: impl Fn() -> Vec<Value>) {
    set(stage);
    stage.apply(crate::tail_play::SILENT_MESH);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    let tail = tail(&stage.config(), &["deploy/reviews", "--enable", "--yes"]);
    tail.wait_err("switched on");
    let [object] = telemetries().try_into().unwrap();
    assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/managed-by"], "logcollector");
    log.line(line("/1", 1));
    tail.wait_out(1);
    let ended = tail.end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert_eq!(telemetries(), [] as [Value; 0], "{}", ended.err);
}

/// Who may read no ConfigMaps and Telemetry objects reads formats from the lines. `config` is of somebody
/// who may only read pods and their logs.
pub fn formats_may_not_be_read(stage: &impl Stage, config: &PathBuf) {
    set(stage);
    let log = pod(stage, "reviews", "reviews-5c4d-a");
    log.line(line("/1", 1));
    let tail = tail(config, &["reviews-5c4d-a"]);
    tail.wait_err("they are told from the lines");
    tail.wait_err("configmaps: not allowed to read them");
    tail.wait_out(1);
    log.line(line("/2", 2));
    tail.wait_out(2);
    let ended = tail.end();
    assert_eq!(paths(&ended), ["/1", "/2"], "{}", ended.err);
}
