//! Every file of `tests/fixtures/`, as `parse` prints it: records, other logs, account, exit code.
//!
//! A new fixture needs no code. After a change that is meant, run with `INSTA_UPDATE=always` and
//! look at the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// Files that are read with options of their own.
const OPTIONS: &[(&str, &[&str])] = &[
    (
        "custom-key-value.log",
        &[
            "--format",
            "time=%START_TIME(%s.%3f)% code=%RESPONSE_CODE% path=%REQ(:PATH)% ua=\"%REQ(USER-AGENT)%\" ms=%DURATION%",
        ],
    ),
    ("format-with-own-time-first.log", &["--format", "%START_TIME% %RESPONSE_CODE% %REQ(X-USER)%"]),
    ("omit-empty-values.log", &["--omit-empty-values"]),
    ("oversized-line.log", &["--max-line", "1KiB"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures")
}

fn options(name: &str) -> &'static [&'static str] {
    OPTIONS.iter().find(|(file, _)| *file == name).map_or(&[], |(_, options)| options)
}

fn run(name: &str, more: &[&str]) -> String {
    let mut args = vec!["parse", name];
    args.extend(options(name));
    args.extend(more);
    let output = Command::cargo_bin("logcollector")
        .unwrap()
        .current_dir(folder())
        .args(&args)
        .output()
        .unwrap();
    format!(
        "$ logcollector {}\n{}--- stderr\n{}--- exit code {}",
        args.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.status.code().unwrap_or(-1),
    )
}

#[test]
fn every_fixture() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() > 20, "the fixtures are there");
    for name in names {
        let stem = name.trim_end_matches(".log");
        insta::assert_snapshot!(format!("json-{stem}"), run(&name, &["--other", "show"]));
        insta::assert_snapshot!(format!("pretty-{stem}"), run(&name, &["-o", "pretty"]));
    }
}

#[test]
fn every_output() {
    for output in ["raw", "logfmt", "csv", "table", "none"] {
        for stem in ["preset-istio", "quotes-that-forge-fields", "kubectl-prefix-and-timestamps"] {
            let fields = ["-o", output, "--fields", "pod,response_code,user_agent,route_name"];
            let name = format!("{stem}.log");
            insta::assert_snapshot!(format!("{output}-{stem}"), run(&name, &fields));
        }
    }
    for output in ["csv", "logfmt", "table"] {
        let shown = run("istio-extra-fields.log", &["-o", output]);
        insta::assert_snapshot!(format!("{output}-istio-extra-fields"), shown);
    }
}
