use proptest::prelude::*;

use super::*;

fn written(attempts: &[(&[u8], Option<Outcome<'_>>)]) -> String {
    let mut history = Vec::new();
    for (host, _) in attempts {
        open(&mut history, host);
    }
    for (place, (_, outcome)) in attempts.iter().enumerate() {
        if let Some(outcome) = outcome {
            close(&mut history, place, outcome);
        }
    }
    String::from_utf8(history).unwrap()
}

fn code(code: u16, duration_ms: u64) -> Option<Outcome<'static>> {
    Some(Outcome { code: Some(code), duration_ms, failure: b"" })
}

fn failed(duration_ms: u64, failure: &[u8]) -> Option<Outcome<'_>> {
    Some(Outcome { code: None, duration_ms, failure })
}

#[test]
fn ok_written_as_documented() {
    let reason = b"delayed connect error: Connection refused";
    for (attempts, expected) in [
        (&[(&b"10.0.0.1:80"[..], code(200, 0))][..], "10.0.0.1:80=200/0ms"),
        (&[(b"a:1", code(503, 12)), (b"b:2", None)], "a:1=503/12ms;b:2=?"),
        (&[(b"a:1", None), (b"b:2", code(200, 1234))], "a:1=?;b:2=200/1234ms"),
        (&[(b"[::1]:80", failed(301, b""))], "[::1]:80=-/301ms"),
        (&[(b"a:1", failed(0, reason))], "a:1=-/0ms/delayed_connect_error:_Connection_refused"),
        (&[(b"", failed(7, b"x;y=z\"\\%\n\xff"))], "-=-/7ms/x%3By%3Dz%22%5C%25%0A%FF"),
        (&[(b"-", None)], "%2D=?"),
        (&[(b"/run/a b.sock", code(99, 10))], "/run/a%20b.sock=099/10ms"),
    ] {
        assert_eq!(written(attempts), expected);
    }
}

#[test]
fn ok_an_attempt_closes_once() {
    let mut history = b"a:1=?".to_vec();
    close(&mut history, 0, &code(200, 1).unwrap());
    close(&mut history, 0, &failed(9, b"late").unwrap());
    close(&mut history, 5, &failed(9, b"nowhere").unwrap());
    assert_eq!(history, b"a:1=200/1ms");
}

#[test]
fn ok_a_full_history_says_so() {
    let mut history = Vec::new();
    let places: Vec<_> = (0..1000).map(|_| open(&mut history, &[b'h'; 500])).collect();
    let room = places.iter().flatten().count();
    assert!(places[..room].iter().all(Option::is_some));
    assert!(history.len() < 9000, "{}", history.len());
    let history = parse(&history).unwrap();
    assert_eq!((history.attempts.len(), history.more), (room, true));
}

#[test]
fn err_texts_that_are_no_history() {
    for text in [
        "",
        "-",
        ";+",
        "a",
        "a=",
        "=?",
        "a=??",
        "a=?;",
        "a=200",
        "a=200/",
        "a=200/5",
        "a=200/ms",
        "a=20/5ms",
        "a=2000/5ms",
        "a=x00/5ms",
        "a=200/5ms/",
        "a b=?",
        "a=-/5ms/x y",
        "a=-/5ms/%4",
        "a=-/5ms/%zz",
        "a=-/5ms/a=b",
        "a\"=?",
        "a=200/+5ms",
        "a=200/99999999999999999999ms",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
}

proptest! {
    #[test]
    fn ok_what_is_written_reads_back(
        attempts in prop::collection::vec(
            (
                prop::collection::vec(any::<u8>(), 0..12),
                prop::option::of((
                    prop::option::of(100_u16..600),
                    any::<u64>(),
                    prop::collection::vec(any::<u8>(), 0..12),
                )),
            ),
            1..6,
        ),
    ) {
        let borrowed: Vec<(&[u8], Option<Outcome<'_>>)> = attempts
            .iter()
            .map(|(host, end)| {
                let outcome = end.as_ref().map(|(code, duration_ms, failure)| Outcome {
                    code: *code,
                    duration_ms: *duration_ms,
                    failure,
                });
                (host.as_slice(), outcome)
            })
            .collect();
        let text = written(&borrowed);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'));
        let history = parse(text.as_bytes()).unwrap();
        prop_assert!(!history.more);
        prop_assert_eq!(history.attempts.len(), borrowed.len());
        for (read, (host, outcome)) in history.attempts.iter().zip(&borrowed) {
            prop_assert_eq!(read.host.as_deref().unwrap_or_default(), *host);
            prop_assert_eq!(read.duration_ms, outcome.map(|outcome| outcome.duration_ms));
            prop_assert_eq!(read.code, outcome.and_then(|outcome| outcome.code));
            let failure = outcome.map(|outcome| outcome.failure.to_vec()).unwrap_or_default();
            let spaced: Vec<u8> =
                failure.iter().map(|byte| if *byte == b' ' { b'_' } else { *byte }).collect();
            prop_assert_eq!(read.failure.as_deref().unwrap_or_default(), spaced);
        }
    }

    #[test]
    fn ok_any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&text);
    }
}
