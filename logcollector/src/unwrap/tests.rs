use super::*;
use crate::frame::{Frame, Framer};
use proptest::prelude::*;

const TIME: &str = "2026-11-20T12:00:00.123456789Z";

/// The look of a line as `pod/container|form|body`, for short tables.
fn seen(line: &str) -> String {
    let look = look(line.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let prefix = look.prefix.map_or(String::new(), |(p, c)| format!("{}/{}", text(p), text(c)));
    let form = match look.form {
        Form::Plain => format!("plain|{}", text(look.unprefixed)),
        Form::Timestamp { body, .. } => format!("time|{}", text(body)),
        Form::Cri { stream, partial, body, .. } => {
            format!("cri {} {}|{}", stream.as_str(), if partial { 'P' } else { 'F' }, text(body))
        }
        Form::Docker { stream, partial, body, .. } => {
            format!("docker {} {}|{body}", stream.as_str(), if partial { 'P' } else { 'F' })
        }
    };
    format!("{prefix}|{form}")
}

#[test]
fn ok_wrappers() {
    let cases = [
        (
            "no wrapper",
            "[2026-11-20T12:00:00.123Z] \"GET /",
            "|plain|[2026-11-20T12:00:00.123Z] \"GET /",
        ),
        ("prefix", "[pod/a-1/istio-proxy] x y", "a-1/istio-proxy|plain|x y"),
        ("prefix of an empty line", "[pod/a-1/istio-proxy] ", "a-1/istio-proxy|plain|"),
        ("time", "2026-11-20T12:00:00.123456789Z x", "|time|x"),
        ("time of an empty line", "2026-11-20T12:00:00.123456789Z ", "|time|"),
        ("offset", "2026-11-20T12:00:00.1+05:30 x", "|time|x"),
        ("no fraction", "2026-11-20T12:00:00Z x", "|time|x"),
        ("both", "[pod/a/b] 2026-11-20T12:00:00.123456789Z x", "a/b|time|x"),
        ("cri", "2016-10-06T00:17:09.669794202Z stdout F x y", "|cri stdout F|x y"),
        ("cri part", "2016-10-06T00:17:09.6Z stderr P x", "|cri stderr P|x"),
        ("cri with more tags", "2016-10-06T00:17:09.6Z stderr P:a:b x", "|cri stderr P|x"),
        ("cri empty", "2016-10-06T00:17:09.6Z stdout F ", "|cri stdout F|"),
        ("cri empty, trimmed", "2016-10-06T00:17:09.6Z stdout F", "|cri stdout F|"),
        ("cri keeps white space", "2016-10-06T00:17:09.6Z stdout F  x ", "|cri stdout F| x "),
        (
            "docker",
            r#"{"log":"a \"b\" \u003c\n","stream":"stdout","time":"2026-11-20T12:00:00.1Z"}"#,
            "|docker stdout F|a \"b\" <",
        ),
        (
            "docker part",
            r#"{"log":"a","stream":"stderr","time":"2026-11-20T12:00:00.1Z"}"#,
            "|docker stderr P|a",
        ),
        (
            "docker with attributes",
            r#"{"log":"a\n","stream":"stdout","attrs":{"k":"v"},"time":"2026-11-20T12:00:00.1Z"}"#,
            "|docker stdout F|a",
        ),
    ];
    for (name, line, expected) in cases {
        assert_eq!(seen(line), expected, "{name}");
    }
}

#[test]
fn ok_plain_lines_that_look_a_little_like_wrappers() {
    let cases = [
        ("another kind of prefix", "[job/a/b] x"),
        ("no container", "[pod/a] x"),
        ("no space", "[pod/a/b]x"),
        ("upper case", "[pod/A/b] x"),
        ("no zone", "2026-11-20T12:00:00.123456789 x"),
        ("ten digits", "2026-11-20T12:00:00.1234567890Z x"),
        ("a point and no digits", "2026-11-20T12:00:00.Z x"),
        ("an agent's line", "2026-11-20T12:00:00.123456Z\tinfo\tx"),
        ("docker without a time", r#"{"log":"a\n","stream":"stdout"}"#),
        (
            "docker with another stream",
            r#"{"log":"a\n","stream":"x","time":"2026-11-20T12:00:00Z"}"#,
        ),
        ("docker cut", r#"{"log":"a\n","stream":"std"#),
        ("empty", ""),
    ];
    for (name, line) in cases {
        assert_eq!(seen(line), format!("|plain|{line}"), "{name}");
    }
    let looks_like_cri = format!("{TIME} stdout X y");
    assert_eq!(seen(&looks_like_cri), "|time|stdout X y", "other tags");
}

#[test]
fn wrapper_or_own_time() {
    let prefers = |text: &str, before| {
        let (time, _) = Time::at_start(text.as_bytes()).unwrap();
        prefers_wrapper(time, before)
    };
    assert!(prefers("2026-11-20T12:00:00.123456789Z", false), "nine digits");
    assert!(prefers("2026-11-20T12:00:00.123+01:00", false), "an offset");
    assert!(!prefers("2026-11-20T12:00:00.123Z", true), "three digits and Z");
    assert!(!prefers("2026-11-20T12:00:00.123456Z", false), "six digits, plain before");
    assert!(prefers("2026-11-20T12:00:00.123456Z", true), "six digits, wrapped before");
}

#[test]
fn parts_are_joined_by_stream() {
    let mut joiner = Joiner::new(8);
    let line = |time: &'static [u8], body: &'static [u8]| Joined::Line { time, body };
    let (out, err) = (Stream::Stdout, Stream::Stderr);
    assert_eq!(joiner.push(out, b"1", b"whole", false), line(b"1", b"whole"));
    assert_eq!(joiner.push(out, b"2", b"ab", true), Joined::Held);
    assert_eq!(joiner.push(err, b"3", b"12", true), Joined::Held);
    assert_eq!(joiner.push(out, b"4", b"cd", true), Joined::Held);
    assert_eq!(joiner.push(out, b"5", b"ef", false), line(b"2", b"abcdef"));
    assert_eq!(joiner.push(out, b"6", b"next", false), line(b"6", b"next"));
    assert_eq!(joiner.push(err, b"7", b"", false), line(b"3", b"12"));
    assert_eq!(joiner.push(out, b"8", b"12345", true), Joined::Held);
    assert_eq!(joiner.push(out, b"8", b"6789", true), Joined::Held, "over the limit");
    assert_eq!(joiner.push(out, b"8", b"0", false), Joined::Oversized);
    assert_eq!(joiner.push(out, b"8", b"123456789", false), Joined::Oversized);
    assert_eq!(joiner.push(out, b"9", b"tail", true), Joined::Held);
    assert_eq!(joiner.finish(out), line(b"9", b"tail"), "the end of the input");
    assert_eq!(joiner.finish(out), Joined::Held, "nothing is left");
    assert_eq!(joiner.finish(err), Joined::Held, "nothing is left");
}

/// Wraps messages as a runtime would, with parts of at most `part` bytes.
fn wrap(messages: &[(bool, Vec<u8>)], part: usize) -> Vec<u8> {
    let mut file = Vec::new();
    for (stderr, message) in messages {
        let name = if *stderr { "stderr" } else { "stdout" };
        let mut chunks: Vec<&[u8]> = message.chunks(part).collect();
        if chunks.is_empty() {
            chunks.push(b"");
        }
        let last = chunks.len() - 1;
        for (i, chunk) in chunks.iter().enumerate() {
            let tag = if i == last { 'F' } else { 'P' };
            file.extend_from_slice(format!("{TIME} {name} {tag} ").as_bytes());
            file.extend_from_slice(chunk);
            file.push(b'\n');
        }
    }
    file
}

proptest! {
    #[test]
    fn wrapped_messages_come_back_whatever_the_chunks(
        messages in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(any::<u8>().prop_filter("newline", |b| *b != b'\n'), 0..40)),
            0..10,
        ),
        part in 1_usize..20,
        chunk in 1_usize..50,
    ) {
        let file = wrap(&messages, part);
        let mut framer = Framer::new(1024);
        let mut joiner = Joiner::new(1024);
        let mut found: Vec<(bool, Vec<u8>)> = Vec::new();
        let mut each = |frame: Frame<'_>, _: &[u8]| -> Result<(), String> {
            let Frame::Line(line) = frame else { return Err("oversized".to_owned()) };
            let Form::Cri { time, stream, partial, body } = look(line).form else {
                return Err(format!("not CRI: {}", line.escape_ascii()));
            };
            if let Joined::Line { body, .. } = joiner.push(stream, time.text, body, partial) {
                found.push((stream == Stream::Stderr, body.to_vec()));
            }
            Ok(())
        };
        for bytes in file.chunks(chunk) {
            framer.feed(bytes, &mut each).unwrap();
        }
        framer.finish(&mut each).unwrap();
        prop_assert_eq!(found, messages);
    }

    #[test]
    fn a_look_takes_nothing_but_the_wrapper(line in proptest::collection::vec(any::<u8>(), 0..80)) {
        let found = look(&line);
        prop_assert!(line.ends_with(found.unprefixed));
        match found.form {
            Form::Plain => {}
            Form::Timestamp { body, .. } | Form::Cri { body, .. } => prop_assert!(line.ends_with(body)),
            Form::Docker { .. } => prop_assert!(line.first() == Some(&0x7b)),
        }
    }
}
