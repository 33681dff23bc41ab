use super::*;
use crate::keep::Keep;

fn access_log(text: &str) -> AccessLog {
    Config::parse(text.as_bytes()).unwrap().access_log.unwrap()
}

#[test]
fn ok_the_default() {
    let config = Config::parse(DEFAULT.as_bytes()).unwrap();
    assert_eq!(config.attempts, Some(Attempts::default()));
    assert_eq!(config.access_log.unwrap().fields.len(), 1);
}

#[test]
fn ok_nothing_at_all() {
    for text in ["", " \n", "{}", r#"{"attempts": null}"#] {
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(config, Config { attempts: None, access_log: None });
        assert_eq!(Attempts::parse(text.as_bytes()), Ok(Attempts::default()));
        assert_eq!(AccessLog::parse(text.as_bytes()), Ok(AccessLog::default()));
    }
}

#[test]
fn ok_each_role_reads_its_own_section() {
    let text = br#"{"attempts": {"survive_internal_redirects": true}, "access_log": {"x": 1}}"#;
    assert!(Attempts::parse(text).unwrap().survive_internal_redirects);
    assert!(AccessLog::parse(text).is_err());
}

#[test]
fn ok_fields_keep_their_order() {
    let config = access_log(
        r#"{"access_log": {"fields": {"z": "retry", "a": "request.id", "m": "attempt_count"}}}"#,
    );
    let names: Vec<_> = config.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "m"]);
}

#[test]
fn ok_every_setting() {
    let config = access_log(
        r#"{"access_log": {
            "max_bytes": 4096, "hash_key": "0123456789abcdef", "attempt_count": true,
            "fields": {
                "exp": {"value": "metadata.filter_metadata.jwt.exp", "type": "number"},
                "path": {"value": "request.path", "redact": {"query_parameters": ["a", "b"]},
                         "replace_with": "hash", "max_bytes": 512}
            },
            "keep": {"rate": 0.5, "code_at_least": 500, "any_response_flag": true,
                     "retried": true, "slower_than_ms": 250, "paths": ["/pay", "/api/*"]}
        }}"#,
    );
    assert_eq!((config.max_bytes, config.attempt_count), (4096, true));
    let path = &config.fields[1];
    assert_eq!((path.max_bytes, path.replace), (512, Replace::Hash));
    assert_eq!(path.redact, Some(Redact::QueryParameters(vec!["a".into(), "b".into()])));
    let keep = config.keep.unwrap();
    assert_eq!(
        Keep { paths: Vec::new(), ..keep.clone() },
        Keep {
            rate: crate::keep::Rate::new(0.5).unwrap(),
            code_at_least: Some(500),
            any_response_flag: true,
            retried: true,
            slower_than_ms: Some(250),
            paths: Vec::new(),
        }
    );
    assert_eq!(keep.paths.len(), 2);
}

/// What is wrong with a configuration of one setting of the section `access_log`.
fn error_in(setting: &str) -> String {
    let text = format!(r#"{{"access_log": {{{setting}}}}}"#);
    Config::parse(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn err_where_and_what() {
    for (setting, expected) in [
        (
            r#""field": 1"#,
            "`access_log.field`: no such setting; there are `fields`, `max_bytes`, `hash_key`, `attempt_count`, `keep`",
        ),
        (r#""fields": []"#, "`access_log.fields`: expected an object, found a list"),
        (r#""fields": {"a": 1}"#, "`access_log.fields.a`: expected an object, found `1`"),
        (r#""fields": {"a": {}}"#, "`access_log.fields.a`: needs `value`"),
        (
            r#""fields": {"a b": "retry"}"#,
            "`access_log.fields.a b`: expected a name of 1 to 64 letters, digits, `_`, `-` and `.`, found `a b`",
        ),
        (
            r#""fields": {"clipped": "retry"}"#,
            "`access_log.fields.clipped`: expected a name of 1 to 64 letters, digits, `_`, `-` and `.`, found `clipped`, which the filter writes itself",
        ),
        (
            r#""fields": {"a": "upstream.host"}"#,
            "`access_log.fields.a`: Envoy has no attribute `upstream.host`",
        ),
        (
            r#""fields": {"a": "request.headers"}"#,
            "`access_log.fields.a`: `request.headers` is more than one value; take a part, as in `request.headers['x-user']`",
        ),
        (
            r#""fields": {"a": "request.headers['x"}"#,
            "`access_log.fields.a`: in `request.headers['x`, expected a key and its closing quote at byte 17",
        ),
        (
            r#""fields": {"a": {"value": "request.path", "type": "string"}}"#,
            "`access_log.fields.a.value`: expected no `type`: that of this value is fixed, found one",
        ),
        (
            r#""fields": {"a": {"value": "metadata.filter_metadata.a.b", "type": "int"}}"#,
            "`access_log.fields.a.type`: expected `string`, `number` or `bool`, found `int`",
        ),
        (
            r#""fields": {"a": {"value": "response.code", "redact": "value"}}"#,
            "`access_log.fields.a.redact`: expected a value that is text, found another",
        ),
        (
            r#""fields": {"a": {"value": "request.path", "redact": "all"}}"#,
            "`access_log.fields.a.redact`: expected `value`, `query` or {\"query_parameters\": [NAME, ...]}, found `all`",
        ),
        (
            r#""fields": {"a": {"value": "request.path", "redact": {"query_parameters": [1]}}}"#,
            "`access_log.fields.a.redact.query_parameters`: expected the name of a query parameter, found `1`",
        ),
        (
            r#""fields": {"a": {"value": "request.path", "redact": "query", "replace_with": "hash"}}"#,
            "`access_log.fields.a.replace_with`: needs `access_log.hash_key`",
        ),
        (
            r#""fields": {"a": {"value": "request.path", "replace_with": "mark"}}"#,
            "`access_log.fields.a.replace_with`: needs `redact`",
        ),
        (
            r#""max_bytes": 3"#,
            "`access_log.max_bytes`: expected a number of bytes, from 16 to 65536, found `3`",
        ),
        (
            r#""max_bytes": 20.5"#,
            "`access_log.max_bytes`: expected a number of bytes, from 16 to 65536, found `20.5`",
        ),
        (
            r#""hash_key": "short""#,
            "`access_log.hash_key`: expected a secret of at least 16 bytes, found a shorter one",
        ),
        (
            r#""attempt_count": "yes""#,
            "`access_log.attempt_count`: expected `true` or `false`, found `yes`",
        ),
        (r#""keep": {}"#, "`access_log.keep`: needs `rate`"),
        (
            r#""keep": {"rate": -1}"#,
            "`access_log.keep.rate`: expected a number from 0 to 1, found `-1`",
        ),
        (
            r#""keep": {"rate": 0, "code_at_least": 5}"#,
            "`access_log.keep.code_at_least`: expected a status code, from 100 to 599, found `5`",
        ),
        (
            r#""keep": {"rate": 0, "slower_than_ms": -5}"#,
            "`access_log.keep.slower_than_ms`: expected a number of milliseconds, found `-5`",
        ),
        (
            r#""keep": {"rate": 0, "paths": ["pay"]}"#,
            "`access_log.keep.paths`: expected a path that starts with `/`, with `*` at most at its end, found `pay`",
        ),
        (
            r#""keep": {"rate": 0, "paths": ["/a*b"]}"#,
            "`access_log.keep.paths`: expected a path that starts with `/`, with `*` at most at its end, found `/a*b`",
        ),
        (r#""keep": {"rate": 0, "rate": 1}"#, "line 1, column 46: the same key twice"),
    ] {
        assert_eq!(error_in(setting), expected, "{setting}");
    }
}

#[test]
fn err_outside_of_sections() {
    for (text, expected) in [
        ("[]", "expected an object, found a list"),
        ("{", "line 1, column 1: EOF while parsing an object"),
        (
            r#"{"acces_log": {}}"#,
            "`acces_log`: no such setting; there are `attempts`, `access_log`",
        ),
        (
            r#"{"attempts": {"survive_internal_redirects": 1}}"#,
            "`attempts.survive_internal_redirects`: expected `true` or `false`, found `1`",
        ),
        (r#"{"attempts": 1}"#, "`attempts`: expected an object, found `1`"),
    ] {
        assert_eq!(Config::parse(text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
    }
}

#[test]
fn err_a_key_does_not_end_up_in_a_message() {
    assert!(!error_in(r#""hash_key": "sesame""#).contains("sesame"));
}

#[test]
fn err_a_message_is_one_line() {
    let error = error_in("\"fields\": {\"a\\n\\u001b[31m\": \"retry\"}");
    assert!(error.starts_with(r"`access_log.fields.a\u{a}\u{1b}[31m`: expected a name"), "{error}");
    assert!(!error.contains(char::is_control));
}

#[test]
fn err_numbers_and_places_out_of_range() {
    let found = error_in(r#""max_bytes": 1e99"#);
    assert!(found.ends_with("found a larger number"), "{found}");
    let place = error_in("\"hash_key\": \"a\n\"");
    assert!(place.starts_with("line 2, column 1: "), "{place}");
}
