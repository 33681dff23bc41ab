//! What holds for every format and every line: what was printed is read back or in doubt, never
//! something else, and the fast pass and the search say the same.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::record::Value;

/// Operators with texts that Envoy can print for them.
const OPERATORS: &[(&str, &[&str])] = &[
    ("%START_TIME%", &["2026-11-20T12:48:45.922Z"]),
    ("%START_TIME(%s.%3f)%", &["1795178925.922", "1.000"]),
    ("%START_TIME(%d/%b/%Y:%H:%M:%S %z)%", &["20/Nov/2026:12:48:45 +0000"]),
    ("%REQ(:METHOD)%", &["GET", "-", "M-SEARCH"]),
    ("%REQ(:PATH)%", &["/", "/a?b=\"c\"|d", "-"]),
    ("%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", &["/", "/x y \"z\" HTTP/1.1\" 200", "-"]),
    ("%PROTOCOL%", &["HTTP/1.1", "HTTP/2", "-"]),
    ("%RESPONSE_CODE%", &["0", "200", "503"]),
    ("%RESPONSE_FLAGS%", &["-", "UF", "URX,UF"]),
    ("%RESPONSE_CODE_DETAILS%", &["via_upstream", "a{b|c:_\"d\"}", "-"]),
    ("%BYTES_SENT%", &["0", "123456"]),
    ("%DURATION%", &["-", "7"]),
    ("%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%", &["-", "6"]),
    ("%UPSTREAM_HOST%", &["-", "10.0.0.1:80", "[::1]:443", "/run/x y", "envoy://a/b c"]),
    ("%UPSTREAM_CLUSTER%", &["outbound|80||a.b", "-"]),
    ("%DOWNSTREAM_LOCAL_PORT%", &["", "80"]),
    ("%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%", &["10.0.0.1", "::1", "/run/x"]),
    ("%UNIQUE_ID%", &["6ca4a1a9-f5b1-4f71-ac7a-c8ad1b2ba06b"]),
    ("%GRPC_STATUS%", &["-", "Unavailable"]),
];

/// What logcollector's own filter leaves.
const OWN: &[(&str, &[&str])] = &[
    ("%FILTER_STATE(wasm.keep:PLAIN)%", &["-", "0", "1"]),
    ("%FILTER_STATE(wasm.attempt_count:PLAIN)%", &["-", "12"]),
    (
        "%FILTER_STATE(wasm.upstream_attempts:PLAIN)%",
        &["-", "10.0.0.1:80=503/1ms;10.0.0.2:80=200/2ms", "-=-/0ms/a|b,c"],
    ),
    (
        "%FILTER_STATE(wasm.access_log:PLAIN)%",
        &["-", "{}", r#"{"a":"b\u0020\"\u0020\"c"}"#, r#"{"a":["x","-",200],"k=":{}}"#],
    ),
    ("%FILTER_STATE(wasm.access_log:PLAIN):5%", &["-", "{}", r#"{"a":"#]),
];

const LITERALS: &[&str] =
    &[" ", "\" \"", "|", "\t", " k=", "] ", ",", ", ", "\",\"a\":\"", "", "-", " - ", "@", "\n"];

/// Text that a client can have printed, made of what formats use as delimiters.
fn client_text() -> impl Strategy<Value = Vec<u8>> {
    let piece = select(vec![
        &b"a"[..],
        b"-",
        b" ",
        b"\"",
        b"\" \"",
        b"|",
        b"\t",
        b"\\",
        b"200",
        b",",
        b" k=",
        b"\xe9",
        b"\xc3\xa9",
        b"HTTP/1.1",
        b"10.0.0.1:80",
        b"",
    ]);
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A field of a format and the text that was printed for it.
fn printed() -> impl Strategy<Value = (String, Vec<u8>)> {
    prop_oneof![
        select(OPERATORS).prop_flat_map(|(operator, texts)| {
            (Just(operator.to_owned()), select(texts).prop_map(|text| text.as_bytes().to_vec()))
        }),
        client_text().prop_map(|text| ("%REQ(X-A)%".to_owned(), text)),
        select(OWN).prop_flat_map(|(operator, texts)| {
            (Just(operator.to_owned()), select(texts).prop_map(|text| text.as_bytes().to_vec()))
        }),
        (client_text(), 0usize..9).prop_map(|(mut text, most)| {
            text.truncate(most);
            (format!("%REQ(X-B):{most}%"), text)
        }),
    ]
}

/// A format, the line that it printed, and the texts of its fields.
fn program() -> impl Strategy<Value = (String, Vec<u8>, Vec<Vec<u8>>)> {
    let literal = || select(LITERALS);
    let parts = proptest::collection::vec((printed(), literal()), 1..8);
    (literal(), parts).prop_map(|(head, parts)| {
        let (mut format, mut line, mut texts) = (head.to_owned(), head.as_bytes().to_vec(), vec![]);
        for ((operator, text), literal) in parts {
            // `%A%%%` is no format: a literal percent sign is not among the literals.
            format.push_str(&operator);
            format.push_str(literal);
            line.extend_from_slice(&text);
            line.extend_from_slice(literal.as_bytes());
            texts.push(text);
        }
        // The newline that ends a format is no part of the line.
        if format.ends_with('\n') {
            line.pop();
        }
        (format, line, texts)
    })
}

/// The spans of the fields, and the disputed fields.
type Reading = (Vec<Span>, Vec<u16>);

/// What the fast pass says, if it gives an answer, and what the search says.
fn both(format: &Format, line: &[u8]) -> (Option<Reading>, Option<Reading>) {
    let mut spans = vec![Span::default(); format.fields.len()];
    let fast = fast::read(&format.plan, line, &mut Marks::default(), &mut spans);
    let fast = fast.map(|_| (spans.clone(), Vec::new()));
    let mut disputed = Disputed::default();
    let searched = Search::default().read(&format.plan, line, &mut spans, &mut disputed);
    (fast, searched.ok().map(|()| (spans, disputed.fields)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The fields of a printed line are read back as they were, or are disputed.
    #[test]
    fn what_is_printed_is_read_back((format, line, texts) in program()) {
        let format = Format::compile(&format).unwrap();
        let mut reader = Reader::new(format.clone().into());
        let record = reader.read(&line).expect("a line of its own format has a reading");
        for (index, (text, field)) in texts.iter().zip(format.fields()).enumerate() {
            if !record.is_disputed(index) {
                let expected = Value::of_text(field, text, false);
                prop_assert_eq!(record.value(index), expected, "{}", field.key());
            }
        }
    }

    /// Where the fast pass gives an answer, it is the one reading that the search finds.
    #[test]
    fn the_fast_pass_agrees_with_the_search((format, line, _) in program(), omit in any::<bool>()) {
        let format = crate::FormatOptions::new().omit_empty_values(omit).compile(&format).unwrap();
        let (fast, searched) = both(&format, &line);
        if let Some(fast) = fast {
            prop_assert_eq!(searched, Some(fast));
        }
    }

    /// Where the edges give an answer, it is what the search says.
    #[test]
    fn the_edges_agree_with_the_search((format, line, _) in program(), omit in any::<bool>()) {
        let format = crate::FormatOptions::new().omit_empty_values(omit).compile(&format).unwrap();
        let (mut spans, mut disputed) = (vec![Span::default(); format.fields.len()], Disputed::default());
        let (mut marks, plan) = (Marks::default(), &format.plan);
        marks.find(&line, plan.pin());
        let found = Edges::default().read(plan, &line, &marks, &mut spans, &mut disputed);
        if found.is_some() {
            let (mut all, mut others) = (spans.clone(), Disputed::default());
            prop_assert!(Search::default().read(plan, &line, &mut all, &mut others).is_ok());
            prop_assert_eq!(spans, all);
            prop_assert_eq!((disputed.fields, disputed.text), (others.fields, others.text));
        }
    }

    /// The same for lines of another format.
    #[test]
    fn the_passes_agree_on_foreign_lines((format, _, _) in program(), (_, line, _) in program()) {
        let (fast, searched) = both(&Format::compile(&format).unwrap(), &line);
        if let Some(fast) = fast {
            prop_assert_eq!(searched, Some(fast));
        }
    }

    /// The JSON of a line that needs no escapes is the same however it is written.
    #[test]
    fn plain_records_are_written_alike((format, line, _) in program(), skip in any::<bool>()) {
        let format = Format::compile(&format).unwrap();
        let mut reader = Reader::new(format.clone().into());
        let record = reader.read(&line).expect("a line of its own format has a reading");
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        record.write_json_members(&mut whole, skip);
        for index in (0..record.len()).filter(|&index| !record.is_disputed(index)) {
            if !(skip && record.value(index).is_absent()) {
                if !parts.is_empty() {
                    parts.push(b',');
                }
                record.write_json_member(index, &mut parts);
            }
        }
        prop_assert!(whole.starts_with(&parts));
        prop_assert!(record.ambiguity().is_some() || whole == parts);
        let chosen: Vec<usize> = (0..record.len()).filter(|&at| !record.is_disputed(at)).collect();
        let mut picked = Vec::new();
        record.write_json_chosen(&chosen, skip, &mut picked);
        prop_assert_eq!(picked, parts);
    }

    /// No format and no line makes the reader panic, and its JSON is JSON.
    #[test]
    fn any_line_is_safe(
        format in "(%[A-Z_]{1,12}(\\([a-zA-Z?:%)]{0,6}\\))?(:[0-9]{1,3})?%|[ -~]|\n){0,8}",
        line in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let Ok(format) = Format::compile(&format) else { return Ok(()) };
        let mut reader = Reader::new(format.into());
        if let Ok(record) = reader.read(&line) {
            let mut json = Vec::new();
            record.write_json(&mut json);
            prop_assert!(crate::json::is_json_value(&json), "{}", json.escape_ascii());
        }
    }
}
