//! The demo: a real Envoy with a flaky upstream behind it, and `logcollector tail` reading what it
//! writes, as `kubectl logs -f` would bring it. First with Istio's format and the attempt count behind it,
//! then with the filter, loaded by the manifest that `logcollector filter manifest` prints. Everything is
//! on loopback and on free ports.
//!
//! `demo PATH_OF_LOGCOLLECTOR` ends after a few seconds; with `DEMO=forever` it goes on.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a demo"
)]

use std::ffi::OsStr;
use std::io::{Read, Write, pipe};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use tests::envoy::Envoy;
use tests::istiod::{Pushed, logger};
use tests::upstream::{Address, Upstream};

/// A path, and what the upstream does with each attempt; see [`tests::upstream`].
const REQUESTS: &[(&str, &str, &str)] = &[
    ("GET", "/reviews/0", "200"),
    ("GET", "/reviews/1?page=2", "200"),
    ("POST", "/orders", "503,200"),
    ("GET", "/reviews/2", "200"),
    ("GET", "/slow", "hold"),
    ("GET", "/reviews/3", "404"),
    ("POST", "/orders", "503,503,503"),
    ("GET", "/refused", "200"),
    ("GET", "/reviews/4", "close,200"),
    ("GET", "/nowhere", "200"),
];
const ROUNDS: usize = 2;
const PAUSE: Duration = Duration::from_millis(150);

fn main() {
    let logcollector = std::env::args_os().nth(1).expect("the path of logcollector");
    let forever = std::env::var_os("DEMO").is_some_and(|demo| demo == "forever");
    println!("A real Envoy, an upstream that fails now and then, and `logcollector tail`.\n");
    println!("With MeshConfig's accessLogFormat: Istio's own, and the attempt count behind it");
    let istio = accesslog::Preset::from_name("istio").expect("a preset").text();
    let format = format!("{} %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n", istio.trim_end());
    let log = show(&logcollector, &format, None, 1);
    println!("\nThe line of a request that was retried, as Envoy wrote it:\n{log}\n");

    println!(
        "With the filter: `logcollector filter manifest`, and the format of `--print mesh-config`"
    );
    let manifest = printed(&logcollector, &[]);
    let formats = printed(&logcollector, &["--print", "mesh-config"]);
    let format = formats[0]["meshConfig"]["accessLogFormat"].as_str().expect("a format");
    let rounds = if forever { usize::MAX } else { ROUNDS };
    let log = show(&logcollector, format, Some(&manifest), rounds);
    println!("\nThe line of a request that was retried, as Envoy wrote it:\n{log}");
}

/// What `logcollector filter manifest` prints.
fn printed(logcollector: &OsStr, arguments: &[&str]) -> Value {
    let mut command = Command::new(logcollector);
    command.args(["filter", "manifest", "-o", "json"]).args(arguments).stderr(Stdio::inherit());
    serde_json::from_slice(&command.output().unwrap().stdout).expect("JSON")
}

/// Sends requests through an Envoy whose log `logcollector tail` reads, and returns the line of one that
/// was retried.
fn show(logcollector: &OsStr, format: &str, manifest: Option<&Value>, rounds: usize) -> String {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Upstream::http("127.0.0.1");
    let Address::Ip(upstream_address) = *upstream.address() else { panic!("an address") };
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (output, input) = pipe().unwrap();
    let mut tail =
        Command::new(logcollector).args(["tail", "-o", "pretty"]).stdin(output).spawn().unwrap();
    let copy = dir.path().join("access.log");
    let logs = [logger(Path::new("/dev/stdout"), format), logger(&copy, format)];
    let nothing = json!({"spec": {"configPatches": []}});
    let mut pushed = Pushed::patched(vec![listener(&logs)], manifest.unwrap_or(&nothing));
    pushed.into_files(dir.path());
    let config = config(&pushed.listeners, upstream_address, refusing);
    let stderr = input.try_clone().unwrap();
    let envoy = Envoy::start_with(&config, dir.path(), input, stderr);
    let listener = envoy.ports()["0.0.0.0_9080"];
    let mut round = 0;
    while round < rounds {
        for (method, path, upstream) in REQUESTS {
            send(listener, method, path, upstream);
            sleep(PAUSE);
        }
        round += 1;
    }
    envoy.stop();
    tail.wait().unwrap();
    let lines = std::fs::read_to_string(copy).unwrap();
    lines.lines().find(|line| line.contains("POST /orders")).expect("a retried request").to_owned()
}

/// Sends a request and reads the response to its end.
fn send(address: SocketAddr, method: &str, path: &str, upstream: &str) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: reviews.bookinfo:9080\r\nuser-agent: demo \"1.0\"\r\n\
         x-upstream: {upstream}\r\nconnection: close\r\n\r\n"
    );
    if stream.write_all(request.as_bytes()).is_ok() {
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

fn config(listeners: &[Value], upstream: SocketAddr, refusing: SocketAddr) -> Value {
    json!({
        "node": {"id": "demo", "cluster": "demo"},
        "admin": {"address": socket(([127, 0, 0, 1], 0).into())},
        "static_resources": {
            "listeners": listeners,
            "clusters": [
                cluster("outbound|9080||reviews.bookinfo.svc.cluster.local", upstream),
                cluster("outbound|9080||ratings.bookinfo.svc.cluster.local", refusing),
            ],
        },
    })
}

fn listener(logs: &[Value]) -> Value {
    json!({
        "name": "0.0.0.0_9080",
        "traffic_direction": "OUTBOUND",
        "address": socket(([127, 0, 0, 1], 0).into()),
        "filter_chains": [{"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": connection_manager(logs),
        }]}],
    })
}

fn connection_manager(logs: &[Value]) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "demo",
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }],
        "access_log": logs,
        "route_config": {"virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "include_request_attempt_count": true,
            "routes": [
                route("/reviews", "outbound|9080||reviews.bookinfo.svc.cluster.local"),
                route("/orders", "outbound|9080||reviews.bookinfo.svc.cluster.local"),
                route("/slow", "outbound|9080||reviews.bookinfo.svc.cluster.local"),
                route("/refused", "outbound|9080||ratings.bookinfo.svc.cluster.local"),
            ],
        }]},
    })
}

fn route(prefix: &str, cluster: &str) -> Value {
    json!({
        "name": "default",
        "match": {"prefix": prefix},
        "route": {
            "cluster": cluster,
            "timeout": "0.4s",
            "retry_policy": {
                "retry_on": "5xx,reset,connect-failure",
                "num_retries": 2,
            },
        },
    })
}

fn cluster(name: &str, address: SocketAddr) -> Value {
    let endpoint = json!({"endpoint": {"address": socket(address)}});
    json!({
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    })
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}
