use super::*;
use crate::operator::{OPERATORS, operator};

/// The verdict on an argument of the named operator.
fn verdict(name: &str, text: &str) -> Result<(), ArgumentError> {
    check(operator(name).unwrap(), Some(text))
}

/// The verdict on an argument that must be refused: where, what is expected, what is suggested.
fn refused(name: &str, text: &str) -> (usize, String, Option<String>) {
    let ArgumentError { at, expected, suggestion } = verdict(name, text).unwrap_err();
    (at, expected, suggestion)
}

#[test]
fn ok_empty_parentheses_are_none() {
    for o in OPERATORS {
        assert_eq!(check(o, None), check(o, Some("")), "{}", o.name);
        assert_eq!(check(o, None).is_ok(), !matches!(o.argument, Argument::Required(_)));
    }
}

#[test]
fn ok_arguments() {
    for (name, texts) in [
        (
            "REQ",
            &["a", ":authority", ":path?:method", "?", "a?", "?b", "a%b", "A!#$&'*+.^_`|~"][..],
        ),
        ("START_TIME", &["%s.%3f", "%E4n", "%10n", "%", "%Q", "%t", "a)b", "\r", "%EEn", "n"]),
        ("EMIT_TIME", &["%Y-%m-%dT%H:%M:%S.%3fZ"]),
        ("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", &["24", "0", "129", "abc", "-1", " "]),
        ("RESPONSE_CODE_DETAILS", &["ALLOW_WHITESPACES", "x"]),
        ("DYNAMIC_METADATA", &["a", ":", "a:b:c", "a b:\u{e9}", "a:b)c"]),
        ("METADATA", &["DYNAMIC", "CLUSTER:", "ROUTE:a", "VIRTUAL_HOST:a:b", "DYNAMIC::b"]),
        ("ENVIRONMENT", &["HOME", "a=b", " ", "a)b"]),
        ("QUERY_PARAM", &["q", "%20", "?"]),
        ("PATH", &["WQ", "NQ:ORIG", ":PATH", ":", "::X", "WQ:ORIG_OR_PATH:x", "WQ::X"]),
        ("QUERY_PARAMS", &["ORIG", "DECODED"]),
        ("REQUESTED_SERVER_NAME", &["SNI_ONLY", "HOST_FIRST:ORIG", ":HOST", "SNI_FIRST::", "::X"]),
        ("GRPC_STATUS", &["CAMEL_STRING", "SNAKE_STRING", "NUMBER"]),
        ("COMMON_DURATION", &["DS_RX_BEG:DS_TX_END:us", "a:b", ":", "::ns", "a:a:ms", "a b:c:ms"]),
        ("FILTER_STATE", &["k", "k:", "k::", "k:PLAIN", "k:TYPED:", "k:FIELD:n", "k:FIELD:n:m"]),
        ("UPSTREAM_FILTER_STATE", &["k:::x", "k:PLAIN::x", "k k", " :PLAIN"]),
        ("CEL", &["'(' + ')'"]),
        ("COALESCE", &[r#"{"operators":["PATH"]}"#]),
        ("FILE_CONTENT", &["/a", "/a:/b", "/a:", ":/b"]),
        ("SECRET", &["s"]),
    ] {
        for text in texts {
            assert_eq!(verdict(name, text), Ok(()), "%{name}({text})%");
        }
    }
}

#[test]
fn err_missing() {
    for (name, expected) in [
        ("REQ", "a header name such as `USER-AGENT`"),
        ("DYNAMIC_METADATA", "a metadata namespace such as `envoy.lb`"),
        ("ENVIRONMENT", "the name of an environment variable"),
        ("QUERY_PARAM", "the name of a query parameter"),
        ("FILTER_STATE", "a filter state key"),
        ("CEL", "a CEL expression"),
        ("COALESCE", "a JSON object with a list of `operators`"),
        ("COMMON_DURATION", "two time points such as `DS_RX_BEG:DS_TX_END`"),
        ("FILE_CONTENT", "the path of a file"),
        ("SECRET", "the name of a secret"),
    ] {
        assert_eq!(refused(name, ""), (0, expected.to_owned(), None), "{name}");
    }
    assert!(refused("METADATA", "").1.starts_with("one of `DYNAMIC`, `CLUSTER`"));
}

#[test]
fn err_argument() {
    let unit = "one of `ms`, `us`, `ns`";
    let character = "a character of a header name";
    let colon = "a header name after the colon";
    let newline = "a time format without the newline `%n`";
    let forms = "one of `PLAIN`, `TYPED`, `FIELD`";
    for (name, text, at, expected) in [
        ("PROTOCOL", "x", 0, "no argument"),
        ("REQ", "a?b?c", 3, "no more than one alternative header"),
        ("REQ", "??", 1, "no more than one alternative header"),
        ("REQ", "a:b", 1, character),
        ("REQ", "a?b/c", 3, character),
        ("REQ", "::a", 1, character),
        ("REQ", "\u{e9}", 0, character),
        ("REQ", ":", 1, colon),
        ("REQ", "a?:", 3, colon),
        ("START_TIME", "%Y%n", 2, newline),
        ("START_TIME", "%%n", 1, newline),
        ("START_TIME_LOCAL", "%-0#19En", 0, newline),
        ("UPSTREAM_PEER_CERT_V_END", "%On", 0, newline),
        ("METADATA", "X:a", 0, &one_of(METADATA_TYPES)),
        ("PATH", "X", 0, "one of `WQ`, `NQ`"),
        ("PATH", "WQ:X", 3, "one of `ORIG`, `PATH`, `ORIG_OR_PATH`"),
        ("REQUESTED_SERVER_NAME", ":X", 1, "one of `ORIG`, `HOST`, `ORIG_OR_HOST`"),
        ("QUERY_PARAMS", "ORIG:DECODED", 0, "one of `ORIG`, `DECODED`"),
        ("GRPC_STATUS", "X", 0, "one of `CAMEL_STRING`, `SNAKE_STRING`, `NUMBER`"),
        ("COMMON_DURATION", "a", 1, "`:` and a second time point"),
        ("COMMON_DURATION", "a:b:", 4, unit),
        ("COMMON_DURATION", "a:b:hours", 4, unit),
        ("COMMON_DURATION", "a:b:ms:", 6, "the end of the argument"),
        ("FILTER_STATE", ":PLAIN", 0, "a filter state key"),
        ("FILTER_STATE", "k:X", 2, forms),
        ("FILTER_STATE", "k:FIELD", 7, "`:` and the name of a field"),
        ("FILTER_STATE", "k:FIELD::n", 7, "`:` and the name of a field"),
        ("FILE_CONTENT", ":", 0, "the path of a file"),
        ("FILE_CONTENT", "/a:/b:c", 5, "the end of the argument"),
    ] {
        assert_eq!(refused(name, text), (at, expected.to_owned(), None), "%{name}({text})%");
    }
}

#[test]
fn err_suggestion() {
    for (name, text, suggestion) in [
        ("PATH", "nq", Some("NQ")),
        ("PATH", "ORIG", Some(":ORIG")),
        ("PATH", "WQ:ORIG_PATH", Some("ORIG_OR_PATH")),
        ("PATH", "WQ: ORIG", Some("ORIG")),
        ("GRPC_STATUS", "number", Some("NUMBER")),
        ("GRPC_STATUS", "SNAKE_SRTING", Some("SNAKE_STRING")),
        ("REQUESTED_SERVER_NAME", "HOST", Some(":HOST")),
        ("METADATA", "cluster:a", Some("CLUSTER")),
        ("COMMON_DURATION", "a:b:MS", Some("ms")),
        ("FILTER_STATE", "k:PLAIN:n", Some("FIELD")),
        ("REQ", "USER AGENT", Some("USER-AGENT")),
        ("REQ", "a? b", Some("b")),
        ("REQ", "a/ b", None),
    ] {
        assert_eq!(refused(name, text).2.as_deref(), suggestion, "%{name}({text})%");
    }
}
