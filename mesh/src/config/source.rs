//! Finds the MeshConfig in what a user calls the mesh configuration: a ConfigMap, Helm values, an
//! IstioOperator, or the bare thing, told apart by their content.

use serde_json::{Map, Value, json};

use super::known;
use crate::describe::{closest, describe};

/// A MeshConfig, as it was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// The MeshConfig.
    pub(crate) value: Value,
    /// Where it stands: the path of the field, empty for the whole document.
    pub(crate) path: &'static str,
    /// What is wrong with the document without making it useless.
    pub(crate) remarks: Vec<String>,
}

/// Keys that Helm values of Istio's charts have at the top, and MeshConfig has not.
const HELM_KEYS: &[&str] = &[
    "base",
    "cni",
    "compatibilityVersion",
    "defaultRevision",
    "gateways",
    "global",
    "istio_cni",
    "istiodRemote",
    "meshConfig",
    "pilot",
    "profile",
    "revision",
    "revisionTags",
    "sidecarInjectorWebhook",
    "telemetry",
    "ztunnel",
];

/// The MeshConfig in a document; a ConfigMap's is text, still to be parsed.
///
/// # Errors
///
/// What the document is, in words, when it holds none.
pub(crate) fn find(document: &Value) -> Result<Found, String> {
    let map = match document {
        Value::Object(map) => map,
        Value::Null => return Ok(found(Value::Null, "")),
        other => return Err(describe(other)),
    };
    match map.get("kind").and_then(Value::as_str) {
        Some("ConfigMap") => match document.pointer("/data/mesh") {
            Some(Value::String(text)) => Ok(found(text.clone().into(), "data.mesh")),
            Some(other) => {
                Err(format!("a ConfigMap whose key `mesh` is {}, not text", describe(other)))
            }
            None => Err("a ConfigMap without the key `mesh`".to_owned()),
        },
        Some("IstioOperator") => Ok(operator(document)),
        Some(kind) => Err(format!("an object of kind `{}`", crate::describe::clip(kind))),
        None if is_helm(map) => Ok(helm(document)),
        None => bare(map).map(|()| found(document.clone(), "")),
    }
}

/// Whether an object without a kind is a mesh configuration: Helm values or a bare MeshConfig.
pub(crate) fn is_mesh_configuration(map: &Map<String, Value>) -> bool {
    map.contains_key("meshConfig") || map.keys().any(|key| known::is_mesh_config_field(key))
}

/// A MeshConfig without remarks.
fn found(value: Value, path: &'static str) -> Found {
    Found { value, path, remarks: Vec::new() }
}

/// Whether a document without a kind is Helm values.
fn is_helm(map: &Map<String, Value>) -> bool {
    map.contains_key("meshConfig")
        || (HELM_KEYS.iter().any(|key| map.contains_key(*key))
            && !map.keys().any(|key| known::is_mesh_config_field(key)))
}

/// Whether a document without a kind may be a bare MeshConfig: one of its fields is one of
/// MeshConfig's, or nearly.
fn bare(map: &Map<String, Value>) -> Result<(), String> {
    let known = |key: &String| {
        known::is_mesh_config_field(key)
            || closest(key, known::MESH_CONFIG.iter().copied()).is_some()
    };
    if map.is_empty() || map.keys().any(known) {
        return Ok(());
    }
    Err("an object without any field of MeshConfig".to_owned())
}

/// The MeshConfig that the charts make of values.
fn helm(values: &Value) -> Found {
    let mut found = found(chart(values, values.get("profile")), "meshConfig");
    found.remarks.extend(legacy(values));
    found
}

/// The MeshConfig that `istioctl install` makes of an IstioOperator: `spec.meshConfig` over
/// `spec.values.meshConfig`.
fn operator(object: &Value) -> Found {
    let spec = object.get("spec").cloned().unwrap_or_default();
    let mut values = spec.get("values").cloned().unwrap_or_else(|| json!({}));
    if let Some(over) = spec.get("meshConfig") {
        merge(&mut values, json!({ "meshConfig": over }));
    }
    let profile = spec.get("profile").or_else(|| values.get("profile"));
    let mut found = found(chart(&values, profile), "spec.meshConfig");
    found.remarks.extend(legacy(&values));
    found
}

/// `meshConfig` of `values` over that of the profile, with the root namespace that the chart fills in.
fn chart(values: &Value, profile: Option<&Value>) -> Value {
    let mut config = json!({});
    if let Some(namespace) = values.pointer("/global/istioNamespace") {
        merge(&mut config, json!({ "rootNamespace": namespace }));
    }
    if profile.and_then(Value::as_str) == Some("demo") {
        merge(&mut config, demo());
    }
    match values.get("meshConfig") {
        None | Some(Value::Null) => {}
        Some(mesh) => merge(&mut config, mesh.clone()),
    }
    config
}

/// What the profile `demo` sets.
///
/// Follows `manifests/helm-profiles/demo.yaml` at istio/istio 86c9f01f.
fn demo() -> Value {
    let collector = "opentelemetry-collector.observability.svc.cluster.local";
    json!({
        "accessLogFile": "/dev/stdout",
        "extensionProviders": [
            { "name": "otel", "envoyOtelAls": { "service": collector, "port": 4317 } },
            {
                "name": "skywalking",
                "skywalking": { "service": "tracing.istio-system.svc.cluster.local", "port": 11800 },
            },
            { "name": "otel-tracing", "opentelemetry": { "port": 4317, "service": collector } },
            {
                "name": "jaeger",
                "opentelemetry": {
                    "port": 4317,
                    "service": "jaeger-collector.istio-system.svc.cluster.local",
                },
            },
        ],
    })
}

/// Lays `over` over `value` as Helm does: objects key by key, all else whole, null takes out.
///
/// The depth of the recursion is that of `over`, which the parser bounds.
fn merge(value: &mut Value, over: Value) {
    match (value, over) {
        (Value::Object(value), Value::Object(over)) => {
            for (key, over) in over {
                if over.is_null() {
                    value.shift_remove(&key);
                } else {
                    merge(value.entry(key).or_insert(Value::Null), over);
                }
            }
        }
        (value, over) => *value = over,
    }
}

/// Remarks on values that once set up access logging, and no longer do.
fn legacy(values: &Value) -> Option<String> {
    let proxy = values.pointer("/global/proxy")?.as_object()?;
    let old = ["accessLogFile", "accessLogFormat", "accessLogEncoding", "envoyAccessLogService"];
    let name = old.into_iter().find(|name| proxy.contains_key(*name))?;
    let instead = match name {
        "envoyAccessLogService" => "meshConfig.defaultConfig.envoyAccessLogService".to_owned(),
        name => format!("meshConfig.{name}"),
    };
    Some(format!("`global.proxy.{name}` changes nothing since Istio 1.6; set `{instead}`"))
}
