//! `filter manifest` with the code inside, where the filter was built before this binary.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;

#[test]
fn the_code_is_inside_or_it_is_said_how_to_get_it() {
    let mut command = Command::cargo_bin("logcollector").unwrap();
    let output = command.args(["filter", "manifest", "-o", "json"]).output().unwrap();
    let (stdout, stderr) =
        [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).into();
    if output.status.success() {
        // The beginning of every module.
        assert_eq!(stdout.matches(r#""inline_bytes":"AGFzbQEAAAA"#).count(), 2);
        assert_eq!(stderr, "", "it fits into what kubectl keeps");
    } else {
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr.contains("make filter"), "{stderr}");
    }
}
