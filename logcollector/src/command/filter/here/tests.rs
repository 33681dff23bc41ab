use telemetry::FileFormat;

use super::*;

fn attached(provider: Option<&str>, format: &str, filter: Option<&str>) -> Attached {
    let sink = Sink::File(File {
        path: "/dev/stdout".to_owned(),
        format: FileFormat::Text(format.to_owned()),
        omit_empty_values: false,
    });
    let provider = provider.map(str::to_owned);
    Attached { logger: Logger { provider, sink }.into(), filter: filter.map(Into::into) }
}

fn als() -> Attached {
    Attached { logger: Logger { provider: None, sink: Sink::AlsMeshConfig }.into(), filter: None }
}

fn here(client: Vec<Attached>, server: Option<Vec<Attached>>, keeps: bool) -> Here {
    let now = Now { client, server, no_listener_log: false };
    Here::new(&now, &[Role::Attempts], keeps).unwrap()
}

/// Where a patch applies, and for which side.
fn places(here: &Here) -> Vec<(String, Option<String>)> {
    let place = |patch: &Value| {
        let matched = &patch["match"];
        let filter = &matched["listener"]["filterChain"]["filter"]["name"];
        let name = filter.as_str().or(matched["listener"]["name"].as_str()).unwrap_or("any");
        let context = matched["context"].as_str().map(str::to_owned);
        (name.rsplit('.').next().unwrap_or(name).to_owned(), context)
    };
    here.patches.iter().map(place).collect()
}

/// The format and the filter of the only logger of a patch.
fn logger(patch: &Value) -> (&str, Option<String>) {
    let value = &patch["patch"]["value"];
    let log = if value["access_log"].is_array() {
        &value["access_log"]
    } else {
        &value["typed_config"]["access_log"]
    };
    assert_eq!(log.as_array().map(Vec::len), Some(1));
    let format = &log[0]["typed_config"]["log_format"]["text_format_source"]["inline_string"];
    let filter = &log[0]["filter"];
    (format.as_str().unwrap(), (!filter.is_null()).then(|| filter.to_string()))
}

const PRINTED: &str =
    "%DURATION% %UPSTREAM_REQUEST_ATTEMPT_COUNT% %FILTER_STATE(wasm.upstream_attempts:PLAIN)%\n";

#[test]
fn one_log_serves_both_sides_where_they_log_alike() {
    let log = vec![attached(None, "%DURATION%\n", None)];
    let here = here(log.clone(), Some(log), false);
    let expected = ["http_connection_manager", "tcp_proxy", "virtualInbound", "virtualOutbound"];
    assert_eq!(places(&here), expected.map(|name| (name.to_owned(), None)));
    assert!(here.patches.iter().all(|patch| logger(patch).0 == PRINTED));
    assert_eq!(logger(&here.patches[0]).1, None);
    assert!(logger(&here.patches[2]).1.unwrap().contains("NR"));
    let telemetry = here.telemetry(None, &Selected([("a".to_owned(), "b".to_owned())].into()));
    assert_eq!(
        telemetry["spec"],
        json!({
            "selector": {"matchLabels": {"a": "b"}},
            "accessLogging": [{"providers": [{"name": "envoy"}], "disabled": true}],
        })
    );
}

#[test]
fn sides_that_log_differently_stay_different() {
    let client = vec![attached(Some("a"), "%DURATION%\n", None)];
    let server = vec![attached(Some("b"), "%DURATION%\n", Some("response.code >= 500"))];
    let here = here(client, Some(server), false);
    assert_eq!(here.muted.iter().collect::<Vec<_>>(), ["a", "b"]);
    let side = |context: &str, listener: &str| {
        ["http_connection_manager", "tcp_proxy", listener]
            .map(|name| (name.to_owned(), Some(context.to_owned())))
    };
    let outbound = side("SIDECAR_OUTBOUND", "virtualOutbound");
    assert_eq!(places(&here), [outbound, side("SIDECAR_INBOUND", "virtualInbound")].concat());
    assert_eq!(logger(&here.patches[0]).1, None);
    assert!(logger(&here.patches[3]).1.unwrap().contains("response.code >= 500"));
}

#[test]
fn a_side_that_does_not_log_stays_quiet() {
    let here = here(vec![attached(None, "%DURATION%\n", None)], Some(Vec::new()), false);
    assert_eq!(here.patches.len(), 3);
    assert!(places(&here).iter().all(|(_, side)| side.as_deref() == Some("SIDECAR_OUTBOUND")));
}

#[test]
fn gateways_have_one_side() {
    let here = here(vec![attached(None, "%DURATION%\n", None)], None, false);
    assert!(places(&here).iter().all(|(_, side)| side.as_deref() == Some("GATEWAY")));
    assert_eq!(places(&here)[2].0, "any");
}

#[test]
fn what_is_worth_a_line_is_asked_of_requests_only() {
    let log = vec![attached(None, "%DURATION%\n", Some("response.code >= 500"))];
    let here = here(log.clone(), Some(log), true);
    let expression = format!("(response.code >= 500) && ({})", filter::KEEP_EXPRESSION);
    let filter = &here.patches[0]["patch"]["value"]["typed_config"]["access_log"][0]["filter"];
    assert_eq!(*filter, telemetry::cel_filter(&expression));
    let tcp = &here.patches[1]["patch"]["value"]["typed_config"]["access_log"][0]["filter"];
    assert_eq!(*tcp, telemetry::cel_filter("response.code >= 500"));
}

#[test]
fn loggers_that_write_no_files_are_left_alone() {
    let log = vec![attached(None, "%DURATION%\n", None), als()];
    let here = here(log.clone(), Some(log), false);
    assert_eq!(here.muted.len(), 1);
    assert!(here.patches.iter().all(|patch| logger(patch).0 == PRINTED));
    assert!(!Now { client: vec![als()], server: None, no_listener_log: false }.writes());
}
