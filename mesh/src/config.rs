//! MeshConfig, with Istio's defaults.
//!
//! [`MeshConfig::apply`] lays a MeshConfig in JSON over another, as istiod lays the user's over its
//! own; `source` finds the MeshConfig in a ConfigMap, in Helm values or in an IstioOperator.

mod fields;
mod known;
mod proxy;
mod reach;
mod read;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::selector::Selector;
pub use fields::FieldError;
pub use proxy::ProxyConfig;
pub(crate) use source::{find, is_mesh_configuration};

/// Istio's MeshConfig, as far as access logging goes, with defaults filled in.
///
/// Follows <https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/>.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshConfig {
    /// The namespace whose objects count for the whole mesh.
    pub root_namespace: String,
    /// Where every proxy logs to; empty is nowhere.
    pub access_log_file: String,
    /// The format of that log: text, or a JSON object as text; empty is Istio's default.
    pub access_log_format: String,
    /// Which of the two it is.
    pub access_log_encoding: AccessLogEncoding,
    /// Whether every proxy sends records to its bootstrap's access log service.
    pub enable_envoy_access_log_service: bool,
    /// Whether listeners log nothing of their own.
    pub disable_envoy_listener_log: bool,
    /// The named providers, Istio's own first.
    pub extension_providers: Vec<ExtensionProvider>,
    /// The names of the providers that log where nothing else is said.
    pub default_access_logging: Vec<String>,
    /// Which namespaces istiod looks into: those that any of these selects; none is every namespace.
    pub discovery_selectors: Vec<Selector>,
    /// What becomes of traffic to what a proxy does not know, unless a Sidecar says otherwise.
    pub outbound_traffic_policy: OutboundTrafficPolicyMode,
    /// `defaultServiceExportTo`; `None` is every namespace.
    pub default_service_export_to: Option<Vec<String>>,
    /// `defaultVirtualServiceExportTo`; `None` is every namespace.
    pub default_virtual_service_export_to: Option<Vec<String>>,
    /// `defaultDestinationRuleExportTo`; `None` is every namespace.
    pub default_destination_rule_export_to: Option<Vec<String>>,
    /// `serviceEntryVisibility`.
    pub service_entry_visibility: ServiceEntryVisibility,
    /// `defaultConfig`.
    pub default_config: ProxyConfig,
    /// The port of Envoy's outbound listener.
    pub proxy_listen_port: u32,
    /// The port of Envoy's inbound listener.
    pub proxy_inbound_listen_port: u32,
}

/// The mode of an `outboundTrafficPolicy`.
///
/// Follows <https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-OutboundTrafficPolicy-Mode>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutboundTrafficPolicyMode {
    /// It is blocked.
    RegistryOnly,
    /// It passes through.
    #[default]
    AllowAny,
    /// HTTP goes where DNS says its host is, all else passes through.
    AllowAnyDynamicDns,
}

/// MeshConfig's `serviceEntryVisibility`, which narrows what ServiceEntries export.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceEntryVisibility {
    /// Whether sidecars go by it.
    pub apply_to_sidecars: bool,
    /// How far a ServiceEntry is seen where no policy matches.
    pub default_visibility: Visibility,
    /// The policies, of which the first that matches counts.
    pub policies: Vec<VisibilityPolicy>,
}

/// A policy of `serviceEntryVisibility`.
#[derive(Debug, Clone, PartialEq)]
pub struct VisibilityPolicy {
    /// How far a ServiceEntry is seen that matches.
    pub visibility: Visibility,
    /// What the labels of its namespace have to match, all of it; `None` matches nothing.
    pub namespace_selectors: Vec<Option<Selector>>,
}

/// How far a ServiceEntry is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Everywhere.
    #[default]
    Public,
    /// In its own namespace.
    Namespace,
    /// Nowhere.
    None,
}

/// MeshConfig's `accessLogEncoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessLogEncoding {
    /// Text.
    #[default]
    Text,
    /// JSON objects.
    Json,
}

/// One of MeshConfig's `extensionProviders`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExtensionProvider {
    /// The name that Telemetry objects give.
    pub name: String,
    /// What it is.
    pub kind: ProviderKind,
}

/// The kinds of providers: those that take access logs, and all others.
#[derive(Debug, Clone, PartialEq)]
pub enum ProviderKind {
    /// `envoyFileAccessLog`.
    File(FileProvider),
    /// `envoyHttpAls`.
    HttpAls(AlsProvider),
    /// `envoyTcpAls`.
    TcpAls(AlsProvider),
    /// `envoyOtelAls`.
    OtelAls(OtelProvider),
    /// Any other, by the name of its field, such as `zipkin`, or empty where a provider has no body
    /// that Istio knows; it takes no access logs.
    Other(String),
}

/// The body of `envoyFileAccessLog`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FileProvider {
    /// The path; empty is `/dev/stdout`, but for the built-in provider.
    pub path: String,
    /// The format; `None` is Istio's default text.
    pub log_format: Option<LogFormat>,
    /// Whether what is absent is left out.
    pub omit_empty_values: bool,
}

/// A file provider's `logFormat`.
#[derive(Debug, Clone, PartialEq)]
pub enum LogFormat {
    /// `text`.
    Text(String),
    /// `labels`, an object of keys to operators, nested allowed.
    Labels(serde_json::Map<String, Value>),
    /// Neither: Envoy's own default.
    Empty,
}

/// The body of `envoyHttpAls` or `envoyTcpAls`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlsProvider {
    /// The service, `[NAMESPACE/]HOST`.
    pub service: String,
    /// The service's port.
    pub port: u32,
    /// The log's name; empty is Istio's default.
    pub log_name: String,
    /// Names of filter state objects that go with a record.
    pub filter_state_objects_to_log: Vec<String>,
    /// Names of request headers that go with a record (HTTP only).
    pub additional_request_headers_to_log: Vec<String>,
    /// Names of response headers that go with a record (HTTP only).
    pub additional_response_headers_to_log: Vec<String>,
    /// Names of response trailers that go with a record (HTTP only).
    pub additional_response_trailers_to_log: Vec<String>,
}

/// The body of `envoyOtelAls`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OtelProvider {
    /// The service, `[NAMESPACE/]HOST`.
    pub service: String,
    /// The service's port.
    pub port: u32,
    /// The log's name; empty is Istio's default.
    pub log_name: String,
    /// `logFormat.text`, the record's body; `None` is Istio's default text.
    pub text: Option<String>,
    /// `logFormat.labels`, the record's attributes; values that are no strings are sent empty.
    pub labels: BTreeMap<String, Value>,
}

impl Default for MeshConfig {
    /// What Istio takes where the user says nothing, its built-in providers among it.
    fn default() -> Self {
        let provider = |name: &str, kind| ExtensionProvider { name: name.to_owned(), kind };
        let envoy = FileProvider { path: "/dev/stdout".to_owned(), ..FileProvider::default() };
        Self {
            root_namespace: "istio-system".to_owned(),
            access_log_file: String::new(),
            access_log_format: String::new(),
            access_log_encoding: AccessLogEncoding::Text,
            enable_envoy_access_log_service: false,
            disable_envoy_listener_log: false,
            extension_providers: vec![
                provider("prometheus", ProviderKind::Other("prometheus".to_owned())),
                provider("stackdriver", ProviderKind::Other("stackdriver".to_owned())),
                provider("envoy", ProviderKind::File(envoy)),
            ],
            default_access_logging: Vec::new(),
            discovery_selectors: Vec::new(),
            outbound_traffic_policy: OutboundTrafficPolicyMode::default(),
            default_service_export_to: None,
            default_virtual_service_export_to: None,
            default_destination_rule_export_to: None,
            service_entry_visibility: ServiceEntryVisibility::default(),
            default_config: ProxyConfig::default(),
            proxy_listen_port: 15001,
            proxy_inbound_listen_port: 15006,
        }
    }
}
