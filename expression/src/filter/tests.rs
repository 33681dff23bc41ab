use accesslog::{Format, Preset, Reader};

use super::*;
use crate::Expression;

fn judge(format: &Format, line: &str, expression: &str) -> Verdict {
    let filter = Expression::parse(expression).unwrap().bind(format);
    let mut reader = Reader::new(format.clone().into());
    filter.judge(&reader.read(line.as_bytes()).unwrap())
}

/// Istio's default text, with its lines of an HTTP request, one that failed, and a connection.
const HTTP: &str = r#"[2026-11-20T12:48:46.101Z] "POST /reviews/0?x=1 HTTP/2" 503 UF,URX upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_111} - "delayed_connect_error:_Connection_refused" 112 152 3 - "-" "curl/8.5.0" "0f0f2a31-77aa-9c3a-8a2e-0a7a6f0a1c12" "reviews:9080" "10.244.0.15:9080" outbound|9080|v1|reviews.bookinfo.svc.cluster.local - 10.96.20.7:9080 10.244.0.12:39222 - default"#;
const TCP: &str = r#"[2026-11-20T12:48:46.101Z] "- - -" 0 - - - "-" 112 152 3 - "-" "-" "-" "-" "10.244.0.15:9080" outbound|9080||tcp 10.244.0.12:1 10.96.20.7:9080 10.244.0.12:39222 - -"#;

#[test]
fn records_of_istios_default() {
    use Verdict::{CannotTell, Kept, LeftOut};
    let format = Preset::from_name("istio").unwrap().compile(&Default::default()).unwrap();
    for (expression, http, tcp) in [
        ("response.code >= 500", Kept, LeftOut),
        ("response.code == 503.0", Kept, LeftOut),
        ("response.code != '503'", Kept, LeftOut),
        ("!has(response.code) || response.code >= 500", Kept, Kept),
        ("has(response.code)", Kept, LeftOut),
        ("response.flags / 32 % 2 == 1", Kept, LeftOut),
        ("response.flags == 32 + 32768", Kept, LeftOut),
        ("response.flags == 0", LeftOut, Kept),
        ("request.method == 'POST'", Kept, LeftOut),
        ("request.path.startsWith('/reviews')", Kept, LeftOut),
        ("request.url_path == '/reviews/0'", Kept, LeftOut),
        ("request.query == 'x=1'", Kept, LeftOut),
        ("request.url_path.matches('^/reviews/[0-9]+$')", Kept, LeftOut),
        ("request.duration >= duration('3ms')", Kept, Kept),
        ("request.duration < duration('3ms')", LeftOut, LeftOut),
        ("request.duration < duration('3500us')", CannotTell, CannotTell),
        ("request.duration == duration('3ms')", CannotTell, CannotTell),
        ("request.duration.getMilliseconds() == 3", Kept, Kept),
        ("request.time > timestamp('2026-11-20T00:00:00Z')", Kept, Kept),
        ("request.time.getHours() == 12", Kept, Kept),
        ("request.headers['user-agent'].startsWith('curl')", Kept, LeftOut),
        ("'User-Agent' in request.headers", Kept, LeftOut),
        ("request.headers['x-a'] == 'b'", CannotTell, CannotTell),
        ("request.headers['x-a'] == 'b' && false", LeftOut, LeftOut),
        ("true || request.headers['x-a'] == 'b'", Kept, Kept),
        ("!(request.headers['x-a'] == 'b')", CannotTell, CannotTell),
        ("source.port == 39222 && destination.port == 9080", Kept, Kept),
        ("source.address == '10.244.0.12:39222'", Kept, Kept),
        ("upstream.port == 9080", Kept, Kept),
        ("xds.cluster_name.endsWith('tcp')", LeftOut, Kept),
        ("xds.route_name == 'default'", Kept, LeftOut),
        ("xds.route_name == ''", LeftOut, CannotTell),
        ("upstream.transport_failure_reason.contains('refused')", Kept, LeftOut),
        ("upstream.transport_failure_reason.contains('error: C')", CannotTell, LeftOut),
        ("upstream.transport_failure_reason.contains('error: D')", LeftOut, LeftOut),
        ("upstream.transport_failure_reason == ''", LeftOut, Kept),
        ("response.code_details.startsWith('upstream_reset')", Kept, LeftOut),
        ("response.code_details == 'via_upstream'", LeftOut, LeftOut),
        ("connection.requested_server_name == ''", Kept, Kept),
        ("has(connection.requested_server_name)", Kept, Kept),
        ("response.size > 100 && request.size > 100", Kept, Kept),
        ("unknown == 1 || response.code == 503", Kept, LeftOut),
        ("!has(request.nothing)", Kept, Kept),
        ("upstream.request_attempt_count > 1", CannotTell, CannotTell),
        ("request.path", LeftOut, LeftOut),
    ] {
        assert_eq!(judge(&format, HTTP, expression), http, "{expression} on HTTP");
        assert_eq!(judge(&format, TCP, expression), tcp, "{expression} on TCP");
    }
}

#[test]
fn what_a_format_does_not_carry_is_named() {
    let format = Format::compile("%RESPONSE_CODE% %PATH% %REQ(X-A)%\n").unwrap();
    let text =
        "request.headers['x-b'] == 'c' && response.code > 1 && request.path != upstream.address";
    let filter = Expression::parse(text).unwrap().bind(&format);
    let missing: Vec<_> =
        filter.missing().iter().map(|m| (m.path(), m.span(), m.operators().join(" "))).collect();
    assert_eq!(
        missing,
        [
            ("request.headers[\"x-b\"]", 0..22, "%REQ(X-B)%".to_owned()),
            ("upstream.address", 70..86, "%UPSTREAM_HOST%".to_owned()),
        ]
    );
    let near: Vec<_> = filter.approximations().iter().map(|near| near.path()).collect();
    assert_eq!(near, ["request.path"]);
}

mod quick {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn comparison() -> impl Strategy<Value = String> {
        let attribute = select(vec![
            "response.code",
            "response.size",
            "request.size",
            "request.method",
            "request.protocol",
            "request.useragent",
            "source.port",
            "xds.route_name",
            "upstream.request_attempt_count",
        ]);
        let operator = select(vec!["==", "!=", "<", "<=", ">", ">="]);
        let literal = select(vec![
            "0", "503", "112", "-1", "39222", "'POST'", "'HTTP/2'", "''", "503u", "1.0",
        ]);
        (attribute, operator, literal, any::<bool>()).prop_map(
            |(attribute, operator, literal, turned)| {
                if turned {
                    format!("{literal} {operator} {attribute}")
                } else {
                    format!("{attribute} {operator} {literal}")
                }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Where the fields alone tell, the tree tells the same.
        #[test]
        fn fields_and_tree_give_one_verdict(
            terms in proptest::collection::vec((comparison(), select(vec!["&&", "||"])), 1..4),
            line in select(vec![HTTP, TCP]),
        ) {
            let mut text = String::new();
            for (at, (term, joined)) in terms.iter().enumerate() {
                text.push_str(&if at == 0 { term.clone() } else { format!(" {joined} {term}") });
            }
            let format = Preset::from_name("istio").unwrap().compile(&Default::default()).unwrap();
            let filter = Expression::parse(&text).unwrap().bind(&format);
            let mut reader = Reader::new(format.into());
            let record = reader.read(line.as_bytes()).unwrap();
            prop_assert_eq!(filter.judge(&record), filter.judge_by_tree(&record), "{}", text);
        }
    }

    #[test]
    fn comparisons_need_no_tree() {
        let format = Preset::from_name("istio").unwrap().compile(&Default::default()).unwrap();
        let mut reader = Reader::new(format.clone().into());
        let record = reader.read(HTTP.as_bytes()).unwrap();
        for (text, verdict) in [
            ("response.code >= 500", Some(true)),
            ("500 > response.code || request.method == 'GET'", Some(false)),
            ("response.code == 503 && request.method != 'GET'", Some(true)),
            ("size(request.method) == 4", None),
        ] {
            let filter = Expression::parse(text).unwrap().bind(&format);
            let quick = filter.quick.as_ref().and_then(|quick| quick.judge(&record));
            assert_eq!(quick, verdict, "{text}");
        }
    }
}
