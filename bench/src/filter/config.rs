//! Envoy's configuration.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use super::variant::Variant;

const TYPE: &str = "type.googleapis.com/envoy.extensions";

/// One listener with both routes and an access log.
pub(crate) fn bootstrap(variant: &Variant, upstream: SocketAddr, log: &Path) -> Value {
    let manager = typed(
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "bench",
            "access_log": [access_log(variant, log)],
            "route_config": routes(variant),
            "http_filters": http_filters(variant),
        }),
    );
    json!({
        "admin": {"address": address(SocketAddr::from(([127, 0, 0, 1], 0)))},
        "static_resources": {
            "listeners": [{
                "name": "bench",
                "address": address(SocketAddr::from(([127, 0, 0, 1], 0))),
                "filter_chains": [{"filters": [
                    named("envoy.filters.network.http_connection_manager", manager),
                ]}],
            }],
            "clusters": [{
                "name": "upstream",
                "type": "STATIC",
                "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [
                    {"endpoint": {"address": address(upstream)}},
                ]}]},
            }],
        },
    })
}

/// A filter that runs a module.
pub(crate) fn wasm(module: &Path, configuration: &str) -> Value {
    let configuration = json!({
        "@type": "type.googleapis.com/google.protobuf.StringValue",
        "value": configuration,
    });
    let code = json!({"local": {"filename": module}});
    let plugin = json!({
        "name": "bench",
        "failure_policy": "FAIL_CLOSED",
        "configuration": configuration,
        "vm_config": {"vm_id": "bench", "runtime": "envoy.wasm.runtime.v8", "code": code},
    });
    named("bench.wasm", typed("filters.http.wasm.v3.Wasm", json!({"config": plugin})))
}

/// A filter that runs a script.
pub(crate) fn lua(script: &str) -> Value {
    let source = json!({"default_source_code": {"inline_string": script}});
    named("envoy.filters.http.lua", typed("filters.http.lua.v3.Lua", source))
}

fn access_log(variant: &Variant, log: &Path) -> Value {
    let format = format!("%RESPONSE_CODE% {}\n", variant.format);
    let format = json!({"text_format_source": {"inline_string": format}});
    let file = json!({"path": log, "log_format": format});
    named("envoy.access_loggers.file", typed("access_loggers.file.v3.FileAccessLog", file))
}

fn routes(variant: &Variant) -> Value {
    json!({"virtual_hosts": [{
        "name": "bench",
        "domains": ["*"],
        "include_attempt_count_in_response": variant.attempt_header,
        "routes": [
            {"match": {"prefix": "/direct"}, "direct_response": {
                "status": 200, "body": {"inline_string": "ok"},
            }},
            {"name": "all", "match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
        ],
    }]})
}

fn http_filters(variant: &Variant) -> Value {
    let mut upstream = variant.upstream.clone();
    if !upstream.is_empty() {
        let codec = typed("filters.http.upstream_codec.v3.UpstreamCodec", json!({}));
        upstream.push(named("envoy.filters.http.upstream_codec", codec));
    }
    let router = typed("filters.http.router.v3.Router", json!({"upstream_http_filters": upstream}));
    let mut filters = variant.downstream.clone();
    filters.push(named("envoy.filters.http.router", router));
    Value::from(filters)
}

fn address(address: SocketAddr) -> Value {
    json!({"socket_address": {
        "address": address.ip().to_string(), "port_value": address.port(),
    }})
}

fn named(name: &str, typed_config: Value) -> Value {
    json!({"name": name, "typed_config": typed_config})
}

/// A message of an extension, with its type.
fn typed(name: &str, mut message: Value) -> Value {
    if let Some(message) = message.as_object_mut() {
        message.insert("@type".to_owned(), Value::from(format!("{TYPE}.{name}")));
    }
    message
}
