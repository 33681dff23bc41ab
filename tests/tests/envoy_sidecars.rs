//! Two real Envoys configured as sidecars, in network namespaces with Istio's rules, produce the log
//! lines of every traffic class, and the crate names them all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::{BTreeMap, BTreeSet};

use sidecar::Class;
use tests::sidecar_pair::Pod;
use tests::sidecar_pair::play::{Observed, play};
use tests::sidecar_pair::scenario;

#[test]
fn every_class_is_named_as_two_real_sidecars_log_it() {
    if tests::namespaces::are_skipped() {
        return;
    }
    let scenarios = scenario::all();
    let mut observed = Vec::new();
    for of_policy in scenarios.chunk_by(|one, next| one.policy == next.policy) {
        let dir = tempfile::tempdir().unwrap();
        observed.extend(play(of_policy, dir.path()));
    }
    print(&observed);
    let wrong: Vec<String> = observed.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let seen: BTreeSet<_> = observed.iter().map(class).collect();
    assert_eq!(seen, Class::ALL.map(Class::as_str).into(), "every class was seen");
}

/// What is wrong with a line, if anything.
fn complaint(observed: &Observed) -> Option<String> {
    let wrong: Vec<_> =
        observed.traffic.iter().filter(|(found, expected)| found != expected).collect();
    let (format, pod) = (observed.format.name(), observed.pod.name());
    let about = format!("{} [{format} {pod}] {wrong:#?}\n{}", observed.scenario, observed.line);
    (!wrong.is_empty()).then_some(about)
}

/// The class of a line, with the pod's address known.
fn class(observed: &Observed) -> &str {
    observed.traffic[0].0["class"].as_str().unwrap()
}

/// Prints how many records of each class each scenario has, in all formats together.
fn print(observed: &[Observed]) {
    let mut rows: BTreeMap<(usize, &str, Pod, &str), (usize, usize)> = BTreeMap::new();
    let order: BTreeMap<_, _> =
        scenario::all().iter().enumerate().map(|(at, scenario)| (scenario.name, at)).collect();
    for line in observed {
        let key = (order[line.scenario], line.scenario, line.pod, class(line));
        let (records, without_pod) = rows.entry(key).or_default();
        *records += 1;
        *without_pod += usize::from(line.traffic[1].0["class"] == class(line));
    }
    println!("{:55} {:6} {:20} records  without the pod's address", "scenario", "pod", "class");
    for ((_, scenario, pod, class), (records, without_pod)) in rows {
        println!("{scenario:55} {:6} {class:20} {records:7} {without_pod:7}", pod.name());
    }
    println!("{} records", observed.len());
}
