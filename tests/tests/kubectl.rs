//! The machine's kubectl works against the test server, so that it is not only our own idea of the API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tests::kube::{KubeServer, Rule, USER};

const CLUSTER: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: shop, labels: {app: web}}
spec:
  nodeName: n1
  containers: [{name: app, image: app}, {name: istio-proxy, image: proxyv2}]
status:
  phase: Running
  containerStatuses:
  - {name: app, restartCount: 0, state: {waiting: {reason: PodInitializing}}}
  - name: istio-proxy
    restartCount: 0
    containerID: containerd://one
    state: {running: {startedAt: '2026-01-02T03:04:05Z'}}
---
apiVersion: v1
kind: Pod
metadata: {name: api-0, namespace: bank, labels: {app: api}}
spec: {nodeName: n2, containers: [{name: istio-proxy, image: proxyv2}]}
status:
  phase: Running
  containerStatuses:
  - {name: istio-proxy, restartCount: 0, containerID: 'containerd://two', state: {running: {}}}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: mesh, namespace: istio-system}
spec: {accessLogging: [{disabled: true}]}
";

const TELEMETRY: &str = "
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: look, namespace: shop}
spec: {accessLogging: [{providers: [{name: envoy}]}]}
";

struct Cluster {
    server: KubeServer,
    config: PathBuf,
    manifest: tempfile::NamedTempFile,
}

impl Cluster {
    fn start() -> Self {
        let server = KubeServer::start();
        server.apply(CLUSTER);
        let config = server.kubeconfig_of(USER, "shop");
        let manifest = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
        std::fs::write(manifest.path(), TELEMETRY).unwrap();
        Self { server, config, manifest }
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new("kubectl");
        let manifest = self.manifest.path().to_str().unwrap();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.config.parent().unwrap())
            .env("KUBECONFIG", &self.config)
            .args(arguments.split(' ').map(|word| word.replace("MANIFEST", manifest)));
        command
    }

    /// What kubectl prints, whose exit code is 0.
    fn run(&self, arguments: &str) -> String {
        let output = self.output(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "kubectl {arguments}: {out}{err}");
        out
    }

    /// What kubectl says of its failure.
    fn refused(&self, arguments: &str) -> String {
        let output = self.output(arguments);
        assert_eq!(output.status.code(), Some(1), "kubectl {arguments}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    fn output(&self, arguments: &str) -> Output {
        self.command(arguments).output().expect("kubectl is installed: try `make kubectl-tool`")
    }

    fn follow(&self, arguments: &str) -> Followed {
        let mut child =
            self.command(arguments).stdout(Stdio::piped()).spawn().expect("kubectl is installed");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Followed { child, lines }
    }
}

/// A kubectl that goes on until it is dropped.
struct Followed {
    child: Child,
    lines: Receiver<String>,
}

impl Followed {
    fn line(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(30)).expect("a line of kubectl")
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _it_has_ended_already = self.child.kill();
        self.child.wait().unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn reads() {
    let cluster = Cluster::start();
    let log = cluster.server.log("shop", "web-0", "istio-proxy");
    log.line_at("2026-01-02T03:04:05.25Z".parse().unwrap(), "one");
    log.line_at("2026-01-02T03:04:06.75Z".parse().unwrap(), "two");
    for (label, arguments, expected) in [
        ("pods of all namespaces", "get pods -A -o name", "pod/api-0\npod/web-0\n"),
        ("pods of its own", "get pods -o name", "pod/web-0\n"),
        ("by label", "get pods -A -l app=api -o name", "pod/api-0\n"),
        ("by field", "get pods -A --field-selector spec.nodeName=n1 -o name", "pod/web-0\n"),
        ("in chunks", "get pods -A --chunk-size=1 -o name", "pod/api-0\npod/web-0\n"),
        ("short name", "get po web-0 -o jsonpath={.spec.nodeName}", "n1"),
        ("json", "get pods -A -o jsonpath={.items[*].metadata.namespace}", "bank shop"),
        (
            "telemetry",
            "get telemetry -n istio-system -o jsonpath={.items[0].spec}",
            r#"{"accessLogging":[{"disabled":true}]}"#,
        ),
        (
            "old version",
            "get telemetries.v1alpha1.telemetry.istio.io -A -o name",
            "telemetry.telemetry.istio.io/mesh\n",
        ),
        ("namespace", "get ns shop -o name", "namespace/shop\n"),
        ("may", "auth can-i create telemetries.telemetry.istio.io", "yes\n"),
        ("log", "logs web-0 -c istio-proxy", "one\ntwo\n"),
        ("tail", "logs web-0 -c istio-proxy --tail=1", "two\n"),
        (
            "times, whole seconds",
            "logs web-0 -c istio-proxy --timestamps --since-time=2026-01-02T03:04:06.9Z",
            "2026-01-02T03:04:06.750000000Z two\n",
        ),
        ("bytes", "logs web-0 -c istio-proxy --limit-bytes=5", "one\nt"),
        ("the only container", "logs -n bank api-0", ""),
    ] {
        assert_eq!(cluster.run(arguments), expected, "{label}");
    }
    let table = cluster.run("get pods -A");
    assert!(table.contains("shop") && table.contains("web-0"), "{table}");
    assert_eq!(cluster.server.problems(), [""; 0]);
}

#[test]
fn refuses() {
    let cluster = Cluster::start();
    let secret = Rule { verb: "*".into(), resource: "telemetries".into(), ..Rule::default() };
    let user = |user: &str| Some(user.to_owned());
    cluster.server.forbid(Rule { user: user("visitor"), namespace: None, ..secret });
    let logs = Rule { verb: "get".into(), resource: "pods/log".into(), ..Rule::default() };
    cluster.server.forbid(Rule { user: user("visitor"), ..logs });
    for (label, arguments, expected) in [
        ("no such pod", "get pod none", "Error from server (NotFound): pods \"none\" not found\n"),
        ("no log of it", "logs none", "(NotFound): pods \"none\" not found"),
        (
            "waiting",
            "logs web-0 -c app",
            "(BadRequest): container \"app\" in pod \"web-0\" is waiting to start: PodInitializing",
        ),
        ("wrong container", "logs web-0 -c none", "container none is not valid for pod web-0"),
        (
            "no run before",
            "logs web-0 -p -c istio-proxy",
            "(BadRequest): previous terminated container \"istio-proxy\" in pod \"web-0\" not found",
        ),
        (
            "forbidden in a namespace",
            "get telemetry --as visitor",
            "Error from server (Forbidden): telemetries.telemetry.istio.io is forbidden: User \
             \"visitor\" cannot list resource \"telemetries\" in API group \"telemetry.istio.io\" in \
             the namespace \"shop\"\n",
        ),
        (
            "forbidden everywhere",
            "get telemetry -A --as visitor",
            "in API group \"telemetry.istio.io\" at the cluster scope\n",
        ),
        (
            "forbidden log",
            "logs web-0 -c istio-proxy --as visitor",
            "pods \"web-0\" is forbidden: User \"visitor\" cannot get resource \"pods/log\" in API \
             group \"\" in the namespace \"shop\"\n",
        ),
        ("no such kind", "get unicorns", "the server doesn't have a resource type \"unicorns\""),
        ("another namespace", "create -n none -f MANIFEST", "does not match"),
    ] {
        let said = cluster.refused(arguments);
        assert!(said.contains(expected), "{label}: {said}");
    }
    let requests = cluster.server.requests();
    assert!(requests.iter().any(|request| request.user == "visitor" && request.impersonated));
    cluster.server.unauthorized(true);
    let said = cluster.refused("get pods");
    assert!(said.contains("You must be logged in to the server"), "unauthorized: {said}");
}

#[test]
fn writes() {
    let cluster = Cluster::start();
    let look = || cluster.server.object("Telemetry", "shop", "look");
    for (label, arguments, expected, is_there) in [
        (
            "create, dry",
            "create -f MANIFEST --dry-run=server",
            "telemetry.telemetry.istio.io/look created (server dry run)\n",
            false,
        ),
        ("apply", "apply -f MANIFEST", "telemetry.telemetry.istio.io/look created\n", true),
        ("apply again", "apply -f MANIFEST", "telemetry.telemetry.istio.io/look unchanged\n", true),
        (
            "server-side apply",
            "apply --server-side -f MANIFEST",
            "telemetry.telemetry.istio.io/look serverside-applied\n",
            true,
        ),
        ("label", "label telemetry look a=b", "telemetry.telemetry.istio.io/look labeled\n", true),
        (
            "delete, dry",
            "delete telemetry look --dry-run=server",
            "telemetry.telemetry.istio.io \"look\" deleted (server dry run)\n",
            true,
        ),
        (
            "delete",
            "delete telemetry look",
            "telemetry.telemetry.istio.io \"look\" deleted\n",
            false,
        ),
    ] {
        assert_eq!(cluster.run(arguments), expected, "{label}");
        assert_eq!(look().is_some(), is_there, "{label}");
    }
    cluster.run("create -f MANIFEST");
    let said = cluster.refused("create -f MANIFEST");
    assert!(said.contains("telemetries.telemetry.istio.io \"look\" already exists"), "{said}");
    cluster.run("delete telemetry look");
    let message = "admission webhook \"validation.istio.io\" denied the request: no";
    cluster.server.refuse("Telemetry", message);
    let said = cluster.refused("create -f MANIFEST --dry-run=server");
    assert!(said.contains(message), "{said}");
    assert_eq!(look(), None);
}

/// The first two words of a line of a table.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().take(2).collect()
}

#[test]
fn watches() {
    let cluster = Cluster::start();
    let watched = cluster.follow("get pods -w --output-watch-events --no-headers");
    assert_eq!(words(&watched.line()), ["ADDED", "web-0"]);
    while cluster.server.open_watches() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    cluster
        .server
        .change("Pod", "shop", "web-0", |pod| pod["metadata"]["labels"]["b"] = "c".into());
    assert_eq!(words(&watched.line()), ["MODIFIED", "web-0"]);
    cluster.server.delete("Pod", "shop", "web-0");
    assert_eq!(words(&watched.line()), ["DELETED", "web-0"]);
}

#[test]
fn follows() {
    let cluster = Cluster::start();
    let log = cluster.server.log("shop", "web-0", "istio-proxy");
    log.line("one");
    let followed = cluster.follow("logs -f web-0 -c istio-proxy");
    assert_eq!(followed.line(), "one");
    log.line("two");
    assert_eq!(followed.line(), "two");
    log.restart();
    assert!(followed.lines.recv_timeout(Duration::from_secs(30)).is_err(), "the end");
    log.line("three");
    assert_eq!(cluster.run("logs web-0 -c istio-proxy"), "three\n");
    assert_eq!(cluster.run("logs -p web-0 -c istio-proxy"), "one\ntwo\n");
    let pod = cluster.server.object("Pod", "shop", "web-0").unwrap();
    assert_eq!(pod["status"]["containerStatuses"][1]["restartCount"], 1);
}

#[test]
fn runs_the_plugin() {
    let cluster = Cluster::start();
    cluster.server.log("shop", "web-0", "istio-proxy").line("no access log");
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-accesslog");
    std::os::unix::fs::symlink(tests::tail_play::binary(), &plugin).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let output = cluster
        .command("accesslog tail web-0 -n shop --no-follow --other show -o json")
        .env("PATH", path)
        .output()
        .expect("kubectl is installed");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(err.contains("1 lines read"), "{out}{err}");
}
