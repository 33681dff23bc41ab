//! One logger as Envoy's configuration, by kind.

use serde_json::{Map, Value, json};

use super::Place;
use crate::logger::{Als, File, FileFormat, Otel, Upstream};

const HTTP_GRPC: &str = "envoy.access_loggers.http_grpc";
const TCP_GRPC: &str = "envoy.tcp_grpc_access_log";

/// Filter state that goes with a record to OpenTelemetry and to MeshConfig's access log service.
const FILTER_STATE: [&str; 6] = [
    "upstream_peer",
    "downstream_peer",
    "wasm.upstream_peer",
    "wasm.upstream_peer_id",
    "wasm.downstream_peer",
    "wasm.downstream_peer_id",
];

/// The name of a logger's extension, and its configuration.
type Named = (&'static str, Value);

pub(super) fn file(file: &File) -> Named {
    let mut config = json!({"path": file.path});
    let format = match &file.format {
        FileFormat::Text(text) => Some((
            json!({"text_format_source": {"inline_string": text}}),
            formatters([text.as_str()]),
        )),
        FileFormat::Json(object) => Some((
            json!({"json_format": object, "json_format_options": {"sort_properties": false}}),
            formatters(object.values().filter_map(Value::as_str)),
        )),
        FileFormat::EnvoyDefault => None,
    };
    if let Some((mut format, formatters)) = format {
        if file.omit_empty_values {
            format["omit_empty_values"] = true.into();
        }
        put(&mut format, "formatters", formatters);
        config["log_format"] = format;
    }
    ("envoy.access_loggers.file", typed("access_loggers.file.v3.FileAccessLog", config))
}

pub(super) fn http_grpc(als: &Als) -> Named {
    let mut config = json!({"common_config": common(als)});
    put(&mut config, "additional_request_headers_to_log", als.request_headers.clone());
    put(&mut config, "additional_response_headers_to_log", als.response_headers.clone());
    put(&mut config, "additional_response_trailers_to_log", als.response_trailers.clone());
    (HTTP_GRPC, typed("access_loggers.grpc.v3.HttpGrpcAccessLogConfig", config))
}

pub(super) fn tcp_grpc(als: &Als) -> Named {
    let config = json!({"common_config": common(als)});
    (TCP_GRPC, typed("access_loggers.grpc.v3.TcpGrpcAccessLogConfig", config))
}

pub(super) fn otel(otel: &Otel) -> Named {
    let mut config = json!({
        "common_config": common_config(&otel.log_name, service(&otel.service), &FILTER_STATE),
        "disable_builtin_labels": true,
        "body": {"string_value": otel.body},
    });
    if !otel.attributes.is_empty() {
        let attribute =
            |(key, value): &(String, String)| json!({"key": key, "value": {"string_value": value}});
        let values: Vec<Value> = otel.attributes.iter().map(attribute).collect();
        config["attributes"] = json!({"values": values});
    }
    let labels = otel.attributes.iter().map(|(_, value)| value.as_str());
    put(&mut config, "formatters", formatters(labels.chain([otel.body.as_str()])));
    let config = typed("access_loggers.open_telemetry.v3.OpenTelemetryAccessLogConfig", config);
    ("envoy.access_loggers.open_telemetry", config)
}

/// The logger of `enableEnvoyAccessLogService`; tunnels have none.
pub(super) fn als_mesh_config(place: Place) -> Option<Named> {
    let (name, kind, log_name) = match place {
        Place::HttpConnectionManager => {
            (HTTP_GRPC, "HttpGrpcAccessLogConfig", "http_envoy_accesslog")
        }
        Place::TcpProxy => (TCP_GRPC, "TcpGrpcAccessLogConfig", "tcp_envoy_accesslog"),
        Place::Listener => (TCP_GRPC, "TcpGrpcAccessLogConfig", "listener_envoy_accesslog"),
        Place::HboneOrigination | Place::HboneTermination => return None,
    };
    let service = json!({"envoy_grpc": {"cluster_name": "envoy_accesslog_service"}});
    let config = json!({"common_config": common_config(log_name, service, &FILTER_STATE)});
    Some((name, typed(&format!("access_loggers.grpc.v3.{kind}"), config)))
}

/// The filter of an access logger that a CEL expression becomes, as istiod writes it.
///
/// Follows `pilot/pkg/networking/core/accesslog.go`.
pub fn cel_filter(expression: &str) -> Value {
    let config = json!({"expression": expression});
    json!({"extension_filter": {
        "name": "envoy.access_loggers.extension_filters.cel",
        "typed_config": typed("access_loggers.filters.cel.v3.ExpressionFilter", config),
    }})
}

fn common(als: &Als) -> Value {
    common_config(&als.log_name, service(&als.service), &als.filter_state_objects)
}

fn common_config<S: AsRef<str>>(log_name: &str, service: Value, filter_state: &[S]) -> Value {
    let filter_state: Vec<&str> = filter_state.iter().map(AsRef::as_ref).collect();
    json!({
        "log_name": log_name,
        "grpc_service": service,
        "transport_api_version": "V3",
        "filter_state_objects_to_log": filter_state,
    })
}

fn service(service: &Upstream) -> Value {
    json!({"envoy_grpc": {"cluster_name": service.cluster(), "authority": service.host}})
}

/// The formatters that texts need. Only those at the top of a JSON format are looked at.
fn formatters<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Value> {
    let needed = texts.into_iter().any(|text| text.contains("%REQ_WITHOUT_QUERY"));
    let formatter = || {
        let config = typed("formatter.req_without_query.v3.ReqWithoutQuery", json!({}));
        json!({"name": "envoy.formatter.req_without_query", "typed_config": config})
    };
    needed.then(formatter).into_iter().collect()
}

/// Puts a list that is not empty.
fn put(config: &mut Value, key: &str, list: Vec<impl Into<Value>>) {
    if !list.is_empty() {
        config[key] = list.into();
    }
}

/// A typed configuration; `kind` is its type without the common prefix.
fn typed(kind: &str, config: Value) -> Value {
    let mut typed = Map::new();
    typed.insert("@type".to_owned(), format!("type.googleapis.com/envoy.extensions.{kind}").into());
    typed.extend(config.as_object().cloned().unwrap_or_default());
    Value::Object(typed)
}
