//! The table of cases: which objects lead to which decision, and why.

#![allow(clippy::expect_used, clippy::panic, reason = "this is a test")]

mod cluster;
mod order;
mod story;
mod table;

use serde_json::json;
use telemetry::{Decision, Telemetry, View};

use table::{Case, cases, summary};

fn check(case: &Case) -> Vec<String> {
    let mesh = case.mesh();
    let istiod = case.istiod(&mesh);
    let telemetries = case.telemetries();
    let backwards: Vec<Telemetry> = telemetries.iter().rev().cloned().collect();
    let view = View::new(&telemetries, &istiod);
    let target = case.pod.target();
    let mut wrong = Vec::new();
    let mut reasons = Vec::new();
    let mut sides = 0;
    for (side, expected) in case.expected() {
        sides += 1;
        let decision = Decision::of(&view, &target, side);
        let found = summary(&decision);
        if found != *expected {
            wrong.push(format!("{}: expected `{expected}`, found `{found}`", side.as_str()));
        }
        if Decision::of(&View::new(&backwards, &istiod), &target, side) != decision {
            wrong.push(format!("{}: the order of the objects decides", side.as_str()));
        }
        let logger = decision.loggers.first().map(|logger| json!(logger)).unwrap_or_default();
        for (key, value) in &case.logger {
            if logger[key] != *value {
                wrong.push(format!("{key}: expected {value}, found {}", logger[key]));
            }
        }
        reasons.extend(decision.because.iter().map(|because| {
            let entry = because.entry.map_or(String::new(), |entry| format!("[{entry}]"));
            format!("{}{entry}: {}", because.object, because.effect)
        }));
    }
    for expected in &case.because {
        if !reasons.iter().any(|reason| reason.contains(expected)) {
            wrong.push(format!(
                "no reason has `{expected}`, there are\n    {}",
                reasons.join("\n    ")
            ));
        }
    }
    if sides == 0 {
        wrong.push("nothing is expected".to_owned());
    }
    wrong
}

#[test]
fn decisions_are_those_of_the_table() {
    let cases = cases();
    let mut failures = Vec::new();
    for (file, case) in &cases {
        let wrong = check(case);
        if !wrong.is_empty() {
            failures.push(format!("{file}: {}\n  {}", case.case, wrong.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
