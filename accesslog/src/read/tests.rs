use super::*;
use crate::FormatOptions;
use crate::preset::Preset;

const ISTIO: &str = r#"[2026-11-20T12:48:45.922Z] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 0 295 7 6 "-" "curl/8.5.0" "6ca4a1a9-f5b1-4f71-ac7a-c8ad1b2ba06b" "reviews:9080" "10.244.2.31:9080" outbound|9080||reviews.bookinfo.svc.cluster.local 10.244.1.30:40982 10.96.1.2:9080 10.244.1.30:51368 - default"#;

fn istio() -> Reader {
    let preset = Preset::from_name("istio").unwrap();
    Reader::new(preset.compile(&FormatOptions::new()).unwrap().into())
}

fn json(format: &str, line: &[u8]) -> Result<String, String> {
    let mut reader = Reader::new(Format::compile(format).unwrap().into());
    json_of(&mut reader, line)
}

fn json_of(reader: &mut Reader, line: &[u8]) -> Result<String, String> {
    let format = Arc::clone(reader.format());
    let mut out = Vec::new();
    match reader.read(line) {
        Ok(record) => record.write_json(&mut out),
        Err(error) => {
            return Err(format!("{}: expected {}", error.offset(), error.expected(&format)));
        }
    }
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn the_default_line_reads_as_envoys_json() {
    let mut reader = istio();
    assert!(reader.is_fast(ISTIO.as_bytes()));
    insta::assert_snapshot!(json_of(&mut reader, ISTIO.as_bytes()).unwrap(), @r#"{"start_time":"2026-11-20T12:48:45.922Z","method":"GET","path":"/reviews/0","protocol":"HTTP/1.1","response_code":200,"response_flags":"-","response_code_details":"via_upstream","connection_termination_details":null,"upstream_transport_failure_reason":null,"bytes_received":0,"bytes_sent":295,"duration":7,"upstream_service_time":"6","x_forwarded_for":null,"user_agent":"curl/8.5.0","request_id":"6ca4a1a9-f5b1-4f71-ac7a-c8ad1b2ba06b","authority":"reviews:9080","upstream_host":"10.244.2.31:9080","upstream_cluster":"outbound|9080||reviews.bookinfo.svc.cluster.local","upstream_local_address":"10.244.1.30:40982","downstream_local_address":"10.96.1.2:9080","downstream_remote_address":"10.244.1.30:51368","requested_server_name":null,"route_name":"default"}"#);
}

#[test]
fn a_format_of_a_literal_alone_is_the_whole_line() {
    assert!(json("", b"").is_ok() && json("a\n", b"a").is_ok());
    assert!(json("", b"b").is_err() && json("a", b"ab").is_err() && json("ab", b"a").is_err());
}

/// A user agent in the default line, and what its record says: the value, or the disputed fields.
#[test]
fn hostile_user_agents() {
    let mut reader = istio();
    let disputed = Err("x_forwarded_for,user_agent,request_id".to_owned());
    type Read<'a> = Result<&'a [u8], String>;
    let cases: &[(&[u8], Read<'_>)] = &[
        (b"foo \"bar\" baz", Ok(b"foo \"bar\" baz")),
        (b"ends with backslash \\", Ok(b"ends with backslash \\")),
        (b"", Ok(b"")),
        (b"a\tb", Ok(b"a\tb")),
        (b"caf\xe9 \xff", Ok(b"caf\xe9 \xff")),
        (b"a\"", Ok(b"a\"")),
        (b"x\" \"y", disputed.clone()),
        (b"x\" \"y\" \"z\" \"w", disputed.clone()),
        (br#"\" \"x"#, Ok(br#"\" \"x"#)),
        (br#"\" "x"#, disputed),
    ];
    for (agent, expected) in cases {
        let (head, tail) = ISTIO.split_once("curl/8.5.0").unwrap();
        let line = [head.as_bytes(), agent, tail.as_bytes()].concat();
        let record = reader.read(&line).unwrap();
        let found = match record.ambiguity() {
            None => Ok(record.get("user_agent").unwrap().to_bytes().unwrap().into_owned()),
            Some(ambiguity) => Err(ambiguity.fields().collect::<Vec<_>>().join(",")),
        };
        let expected = expected.clone().map(<[u8]>::to_vec);
        assert_eq!(found, expected, "{}", agent.escape_ascii());
        assert_eq!(record.get("authority").unwrap().to_bytes().unwrap(), &b"reviews:9080"[..]);
    }
}

/// What logcollector's own filter leaves is read for sure, whatever a client sent, and without a
/// search where the client sent no quotes.
#[test]
fn objects_at_the_end_are_no_delimiters() {
    let preset = Preset::from_name("istio").unwrap().text().trim_end().to_owned();
    let count = "%UPSTREAM_REQUEST_ATTEMPT_COUNT%";
    let history = "%FILTER_STATE(wasm.upstream_attempts:PLAIN)%";
    let added = "%FILTER_STATE(wasm.access_log:PLAIN)%";
    let keep = "%FILTER_STATE(wasm.keep:PLAIN)%";
    let values = ["2", "10.0.0.1:80=503/12ms;-=?", r#"{"a":"\u0020\"","b":{}}"#, "1"];
    let read = |order: [usize; 4], label: [&str; 4], agent: &str, absent: bool| {
        let operators = [count, history, added, keep];
        let (mut format, mut line) = (preset.clone(), ISTIO.replace("curl/8.5.0", agent));
        for (at, label) in order.into_iter().zip(label) {
            let value = if absent && at > 0 { "-" } else { values[at] };
            format.push_str(&format!(" {label}{}", operators[at]));
            line.push_str(&format!(" {label}{value}"));
        }
        let mut reader = Reader::new(Format::compile(&format).unwrap().into());
        let fast = reader.is_fast(line.as_bytes());
        let record = reader.read(line.as_bytes()).unwrap();
        for (place, at) in order.into_iter().enumerate() {
            let found = record.value(24 + place).to_bytes();
            let expected = (!absent || at == 0).then(|| values[at].as_bytes());
            assert!(!record.is_disputed(24 + place), "{line}");
            assert_eq!(found.as_deref(), expected, "{line}");
        }
        let told = record.get("user_agent").map(|value| value.to_bytes().unwrap().into_owned());
        assert_eq!(told.unwrap_or_else(|| agent.into()), agent.as_bytes());
        fast
    };
    for order in [[0, 1, 2, 3], [2, 3, 0, 1], [1, 2, 3, 0]] {
        for label in [[""; 4], ["attempts=", "added=", "keep=", ""]] {
            assert!(read(order, label, "curl/8.5.0", false), "{order:?}");
            assert!(read(order, label, "curl/8.5.0", true), "{order:?}");
            for agent in [r#"a "b" {"c":1}"#, r#"x" "y" "z" "w:1" c - - - - - 9 -=? {"c":1} 0"#] {
                assert!(!read(order, label, agent, false), "{order:?}");
                assert!(!read(order, label, agent, true), "{order:?}");
            }
        }
    }
}

#[test]
fn disputed_fields_are_named_with_their_text() {
    let format = "\"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" %RESPONSE_CODE%";
    insta::assert_snapshot!(
        json(format, br#""a" "b" "c" 200"#).unwrap(),
        @r#"{"response_code":200,"ambiguous":{"fields":["x_forwarded_for","user_agent"],"text":"a\" \"b\" \"c"}}"#
    );
}

/// Fields that all readings give the same bytes are kept, wherever those stand.
#[test]
fn readings_are_compared_by_value() {
    let format = "%REQ(A)% %RESPONSE_FLAGS% %REQ(B)%";
    insta::assert_snapshot!(
        json(format, b"x - - y").unwrap(),
        @r#"{"response_flags":"-","ambiguous":{"fields":["req_a","req_b"],"text":"x - - y"}}"#
    );
}

#[test]
fn an_original_path_may_hold_anything() {
    let mut reader = istio();
    let line = ISTIO.replace("/reviews/0", "/x y \"z\" HTTP/1.1\" 200");
    let record = reader.read(line.as_bytes()).unwrap();
    assert_eq!(record.get("path").unwrap().to_bytes().unwrap(), &b"/x y \"z\" HTTP/1.1\" 200"[..]);
    // With the whole rest of a line in it there is a second reading, however odd the first.
    let forged = ISTIO.replace("/reviews/0", r#"/a HTTP/1.1" 200 - a - "-" 0 1 2 3 "x"#);
    assert!(reader.read(forged.as_bytes()).unwrap().ambiguity().is_some());
}

/// A format, a line, and the JSON or the mismatch.
#[test]
fn shapes() {
    let cases: &[(&str, &[u8], &str)] = &[
        (
            "%PROTOCOL%%RESPONSE_CODE%%RESPONSE_FLAGS%",
            b"HTTP/1.1200-",
            r#"{"protocol":"HTTP/1.1","response_code":200,"response_flags":"-"}"#,
        ),
        (
            "%PROTOCOL%%RESPONSE_CODE%%RESPONSE_FLAGS%",
            b"HTTP/2404UF,URX",
            r#"{"protocol":"HTTP/2","ambiguous":{"fields":["response_code","response_flags"],"text":"404UF,URX"}}"#,
        ),
        (
            "%RESPONSE_CODE%%DURATION%",
            b"2007",
            r#"{"ambiguous":{"fields":["response_code","duration"],"text":"2007"}}"#,
        ),
        (
            "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%@%REQ(A)%",
            b"@a@b",
            r#"{"ambiguous":{"fields":["downstream_remote_address_without_port","req_a"],"text":"@a@b"}}"#,
        ),
        (
            "\"%REQ(A)%\" \"%REQ(B)%\" cluster=%UPSTREAM_CLUSTER%, %REQUESTED_SERVER_NAME%",
            b"\"x\" \"y\" cluster=a b, c",
            "16: expected `%UPSTREAM_CLUSTER%`, then `, `",
        ),
        (
            "%REQ(A)%\n%REQ(B)%",
            b"a\nb\nc",
            r#"{"ambiguous":{"fields":["req_a","req_b"],"text":"a\nb\nc"}}"#,
        ),
        ("%RESPONSE_FLAGS% %REQ(A)%", b"UF, x", "0: expected `%RESPONSE_FLAGS%`, then ` `"),
        ("%RESPONSE_CODE% %DURATION%", b"200 ", "4: expected `%DURATION%`, then the end"),
        ("%RESPONSE_CODE% %DURATION%", b"2000 1", "0: expected `%RESPONSE_CODE%`, then ` `"),
        (
            "%DOWNSTREAM_LOCAL_ADDRESS% %ROUTE_NAME%",
            b"[2001:db8::1]:443 a b",
            r#"{"downstream_local_address":"[2001:db8::1]:443","route_name":"a b"}"#,
        ),
        (
            "%UPSTREAM_HOST% %UPSTREAM_LOCAL_ADDRESS%",
            b"/run/x y.sock -",
            r#"{"upstream_host":"/run/x y.sock","upstream_local_address":null}"#,
        ),
        (
            "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME%",
            b"envoy://int_l/ep id 1 envoy://internal_client_address/ -",
            r#"{"downstream_local_address":"envoy://int_l/ep id 1","downstream_remote_address":"envoy://internal_client_address/","requested_server_name":null}"#,
        ),
        (
            "p=%DOWNSTREAM_LOCAL_PORT% %DURATION%",
            b"p= 7",
            r#"{"downstream_local_port":null,"duration":7}"#,
        ),
        ("%REQ(A):3% %REQ(B)%", b"abc d", r#"{"req_a":"abc","req_b":"d"}"#),
        ("%REQ(A):3% %REQ(B)%", b"abcd e", "0: expected `%REQ(A):3%`, then ` `"),
        (
            "%START_TIME(%d/%b/%Y:%H:%M:%S %z)% %RESPONSE_CODE%",
            b"20/Nov/2026:12:48:45 +0000 200",
            r#"{"start_time":"20/Nov/2026:12:48:45 +0000","response_code":200}"#,
        ),
        (
            "%NEW_OPERATOR% %RESPONSE_CODE%",
            b"what ever 200",
            r#"{"new_operator":"what ever","response_code":200}"#,
        ),
        (
            "%FILTER_STATE(wasm.access_log:PLAIN)% %REQ(A)%",
            b"{\"a\":\"b\"} {\"c\": 1}",
            r#"{"filter_state_wasm_access_log_plain":"{\"a\":\"b\"}","req_a":"{\"c\": 1}"}"#,
        ),
        (
            "%ROUTE_NAME% %FILTER_STATE(wasm.access_log:PLAIN)%",
            b"default 2",
            "8: expected `%FILTER_STATE(wasm.access_log:PLAIN)%`, then the end",
        ),
        (
            "%FILTER_STATE(wasm.keep:PLAIN)%%FILTER_STATE(wasm.upstream_attempts:PLAIN)%",
            b"1-",
            r#"{"filter_state_wasm_keep_plain":"1","filter_state_wasm_upstream_attempts_plain":null}"#,
        ),
        ("", b"", "{}"),
        ("100%% %PROTOCOL%", b"100% -", r#"{"protocol":null}"#),
        ("x %PROTOCOL%", b"y -", "0: expected `x `"),
    ];
    for (format, line, expected) in cases {
        let found = json(format, line).unwrap_or_else(|error| error);
        assert_eq!(found, *expected, "{format} {}", line.escape_ascii());
    }
}

#[test]
fn omitted_values_are_absent() {
    let options = FormatOptions::new().omit_empty_values(true);
    let format = options.compile("\"%REQ(A)%\" %RESPONSE_FLAGS% %DURATION% %REQ(B)%").unwrap();
    let mut reader = Reader::new(format.into());
    assert_eq!(
        json_of(&mut reader, b"\"\" -  -").unwrap(),
        r#"{"response_flags":"-","req_b":"-"}"#
    );
}

#[test]
fn json_logs_are_typed_by_key() {
    let format = Preset::from_name("istio-json").unwrap().compile(&FormatOptions::new()).unwrap();
    let mut reader = Reader::new(format.into());
    let cases = [
        (
            r#"{"bytes_sent":"303518","authority":"-","response_code":"0","response_flags":"UF,URX","istio_policy_status":"-"}"#,
            r#"{"bytes_sent":303518,"authority":null,"response_code":0,"response_flags":"UF,URX","istio_policy_status":"-"}"#,
        ),
        (
            r#"{"duration":7, "user_agent":"-","route_name":null,"more":{"a":[1,"x"]}}"#,
            r#"{"duration":7,"user_agent":"-","route_name":null,"more":{"a":[1,"x"]}}"#,
        ),
        (r#"{"duration":"-","response_flags":"-"}"#, r#"{"duration":null,"response_flags":"-"}"#),
        (r#"{"user_agent":"caf\u00e9 \"x\""}"#, r#"{"user_agent":"caf\u00e9 \"x\""}"#),
        (r#"{"level":"info"}"#, "0: expected a key of the format"),
        (
            r#"{"duration":7,"authority":"a","authority":"b"}"#,
            "0: expected each key of the format once",
        ),
        (r#"{"duration":7"#, "13: expected a JSON object"),
        (r#"{"duration":7} x"#, "15: expected a JSON object"),
    ];
    for (line, expected) in cases {
        assert_eq!(json_of(&mut reader, line.as_bytes()).unwrap_or_else(|e| e), expected);
    }
}

#[test]
fn nested_json_formats_keep_their_form() {
    let text = r#"{"code":"%RESPONSE_CODE%","req":{"ua":"%REQ(USER-AGENT)%","id":"%REQ(X-REQUEST-ID)%"},"took":"%DURATION% ms","v":1}"#;
    let format = Format::compile_json(text).unwrap();
    let keys: Vec<_> = format.fields().iter().map(|field| field.key()).collect();
    assert_eq!(keys, ["code", "req.ua", "req.id"]);
    let mut reader = Reader::new(format.into());
    let line = r#"{"code":"200","req":{"ua":"-","id":"x"},"took":"7 ms","v":1}"#;
    assert_eq!(
        json_of(&mut reader, line.as_bytes()).unwrap(),
        r#"{"code":200,"req":{"ua":null,"id":"x"},"took":"7 ms","v":1}"#
    );
    let record = reader.read(line.as_bytes()).unwrap();
    assert_eq!(record.get("req.id").unwrap().to_bytes().unwrap(), &b"x"[..]);
    let mut out = Vec::new();
    record.write_json_members(&mut out, true);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#""code":200,"req":{"id":"x"},"took":"7 ms","v":1"#
    );
}

#[test]
fn agent_logs_are_no_records() {
    let format =
        Format::compile_json(r#"{"time":"%START_TIME%","code":"%RESPONSE_CODE%"}"#).unwrap();
    let mut reader = Reader::new(format.into());
    let agent = r#"{"level":"info","time":"2026-11-20T12:59:55Z","scope":"xds","msg":"ready"}"#;
    assert_eq!(
        json_of(&mut reader, agent.as_bytes()),
        Err("0: expected a key of the format".into())
    );
    assert!(json_of(&mut reader, br#"{"time":"x","level":"gold"}"#).is_ok());
}

/// The work on a crafted line grows with its length and the number of fields, not with the number
/// of its readings.
#[test]
fn the_search_is_bounded() {
    let preset = Preset::from_name("istio").unwrap();
    let formats = [
        preset.text().to_owned(),
        "%REQ(A)% %REQ(B)% %REQ(C)% %REQ(D)%".to_owned(),
        "%REQ(A)%%REQ(B)%%REQ(C)%".to_owned(),
        "%REQ(A):5000% %REQ(B):5000% %REQ(C):5000%".to_owned(),
        "%RESPONSE_FLAGS%%RESPONSE_FLAGS_LONG%%DURATION%%REQ(:PATH)%".to_owned(),
        "%DOWNSTREAM_LOCAL_ADDRESS% %UPSTREAM_HOST% %REQ(A)%".to_owned(),
        "%REQ(USER-AGENT)%,%RESPONSE_FLAGS%,%REQ(B)%".to_owned(),
        "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
            .to_owned(),
        "%START_TIME(%c)% %START_TIME(%E*S)% %REQ(A)%".to_owned(),
    ];
    let (head, tail) = ISTIO.split_once("curl/8.5.0").unwrap();
    for format in formats {
        let format = Format::compile(&format).unwrap();
        let fields = format.fields().len() as u64;
        let plan = &format.plan;
        for unit in ["\" \"", " ", "\"", "-", "1", "A,", "1.2.3.4:5 ", "/ ", "[::", "envoy://"] {
            for length in [1 << 10, 1 << 14, 1 << 18] {
                let line = format!("{head}{}{tail}", unit.repeat(length / unit.len()));
                for line in [line.as_bytes(), unit.repeat(length / unit.len()).as_bytes()] {
                    let mut search = Search::default();
                    let mut spans = vec![Span::default(); format.fields().len()];
                    let mut disputed = Disputed::default();
                    let _ = search.read(plan, line, &mut spans, &mut disputed);
                    let bound = 16 * (fields + 1) * (line.len() as u64 + 64);
                    assert!(
                        search.steps() <= bound,
                        "{} {unit:?} {length}: {}",
                        format.text(),
                        search.steps()
                    );
                }
            }
        }
    }
}

/// Keys and values of all lengths around those of the pieces that they are written in.
#[test]
fn keys_and_values_of_any_length_are_written_whole() {
    for length in 1..140 {
        let [a, b, c, value] = ["a", "b", "c", "v"].map(|letter| letter.repeat(length));
        let options = FormatOptions::new();
        let options = options.rename("REQ(A)", &a).rename("REQ(B)", &b).rename("REQ(C)", &c);
        let format = options.compile("%REQ(A)% %REQ(B)% %DURATION% %REQ(C)% %BYTES_SENT%").unwrap();
        let line = format!("{value} {value} - {value} 7");
        let expected = format!(
            r#"{{"{a}":"{value}","{b}":"{value}","duration":null,"{c}":"{value}","bytes_sent":7}}"#
        );
        let mut reader = Reader::new(format.into());
        assert_eq!(json_of(&mut reader, line.as_bytes()).unwrap(), expected, "{length}");
    }
}
