//! The EnvoyFilter that loads the filter.
//!
//! The code goes once to each proxy, as an extension configuration of its own; HTTP connection managers
//! refer to it by name and have a no-op in its place as long as it is not there. So neither missing nor
//! bad code costs a request or a listener, and another code touches no listener.
//!
//! Extensions inline in the filter chains would be sent once for each of them, and bad code there takes
//! the listener with it; an outbound cluster of istiod takes no filters by EnvoyFilter at all.

use serde_json::{Value, json};

use super::code::Code;
use crate::cli::{Context, Role, Selected};

/// Proxies that can have wasm among their upstream filters: those of Istio 1.23 and later.
const PROXY_VERSION: &str = r"^1\.(2[3-9]|[3-9][0-9]).*";

/// The name of all objects.
pub(super) const NAME: &str = "logcollector";

pub(super) const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";
const ROUTER: &str = "envoy.filters.http.router";

/// A part of the filter with what it needs.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) role: Role,
    /// Its configuration, JSON.
    pub(super) configuration: String,
    pub(super) code: Code,
}

impl Part {
    /// The file that its code is in, if it is in one.
    pub(super) fn file(&self) -> Option<&str> {
        match &self.code {
            Code::File(path) => Some(path),
            _ => None,
        }
    }

    /// The name of its VM, which it shares with no other part and no other configuration: a trap takes
    /// all that share one, and where configurations do, each request has to ask for its own.
    fn vm_id(&self) -> String {
        let configuration = filter::hash::fnv1a(self.configuration.bytes());
        format!("{}-{:08x}", self.role.name(), configuration >> 32)
    }

    /// The patch that sends its code to the proxies.
    fn extension(&self) -> Value {
        let name = self.role.name();
        let config = json!({
            "name": name,
            "root_id": self.role.section(),
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": self.configuration,
            },
            // The one policy under which a filter that fails costs no request. The enum's FAIL_OPEN
            // answers the one in which it fails with 503, and FAIL_RELOAD those that begin before it is
            // loaded anew, wherever it failed. docs/filter.md has the table.
            "fail_open": true,
            "vm_config": {
                "vm_id": self.vm_id(),
                "runtime": "envoy.wasm.runtime.v8",
                "code": self.code.source(),
            },
        });
        json!({
            "applyTo": "EXTENSION_CONFIG",
            "match": {"proxy": {"proxyVersion": PROXY_VERSION}},
            "patch": {
                "operation": "ADD",
                "value": {
                    "name": name,
                    "typed_config": {"@type": extension("filters.http.wasm.v3.Wasm"), "config": config},
                },
            },
        })
    }

    /// The patch that puts it into the HTTP connection managers of a side.
    fn place(&self, context: Context) -> Value {
        let (operation, value) = match self.role {
            Role::Attempts => ("MERGE", self.router()),
            Role::AccessLog => ("INSERT_BEFORE", self.reference()),
        };
        let matched = json!({
            "context": context.as_str(),
            "proxy": {"proxyVersion": PROXY_VERSION},
            "listener": {"filterChain": {"filter": {
                "name": CONNECTION_MANAGER,
                "subFilter": {"name": ROUTER},
            }}},
        });
        json!({
            "applyTo": "HTTP_FILTER",
            "match": matched,
            "patch": {"operation": operation, "value": value},
        })
    }

    /// The router with it as an upstream filter.
    fn router(&self) -> Value {
        let codec = "envoy.filters.http.upstream_codec";
        let codec_type = extension("filters.http.upstream_codec.v3.UpstreamCodec");
        json!({
            "name": ROUTER,
            "typed_config": {
                "@type": extension("filters.http.router.v3.Router"),
                "upstream_http_filters": [
                    self.reference(),
                    {"name": codec, "typed_config": {"@type": codec_type}},
                ],
            },
        })
    }

    /// An HTTP filter that refers to the extension configuration.
    fn reference(&self) -> Value {
        let no_op = extension("filters.http.header_mutation.v3.HeaderMutation");
        json!({
            "name": self.role.name(),
            "config_discovery": {
                "config_source": {
                    "ads": {},
                    "resource_api_version": "V3",
                    "initial_fetch_timeout": "0s",
                },
                "type_urls": [extension("filters.http.wasm.v3.Wasm"), no_op],
                "default_config": {"@type": no_op, "mutations": {}},
                "apply_default_config_without_warming": true,
            },
        })
    }
}

impl Context {
    /// EnvoyFilter's spelling.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Outbound => "SIDECAR_OUTBOUND",
            Self::Inbound => "SIDECAR_INBOUND",
            Self::Gateway => "GATEWAY",
        }
    }
}

/// The object's metadata.
fn metadata(namespace: Option<&str>) -> Value {
    let mut metadata = json!({"name": NAME});
    if let Some(namespace) = namespace {
        metadata["namespace"] = namespace.into();
    }
    metadata
}

/// The patches that load parts.
pub(super) fn patches(parts: &[Part], contexts: &[Context]) -> Vec<Value> {
    let extensions = parts.iter().map(Part::extension);
    let places = parts.iter().flat_map(|part| contexts.iter().map(|context| part.place(*context)));
    extensions.chain(places).collect()
}

/// The object with its patches.
pub(super) fn envoy_filter(
    namespace: Option<&str>,
    selector: Option<&Selected>,
    patches: Vec<Value>,
) -> Value {
    let mut spec = json!({});
    if let Some(Selected(labels)) = selector {
        spec["workloadSelector"] = json!({"labels": labels});
    }
    spec["configPatches"] = patches.into();
    json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": metadata(namespace),
        "spec": spec,
    })
}

/// A Telemetry.
pub(super) fn telemetry(namespace: Option<&str>, spec: Value) -> Value {
    json!({
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": metadata(namespace),
        "spec": spec,
    })
}

/// The type of an extension's configuration; `kind` is its name without what they all begin with.
pub(super) fn extension(kind: &str) -> String {
    format!("type.googleapis.com/envoy.extensions.{kind}")
}

#[cfg(test)]
mod tests;
