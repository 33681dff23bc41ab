//! What istiod makes of an EnvoyFilter for a sidecar, as far as the filter's manifest goes.
//!
//! Written after what istiod 1.31 sent for such manifests. Objects are merged as messages of protobuf
//! are: fields one by one, lists one behind the other.

mod sidecar;

use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::{Value, json};

pub use sidecar::{Sidecar, logger};

/// The version that the proxy tells istiod.
const PROXY_VERSION: &str = "1.31.0";
const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// What istiod sends to a proxy.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Listeners.
    pub listeners: Vec<Value>,
    /// Extension configurations, which filters refer to by name.
    pub extensions: Vec<Value>,
}

impl Pushed {
    /// These listeners, patched by an EnvoyFilter.
    pub fn patched(listeners: Vec<Value>, envoy_filter: &Value) -> Self {
        let mut pushed = Self { listeners, extensions: Vec::new() };
        for patch in envoy_filter["spec"]["configPatches"].as_array().expect("patches") {
            if is_for_version(&patch["match"]) {
                pushed.apply(patch);
            }
        }
        pushed
    }

    fn apply(&mut self, patch: &Value) {
        let (apply_to, what) = (text(&patch["applyTo"]), &patch["match"]);
        let operation = text(&patch["patch"]["operation"]);
        let value = &patch["patch"]["value"];
        if apply_to == "EXTENSION_CONFIG" {
            assert_eq!(operation, "ADD");
            self.extensions.push(value.clone());
            return;
        }
        for listener in self.listeners.iter_mut().filter(|listener| is_meant(listener, what)) {
            match apply_to {
                "LISTENER" => merge(listener, value),
                "NETWORK_FILTER" => {
                    let name = text(&what["listener"]["filterChain"]["filter"]["name"]);
                    for filter in network_filters(listener, name) {
                        merge(filter, value);
                    }
                }
                "HTTP_FILTER" => patch_http_filters(listener, what, operation, value),
                other => panic!("a patch of {other}"),
            }
        }
    }

    /// Has the filters take their configurations from files in `dir`, since nobody serves them here, and
    /// returns the file of each by name. The configurations that there are, are written.
    pub fn into_files(&mut self, dir: &Path) -> Vec<(String, PathBuf)> {
        let mut files = Vec::new();
        for listener in &mut self.listeners {
            each_discovery(listener, &mut |name, discovery| {
                let path = dir.join(format!("{name}.json"));
                discovery["config_source"] = json!({
                    "path_config_source": {"path": path},
                    "resource_api_version": "V3",
                    "initial_fetch_timeout": "0s",
                });
                if !files.iter().any(|(known, _)| known == name) {
                    files.push((name.to_owned(), path));
                }
            });
        }
        for (name, path) in &files {
            let extension =
                self.extensions.iter().find(|extension| text(&extension["name"]) == name);
            publish(path, extension);
        }
        files
    }
}

/// Writes the file of an extension configuration in one step, as the watch of Envoy wants it.
pub fn publish(path: &Path, extension: Option<&Value>) {
    let resource = |extension: &Value| {
        let mut resource = extension.clone();
        resource["@type"] = json!("type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig");
        resource
    };
    let resources: Vec<Value> = extension.map(resource).into_iter().collect();
    let draft = path.with_extension("draft");
    std::fs::write(&draft, json!({"resources": resources}).to_string()).expect("a file");
    std::fs::rename(draft, path).expect("the file in its place");
}

fn is_for_version(what: &Value) -> bool {
    what["proxy"]["proxyVersion"]
        .as_str()
        .is_none_or(|pattern| Regex::new(pattern).expect("a pattern").is_match(PROXY_VERSION))
}

fn is_meant(listener: &Value, what: &Value) -> bool {
    let context = match text(&listener["traffic_direction"]) {
        "INBOUND" => "SIDECAR_INBOUND",
        _ => "SIDECAR_OUTBOUND",
    };
    what["context"].as_str().is_none_or(|wanted| wanted == context || wanted == "ANY")
        && what["listener"]["name"].as_str().is_none_or(|name| text(&listener["name"]) == name)
}

fn network_filters<'l>(
    listener: &'l mut Value,
    name: &'l str,
) -> impl Iterator<Item = &'l mut Value> {
    let listener = listener.as_object_mut().expect("a listener");
    let mut chains = Vec::new();
    for (key, value) in listener {
        match key.as_str() {
            "filter_chains" => chains.extend(value.as_array_mut().expect("chains")),
            "default_filter_chain" => chains.push(value),
            _ => {}
        }
    }
    chains
        .into_iter()
        .flat_map(|chain| chain["filters"].as_array_mut().expect("filters"))
        .filter(move |filter| text(&filter["name"]) == name)
}

fn patch_http_filters(listener: &mut Value, what: &Value, operation: &str, value: &Value) {
    let filter = &what["listener"]["filterChain"]["filter"];
    assert_eq!(filter["name"], CONNECTION_MANAGER);
    let wanted = text(&filter["subFilter"]["name"]);
    for manager in network_filters(listener, CONNECTION_MANAGER) {
        let filters = manager["typed_config"]["http_filters"].as_array_mut().expect("filters");
        let Some(at) = filters.iter().position(|filter| text(&filter["name"]) == wanted) else {
            continue;
        };
        match operation {
            "MERGE" => merge(&mut filters[at], value),
            "INSERT_BEFORE" => filters.insert(at, value.clone()),
            other => panic!("the operation {other} on an HTTP filter"),
        }
    }
}

/// Merges as protobuf does.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from.iter().cloned()),
        (into, from) => *into = from.clone(),
    }
}

/// Calls `visit` with the name of each filter that takes its configuration from elsewhere.
fn each_discovery(value: &mut Value, visit: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            let name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
            if let (Some(name), Some(discovery)) = (name, fields.get_mut("config_discovery")) {
                visit(&name, discovery);
            }
            fields.values_mut().for_each(|value| each_discovery(value, visit));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_discovery(item, visit)),
        _ => {}
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
