//! Access loggers as istiod would configure them, in the real Envoy: it accepts those of every kind
//! of provider in every place, and what the files hold is read with the format that was decided.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use accesslog::{FormatOptions, Reader, WellKnown};
use mesh::{Labels, MeshConfig, Meta, Object, ProxyKind};
use serde_json::{Value, json};
use telemetry::{Decision, Hosts, Istiod, Side, Sink, Target, Telemetry, View, render};
use tests::certs::Certs;
use tests::client::{self, Act, Door};
use tests::envoy::{self, Envoy};
use tests::upstream::{Address, Upstream};

/// The host of the service that providers send to.
const HOST: &str = "logs.infra.svc.cluster.local";

/// What Envoy says of the loggers of a mesh.
struct Case {
    name: &'static str,
    mesh: Value,
    logging: Value,
    /// A part of what Envoy says; `None` where it accepts them.
    refusal: Option<&'static str>,
}

fn accepted(name: &'static str, mesh: Value, logging: Value) -> Case {
    Case { name, mesh, logging, refusal: None }
}

/// A provider `p` of a kind, and an entry that turns it on.
fn provider(name: &'static str, kind: &str, body: Value) -> Case {
    let mesh = json!({"extensionProviders": [{"name": "p", kind: body}]});
    accepted(name, mesh, json!([{"providers": [{"name": "p"}]}]))
}

fn cases() -> Vec<Case> {
    let service = |more: Value| {
        let mut body = json!({"service": HOST, "port": 9000});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    let file = |format: Value| json!({"path": "/dev/stdout", "logFormat": format});
    let all_kinds = json!({"extensionProviders": [
        {"name": "file", "envoyFileAccessLog": {"path": "/dev/stdout"}},
        {"name": "http", "envoyHttpAls": service(json!({}))},
        {"name": "tcp", "envoyTcpAls": service(json!({}))},
        {"name": "otel", "envoyOtelAls": service(json!({}))},
    ]});
    let filter = json!({"expression": "!has(response.code) || response.code >= 400"});
    let all_entries: Vec<Value> = ["file", "http", "tcp", "otel"]
        .iter()
        .map(|name| json!({"providers": [{"name": name}], "filter": filter}))
        .collect();
    let envoy = json!([{"providers": [{"name": "envoy"}]}]);
    let mesh_json = |text: &str| json!({"accessLogFile": "/dev/stdout", "accessLogEncoding": "JSON", "accessLogFormat": text});
    vec![
        accepted("accessLogFile", json!({"accessLogFile": "/dev/stdout"}), json!([])),
        accepted(
            "a format of its own",
            json!({"accessLogFile": "/dev/stdout", "accessLogFormat": "%START_TIME% %UPSTREAM_REQUEST_ATTEMPT_COUNT%"}),
            json!([]),
        ),
        accepted("JSON", mesh_json(""), json!([])),
        accepted(
            "nested JSON",
            mesh_json(r#"{"a": {"b": "%PROTOCOL%"}, "c": "%DURATION%"}"#),
            json!([]),
        ),
        accepted("empty JSON", mesh_json("{}"), json!([])),
        accepted(
            "enableEnvoyAccessLogService",
            json!({"enableEnvoyAccessLogService": true}),
            json!([]),
        ),
        accepted(
            "accessLogFile and enableEnvoyAccessLogService",
            json!({"accessLogFile": "/dev/stdout", "enableEnvoyAccessLogService": true}),
            json!([]),
        ),
        accepted("the builtin provider", json!({}), envoy.clone()),
        accepted(
            "the builtin provider with a filter",
            json!({}),
            json!([{"providers": [{"name": "envoy"}], "filter": filter}]),
        ),
        provider("a file", "envoyFileAccessLog", json!({"path": "/dev/stdout"})),
        provider("a file without a path", "envoyFileAccessLog", json!({"path": ""})),
        provider("a file with text", "envoyFileAccessLog", file(json!({"text": "%PROTOCOL%"}))),
        provider(
            "a file with REQ_WITHOUT_QUERY in text",
            "envoyFileAccessLog",
            file(json!({"text": "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%"})),
        ),
        provider(
            "a file with REQ_WITHOUT_QUERY in JSON",
            "envoyFileAccessLog",
            file(json!({"labels": {"path": "%REQ_WITHOUT_QUERY(:PATH)%"}})),
        ),
        provider(
            "a file with labels",
            "envoyFileAccessLog",
            file(json!({"labels": {"a": "%PROTOCOL%", "b": {"c": "%DURATION%"}}})),
        ),
        provider("a file with empty labels", "envoyFileAccessLog", file(json!({"labels": {}}))),
        provider("a file with an empty logFormat", "envoyFileAccessLog", file(json!({}))),
        provider(
            "a file that omits empty values",
            "envoyFileAccessLog",
            json!({"path": "/dev/stdout", "omitEmptyValues": true}),
        ),
        provider("HTTP ALS", "envoyHttpAls", service(json!({}))),
        provider(
            "HTTP ALS with everything",
            "envoyHttpAls",
            service(json!({
                "logName": "log",
                "filterStateObjectsToLog": ["a"],
                "additionalRequestHeadersToLog": ["x-a"],
                "additionalResponseHeadersToLog": ["x-b"],
                "additionalResponseTrailersToLog": ["x-c"],
            })),
        ),
        provider("TCP ALS", "envoyTcpAls", service(json!({}))),
        provider(
            "TCP ALS with everything",
            "envoyTcpAls",
            service(json!({"logName": "log", "filterStateObjectsToLog": ["a"]})),
        ),
        provider("OpenTelemetry", "envoyOtelAls", service(json!({}))),
        provider(
            "OpenTelemetry with everything",
            "envoyOtelAls",
            service(json!({
                "logName": "log",
                "logFormat": {
                    "text": "%REQ_WITHOUT_QUERY(:PATH)%",
                    "labels": {"b": "%PROTOCOL%", "a": "%DURATION%", "c": 5},
                },
            })),
        ),
        accepted("all kinds with a filter", all_kinds, json!(all_entries)),
        Case {
            name: "the builtin provider without a path",
            mesh: json!({"extensionProviders": [{"name": "envoy", "envoyFileAccessLog": {"path": ""}}]}),
            logging: envoy.clone(),
            refusal: Some("Path: value length must be at least 1 characters"),
        },
        Case {
            name: "an operator that Envoy does not have",
            mesh: json!({"accessLogFile": "/dev/stdout", "accessLogFormat": "%NO_SUCH_THING%"}),
            logging: json!([]),
            refusal: Some("NO_SUCH_THING"),
        },
        Case {
            name: "a filter that Envoy does not load",
            mesh: json!({}),
            logging: json!([{
                "providers": [{"name": "envoy"}],
                "filter": {"expression": "string(response.code) == '500'"},
            }]),
            refusal: Some("failed to create an expression"),
        },
    ]
}

/// The loggers that a mesh comes to for a proxy, as `render` has them, and its decision.
fn loggers(mesh: &Value, logging: &Value, kind: ProxyKind) -> (Value, Decision) {
    let mut config = MeshConfig::default();
    config.apply(mesh, &mut Vec::new()).unwrap();
    let mut hosts = Hosts::default();
    hosts.add(HOST, "infra");
    let istiod = Istiod {
        revision: "default".to_owned(),
        mesh: &config,
        undiscovered: BTreeSet::new(),
        hosts,
    };
    let telemetry = Telemetry::read(&Object {
        group: "telemetry.istio.io".to_owned(),
        version: "v1".to_owned(),
        kind: "Telemetry".to_owned(),
        meta: Meta { namespace: "shop".to_owned(), name: "t".to_owned(), ..Meta::default() },
        spec: json!({"accessLogging": logging}),
    });
    let telemetries = [telemetry.unwrap()];
    assert!(telemetries[0].is_accepted(), "{:?}", telemetries[0].violations);
    let view = View::new(&telemetries, &istiod);
    let labels = Labels::new();
    let target = Target { namespace: "shop", labels: &labels, kind, service: None };
    let side = if kind == ProxyKind::Router { Side::Client } else { Side::Server };
    let decision = Decision::of(&view, &target, side);
    (render(&view, &target, &[])[side.as_str()].take(), decision)
}

/// A configuration with loggers in all their places, and the clusters that they name.
fn bootstrap(loggers: &Value, echo: Option<SocketAddr>) -> Value {
    let mut names = BTreeSet::new();
    cluster_names(loggers, &mut names);
    let log_services = names.iter().map(|name| cluster(name, None, true));
    let echo = cluster("echo", echo, false);
    let place = |name: &str| loggers.get(name).cloned().unwrap_or(json!([]));
    let mut listeners = vec![
        listener("http", http(&place("http_connection_manager")), &place("listener")),
        listener("tcp", tcp(&place("tcp_proxy")), &json!([])),
    ];
    if loggers.get("hbone_origination").is_some() {
        listeners.push(listener("origination", tcp(&place("hbone_origination")), &json!([])));
        listeners.push(listener("termination", http(&place("hbone_termination")), &json!([])));
    }
    let clusters: Vec<Value> = log_services.chain([echo]).collect();
    json!({
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": socket(0)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    })
}

fn cluster_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            names.extend(map.get("cluster_name").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| cluster_names(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| cluster_names(value, names)),
        _ => {}
    }
}

fn socket(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}

fn typed(kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{kind}"));
    config
}

fn cluster(name: &str, address: Option<SocketAddr>, grpc: bool) -> Value {
    let endpoint = json!({"endpoint": {"address": socket(address.map_or(9, |it| it.port()))}});
    let mut cluster = json!({
        "name": name,
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    if grpc {
        let options = json!({"explicit_http_config": {"http2_protocol_options": {}}});
        cluster["typed_extension_protocol_options"] = json!({"envoy.extensions.upstreams.http.v3.HttpProtocolOptions":
                typed("upstreams.http.v3.HttpProtocolOptions", options)});
    }
    cluster
}

fn listener(name: &str, filter: Value, access_log: &Value) -> Value {
    json!({
        "name": name,
        "address": socket(0),
        "access_log": access_log,
        "filter_chains": [{"filters": [filter]}],
    })
}

fn http(access_log: &Value) -> Value {
    let answer = |path: &str, status: u16| {
        json!({
            "match": {"path": path},
            "direct_response": {"status": status, "body": {"inline_string": "x"}},
        })
    };
    let router = json!({
        "name": "envoy.filters.http.router",
        "typed_config": typed("filters.http.router.v3.Router", json!({})),
    });
    let config = json!({
        "stat_prefix": "http",
        "access_log": access_log,
        "route_config": {"virtual_hosts": [{
            "name": "all",
            "domains": ["*"],
            "routes": [answer("/ok", 200), answer("/broken", 503)],
        }]},
        "http_filters": [router],
    });
    json!({
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            config,
        ),
    })
}

fn tcp(access_log: &Value) -> Value {
    let config = json!({"stat_prefix": "tcp", "cluster": "echo", "access_log": access_log});
    json!({
        "name": "envoy.filters.network.tcp_proxy",
        "typed_config": typed("filters.network.tcp_proxy.v3.TcpProxy", config),
    })
}

/// What Envoy has against a configuration.
fn validate(config: &Value, dir: &Path) -> Option<String> {
    let file = dir.join("validate.json");
    std::fs::write(&file, config.to_string()).unwrap();
    let output = Command::new(envoy::binary())
        .args(["--mode", "validate", "--log-level", "error", "-c"])
        .arg(&file)
        .output()
        .unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn envoy_accepts_what_is_rendered() {
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for case in cases() {
        let (loggers, _) = loggers(&case.mesh, &case.logging, ProxyKind::Waypoint);
        let verdict = validate(&bootstrap(&loggers, None), dir.path());
        match (&verdict, case.refusal) {
            (None, None) => accepted += 1,
            (Some(said), Some(expected)) if said.contains(expected) => {}
            _ => wrong.push(format!("{}: {verdict:?} with {loggers}", case.name)),
        }
    }
    println!("{accepted} configurations accepted, {} refused", cases().len() - accepted);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The file providers that are run, each with a file of its own in `dir`.
fn file_providers(dir: &Path) -> Vec<(&'static str, Value)> {
    let body = |name: &str, more: Value| {
        let mut body = json!({"path": dir.join(name)});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        json!({"name": name, "envoyFileAccessLog": body})
    };
    let text = "%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL% %RESPONSE_CODE% \
                %RESPONSE_FLAGS% %DURATION%";
    let labels = json!({
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(:PATH)%",
        "response_code": "%RESPONSE_CODE%",
        "nested": {"flags": "%RESPONSE_FLAGS%"},
    });
    vec![
        ("default", body("default", json!({}))),
        ("omits", body("omits", json!({"omitEmptyValues": true}))),
        ("text", body("text", json!({"logFormat": {"text": text}}))),
        ("labels", body("labels", json!({"logFormat": {"labels": labels}}))),
        ("json", body("json", json!({"logFormat": {"labels": {}}}))),
        ("envoy-own", body("envoy-own", json!({"logFormat": {}}))),
    ]
}

/// The requests that are sent, as method, path and status.
const REQUESTS: [(&str, &str, u64); 4] =
    [("GET", "/ok", 200), ("POST", "/broken", 503), ("GET", "/none", 404), ("HEAD", "/ok", 200)];

fn send(envoy: &Envoy, dir: &Path) {
    let certs = Certs::create(dir);
    let ports = envoy.ports();
    for (method, path, _) in REQUESTS {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        let act = Act::Say(request.into_bytes());
        client::play(&Door::Tcp(ports["http"]), None, &certs, &act);
    }
    let act = Act::SayAndFinish(b"hello".to_vec());
    client::play(&Door::Tcp(ports["tcp"]), None, &certs, &act);
}

#[test]
fn files_are_read_with_the_format_that_was_decided() {
    let dir = tempfile::tempdir().unwrap();
    let providers = file_providers(dir.path());
    let mesh = json!({
        "extensionProviders": providers.iter().map(|(_, body)| body).collect::<Vec<_>>(),
    });
    let filtered = "has(response.code) && response.code >= 500";
    let entry = |(name, _): &(&str, Value)| match *name {
        "labels" => json!({"providers": [{"name": name}], "filter": {"expression": filtered}}),
        name => json!({"providers": [{"name": name}]}),
    };
    let logging: Vec<Value> = providers.iter().map(entry).collect();
    let (loggers, decision) = loggers(&mesh, &json!(logging), ProxyKind::Sidecar);
    assert_eq!(decision.loggers.len(), providers.len());

    let echo = Upstream::echo();
    let Address::Ip(address) = echo.address() else { panic!("an IP address") };
    let envoy = Envoy::start(&bootstrap(&loggers, Some(*address)), dir.path());
    send(&envoy, dir.path());
    for attached in &decision.loggers {
        let Sink::File(file) = &attached.logger.sink else { panic!("a file") };
        let mut expected: Vec<(&str, &str, u64)> = REQUESTS.to_vec();
        match attached.filter {
            Some(_) => expected.retain(|(_, _, status)| *status >= 500),
            None => expected.push(("", "", 0)),
        }
        let bytes = envoy.wait_for_lines(Path::new(&file.path), expected.len(), "records");
        let mut reader = Reader::new(file.compile(&FormatOptions::new()).unwrap().into());
        let lines: Vec<&[u8]> =
            bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
        let mut found = Vec::new();
        for line in lines {
            let text = String::from_utf8_lossy(line);
            let record = reader.read(line).unwrap_or_else(|_| panic!("{}: {text}", file.path));
            assert!(record.ambiguity().is_none(), "{}: {text}", file.path);
            let text = |field| {
                let value = record.well_known(field).and_then(|value| value.to_bytes());
                String::from_utf8(value.unwrap_or_default().into_owned()).unwrap()
            };
            let status = record.well_known(WellKnown::ResponseCode).and_then(|it| it.as_u64());
            found.push((
                text(WellKnown::Method),
                text(WellKnown::Path),
                status.unwrap_or_default(),
            ));
        }
        let expected: Vec<_> = expected
            .iter()
            .map(|(method, path, status)| ((*method).to_owned(), (*path).to_owned(), *status))
            .collect();
        assert_eq!(found, expected, "{}", file.path);
    }
    envoy.stop();
}
