//! The filter as `logcollector filter manifest` loads it: a sidecar whose listeners were patched as istiod
//! patches them, with the extension configurations coming and going while the real Envoy runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tests::envoy::Envoy;
use tests::filter_play::module::find;
use tests::istiod::{self, Pushed, Sidecar};
use tests::upstream::{Address, Upstream};

const ATTEMPTS: &str = "logcollector-attempts";
const ACCESS_LOG: &str = "logcollector-access-log";
/// What the mesh's format is made to end with.
const FIELDS: &str = "%RESPONSE_CODE% %UPSTREAM_REQUEST_ATTEMPT_COUNT% \
                      %FILTER_STATE(wasm.upstream_attempts:PLAIN)% \
                      %FILTER_STATE(wasm.access_log:PLAIN)%\n";

/// How long an answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The objects that the command prints.
fn manifest(arguments: &[&str]) -> Vec<Value> {
    let tests = std::env::current_exe().unwrap();
    let binary = tests.parent().unwrap().parent().unwrap().join("logcollector");
    assert!(binary.exists(), "no logcollector at {}: run `make build`", binary.display());
    let output = Command::new(binary)
        .args(["filter", "manifest", "-o", "json"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    match printed["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![printed],
    }
}

fn of_kind<'o>(objects: &'o [Value], kind: &str) -> &'o Value {
    objects.iter().find(|object| object["kind"] == kind).expect("an object of this kind")
}

/// A sidecar under a manifest.
struct Proxy {
    envoy: Envoy,
    files: Vec<(String, PathBuf)>,
    extensions: Vec<Value>,
    log: PathBuf,
    lines: usize,
    _dir: tempfile::TempDir,
}

impl Proxy {
    /// Starts it after `change` was made to what istiod sends.
    fn start(
        sidecar: &Sidecar,
        log: PathBuf,
        envoy_filter: &Value,
        change: impl FnOnce(&mut Pushed),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut pushed = Pushed::patched(sidecar.listeners(), envoy_filter);
        let extensions = pushed.extensions.clone();
        change(&mut pushed);
        let files = pushed.into_files(dir.path());
        assert_eq!(files.len(), 2, "both roles are discovered");
        let bootstrap = sidecar.bootstrap(&pushed.listeners, dir.path());
        let envoy = Envoy::start(&bootstrap, dir.path());
        Self { envoy, files, extensions, log, lines: 0, _dir: dir }
    }

    fn extension(&self, name: &str) -> Value {
        self.extensions.iter().find(|extension| extension["name"] == name).unwrap().clone()
    }

    /// Sends an extension configuration, or takes it away, and waits until Envoy has seen it.
    fn publish(&self, name: &str, extension: Option<&Value>) {
        let (_, path) = self.files.iter().find(|(known, _)| known == name).unwrap();
        let upstream = if name == ATTEMPTS { "upstream_http_filter" } else { "http_filter" };
        let stat = format!("extension_config_discovery.{upstream}.{name}.update_attempt");
        let before = self.envoy.stat(&stat);
        istiod::publish(path, extension);
        self.envoy.wait_for_stat(&stat, before + 1);
    }

    /// Sends a request whose first attempt fails, and returns what was logged of it.
    fn retried(&mut self, listener: &str) -> Line {
        let response = request(self.envoy.ports()[listener]);
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        self.lines += 1;
        let text = self.envoy.wait_for_lines(&self.log, self.lines, listener);
        let text = String::from_utf8(text).unwrap();
        Line::read(text.lines().nth(self.lines - 1).unwrap())
    }

    /// How often Envoy took new listeners, changed or removed some.
    fn listener_changes(&self) -> [u64; 3] {
        ["added", "modified", "removed"]
            .map(|what| self.envoy.stat(&format!("listener_manager.listener_{what}")))
    }
}

/// Sends a request whose first attempt fails, and returns the response.
fn request(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /reviews/0?token=secret HTTP/1.1\r\nhost: reviews.bookinfo:9080\r\n\
                   x-upstream: 503,200\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// The end of a line of the access log.
#[derive(Debug, PartialEq)]
struct Line {
    codes: Option<Vec<Option<u16>>>,
    added: Option<Value>,
}

impl Line {
    fn read(line: &str) -> Self {
        let [added, history, count, _] = line.rsplitn(4, ' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        assert_eq!(count, "2", "{line}");
        let history = filter::history::parse(history.as_bytes());
        Self {
            codes: history.map(|it| it.attempts.iter().map(|attempt| attempt.code).collect()),
            added: (added != "-").then(|| serde_json::from_str(added).unwrap()),
        }
    }

    fn nothing() -> Self {
        Self { codes: None, added: None }
    }

    fn whole(added: Value) -> Self {
        Self { codes: Some(vec![Some(503), Some(200)]), added: Some(added) }
    }
}

/// A sidecar whose mesh logs into `log`, with an upstream behind it.
fn sidecar(dir: &Path, upstream: &Upstream) -> (Sidecar, PathBuf) {
    let Address::Ip(address) = *upstream.address() else { panic!("an address") };
    let log = dir.join("access.log");
    let logs = vec![istiod::logger(&log, FIELDS)];
    (Sidecar { endpoints: vec![address], outside: address, logs }, log)
}

/// The same configuration with bytes that are no module.
fn spoiled(mut extension: Value) -> Value {
    let code = &mut extension["typed_config"]["config"]["vm_config"]["code"]["local"];
    *code = json!({"inline_bytes": "bm8gbW9kdWxl"});
    extension
}

/// The configuration without Istio is one that Envoy takes, modules included.
#[test]
fn the_example_without_istio_is_valid() {
    let filter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../filter");
    let example = std::fs::read_to_string(filter.join("envoy.yaml")).unwrap();
    let module = find("logcollector_filter_attempts.wasm");
    let example = example.replace("target/filter", module.parent().unwrap().to_str().unwrap());
    let output = Command::new(tests::envoy::binary())
        .args(["--mode", "validate", "--config-yaml", &example])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("[error]"), "{said}");
}

/// Both modules, each within its budget, fit into what client-side `kubectl apply` takes.
#[test]
fn a_manifest_with_both_roles_can_be_applied() {
    const BUDGET: usize = 90 * 1024;
    const KUBECTL: usize = 262_144;
    let objects = manifest(&[]);
    let codes: Vec<usize> = of_kind(&objects, "EnvoyFilter")["spec"]["configPatches"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|patch| patch["applyTo"] == "EXTENSION_CONFIG")
        .map(|patch| {
            let vm = &patch["patch"]["value"]["typed_config"]["config"]["vm_config"];
            vm["code"]["local"]["inline_bytes"].as_str().unwrap().len() / 4 * 3
        })
        .collect();
    assert_eq!(codes.len(), 2);
    assert!(codes.iter().all(|bytes| *bytes <= BUDGET), "{codes:?}");
    for arguments in [&[][..], &["--print", "here", "--selector", "app=reviews"]] {
        let bytes: usize = manifest(arguments).iter().map(|object| object.to_string().len()).sum();
        assert!(bytes < KUBECTL, "{bytes} of {arguments:?}");
    }
}

#[test]
fn a_good_module_is_loaded_changed_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Upstream::http("127.0.0.1");
    let (sidecar, log) = sidecar(dir.path(), &upstream);
    let objects = manifest(&[]);
    let mut proxy = Proxy::start(&sidecar, log, of_kind(&objects, "EnvoyFilter"), |_| {});
    let whole = || Line::whole(json!({"retry": "recovered"}));
    assert_eq!(proxy.retried("0.0.0.0_9080"), whole(), "fresh");
    assert_eq!(proxy.retried("virtualInbound"), Line::nothing(), "not of this context");
    let before = proxy.listener_changes();

    let good = proxy.extension(ACCESS_LOG);
    let mut changed = good.clone();
    changed["typed_config"]["config"]["configuration"]["value"] =
        json!(r#"{"access_log": {"fields": {"count": "attempt_count"}}}"#);
    proxy.publish(ACCESS_LOG, Some(&changed));
    assert_eq!(proxy.retried("0.0.0.0_9080"), Line::whole(json!({"count": 2})), "changed");

    proxy.publish(ACCESS_LOG, Some(&spoiled(good.clone())));
    proxy.publish(ATTEMPTS, Some(&spoiled(proxy.extension(ATTEMPTS))));
    assert_eq!(proxy.retried("0.0.0.0_9080"), Line::whole(json!({"count": 2})), "bad bytes");

    proxy.publish(ACCESS_LOG, Some(&good));
    assert_eq!(proxy.retried("0.0.0.0_9080"), whole(), "good again");
    assert_eq!(proxy.listener_changes(), before, "no listener is touched");
}

#[test]
fn bad_bytes_or_no_extension_cost_a_fresh_proxy_the_fields_only() {
    type Change = fn(&mut Pushed);
    let spoil: Change = |pushed| {
        pushed.extensions = pushed.extensions.drain(..).map(spoiled).collect();
    };
    let remove: Change = |pushed| pushed.extensions.clear();
    for (name, change) in [("bad bytes", spoil), ("no extension", remove)] {
        let dir = tempfile::tempdir().unwrap();
        let upstream = Upstream::http("127.0.0.1");
        let (sidecar, log) = sidecar(dir.path(), &upstream);
        let objects = manifest(&[]);
        let mut proxy = Proxy::start(&sidecar, log, of_kind(&objects, "EnvoyFilter"), change);
        assert_eq!(proxy.retried("0.0.0.0_9080"), Line::nothing(), "{name}");
        for role in [ACCESS_LOG, ATTEMPTS] {
            proxy.publish(role, Some(&proxy.extension(role)));
        }
        let whole = Line::whole(json!({"retry": "recovered"}));
        assert_eq!(proxy.retried("0.0.0.0_9080"), whole, "{name}, then good");
    }
}

/// A workload that is muted and has its own access log: one line for each request or connection.
#[test]
fn printed_here_there_is_one_line_a_request() {
    let dir = tempfile::tempdir().unwrap();
    let (http, echo) = (Upstream::http("127.0.0.1"), Upstream::echo());
    let [Address::Ip(endpoint), Address::Ip(outside)] = [http.address(), echo.address()] else {
        panic!("addresses");
    };
    let sidecar = Sidecar { endpoints: vec![*endpoint], outside: *outside, logs: Vec::new() };
    let objects = manifest(&["--print", "here", "--selector", "app=reviews"]);
    let telemetry = of_kind(&objects, "Telemetry");
    assert_eq!(telemetry["spec"]["accessLogging"][0]["disabled"], true);
    let log = dir.path().join("stdout.log");
    let mut filter = of_kind(&objects, "EnvoyFilter").to_string();
    filter = filter.replace("/dev/stdout", log.to_str().unwrap());
    let filter: Value = serde_json::from_str(&filter).unwrap();
    let mut proxy = Proxy::start(&sidecar, log.clone(), &filter, |_| {});
    assert_eq!(
        proxy.retried("0.0.0.0_9080"),
        Line::whole(json!({"retry": "recovered"})),
        "outbound"
    );
    // The filter is outbound only; inbound requests are logged without its fields.
    assert_eq!(proxy.retried("virtualInbound"), Line::nothing(), "inbound");
    // The application speaks something else than HTTP; then to a port that has no service.
    let mut stream = TcpStream::connect(proxy.envoy.ports()["0.0.0.0_9080"]).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\x05hello").unwrap();
    stream.read_exact(&mut [0; 6]).unwrap();
    drop(stream);
    proxy.envoy.wait_for_lines(&log, 3, "a connection");
    let mut stream = TcpStream::connect(proxy.envoy.ports()["virtualOutbound"]).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"\x05hello").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    let text = proxy.envoy.wait_for_lines(&log, 4, "connections");
    proxy.envoy.stop();
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    println!("{text}");
    assert_eq!(lines.len(), 4);
    assert!(lines[2].contains("PassthroughCluster"), "{}", lines[2]);
    assert!(lines[3].contains(" NR "), "{}", lines[3]);
}
