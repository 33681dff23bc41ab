mod ways;

use super::*;
use crate::output::Guard;
use crate::sink::Columns;
use accesslog::{Detector, Format};
use proptest::prelude::*;

/// Runs the chunks of an input through a pipeline; gives the output, and the account's first line.
fn run(format: Choice, chunks: &[&[u8]]) -> (String, String) {
    let columns =
        ["pod", "container", "stream", "time", "response_code", "user_agent", "ambiguous"];
    let columns = Columns::chosen(columns.map(str::to_owned).to_vec());
    let settings = Settings {
        format,
        pod: None,
        enricher: None,
        selection: None,
        max_line: 400,
        other: OtherLines::Dropped,
        sink: Sink::json(Some(columns), false),
    };
    let mut written = Vec::new();
    let output = Output::new(&mut written, Guard::Off);
    let mut pipeline = Pipeline::new(settings, output, Notes::new());
    pipeline.begin("test");
    for chunk in chunks {
        assert!(pipeline.chunk(chunk).is_ok());
    }
    assert!(pipeline.end().is_ok());
    let finished = pipeline.finish();
    assert!(finished.flushed.is_ok());
    let account = finished.account.to_string().lines().next().unwrap_or_default().to_owned();
    (String::from_utf8(written).unwrap(), account)
}

fn fixed(format: &str) -> Choice {
    Choice::Fixed(Format::compile(format).unwrap().into())
}

fn auto() -> Choice {
    Choice::Auto(Detector::new(Default::default()))
}

/// The records of an input in the format `%RESPONSE_CODE% "%REQ(USER-AGENT)%"`.
fn records(input: &str) -> Vec<String> {
    let (text, _) = run(fixed("%RESPONSE_CODE% \"%REQ(USER-AGENT)%\""), &[input.as_bytes()]);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn what_wrappers_tell_stands_before_the_record() {
    let record = r#""response_code":200,"user_agent":"a"}"#;
    let cases = [
        ("plain", "200 \"a\"", "{"),
        ("prefix", "[pod/p/c] 200 \"a\"", r#"{"pod":"p","container":"c","#),
        (
            "timestamp",
            "2026-11-20T12:00:00.123456789Z 200 \"a\"",
            r#"{"time":"2026-11-20T12:00:00.123456789Z","#,
        ),
        (
            "both",
            "[pod/p/c] 2026-11-20T12:00:00.1+02:00 200 \"a\"",
            r#"{"pod":"p","container":"c","time":"2026-11-20T12:00:00.1+02:00","#,
        ),
        (
            "cri",
            "2026-11-20T12:00:00.1Z stderr F 200 \"a\"",
            r#"{"stream":"stderr","time":"2026-11-20T12:00:00.1Z","#,
        ),
        (
            "docker",
            r#"{"log":"200 \"a\"\n","stream":"stdout","time":"2026-11-20T12:00:00.1Z"}"#,
            r#"{"stream":"stdout","time":"2026-11-20T12:00:00.1Z","#,
        ),
    ];
    for (name, line, start) in cases {
        assert_eq!(records(line), [format!("{start}{record}")], "{name}");
    }
}

#[test]
fn a_client_cannot_forge_a_wrapper() {
    let format = "%START_TIME% %REQ(USER-AGENT)%";
    let line = b"2026-11-20T12:00:00.123Z stdout F evil\n";
    let (text, _) = run(fixed(format), &[line]);
    assert_eq!(text, "{\"user_agent\":\"stdout F evil\"}\n");
    let format = "[%REQ(USER-AGENT)%] %RESPONSE_CODE%";
    let (text, _) = run(fixed(format), &[b"[curl] 200\n[pod/a/b] 200\n"]);
    assert_eq!(
        text,
        "{\"response_code\":200,\"user_agent\":\"curl\"}\n\
         {\"response_code\":200,\"user_agent\":\"pod/a/b\"}\n"
    );
}

#[test]
fn continuation_lines_count_with_the_log_before_them() {
    let input =
        "[2026-11-20 07:46:40.649][7][critical][backtrace] x\n  #0: y\n\n}\n200 \"a\"\n  z\n";
    let (_, account) = run(fixed("%RESPONSE_CODE% \"%REQ(USER-AGENT)%\""), &[input.as_bytes()]);
    assert_eq!(
        account,
        "6 lines read: 1 records, 0 ambiguous, 4 other log (Envoy 4, agent 0, kubectl 0), \
         1 unparsed, 0 oversized, 0 left out by a filter"
    );
}

#[test]
fn records_of_several_lines() {
    let format = "code %RESPONSE_CODE%\nua %REQ(USER-AGENT)%\n";
    let input = "what\ncode 200\nua a\ncode 503\nua b\nerror: x\ncode 404\n";
    let (text, account) = run(fixed(format), &[input.as_bytes()]);
    assert_eq!(
        text,
        "{\"response_code\":200,\"user_agent\":\"a\"}\n{\"response_code\":503,\"user_agent\":\"b\"}\n"
    );
    assert_eq!(
        account,
        "5 lines read: 2 records, 0 ambiguous, 1 other log (Envoy 0, agent 0, kubectl 1), \
         2 unparsed, 0 oversized, 0 left out by a filter"
    );
}

#[test]
fn a_format_is_told_from_what_has_arrived() {
    let line = "[2026-11-20T12:00:00.000Z] \"GET / HTTP/1.1\" 200 - 0 5 7 6 \"-\" \"c\" \"i\" \"a\" \"-\"\n";
    let notice = "2026-11-20T12:59:55.612076Z\tinfo\tready\n";
    let input = [notice, line, "what\n", line].concat();
    for size in [7, 50, 1000] {
        let chunks: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
        let (text, account) = run(auto(), &chunks);
        assert_eq!(text, "{\"response_code\":200,\"user_agent\":\"c\"}\n".repeat(2));
        assert!(account.starts_with("4 lines read: 2 records, 0 ambiguous, 1 other log"));
    }
}

proptest! {
    /// Where the chunks of an input begin and end makes no difference, and every line is counted.
    #[test]
    fn chunks_make_no_difference(
        lines in proptest::collection::vec(
            prop_oneof![
                "[0-9]{3} \"[a-z\" ]{0,6}\"",
                "\\[pod/p/c\\] [0-9]{3} \"a\"",
                "2026-11-20T12:00:00.123456789Z [0-9]{3} \"a\"",
                "2026-11-20T12:00:00.1Z std(out|err) [FP] [0-9]{3} \"a\"?",
                "error: [a-z]{0,5}",
                ".{0,20}",
            ],
            0..20,
        ),
        size in 1_usize..200,
    ) {
        let input = lines.iter().map(|line| line.replace('\n', " ") + "\n").collect::<String>();
        let format = || fixed("%RESPONSE_CODE% \"%REQ(USER-AGENT)%\"");
        let whole = run(format(), &[input.as_bytes()]);
        let chunks: Vec<&[u8]> = input.as_bytes().chunks(size).collect();
        prop_assert_eq!(run(format(), &chunks), whole);
    }
}
