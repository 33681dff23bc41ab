//! The filter in the real Envoy where something is wrong: configurations, modules that trap, and what
//! may not be taken at face value from a client.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use filter::config::{AccessLog, Attempts};
use serde_json::{Value, json};
use tests::envoy::Envoy;
use tests::filter_play::client::{Client, request};
use tests::filter_play::line::Line;
use tests::filter_play::load::{Load, RETRIED};
use tests::filter_play::module::{Module, OnTrap, Role};
use tests::filter_play::{Listener, Logs, Scene};

/// How often Envoy configures a module when it runs one worker: twice to begin with, and for each worker.
const CONFIGURED: usize = 3;

/// Configurations that no role, or one of them, can make anything of.
const WRONG: &[&str] = &[
    "{",
    "[]",
    "nothing of JSON",
    "{\"access_log\": {\"fields\": {\"a\": \"\u{e9}\n\"}}}",
    r#"{"acces_log": {}}"#,
    r#"{"attempts": 1}"#,
    r#"{"attempts": {"survive_internal_redirects": "yes"}}"#,
    r#"{"attempts": {"survive": true}}"#,
    r#"{"access_log": {"field": {}}}"#,
    r#"{"access_log": {"fields": {"a": "retry", "a": "retry"}}}"#,
    r#"{"access_log": {"fields": {"a": "upstream.host"}}}"#,
    r#"{"access_log": {"fields": {"a": "request.headers"}}}"#,
    r#"{"access_log": {"fields": {"a": "request.headers['x"}}}"#,
    r#"{"access_log": {"fields": {"a \"b\"": "retry"}}}"#,
    r#"{"access_log": {"fields": {"a": {"value": "request.path", "redact": "query",
        "replace_with": "hash"}}}}"#,
    r#"{"access_log": {"hash_key": "short"}}"#,
    r#"{"access_log": {"max_bytes": 1e99}}"#,
    r#"{"access_log": {"keep": {}}}"#,
    r#"{"access_log": {"keep": {"rate": 1.5}}}"#,
    r#"{"access_log": {"keep": {"rate": 0, "paths": ["pay"]}}}"#,
];

#[test]
fn envoy_serves_whatever_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let names: Vec<String> = (0..WRONG.len()).map(|number| format!("wrong {number:02}")).collect();
    let mut listeners = Vec::new();
    for (name, text) in names.iter().zip(WRONG) {
        let module = |role| Module::new(role, text);
        let listener = Listener::http(name).access_log(module(Role::AccessLog));
        listeners.push(listener.attempts(module(Role::Attempts)));
    }
    let envoy = Envoy::start(&scene.bootstrap(&listeners), dir.path());
    let ports = envoy.ports();
    for name in &names {
        let request = request(b"/ok", &[("x-upstream", "200")]);
        assert_eq!(Client::connect(ports[name]).ask(&request).unwrap(), 200, "{name}");
    }
    let log = envoy.log();
    envoy.stop();
    for (name, text) in names.iter().zip(WRONG) {
        let [line] = &scene.lines(name)[..] else { panic!("{name}: one record") };
        let access_log = AccessLog::parse(text.as_bytes()).err().map(|error| error.to_string());
        let attempts = Attempts::parse(text.as_bytes()).err().map(|error| error.to_string());
        println!("{text}\n    access_log: {access_log:?}\n    attempts: {attempts:?}");
        let object = line.object().map(Value::Object);
        assert_eq!(object, access_log.as_ref().map(|error| json!({"filter_error": error})));
        assert_eq!((line.text("keep"), line.text("attempt_count")), (None, None), "{name}");
        assert_eq!(line.history().is_none(), attempts.is_some(), "{name}: {line:?}");
        for (role, error) in [("access_log", access_log), ("attempts", attempts)] {
            let Some(error) = error else { continue };
            let end = format!(
                " logcollector {role}: the configuration is wrong, nothing will be logged: {error}"
            );
            let count = log.lines().filter(|line| line.ends_with(&end)).count();
            assert_eq!(count, CONFIGURED, "lines of Envoy's log that end with {end:?}");
        }
    }
}

/// One module a role serves all listeners, whose requests come in turn.
#[test]
fn plugins_that_share_a_vm_keep_their_own_configurations() {
    let path = |redact: &str| {
        let path = format!(r#"{{"value": "request.path", "redact": {redact}}}"#);
        format!(r#"{{"access_log": {{"fields": {{"path": {path}}}}}}}"#)
    };
    let token = path(r#"{"query_parameters": ["token"]}"#);
    let cases = [
        ("token", token.as_str(), Some("/ok?token=[redacted]&id=7"), true),
        ("query", &path(r#""query""#), Some("/ok?[redacted]"), true),
        ("value", &path(r#""value""#), Some("[redacted]"), true),
        ("wrong", r#"{"access_log": 1, "attempts": 1}"#, None, false),
        ("token again", token.as_str(), Some("/ok?token=[redacted]&id=7"), true),
    ];
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let listeners = cases.map(|(name, configuration, ..)| {
        let module = |role| Module::new(role, configuration);
        let [access_log, attempts] = [Role::AccessLog, Role::Attempts].map(module);
        let vm_of =
            |module: &Module| module.filter()["typed_config"]["config"]["vm_config"].clone();
        assert_eq!(vm_of(&access_log), vm_of(&Module::new(Role::AccessLog, "")));
        assert_eq!(vm_of(&attempts), vm_of(&Module::new(Role::Attempts, "")));
        Listener::http(name).access_log(access_log).attempts(attempts)
    });
    const ROUNDS: usize = 20;
    let envoy = Envoy::start_workers(2, &scene.bootstrap(&listeners), dir.path());
    let ports = envoy.ports();
    for _ in 0..ROUNDS {
        for (name, ..) in cases {
            let request = request(b"/ok?token=secret&id=7", &[("x-upstream", "200")]);
            assert_eq!(Client::connect(ports[name]).ask(&request).unwrap(), 200, "{name}");
        }
    }
    envoy.stop();
    for (name, _, path, has_history) in cases {
        let lines = scene.lines(name);
        assert_eq!(lines.len(), ROUNDS);
        for line in lines {
            let object = line.object().unwrap();
            assert_eq!(object.get("path").and_then(Value::as_str), path, "{name}");
            assert_eq!(object.contains_key("filter_error"), path.is_none(), "{name}");
            assert_eq!(line.history().is_some(), has_history, "{name}");
        }
    }
}

#[test]
fn a_module_that_traps_loses_no_request() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let fields = r#"{"access_log": {"fields": {"code": "response.code"}}}"#;
    let trapping = |role, on_trap| Module::trapping(role, fields, on_trap);
    let listeners = [
        Listener::http("reload")
            .access_log(trapping(Role::AccessLog, OnTrap::Reload))
            .attempts(Module::new(Role::Attempts, "")),
        Listener::http("open")
            .access_log(Module::new(Role::AccessLog, fields))
            .attempts(trapping(Role::Attempts, OnTrap::FailOpen)),
        Listener::http("later").access_log(trapping(Role::AccessLog, OnTrap::ReloadLater)),
    ];
    let envoy = Envoy::start(&scene.bootstrap(&listeners), dir.path());
    let ask = |listener: &str, trap: &str| retried(&scene, &envoy, listener, trap);
    // In `on_log`: this request's fields are lost, and those of no other.
    let reloaded = ["no", "log", "no", "no"].map(|trap| ask("reload", trap));
    assert_eq!(reloaded.each_ref().map(|(code, _)| *code), [200; 4]);
    let has_fields = reloaded.each_ref().map(|(_, line)| line.object().is_some());
    assert_eq!(has_fields, [true, false, true, true]);
    let is_told = |line: &Line| line.history().is_some_and(|told| told.attempts.len() == 2);
    assert!(reloaded.iter().all(|(_, line)| is_told(line)), "the other role goes on");
    // In request headers: Envoy goes on without the module, for ever.
    let open = ["no", "request", "no", "no"].map(|trap| ask("open", trap));
    assert_eq!(open.each_ref().map(|(code, _)| *code), [200; 4]);
    assert_eq!(open.each_ref().map(|(_, line)| is_told(line)), [true, false, false, false]);
    assert!(open.iter().all(|(_, line)| line.object().is_some()), "so does this one");
    assert!(open[1..].iter().all(|(_, line)| line.history().is_none()));
    // What Envoy does where it may not load the module anew yet.
    let later = ["log", "no"].map(|trap| ask("later", trap));
    let details = later.each_ref().map(|(code, line)| (*code, line.text("details")));
    assert_eq!(details, [(200, Some("via_upstream")), (503, Some("wasm_fail_stream"))]);
    envoy.stop();
}

/// Sends a request that succeeds in its second attempt; returns the status code and the record.
fn retried(scene: &Scene, envoy: &Envoy, listener: &str, trap: &str) -> (u16, Line) {
    let before = scene.lines(listener).len();
    let headers = [
        ("x-request-id", format!("{listener} {before}")),
        ("x-trap", trap.to_owned()),
        ("x-upstream", "503,200".to_owned()),
    ];
    let mut client = Client::connect(envoy.ports()[listener]);
    let code = client.ask(&request(b"/retry", &headers)).unwrap();
    envoy.wait_for_lines(&scene.log(listener), before + 1, listener);
    (code, scene.lines(listener).pop().unwrap())
}

#[test]
fn large_headers_are_clipped() {
    const MIB: usize = 1 << 20;
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let fields = r#"{"access_log": {"max_bytes": 65536, "hash_key": "0123456789abcdef", "fields": {
        "short": "request.headers['x-big']",
        "long": {"value": "request.headers['x-big']", "max_bytes": 60000},
        "none": {"value": "request.headers['x-big']", "max_bytes": 65536},
        "path": {"value": "request.path", "redact": {"query_parameters": ["token"]}},
        "hash": {"value": "request.query", "redact": "query", "replace_with": "hash"},
        "code": "response.code"
    }}}"#;
    let listener = Listener::http("big")
        .access_log(Module::new(Role::AccessLog, fields))
        .attempts(Module::new(Role::Attempts, ""));
    let envoy = Envoy::start(&scene.bootstrap(&[listener]), dir.path());
    let mut client = Client::connect(envoy.ports()["big"]);
    for (number, size) in [MIB, 6 * MIB, MIB, 10].into_iter().enumerate() {
        let path = [b"/retry?token=", "t".repeat(size.min(MIB)).as_bytes(), b"&x=1"].concat();
        let (id, big) = (number.to_string(), "\u{e9}".repeat(size / 2));
        let headers = [("x-request-id", &*id), ("x-upstream", "503,200"), ("x-big", &big)];
        assert_eq!(client.ask(&request(&path, &headers)).unwrap(), 200, "{size} bytes");
        let lines = envoy.wait_for_lines(&scene.log("big"), number + 1, "a large header").len();
        println!("a header of {size} bytes: {lines} bytes of log so far");
        let line = scene.lines("big").pop().unwrap();
        let object = line.object().unwrap();
        let is_small = size < 256;
        assert_eq!(object["short"], "\u{e9}".repeat(if is_small { size / 2 } else { 128 }));
        assert_eq!(object["path"], "/retry?token=[redacted]&x=1");
        assert_eq!(object["hash"].as_str().unwrap().len(), "hmac:".len() + 16);
        assert_eq!(object["code"], 200);
        let clipped = (!is_small).then(|| json!(["short", "long", "none"]));
        assert_eq!(object.get("clipped"), clipped.as_ref());
        assert_eq!(line.history().unwrap().attempts.len(), 2);
        assert!(line.text("object").unwrap().len() < 70_000);
    }
    envoy.stop();
}

/// Run with LOGCOLLECTOR_FILTER_REQUESTS=1000000, this takes some minutes.
#[test]
fn memory_does_not_grow_with_requests() {
    /// In KiB; what Envoy's own pools and V8's heap move by.
    const BOUND: u64 = 16 * 1024;
    const ROUND: Load = Load { requests: 5_000, ..RETRIED };
    let requests = std::env::var("LOGCOLLECTOR_FILTER_REQUESTS")
        .map_or(20_000, |text| text.parse::<u32>().expect("a number of requests"));
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let fields = r#"{"access_log": {"attempt_count": true, "keep": {"rate": 0.5}, "fields": {
        "retry": "retry", "path": {"value": "request.path", "redact": "query"},
        "id": "request.id", "host": "upstream.address"
    }}}"#;
    let listener = Listener::http("load")
        .logs(Logs::Nowhere)
        .access_log(Module::new(Role::AccessLog, fields))
        .attempts(Module::new(Role::Attempts, ""));
    let envoy = Envoy::start(&scene.bootstrap(&[listener]), dir.path());
    let round = || {
        ROUND.play(envoy.ports()["load"]);
        scene.journal.clear();
        envoy.resident_kib()
    };
    let warm = round();
    let most = (0..requests.div_ceil(ROUND.requests)).map(|_| round()).max().unwrap_or(warm);
    envoy.stop();
    println!("{requests} requests: {warm} KiB before, {most} KiB at most");
    assert!(most < warm + BOUND, "from {warm} to {most} KiB");
}

#[test]
fn an_error_in_the_configuration_is_one_line_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let text = r#"{"access_log": {"fields": {"a\n[critical] forged \u001b[31m": "retry"}}}"#;
    let listener = Listener::http("wrong").access_log(Module::new(Role::AccessLog, text));
    let envoy = Envoy::start(&scene.bootstrap(&[listener]), dir.path());
    let log = envoy.log();
    envoy.stop();
    let forged: Vec<&str> = log.lines().filter(|line| !line.starts_with("[20")).collect();
    assert!(forged.is_empty(), "lines that Envoy did not begin: {forged:?}");
    assert!(!log.contains('\u{1b}'), "control characters: {log:?}");
}
