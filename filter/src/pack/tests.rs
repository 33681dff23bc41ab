use serde_json::{Value as Json, json};

use super::*;
use crate::request::fake::Fake;

fn config(text: &str) -> AccessLog {
    AccessLog::parse(format!("{{\"access_log\":{text}}}").as_bytes()).unwrap()
}

fn packed(config_text: &str, request: &Fake) -> String {
    String::from_utf8(pack(&config(config_text), request).object.unwrap()).unwrap()
}

fn hostile() -> Fake {
    Fake::with(&[
        ("upstream request_attempt_count", 2),
        ("response code", 200),
        ("request duration", 12_500_000),
        ("request time", 1_700_000_000_123_456_789),
    ])
    .and("connection mtls", &[1])
    .and("request path", b"/pay?token=s3cret&x=\" 200 \n")
    .and("request query", b"token=s3cret")
    .and("request headers x-user", "zoë\u{1b}[31m".as_bytes())
    .and("request headers authorization", b"Bearer abc")
    .and("metadata filter_metadata jwt sub", b"alice")
    .and("metadata filter_metadata jwt exp", &1.7e9_f64.to_le_bytes())
}

#[test]
fn ok_fields_in_their_order_with_their_types() {
    let fields = r#"{"fields": {
        "retry": "retry", "n": "attempt_count", "code": "response.code",
        "mtls": "connection.mtls", "took": "request.duration", "at": "request.time",
        "sub": "metadata.filter_metadata.jwt.sub",
        "exp": {"value": "metadata.filter_metadata.jwt.exp", "type": "number"},
        "user": "request.headers['X-User']", "none": "request.headers['nope']",
        "wrong": {"value": "metadata.filter_metadata.jwt.sub", "type": "number"}
    }}"#;
    assert_eq!(
        packed(fields, &hostile()),
        r#"{"retry":"recovered","n":2,"code":200,"mtls":true,"took":12.5,"at":1700000000123,"#
            .to_owned()
            + r#""sub":"alice","exp":1700000000,"user":"zo\u00eb\u001b[31m","none":null,"wrong":null}"#
    );
}

#[test]
fn ok_empty_is_absent_but_for_headers_and_metadata() {
    let fields = r#"{"fields": {"route": "xds.route_name", "header": "request.headers['x-empty']",
        "state": "filter_state['empty']"}}"#;
    let request = Fake::default()
        .and("xds route_name", b"")
        .and("request headers x-empty", b"")
        .and("filter_state empty", b"");
    assert_eq!(packed(fields, &request), r#"{"route":null,"header":"","state":""}"#);
}

#[test]
fn ok_nothing_forges_a_line() {
    let fields = r#"{"fields": {"path": "request.path", "user": "request.headers['x-user']"}}"#;
    let object = packed(fields, &hostile());
    assert!(object.bytes().all(|byte| byte.is_ascii_graphic()), "{object}");
    let read: Json = serde_json::from_str(&object).unwrap();
    assert_eq!(read["path"], "/pay?token=s3cret&x=\" 200 \n");
}

#[test]
fn ok_redactions() {
    let fields = r#"{"hash_key": "0123456789abcdef", "fields": {
        "path": {"value": "request.path", "redact": {"query_parameters": ["token"]}},
        "bare": {"value": "request.path", "redact": "query"},
        "query": {"value": "request.query", "redact": {"query_parameters": ["token"]}},
        "auth": {"value": "request.headers['authorization']", "redact": "value",
                 "replace_with": "hash"},
        "none": {"value": "request.headers['nope']", "redact": "value"}
    }}"#;
    let object = packed(fields, &hostile());
    let read: Json = serde_json::from_str(&object).unwrap();
    assert_eq!(read["path"], "/pay?token=[redacted]&x=\" 200 \n");
    assert_eq!(read["bare"], "/pay?[redacted]");
    assert_eq!(read["query"], "token=[redacted]");
    assert_eq!(read["auth"].as_str().map(str::len), Some("hmac:".len() + 16));
    assert_eq!(read["none"], Json::Null);
    assert!(!object.contains("s3cret") && !object.contains("abc\""));
}

#[test]
fn ok_limits() {
    let long = Fake::default()
        .and("request path", "é".repeat(40).as_bytes())
        .and("request host", b"short");
    let fields = r#"{"fields": {
        "path": {"value": "request.path", "max_bytes": 17}, "host": "request.host"}}"#;
    let read: Json = serde_json::from_str(&packed(fields, &long)).unwrap();
    assert_eq!(read, json!({"path": "é".repeat(8), "host": "short", "clipped": ["path"]}));

    let fields = r#"{"max_bytes": 24, "fields": {
        "path": "request.path", "host": "request.host", "id": "request.id"}}"#;
    let read: Json = serde_json::from_str(&packed(fields, &long)).unwrap();
    assert_eq!(read, json!({"host": "short", "clipped": ["path", "id"]}));

    let fields = r#"{"max_bytes": 16, "fields": {"path": "request.path"}}"#;
    assert_eq!(packed(fields, &long), r#"{"clipped":["path"]}"#);
}

#[test]
fn ok_only_what_was_asked_for() {
    let nothing = pack(&AccessLog::default(), &hostile());
    assert_eq!(nothing, Packed { object: None, keep: None, attempt_count: None });
    let count = pack(&config(r#"{"attempt_count": true}"#), &hostile());
    assert_eq!(count.attempt_count.as_deref(), Some(&b"2"[..]));
    let count = pack(&config(r#"{"attempt_count": true}"#), &Fake::default());
    assert_eq!(count.attempt_count.as_deref(), Some(&b"0"[..]));
}

#[test]
fn ok_what_is_kept() {
    let with = |name: &str, number| {
        Fake::with(&[(name, number)])
            .and("request id", b"00000000-0000-4000-8000-000000000000")
            .and("request url_path", b"/api/x")
    };
    for (rules, request, expected) in [
        ("", Fake::default(), true),
        ("", with("x", 0), false),
        (r#","code_at_least": 500"#, with("response code", 500), true),
        (r#","code_at_least": 500"#, with("response code", 499), false),
        (r#","any_response_flag": true"#, with("response flags", 4), true),
        (r#","any_response_flag": true"#, with("response flags", 0), false),
        (r#","any_response_flag": false"#, with("response flags", 4), false),
        (r#","retried": true"#, with("upstream request_attempt_count", 2), true),
        (r#","retried": true"#, with("upstream request_attempt_count", 1), false),
        (r#","slower_than_ms": 5"#, with("request duration", 5_000_001), true),
        (r#","slower_than_ms": 5"#, with("request duration", 5_000_000), false),
        (r#","paths": ["/pay", "/api/*"]"#, with("x", 0), true),
        (r#","paths": ["/pay", "/apis/*"]"#, with("x", 0), false),
    ] {
        let rules = config(&format!(r#"{{"keep": {{"rate": 0{rules}}}}}"#));
        assert_eq!(pack(&rules, &request).keep, Some(expected), "{rules:?} {request:?}");
    }
    let all = config(r#"{"keep": {"rate": 1}}"#);
    assert_eq!(pack(&all, &with("x", 0)).keep, Some(true));
}

#[test]
fn ok_an_error_is_an_object_too() {
    let object = filter_error("`a`: \"b\"\nc");
    assert_eq!(object, br#"{"filter_error":"`a`:\u0020\"b\"\u000ac"}"#);
}
