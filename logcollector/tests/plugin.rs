//! The same binary as a plugin of kubectl: its texts name what its users type.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use std::process::Command;

/// Runs the binary under the plugin's name.
fn plugin(arguments: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("kubectl-accesslog");
    std::os::unix::fs::symlink(assert_cmd::cargo::cargo_bin!("logcollector"), &link).unwrap();
    let output = Command::new(&link)
        .args(arguments)
        .env("NO_COLOR", "1")
        .env("KUBECONFIG", "no-kubeconfig")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn texts_name_the_plugin() {
    let cases: [&[&str]; 8] = [
        &["--help"],
        &["tail", "--help"],
        &["telemetry", "--help"],
        &["telemetry", "enable", "--help"],
        &["sidecar", "suggest", "--help"],
        &["filter", "manifest", "--help"],
        &["telemetry", "disable"],
        &["format", "show", "istioo"],
    ];
    for arguments in cases {
        let (out, err) = plugin(arguments);
        let text = format!("{out}{err}");
        assert!(!text.contains("logcollector "), "{arguments:?}: {text}");
        assert!(!text.trim().is_empty(), "{arguments:?}");
    }
    let (help, _) = plugin(&["tail", "--help"]);
    assert!(help.contains("Usage: kubectl accesslog tail [OPTIONS] [TARGET]"), "{help}");
    assert!(help.contains("  kubectl accesslog tail deploy/reviews -n bookinfo"), "{help}");
    let (_, error) = plugin(&["tail", "--nonsense"]);
    assert!(error.contains("Usage: kubectl accesslog tail"), "{error}");
    let (completions, _) = plugin(&["completions", "bash"]);
    assert!(completions.contains("kubectl-accesslog"), "{completions}");
}
