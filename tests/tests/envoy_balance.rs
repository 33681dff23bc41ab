//! `sidecar balance` on the access log of a real Envoy agrees with what the upstream hosts counted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::balance_play::{Load, POLICIES, Sent, Stage, Told};
use tests::envoy::Envoy;

/// The one service that `sidecar balance` finds in a log.
fn balance(log: &Path) -> Value {
    let tests = std::env::current_exe().unwrap();
    let binary = tests.parent().unwrap().parent().unwrap().join("logcollector");
    assert!(binary.exists(), "no logcollector at {}: run `make build`", binary.display());
    let output = Command::new(binary).args(["sidecar", "balance"]).arg(log).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["services"].as_array().unwrap().len(), 1, "{report} {said}");
    assert_eq!((&report["other"], &report["beyond_limit"]), (&0.into(), &0.into()));
    report["services"][0].clone()
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn sent(service: &Value) -> Sent {
    Sent { requests: number(service, "requests"), errors: number(service, "errors") }
}

fn hosts(service: &Value) -> BTreeMap<String, Load> {
    let hosts = service["hosts"].as_array().unwrap().iter().map(|host| {
        assert!(host["latency_ms"]["p50"].is_u64(), "{host}");
        let load = Load { requests: number(host, "requests"), errors: number(host, "errors") };
        (host["address"].as_str().unwrap().to_owned(), load)
    });
    hosts.collect()
}

#[test]
fn balance_agrees_with_what_the_upstreams_counted() {
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::create(dir.path());
    let envoy = Envoy::start(&stage.bootstrap(), dir.path());
    let plays = POLICIES.map(|policy| {
        (policy, stage.play(&envoy, policy, false), stage.play(&envoy, policy, true))
    });
    envoy.stop();
    for (policy, plain, retried) in plays {
        println!("{policy}");
        check_plain(&stage, policy, plain);
        check_history(&stage, policy, retried);
        check_count(&stage, policy, retried);
    }
    let evenness =
        |policy| balance(&stage.log(policy, Told::Nothing))["spread"]["evenness"].clone();
    assert_eq!(evenness("ROUND_ROBIN"), "even");
}

/// Without retries, Istio's default format tells everything.
fn check_plain(stage: &Stage, policy: &str, seen: Sent) {
    let service = balance(&stage.log(policy, Told::Nothing));
    let counted = stage.counted(policy, false);
    println!("  without retries {seen:?} {} {counted:?}", service["spread"]);
    assert!(seen.errors > 0 && counted.values().any(|load| load.errors > 0));
    assert_eq!(sent(&service), seen);
    assert_eq!(hosts(&service), counted);
    assert!(service["retries"].is_null());
    let name = format!("{}.shop.svc.cluster.local", policy.to_lowercase());
    assert_eq!((&service["host"], &service["port"]), (&name.into(), &9080.into()));
}

/// With the history of attempts, every attempt is placed.
fn check_history(stage: &Stage, policy: &str, seen: Sent) {
    let service = balance(&stage.log(policy, Told::History));
    let counted = stage.counted(policy, true);
    let reached: u64 = counted.values().map(|load| load.requests).sum();
    println!("  with retries {seen:?} {} {counted:?}", service["spread"]);
    assert!(reached > seen.requests, "nothing was retried");
    assert_eq!(sent(&service), seen);
    assert_eq!(hosts(&service), counted);
    assert_eq!(number(&service, "unplaced"), 0);
    assert_eq!(number(&service, "retries"), reached - seen.requests);
    let of_hosts: u64 =
        service["hosts"].as_array().unwrap().iter().map(|host| number(host, "retries")).sum();
    assert_eq!(of_hosts, number(&service, "retries"));
}

/// With the number of attempts, each request is placed at its last host, and what came before it at none.
fn check_count(stage: &Stage, policy: &str, seen: Sent) {
    let service = balance(&stage.log(policy, Told::Count));
    let counted = stage.counted(policy, true);
    let reached: u64 = counted.values().map(|load| load.requests).sum();
    let placed = hosts(&service);
    assert_eq!(sent(&service), seen);
    assert_eq!(number(&service, "retries"), reached - seen.requests);
    assert_eq!(number(&service, "unplaced"), reached - seen.requests);
    assert_eq!(placed.values().map(|load| load.requests).sum::<u64>(), seen.requests);
    assert_eq!(placed.values().map(|load| load.errors).sum::<u64>(), seen.errors);
    for (address, load) in placed {
        let all = counted[&address];
        assert!(load.requests <= all.requests && load.errors <= all.errors, "{address}");
    }
}
