use accesslog::{Format, Reader};
use proptest::prelude::*;

use super::*;
use crate::paint::Paint;
use crate::sink::{Columns, Entry, Sink};
use crate::unwrap::Wrapper;

const TEXT: &str = "%RESPONSE_CODE% %FILTER_STATE(wasm.upstream_attempts:PLAIN)% %FILTER_STATE(wasm.access_log:PLAIN)%";

/// What a sink makes of a line of a text format.
fn written(format: &str, line: &[u8], mut sink: Sink) -> String {
    let mut reader = Reader::new(Format::compile(format).unwrap().into());
    let record = reader.read(line).unwrap();
    sink_record(&record, line, &mut sink)
}

fn sink_record(record: &Record<'_>, line: &[u8], sink: &mut Sink) -> String {
    let wrapper = Wrapper::default();
    let mut out = Vec::new();
    sink.record(&Entry { wrapper: &wrapper, record, line, format: 0, traffic: None }, &mut out);
    String::from_utf8(out).unwrap()
}

fn chosen() -> Columns {
    Columns::chosen(["attempts", "attempts_more", "added"].map(str::to_owned).to_vec())
}

#[test]
fn attempts_and_added_fields_are_json() {
    let cases = [
        (
            r#"200 10.0.0.1:80=503/12ms/a_b;-=-/0ms;x%22=? {"a":[1,"\u0020"]}"#,
            r#"{"attempts":[{"host":"10.0.0.1:80","code":503,"duration_ms":12,"failure":"a_b"},{"host":null,"code":null,"duration_ms":0,"failure":null},{"host":"x\"","code":null,"duration_ms":null,"failure":null}],"added":{"a":[1,"\u0020"]}}"#,
        ),
        (
            "200 a=200/1ms;+ {}",
            r#"{"attempts":[{"host":"a","code":200,"duration_ms":1,"failure":null}],"attempts_more":true,"added":{}}"#,
        ),
        ("200 - -", r#"{"attempts":null,"added":null}"#),
        ("200 a=2/1ms;+ {a}", r#"{"attempts":null,"added":null}"#),
        ("200 =200/1ms {}{}", r#"{"attempts":null,"added":null}"#),
    ];
    for (line, expected) in cases {
        let found = written(TEXT, line.as_bytes(), Sink::json(Some(chosen()), false));
        assert_eq!(found.trim_end(), expected, "{line}");
        let all = written(TEXT, line.as_bytes(), Sink::json(None, false));
        assert!(all.trim_end().ends_with(expected.trim_start_matches('{')), "{all}");
    }
    assert_eq!(written(TEXT, b"200 - -", Sink::json(None, true)), "{\"response_code\":200}\n");
}

#[test]
fn keys_of_the_record_stand() {
    let text =
        r#"{"attempts":"%FILTER_STATE(wasm.upstream_attempts:PLAIN)%","code":"%RESPONSE_CODE%"}"#;
    let mut reader = Reader::new(Format::compile_json(text).unwrap().into());
    for line in [r#"{"attempts":"a=200/1ms","code":200}"#, r#"{"code":200}"#] {
        let record = reader.read(line.as_bytes()).unwrap();
        let all = sink_record(&record, line.as_bytes(), &mut Sink::json(None, false));
        assert_eq!(all.trim_end(), line);
    }
}

#[test]
fn disputed_fields_are_not_guessed() {
    let format = "%REQ(A)%%FILTER_STATE(wasm.upstream_attempts:PLAIN)%";
    let line = b"xa=200/1ms";
    assert_eq!(
        written(format, line, Sink::json(Some(chosen()), false)).trim_end(),
        r#"{"ambiguous":{"fields":["req_a","filter_state_wasm_upstream_attempts_plain"],"text":"xa=200/1ms"}}"#
    );
    assert!(!written(format, line, Sink::json(None, false)).contains("\"attempts\""));
}

#[test]
fn other_outputs_have_columns() {
    let line = br#"200 a=200/1ms {"b":"c,d"}"#;
    let attempts = r#"[{"host":"a","code":200,"duration_ms":1,"failure":null}]"#;
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let added = quoted(r#"{"b":"c,d"}"#);
    assert_eq!(
        written(TEXT, line, Sink::csv(None)),
        format!(
            "response_code,filter_state_wasm_upstream_attempts_plain,filter_state_wasm_access_log_plain,attempts,added,ambiguous\r\n200,a=200/1ms,{added},{},{added},\r\n",
            quoted(attempts)
        )
    );
    let pairs = written(TEXT, line, Sink::logfmt(Some(chosen()), true));
    let escaped = attempts.replace('"', "\\\"");
    assert_eq!(pairs, format!("attempts=\"{escaped}\" added=\"{{\\\"b\\\":\\\"c,d\\\"}}\"\n"));
}

const GLANCE: &str = "%RESPONSE_CODE% %REQ(:METHOD)% %FILTER_STATE(wasm.upstream_attempts:PLAIN)% %FILTER_STATE(wasm.access_log:PLAIN)%";

#[test]
fn pretty_shows_the_attempts_of_retried_requests() {
    let cases = [
        ("200 GET a:1=200/8ms {}", "200 GET\n"),
        ("200 GET - -", "200 GET\n"),
        (
            "200 GET a:1=503/12ms;b:1=-/301ms/reset_x;c:1=200/8ms {\"t\":\"a\\u0020b\\\\u0020\"}",
            "200 GET x3 {\"t\":\"a b\\\\u0020\"}\n    attempts: a:1 503 12ms -> b:1 no response 301ms reset_x -> c:1 200 8ms\n",
        ),
        (
            "503 GET -=-/0ms/overflow;%1B[2J=?;+ -",
            "503 GET x2+\n    attempts: no host no response 0ms overflow -> \\x1b[2J open -> and more\n",
        ),
    ];
    for (line, expected) in cases {
        let found = written(GLANCE, line.as_bytes(), Sink::pretty(None, Paint::new(false), false));
        assert_eq!(found, expected, "{line}");
    }
    let counted = GLANCE.replace("%RESPONSE", "%FILTER_STATE(wasm.attempt_count:PLAIN)% %RESPONSE");
    let found = written(&counted, b"3 200 GET - -", Sink::pretty(None, Paint::new(false), false));
    assert_eq!(found, "200 GET x3\n");
}

#[test]
fn pretty_colours_codes_and_errors_of_the_filter() {
    let line = br#"200 GET a=503/1ms;b=?;c=-/2ms {"filter_error":"x"}"#;
    let found = written(GLANCE, line, Sink::pretty(None, Paint::new(true), false));
    let shown = found.replace('\u{1b}', "^");
    insta::assert_snapshot!(shown, @r#"
    ^[32m200^[0m ^[1mGET^[0m^[33m x3^[0m^[31m {"filter_error":"x"}^[0m
        ^[2mattempts:^[0m a ^[31m503^[0m 1ms^[2m ->^[0m b ^[33mopen^[0m^[2m ->^[0m c ^[31mno response^[0m 2ms
    "#);
}

proptest! {
    /// Whatever stands in the fields, JSON is JSON, pretty is one line or two, and nothing acts on a
    /// terminal.
    #[test]
    fn hostile_fields_are_safe(
        history in "[-a=/;?+%0-9m]{0,6}((a|-|%1b%0A)=(200|-)/1ms(/x|);?){0,3}(;\\+)?",
        added in "\\{[ -~]{0,12}\\}|\\{\"a\":\"[!-~]{0,6}\"\\}|\\{\n?\\}|\\PC{0,9}",
    ) {
        let text = r#"{"h":"%FILTER_STATE(wasm.upstream_attempts:PLAIN)%","o":"%FILTER_STATE(wasm.access_log:PLAIN)%","code":"%RESPONSE_CODE%"}"#;
        let mut reader = Reader::new(Format::compile_json(text).unwrap().into());
        let line = serde_json::json!({"h": history, "o": added, "code": 200}).to_string();
        let record = reader.read(line.as_bytes()).unwrap();
        let json = sink_record(&record, line.as_bytes(), &mut Sink::json(None, false));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        prop_assert!(value["added"].is_null() || value["added"].is_object());
        let attempts = value["attempts"].as_array().map_or(0, Vec::len);
        let pretty = Sink::pretty(None, Paint::new(false), false);
        let shown = sink_record(&record, line.as_bytes(), &mut { pretty });
        prop_assert_eq!(shown.matches('\n').count(), if attempts > 1 { 2 } else { 1 });
        prop_assert!(!shown.bytes().any(|byte| byte == 0x1b));
    }
}
