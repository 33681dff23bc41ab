//! Properties: nothing panics, whatever the text and the line.

use accesslog::{Format, Preset, Reader};
use proptest::prelude::*;

use crate::{Expression, Verdict};

const LINES: [&str; 3] = [
    r#"[2026-11-20T12:48:46.101Z] "POST /r?x=1 HTTP/2" 503 UF,URX d{a|b:_c} - "e:_f" 112 152 3 7 "-" "curl" "id" "h:80" "10.0.0.1:80" up - 10.0.0.2:80 10.0.0.3:1 - default"#,
    r#"[2026-11-20T12:48:46.101Z] "- - -" 0 - - - "-" 1 2 3 - "-" "-" "-" "-" "[::1]:80" - - /a/b.sock @ - -"#,
    r#"[2026-11-20T12:48:46.101Z] "G /" " HTTP/1.1" 99999999999999999999 ?? - - "-" 1 2 99999999999999999999 - "a" "b" "c" "d" "e" f g h i j k"#,
];

/// Words that expressions are made of, so that many parse.
const WORDS: &[&str] = &[
    "request.path",
    "request.headers",
    "response.code",
    "response.flags",
    "request.duration",
    "request.time",
    "xds.route_name",
    "source.port",
    "filter_state",
    "metadata",
    "connection.mtls",
    "upstream.transport_failure_reason",
    "nosuch",
    "has",
    "size",
    "matches",
    "startsWith",
    "getHours",
    "duration",
    "timestamp",
    "int",
    "uint",
    "double",
    "bytes",
    "type",
    "re.extract",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "?",
    ":",
    "==",
    "!=",
    "<",
    ">=",
    "in",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "&&",
    "||",
    "'a'",
    "'1h'",
    "\"[a-z]+\"",
    "b'x'",
    "1",
    "0",
    "2u",
    "1.5",
    "true",
    "null",
    "'2020-01-01T00:00:00Z'",
    "9223372036854775807",
    "['x']",
    ".path",
    "// x\n",
];

/// Goes through everything that can be asked of an expression.
fn exercise(text: &str) {
    let Ok(expression) = Expression::parse(text) else { return };
    for finding in expression.findings() {
        assert!(text.get(finding.span()).is_some(), "{text}: {:?}", finding.span());
        assert!(!finding.to_string().is_empty());
    }
    for path in expression.attributes() {
        assert!(text.get(path.span()).is_some(), "{text}: {:?}", path.span());
    }
    let preset = Preset::from_name("istio").unwrap().compile(&Default::default()).unwrap();
    let nothing = Format::compile("%REQ(X-NOTHING)%\n").unwrap();
    let filter = expression.bind(&preset);
    let mut reader = Reader::new(preset.into());
    for line in LINES {
        if let Ok(record) = reader.read(line.as_bytes()) {
            filter.judge(&record);
        }
    }
    // Where nothing is carried, what can be told holds for every record.
    let blind = expression.bind(&nothing);
    let mut reader = Reader::new(nothing.into());
    let verdict = blind.judge(&reader.read(b"-").unwrap());
    if verdict != Verdict::CannotTell && blind.missing().is_empty() {
        assert_eq!(verdict, blind.judge(&reader.read(b"x").unwrap()), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        exercise(&text);
    }

    #[test]
    fn any_words(words in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        exercise(&words.concat());
        exercise(&words.join(" "));
    }

    #[test]
    fn any_comparison(
        words in prop::collection::vec(prop::sample::select(WORDS), 1..6),
        more in prop::collection::vec(prop::sample::select(WORDS), 1..6),
    ) {
        exercise(&format!("({}) == ({})", words.concat(), more.concat()));
        exercise(&format!("{} || {}", words.concat(), more.concat()));
    }

    #[test]
    fn any_pattern(pattern in "[a-c()\\[\\]{}|*+?.^$\\\\dwpLi:0-9,-]{0,24}") {
        exercise(&format!("request.path.matches(r\"{pattern}\")"));
    }
}
