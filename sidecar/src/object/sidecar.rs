//! Sidecar objects.

use mesh::network::Protocol;
use mesh::{Labels, Meta, Object, OutboundTrafficPolicyMode};
use serde::Serialize;
use serde_json::Value;

use super::virtual_service::Destination;
use super::{NETWORKING, labels, list, port, text, texts};

/// A Sidecar object.
///
/// Follows <https://istio.io/latest/docs/reference/config/networking/sidecar/>.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// The metadata.
    pub meta: Meta,
    /// `workloadSelector.labels`; `None` without a selector, empty for `workloadSelector: {}`.
    pub workload_selector: Option<Labels>,
    /// `egress`; empty means one listener `*/*`.
    pub egress: Vec<EgressListener>,
    /// `ingress`.
    pub ingress: Vec<IngressListener>,
    /// `outboundTrafficPolicy`; `None` leaves it to MeshConfig.
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
}

/// One of a Sidecar's `egress`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EgressListener {
    /// `port`; `None` for the listener of all other ports.
    pub port: Option<ListenerPort>,
    /// `bind`; empty where nothing is said.
    pub bind: String,
    /// Whether `captureMode` is `NONE`: clients have to call the listener's own address.
    pub captures_nothing: bool,
    /// `hosts`, each `NAMESPACE/DNS`.
    pub hosts: Vec<String>,
}

/// The port of an egress listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerPort {
    /// `number`; 0 for a Unix domain socket.
    pub number: u16,
    /// `protocol`.
    pub protocol: Protocol,
}

/// One of a Sidecar's `ingress`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressListener {
    /// `port.number`.
    pub port: u16,
    /// `defaultEndpoint`; empty where nothing is said.
    pub default_endpoint: String,
}

/// An outbound traffic policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundTrafficPolicy {
    /// What becomes of unknown traffic.
    pub mode: PolicyMode,
    /// Where unknown traffic goes instead of its own destination; with `ALLOW_ANY` only.
    pub egress_proxy: Option<Destination>,
}

/// The mode of an outbound traffic policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PolicyMode {
    /// Unknown traffic passes through.
    AllowAny,
    /// Unknown traffic is blocked.
    RegistryOnly,
    /// Unknown HTTP goes where DNS says its host is, all else passes through.
    #[serde(rename = "ALLOW_ANY_DYNAMIC_DNS")]
    AllowAnyDynamicDns,
}

impl Sidecar {
    /// Reads a Sidecar; `None` for an object of another kind.
    pub fn read(object: &Object) -> Option<Self> {
        if object.group != NETWORKING || object.kind != "Sidecar" {
            return None;
        }
        let spec = &object.spec;
        let selector = &spec["workloadSelector"];
        let policy = &spec["outboundTrafficPolicy"];
        Some(Self {
            meta: object.meta.clone(),
            workload_selector: selector.is_object().then(|| labels(&selector["labels"])),
            egress: list(&spec["egress"]).map(egress).collect(),
            ingress: list(&spec["ingress"]).filter_map(ingress).collect(),
            outbound_traffic_policy: policy.is_object().then(|| outbound_traffic_policy(policy)),
        })
    }

    /// Whether the Sidecar is for any pod of its namespace, for want of a selector.
    pub fn is_wide(&self) -> bool {
        self.workload_selector.is_none()
    }

    /// The label of the selector that `labels` do not meet, with what they have instead.
    pub fn mismatch<'s>(
        &'s self,
        labels: &'s Labels,
    ) -> Option<(&'s str, &'s str, Option<&'s str>)> {
        self.workload_selector.iter().flatten().find_map(|(key, wanted)| {
            let found = labels.get(key).map(String::as_str);
            (found != Some(wanted.as_str())).then_some((key.as_str(), wanted.as_str(), found))
        })
    }
}

impl PolicyMode {
    /// The mode as Istio writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowAny => "ALLOW_ANY",
            Self::RegistryOnly => "REGISTRY_ONLY",
            Self::AllowAnyDynamicDns => "ALLOW_ANY_DYNAMIC_DNS",
        }
    }
}

impl From<OutboundTrafficPolicyMode> for PolicyMode {
    fn from(mode: OutboundTrafficPolicyMode) -> Self {
        match mode {
            OutboundTrafficPolicyMode::RegistryOnly => Self::RegistryOnly,
            OutboundTrafficPolicyMode::AllowAny => Self::AllowAny,
            OutboundTrafficPolicyMode::AllowAnyDynamicDns => Self::AllowAnyDynamicDns,
        }
    }
}

fn egress(value: &Value) -> EgressListener {
    let declared = &value["port"];
    EgressListener {
        port: declared.is_object().then(|| ListenerPort {
            number: port(&declared["number"]).unwrap_or_default(),
            protocol: Protocol::parse(declared["protocol"].as_str().unwrap_or_default()),
        }),
        bind: text(&value["bind"]),
        captures_nothing: value["captureMode"] == "NONE",
        hosts: texts(&value["hosts"]),
    }
}

fn ingress(value: &Value) -> Option<IngressListener> {
    let port = port(&value["port"]["number"])?;
    Some(IngressListener { port, default_endpoint: text(&value["defaultEndpoint"]) })
}

fn outbound_traffic_policy(value: &Value) -> OutboundTrafficPolicy {
    let mode = match value["mode"].as_str() {
        Some("ALLOW_ANY") => PolicyMode::AllowAny,
        // A policy without a mode is that of number 0.
        _ => PolicyMode::RegistryOnly,
    };
    let proxy = &value["egressProxy"];
    let allowed = proxy.is_object() && mode == PolicyMode::AllowAny;
    // Its host is a full name: the webhook refuses a short one.
    let egress_proxy = allowed.then(|| Destination {
        host: text(&proxy["host"]),
        subset: text(&proxy["subset"]),
        port: port(&proxy["port"]["number"]),
    });
    OutboundTrafficPolicy { mode, egress_proxy }
}
