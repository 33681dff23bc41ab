use super::*;

#[test]
fn ok_paths_and_kinds() {
    for (text, path, kind) in [
        ("request.path", "request path", Kind::Text),
        ("request.headers['X-User']", "request headers x-user", Kind::Text),
        ("request.headers[\"a'b\"]", "request headers a'b", Kind::Text),
        ("request.headers.x-user", "request headers x-user", Kind::Text),
        ("response.trailers['Grpc-Message']", "response trailers grpc-message", Kind::Text),
        ("request.time", "request time", Kind::Time),
        ("connection.mtls", "connection mtls", Kind::Bool),
        ("upstream.request_attempt_count", "upstream request_attempt_count", Kind::Unsigned),
        ("xds.node.metadata.LABELS.app", "xds node metadata LABELS app", Kind::Text),
        ("filter_state['io.istio.peer']", "filter_state io.istio.peer", Kind::Text),
        (
            "metadata.filter_metadata['envoy.filters.http.jwt_authn']['https://issuer:1'].sub",
            "metadata filter_metadata envoy.filters.http.jwt_authn https://issuer:1 sub",
            Kind::Text,
        ),
    ] {
        let attribute = Attribute::parse(text, None).unwrap();
        assert_eq!(String::from_utf8_lossy(attribute.path()).replace('\0', " "), path);
        assert_eq!(attribute.kind(), kind, "{text}");
    }
}

#[test]
fn ok_the_type_of_what_has_none_is_told() {
    let claim = "metadata.filter_metadata.jwt.exp";
    assert_eq!(Attribute::parse(claim, Some(Kind::Number)).unwrap().kind(), Kind::Number);
    assert_eq!(Attribute::parse("request.path", Some(Kind::Text)), Err(AttributeError::Typed),);
}

#[test]
fn err_paths() {
    for (text, at, expected) in [
        ("", 0, "a name"),
        ("request.", 8, "a name"),
        ("request path", 7, "`.` or `[`"),
        ("request.headers[x]", 16, "a key in quotes"),
        ("request.headers['x]", 17, "a key and its closing quote"),
        ("request.headers['']", 17, "a key and its closing quote"),
        ("request.headers['x'", 19, "`]`"),
        ("request.headers['x'].", 21, "a name"),
    ] {
        let error = AttributeError::Path(PathError { at, expected });
        assert_eq!(Attribute::parse(text, None), Err(error), "{text}");
    }
}

#[test]
fn err_attributes() {
    use AttributeError::{NotOneValue, Unknown};
    for (text, expected) in [
        ("request.nothing", Unknown),
        ("requests.path", Unknown),
        ("request.path.more", Unknown),
        ("upstream.host", Unknown),
        ("node.id", Unknown),
        ("request", NotOneValue("request.path")),
        ("filter_state", NotOneValue("filter_state['envoy.key']")),
        ("request.headers", NotOneValue("request.headers['x-user']")),
        ("xds.node", NotOneValue("xds.node.metadata.WORKLOAD_NAME")),
        ("request.headers['a']['b']", Unknown),
    ] {
        assert_eq!(Attribute::parse(text, None), Err(expected), "{text}");
    }
}

#[test]
fn ok_values() {
    let seven = 7_u64.to_le_bytes();
    for (kind, bytes, expected) in [
        (Kind::Text, &b"x"[..], Some(Value::Text(b"x"))),
        (Kind::Integer, &seven, Some(Value::Integer(7))),
        (Kind::Unsigned, &seven, Some(Value::Unsigned(7))),
        (Kind::Unsigned, b"7", None),
        (Kind::Duration, &seven, Some(Value::Nanoseconds(7))),
        (Kind::Time, &seven, Some(Value::Nanoseconds(7))),
        (Kind::Number, &2.5_f64.to_le_bytes(), Some(Value::Number(2.5))),
        (Kind::Bool, &[1], Some(Value::Bool(true))),
        (Kind::Bool, &[2], None),
        (Kind::Bool, b"", None),
    ] {
        assert_eq!(kind.value(bytes), expected, "{kind:?}");
    }
}
