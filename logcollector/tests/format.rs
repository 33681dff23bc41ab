//! What `format show` and `format list` print.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use assert_cmd::Command;

fn run(args: &[&str]) -> String {
    let output = Command::cargo_bin("logcollector").unwrap().args(args).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn show() {
    let custom = "%PROTOCOL%%RESPONSE_CODE%x%REQ(X-A)% \"%DURATION%\"\t%FOO%";
    insta::assert_snapshot!("custom-json", run(&["format", "show", custom, "-o", "json"]));
    insta::assert_snapshot!("custom-pretty", run(&["format", "show", custom, "-o", "pretty"]));
    insta::assert_snapshot!("istio-pretty", run(&["format", "show", "istio", "-o", "pretty"]));
    insta::assert_snapshot!("istio-json", run(&["format", "show", "istio-json"]));
}

#[test]
fn show_a_json_format() {
    let format = r#"{"code":"%RESPONSE_CODE%","up":{"host":"%UPSTREAM_HOST%"}}"#;
    assert_eq!(
        run(&["format", "show", "--encoding", "json", format]),
        concat!(
            r#"{"segments":[{"operator":"%RESPONSE_CODE%","key":"code","type":"number","unit":null},"#,
            r#"{"operator":"%UPSTREAM_HOST%","key":"up.host","type":"string","unit":null}],"#,
            r#""warnings":[]}"#,
            "\n"
        )
    );
}

#[test]
fn show_with_a_key_of_ones_own() {
    let args = ["format", "show", "--key", "REQ(X-TENANT)=tenant", "%REQ(X-TENANT)%"];
    assert!(run(&args).contains(r#""key":"tenant""#));
}

#[test]
fn list_has_every_operator() {
    let list = run(&["format", "list"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let names: Vec<&str> =
        list.as_array().unwrap().iter().map(|o| o["operator"].as_str().unwrap()).collect();
    assert_eq!(names.len(), accesslog::OPERATORS.len());
    for operator in accesslog::OPERATORS {
        let start = format!("%{}", operator.name);
        assert!(names.iter().any(|name| name.starts_with(&start)), "{}", operator.name);
    }
    let pretty = run(&["format", "list", "-o", "pretty"]);
    assert_eq!(pretty.lines().count(), accesslog::OPERATORS.len() + 1);
}
