//! Values that clients and servers choose, in the filter's fields and histories in the real Envoy.
//!
//! Each value is sent in each place by itself. Whatever Envoy takes is in the field of that place as it
//! was sent, and no value reaches beyond its field.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::envoy::Envoy;
use tests::filter_play::client::{Client, request};
use tests::filter_play::line::Line;
use tests::filter_play::module::{Module, Role};
use tests::filter_play::scenario::compare_text;
use tests::filter_play::{Listener, Scene};

const FIELDS: &str = r#"{"access_log": {"max_bytes": 65536, "fields": {
    "agent": "request.useragent",
    "referer": "request.referer",
    "id": "request.id",
    "user": "request.headers['x-user']",
    "meta": "metadata.filter_metadata.client.meta",
    "state": "filter_state['test.client']",
    "answer": "response.headers['x-answer']",
    "host": "request.host",
    "path": "request.path",
    "query": "request.query",
    "last": "attempt_count"
}}}"#;

/// The most bytes of a field.
const MAX_BYTES: usize = 256;

/// The field of each place, the header that carries the value, and what is before the value: Envoy
/// removes a referer that is no URL.
const PLACES: &[(&str, &str, &[u8])] = &[
    ("agent", "user-agent", b""),
    ("referer", "referer", b"http://h/"),
    ("id", "x-request-id", b""),
    ("user", "x-user", b""),
    ("meta", "x-meta", b""),
    ("state", "x-state", b""),
    ("answer", "x-echo", b""),
    ("host", "host", b""),
    ("path", ":path", b"/ok/"),
    ("query", ":query", b""),
];

const VALUES: &[&[u8]] = &[
    b"-",
    b"\"",
    b"\\",
    b"\\\"",
    b"a b\tc",
    b"x\",\"keep\":\"1",
    b"\"},{\"a\":\"b",
    b"127.0.0.1:80=200/0ms;-=?;+",
    b"%REQ(:PATH)%",
    b"%22%0a%00\\u0000\\n",
    b"[redacted]",
    b"\x7f",
    b"\x1b[31m",
    "\u{e9}\u{20ac}\u{1f600}\u{202e}\u{2028}".as_bytes(),
    b"\xff\xfe\x80",
    b"\xc0\xaf\xed\xa0\x80",
    b"<script>&'`",
];

#[test]
fn a_value_stays_in_its_field() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let listener = Listener::http("http")
        .access_log(Module::new(Role::AccessLog, FIELDS))
        .attempts(Module::new(Role::Attempts, ""));
    let envoy = Envoy::start(&scene.bootstrap(&[listener]), dir.path());
    let address = envoy.ports()["http"];
    let mut values: Vec<Vec<u8>> = VALUES.iter().map(|value| value.to_vec()).collect();
    // The longest one that is whole, and one with a character on the border.
    values.push(vec![b'"'; MAX_BYTES]);
    values.push([&[b'"'; MAX_BYTES - 1][..], "\u{20ac}x".as_bytes()].concat());
    let mut sent = Vec::new();
    for (field, header, before) in PLACES {
        for value in &values {
            let value = [before, &value[..]].concat();
            let request = with_value(header, &value);
            let code = Client::connect(address).ask(&request).unwrap_or(0);
            sent.push((*field, value, code));
            envoy.wait_for_lines(&scene.log("http"), sent.len(), field);
        }
    }
    envoy.stop();

    let lines = scene.lines("http");
    assert_eq!(lines.len(), sent.len(), "one record a request");
    let mut wrong = compare_text(&scene, "http");
    for (line, (field, value, code)) in lines.iter().zip(&sent) {
        wrong.extend(surprise(line, field, value, *code));
    }
    for (field, _, _) in PLACES {
        let codes = sent.iter().filter(|(place, _, _)| place == field).map(|(_, _, code)| *code);
        let codes: Vec<u16> = codes.collect();
        let taken = codes.iter().filter(|code| **code == 200).count();
        println!("{field:8} {:3} values, {taken} taken by Envoy", codes.len());
        assert!(taken > 0, "{field}: {codes:?}");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_address_of_any_text_stays_in_its_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let scene = Scene::create(dir.path());
    let listener = Listener::http("http").attempts(Module::new(Role::Attempts, ""));
    let envoy = Envoy::start(&scene.bootstrap(&[listener]), dir.path());
    let request = request(b"/spaced", &[("x-upstream", "200")]);
    assert_eq!(Client::connect(envoy.ports()["http"]).ask(&request).unwrap(), 200);
    envoy.stop();
    let [line] = &scene.lines("http")[..] else { panic!("one record") };
    println!("{}", line.text("history").unwrap());
    let history = line.history().unwrap();
    let [attempt] = &history.attempts[..] else { panic!("one attempt: {line:?}") };
    assert_eq!(attempt.host.as_deref(), line.text("host").map(str::as_bytes));
    assert!(line.text("host").unwrap().ends_with("a b;c=d.sock"));
    assert_eq!(compare_text(&scene, "http"), [""; 0]);
}

/// A request with a value in one place.
fn with_value(header: &str, value: &[u8]) -> Vec<u8> {
    match header {
        ":path" => request::<&str>(value, &[]),
        ":query" => request::<&str>(&[b"/ok?", value].concat(), &[]),
        _ => request(b"/ok", &[(header, value)]),
    }
}

/// What is wrong with the fields of a record.
fn surprise(line: &Line, field: &str, value: &[u8], code: u16) -> Option<String> {
    let object = line.object()?;
    let mut expected: BTreeSet<&str> = PLACES.iter().map(|(field, _, _)| *field).collect();
    expected.insert("last");
    let clipped = object.get("clipped");
    expected.extend(clipped.map(|_| "clipped"));
    let names: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    let (text, is_whole) = clip(value);
    let is_clipped =
        clipped.and_then(Value::as_array).is_some_and(|names| names.contains(&json!(field)));
    let is_removed =
        field == "referer" && line.text("referer").is_none() && object[field].is_null();
    let is_right = code != 200 || is_removed || (object[field] == text && is_clipped != is_whole);
    let is_alone = names == expected && object["last"] == line.number("attempts").unwrap_or(0);
    (!is_right || !is_alone).then(|| format!("{field}: {text:?} was sent ({code}): {line:?}"))
}

/// A value as its field has it, and whether that is all of it.
fn clip(value: &[u8]) -> (String, bool) {
    let mut text = String::from_utf8_lossy(value).into_owned();
    if value.len() <= MAX_BYTES {
        return (text, true);
    }
    let border = (0..=MAX_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(border);
    (text, false)
}
