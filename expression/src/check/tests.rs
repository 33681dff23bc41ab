use crate::{Expression, Severity};

/// The findings of an expression: what the marked part is, the message, and what to write instead.
fn findings(text: &str) -> Vec<(String, String, Option<String>)> {
    let found = Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).findings();
    let row = |f: &crate::Finding| {
        (text.get(f.span()).unwrap().to_owned(), f.to_string(), f.instead().map(str::to_owned))
    };
    found.iter().map(row).collect()
}

fn assert_first(text: &str, part: &str, message: &str, instead: Option<&str>) {
    let found = findings(text);
    let first = found.first().unwrap_or_else(|| panic!("{text}: nothing found"));
    assert_eq!(first.0, part, "{text}");
    assert_eq!(first.1, message, "{text}");
    assert_eq!(first.2.as_deref(), instead, "{text}");
}

#[test]
fn what_envoy_refuses() {
    for (text, part, message, instead) in [
        (
            "[1].all(x, x > 0)",
            "[1].all(x, x > 0)",
            "it does not loop, so `all` is turned off",
            None,
        ),
        ("string(1) == '1'", "string", "it has no function `string`", None),
        ("true || now() == 1", "now", "it has no function `now`", None),
        (
            "request.path.startswith('/')",
            "startswith",
            "it has no function `startswith`",
            Some("startsWith"),
        ),
        (
            "request.path.starts_with('/')",
            "starts_with",
            "it has no function `starts_with`",
            Some("startsWith"),
        ),
        ("size(1, 2) == 1", "size", "`size` is called as `a.size()` or `size(a)`", None),
        (
            "getHours(request.time) == 1",
            "getHours",
            "`getHours` is called as `a.getHours(b)`",
            None,
        ),
        (
            "re.extract('a', 'b') == 'c'",
            "re.extract",
            "`re.extract` is called as `re.extract(a, b, c)`",
            None,
        ),
        (
            "'a'.matches('(?=a)')",
            "'(?=a)'",
            "RE2 refuses the pattern: invalid perl operator: (?=",
            None,
        ),
        ("'a'.matches(('a{97}'))", "('a{97}')", "the pattern's program is larger than 100", None),
        ("Foo{a: 1} == 1", "Foo{a: 1}", "it does not know the message `Foo`", None),
    ] {
        let message = format!("Envoy refuses the whole configuration: {message}");
        assert_first(text, part, &message, instead);
    }
    let deep = format!("{}true{}", "(".repeat(33), ")".repeat(33));
    let message =
        "Envoy refuses the whole configuration: more than 32 expressions stand in one another";
    assert_first(&deep, &deep, message, None);
    assert!(findings(&format!("{}true{}", "(".repeat(32), ")".repeat(32))).is_empty());
}

#[test]
fn what_is_never_true() {
    for (text, part, message, instead) in [
        (
            "node.id == 'a'",
            "node.id",
            "Envoy knows no `node`: nothing is logged",
            Some("xds.node.id"),
        ),
        ("True", "True", "Envoy knows no `True`: nothing is logged", Some("true")),
        (
            "upstream_cluster == 'a'",
            "upstream_cluster",
            "Envoy knows no `upstream_cluster`: nothing is logged",
            Some("xds.cluster_name"),
        ),
        (
            "istio_x == 'a'",
            "istio_x",
            "Envoy knows no `istio_x`: nothing is logged",
            Some("filter_state[\"wasm.istio_x\"]"),
        ),
        (
            "responce.code == 1",
            "responce.code",
            "Envoy knows no `responce`: nothing is logged",
            Some("response.code"),
        ),
        ("code >= 500", "code", "Envoy knows no `code`: nothing is logged", Some("response.code")),
        (
            "response.code",
            "response.code",
            "the result is an int, no boolean: nothing is logged",
            None,
        ),
        (
            "request.path && true",
            "request.path",
            "the result is a string, no boolean: nothing is logged",
            None,
        ),
        (
            "request.path + 'a' == 'b'",
            "request.path + 'a'",
            "Envoy does not join strings or lists: nothing is logged",
            None,
        ),
        (
            "request.path.a == 'b'",
            "request.path.a",
            "a string has no fields: nothing is logged",
            None,
        ),
        (
            "response.code == '200'",
            "response.code == '200'",
            "an int is never equal to a string",
            Some("response.code == 200"),
        ),
        ("'a' == response.code", "'a' == response.code", "a string is never equal to an int", None),
        (
            "response.code > '200'",
            "response.code > '200'",
            "`>` of an int and a string is an error: nothing is logged",
            Some("response.code > 200"),
        ),
        (
            "request.duration > 500",
            "request.duration > 500",
            "`>` of a duration and an int is an error: nothing is logged",
            Some("request.duration > duration(\"500ms\")"),
        ),
        (
            "filter_state['a'] == 'b'",
            "filter_state['a'] == 'b'",
            "bytes is never equal to a string",
            Some("filter_state['a'] == b\"b\""),
        ),
        (
            "response.code in ['a']",
            "response.code in ['a']",
            "an int is never equal to a string",
            None,
        ),
        (
            "response.code + 1u == 1",
            "response.code + 1u",
            "`+` of an int and a uint is an error: nothing is logged",
            None,
        ),
        (
            "response.code == 0",
            "response.code == 0",
            "`response.code` is 100 to 999, and missing where the log has 0: this is never true",
            None,
        ),
        (
            "1000 < response.code",
            "1000 < response.code",
            "`response.code` is 100 to 999, and missing where the log has 0: this is never true",
            None,
        ),
        (
            "request.protocol == 'http'",
            "request.protocol == 'http'",
            "`request.protocol` is `HTTP/1.0`, `HTTP/1.1`, `HTTP/2` or `HTTP/3`: this is never true",
            None,
        ),
        ("false", "false", "this is never true: nothing is logged", None),
    ] {
        assert_first(text, part, message, instead);
    }
}

#[test]
fn what_is_doubtful() {
    for (text, part, message, instead) in [
        (
            "response.code != '200'",
            "response.code != '200'",
            "an int is never equal to a string: this is true whenever there is a value",
            Some("response.code != 200"),
        ),
        (
            "request.user_agent == 'a' || connection.mtls",
            "request.user_agent",
            "Envoy has no attribute `request.user_agent`: it is always missing",
            Some("request.useragent"),
        ),
        (
            "!has(request.mehtod)",
            "request.mehtod",
            "Envoy has no attribute `request.mehtod`: it is always missing",
            Some("request.method"),
        ),
        (
            "response.code >= 500",
            "response.code >= 500",
            "TCP has no `response.code`: no TCP connection is logged",
            Some("!has(response.code) || response.code >= 500"),
        ),
        (
            "request.method == 'GET' && response.code == 200",
            "request.method == 'GET' && response.code == 200",
            "TCP has no `request.method`: no TCP connection is logged",
            Some("!has(request.method) || (request.method == 'GET' && response.code == 200)"),
        ),
        (
            "response.code.startsWith('5') || connection.mtls",
            "response.code",
            "`startsWith` of an int is an error: nothing is logged",
            None,
        ),
        (
            "response.flags == 32",
            "response.flags == 32",
            "a record with a second flag has another value: compare the bit",
            Some("response.flags / 32 % 2 == 1"),
        ),
    ] {
        assert_first(text, part, message, instead);
    }
}

#[test]
fn what_is_well() {
    for text in [
        "!has(response.code) || response.code >= 500",
        "has(response.code) && response.code >= 500",
        "response.flags != 0",
        "connection.mtls && source.port > 1024",
        "xds.cluster_name == 'BlackHoleCluster'",
        "request.duration > duration('1s')",
        "upstream.request_attempt_count > 1",
        "filter_state['wasm.keep'] == b'1'",
        "metadata.filter_metadata['a']['b'] == 'c'",
        "filter_state.downstream_peer.namespace == 'default'",
    ] {
        assert_eq!(findings(text), [], "{text}");
    }
}

#[test]
fn the_most_severe_comes_first() {
    let text = "response.code != '1' || request.nothing == 1 || foo.bar == 1 || string(1) == '1'";
    let found = Expression::parse(text).unwrap().findings();
    let severities: Vec<_> = found.iter().map(|finding| finding.severity()).collect();
    assert!(severities.is_sorted(), "{severities:?}");
    assert_eq!(severities.first(), Some(&Severity::Error));
    assert!(found.first().is_some_and(|finding| finding.is_refused_by_envoy()));
}
