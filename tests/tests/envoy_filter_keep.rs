//! The filter's keep decision in the real Envoy, and the expression that drops records by it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tests::certs::Certs;
use tests::client::{Act, Door, play};
use tests::envoy::Envoy;
use tests::filter_play::client::{Client, request};
use tests::filter_play::line;
use tests::filter_play::module::{Module, OnTrap, Role};
use tests::filter_play::{Listener, Scene};

const NONE: &str = r#"{"access_log": {"keep": {"rate": 0}}}"#;
const ALL: &str = r#"{"access_log": {"keep": {"rate": 1}}}"#;
const RULES: &str = r#"{"access_log": {"keep": {"rate": 0, "code_at_least": 500, "retried": true,
    "any_response_flag": true, "paths": ["/ok/pay", "/ok/api/*"]}}}"#;
const SLOW: &str = r#"{"access_log": {"keep": {"rate": 0, "slower_than_ms": 100}}}"#;
const PATIENT: &str = r#"{"access_log": {"keep": {"rate": 0, "slower_than_ms": 3600000}}}"#;
const HALF: &str = r#"{"access_log": {"keep": {"rate": 0.5}}}"#;

/// By listener, path and script: the value of `wasm.keep`, `-` where there is none.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("none", "/ok", "200", "0"),
    ("none", "/retry", "503,200", "0"),
    ("none", "/direct", "200", "0"),
    ("none", "/nowhere", "200", "0"),
    ("all", "/ok", "200", "1"),
    ("all", "/nowhere", "200", "1"),
    ("rules", "/ok", "200", "0"),
    ("rules", "/ok", "404", "0"),
    ("rules", "/ok", "500", "1"),
    ("rules", "/retry", "503,200", "1"),
    ("rules", "/nowhere", "200", "1"),
    ("rules", "/refused", "200", "1"),
    ("rules", "/ok/pay?id=1", "200", "1"),
    ("rules", "/ok/pay/1", "200", "0"),
    ("rules", "/ok/api/1", "200", "1"),
    ("patient", "/impatient", "hold,200", "0"),
    ("slow", "/impatient", "hold,200", "1"),
    ("undecided", "/ok", "200", "-"),
    ("wrong", "/ok", "200", "-"),
    ("unfiltered", "/ok", "200", "-"),
    ("broken", "/ok", "200", "-"),
];

#[test]
fn the_expression_drops_what_is_not_worth_a_line_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(dir.path());
    let scene = Scene::create(dir.path());
    let envoy = Envoy::start(&scene.bootstrap(&listeners()), dir.path());
    let ports = envoy.ports();
    // From here on, this listener runs without its module.
    let trap = request(b"/ok", &[("x-request-id", "trap"), ("x-trap", "log")]);
    assert_eq!(Client::connect(ports["broken"]).ask(&trap).unwrap(), 200);
    for (number, (listener, path, script, _)) in CASES.iter().enumerate() {
        ask(ports[*listener], number, path, script).unwrap();
    }
    play(&Door::Tcp(ports["tcp"]), None, &certs, &Act::SayAndFinish(b"hi".to_vec()));
    envoy.wait_for_lines(&scene.kept_log("tcp"), 1, "TCP");
    envoy.stop();

    let mut wrong = Vec::new();
    println!("listener    path            keep  logged");
    for (number, (listener, path, _, expected)) in CASES.iter().enumerate() {
        let id = number.to_string();
        let all = scene.lines(listener);
        let line = all.iter().find(|line| line.text("id") == Some(&id)).unwrap();
        let kept = line::read(&std::fs::read(scene.kept_log(listener)).unwrap());
        let is_kept = kept.contains(line);
        let keep = line.text("keep").unwrap_or("-");
        println!("{listener:11} {path:15} {keep:5} {is_kept}");
        if (keep, is_kept) != (*expected, *expected != "0") {
            wrong.push(format!("expected {expected}, logged {is_kept}: {line:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let trapped = line::read(&std::fs::read(scene.kept_log("broken")).unwrap());
    assert_eq!(trapped.len(), 2, "the request that the module trapped at is logged");
}

#[test]
fn all_hops_of_a_request_agree() {
    const REQUESTS: usize = 400;
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let half = || Module::new(Role::AccessLog, HALF);
    let listeners =
        [Listener::edge("edge").access_log(half()), Listener::inner("inner").access_log(half())];
    let envoy = Envoy::start(&scene.bootstrap(&listeners), dir.path());
    let mut client = Client::connect(envoy.ports()["edge"]);
    for number in 0..REQUESTS {
        let request = request(b"/inner", &[("x-key", number.to_string())]);
        assert_eq!(client.ask(&request).unwrap(), 200);
    }
    envoy.stop();

    let hop = |listener: &str| -> BTreeMap<String, (String, String)> {
        let lines = scene.lines(listener);
        let of = |key: &str, line: &line::Line| line.text(key).unwrap().to_owned();
        lines.iter().map(|l| (of("key", l), (of("id", l), of("keep", l)))).collect()
    };
    let (edge, inner) = (hop("edge"), hop("inner"));
    assert_eq!((edge.len(), inner.len()), (REQUESTS, REQUESTS));
    let kept = edge.values().filter(|(_, keep)| keep == "1").count();
    let changed = edge.iter().filter(|(key, (id, _))| inner[*key].0 != *id).count();
    let apart: Vec<_> = edge.iter().filter(|(key, (_, keep))| inner[*key].1 != *keep).collect();
    println!("{REQUESTS} requests through two hops: {kept} kept, {changed} ids changed on the way");
    assert!(apart.is_empty(), "the hops disagree on {apart:?}");
    assert!((REQUESTS / 4..REQUESTS * 3 / 4).contains(&kept), "{kept} of {REQUESTS} at a half");
    assert_eq!(
        changed, REQUESTS,
        "the edge notes that it does not trace, the next hop that it does"
    );
}

fn listeners() -> [Listener<'static>; 10] {
    let module = |configuration| Module::new(Role::AccessLog, configuration);
    let broken = Module::trapping(Role::AccessLog, ALL, OnTrap::FailOpen);
    [
        Listener::http("none").access_log(module(NONE)),
        Listener::http("all").access_log(module(ALL)),
        Listener::http("rules").access_log(module(RULES)),
        Listener::http("slow").access_log(module(SLOW)),
        Listener::http("patient").access_log(module(PATIENT)),
        Listener::http("undecided").access_log(module(r#"{"access_log": {"fields": {}}}"#)),
        Listener::http("wrong").access_log(module(r#"{"access_log": {"keep": {"rate": 7}}}"#)),
        Listener::http("unfiltered"),
        Listener::http("broken").access_log(broken),
        Listener::tcp("tcp"),
    ]
}

fn ask(address: SocketAddr, id: usize, path: &str, script: &str) -> io::Result<u16> {
    let headers = [("x-request-id", id.to_string()), ("x-upstream", script.to_owned())];
    Client::connect(address).ask(&request(path.as_bytes(), &headers))
}
