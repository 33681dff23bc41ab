//! The examples of the README print what it says they print.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::path::Path;
use std::process::Command;

/// The `console` blocks: a command, and what it prints.
fn examples(readme: &str) -> Vec<(String, String)> {
    let blocks = readme.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .filter_map(|block| block.strip_prefix("$ ")?.split_once('\n'))
        .map(|(command, output)| (command.to_owned(), trimmed(output)))
        .collect()
}

fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn examples_print_what_the_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_logcollector")).parent().unwrap().to_owned();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let examples = examples(&readme);
    assert!(examples.len() >= 4, "the README has examples");
    for (command, expected) in examples {
        let output = Command::new("bash")
            .args(["-c", &command])
            .current_dir(&root)
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        // The README shows standard error after standard output.
        let both = [output.stdout, output.stderr].concat();
        assert_eq!(trimmed(&String::from_utf8_lossy(&both)), expected, "{command}");
    }
}
