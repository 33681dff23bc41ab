//! The filter in the real Envoy: what its access log says of a request's upstream attempts.
//!
//! Every scenario is a row: its histories are compared with Envoy's own operators and with what the
//! servers behind Envoy saw of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use serde_json::json;
use tests::certs::Certs;
use tests::envoy::Envoy;
use tests::filter_play::line::Line;
use tests::filter_play::load::{HEDGED, Load, RETRIED};
use tests::filter_play::module::{Module, Role};
use tests::filter_play::scenario::{self, ALL};
use tests::filter_play::{Listener, Scene};

/// Fields that Envoy has operators for, and how retries went.
const FIELDS: &str = r#"{"attempts": {}, "access_log": {"attempt_count": true, "fields": {
    "retry": "retry",
    "attempts": "attempt_count",
    "id": "request.id",
    "path": "request.path",
    "protocol": "request.protocol",
    "code": "response.code",
    "details": "response.code_details",
    "host": "upstream.address",
    "reason": "upstream.transport_failure_reason",
    "count": "upstream.request_attempt_count"
}}}"#;
const SURVIVING: &str = r#"{"attempts": {"survive_internal_redirects": true}}"#;

#[test]
fn every_scenario_is_told_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let certs = Certs::create(dir.path());
    let scene = Scene::create(dir.path());
    let access_log = || Module::new(Role::AccessLog, FIELDS);
    let listeners = [
        Listener::http("http")
            .access_log(access_log())
            .attempts(Module::new(Role::Attempts, FIELDS)),
        Listener::http("surviving")
            .access_log(access_log())
            .attempts(Module::new(Role::Attempts, SURVIVING)),
        Listener::tcp("tcp"),
    ];
    let envoy = Envoy::start(&scene.bootstrap(&listeners), dir.path());
    scenario::print_head();
    let mut wrong: Vec<String> =
        ALL.iter().flat_map(|scenario| scenario.play(&scene, &envoy, &certs)).collect();
    envoy.stop();
    for listener in ["http", "surviving", "tcp"] {
        let expected: usize =
            ALL.iter().filter(|s| s.listener == listener).map(|s| s.records.len()).sum();
        let lines = scene.lines(listener);
        assert_eq!(lines.len(), expected, "{listener}: no more records than expected");
        wrong.extend(lines.iter().flat_map(fields_and_operators));
        wrong.extend(scenario::compare_text(&scene, listener));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ten_thousand_requests_on_two_workers_have_their_histories() {
    let connections = load_two_workers(&RETRIED);
    print!("{connections}");
    assert!(connections.lines().count() == 2, "both workers count: {connections}");
    assert!(connections.lines().all(|line| !line.ends_with(": 0")), "both work: {connections}");
}

#[test]
fn attempts_of_many_requests_side_by_side_lose_nothing() {
    load_two_workers(&HEDGED);
}

/// Checks that every request of a load has its history; returns how many connections each worker had.
fn load_two_workers(load: &Load) -> String {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let listener = Listener::http("load")
        .access_log(Module::new(Role::AccessLog, FIELDS))
        .attempts(Module::new(Role::Attempts, ""));
    let envoy = Envoy::start_workers(2, &scene.bootstrap(&[listener]), dir.path());
    load.play(envoy.ports()["load"]);
    let connections = envoy.stats(r"listener\..*worker_.\.downstream_cx_total");
    envoy.stop();
    let verdict = load.judge(&scene, "load");
    println!("{} requests for {}: {verdict}", load.requests, load.path);
    assert_eq!((verdict.records, verdict.missing), (load.requests as usize, 0));
    assert!(verdict.wrong.is_empty(), "records that are wrong: {verdict}");
    connections
}

/// What a record's fields say otherwise than its operators.
fn fields_and_operators(line: &Line) -> Vec<String> {
    let Some(object) = line.object() else { return Vec::new() };
    let mut wrong = Vec::new();
    for key in ["id", "path", "protocol", "details", "host", "reason"] {
        // Envoy's operators write some values without spaces.
        let field = object[key].as_str().map(|text| text.replace(' ', "_"));
        let operator = line.text(key).map(|text| text.replace(' ', "_"));
        if field != operator {
            wrong.push(format!("{key}: field {field:?}, operator {operator:?}: {line:?}"));
        }
    }
    let attempts = line.number("attempts").unwrap_or(0);
    // Where no response came, Envoy has no attribute and its operator prints 0.
    let code = line.number("code").filter(|code| *code != 0);
    let expected = (json!(code), json!(attempts), Some(attempts.to_string()));
    let count = line.text("attempt_count").map(str::to_owned);
    if (object["code"].clone(), object["attempts"].clone(), count) != expected {
        wrong.push(format!("expected {expected:?}: {line:?}"));
    }
    wrong
}
