//! Services of Kubernetes.

use k8s_openapi::api::core::v1::{ServicePort as CorePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Protocol;
use crate::meta::{Labels, Meta};

/// A Kubernetes Service, as far as Istio looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// The metadata.
    pub meta: Meta,
    /// The addresses in the cluster, the main one first; none where it is headless, an alias or not
    /// yet in a cluster.
    pub cluster_ips: Vec<String>,
    /// Whether `clusterIP` is `None`.
    pub headless: bool,
    /// The name that a Service of the type `ExternalName` stands for.
    pub external_name: Option<String>,
    /// The ports.
    pub ports: Vec<ServicePort>,
    /// The labels of its pods; empty selects none.
    pub selector: Labels,
    /// Whether pods that are not ready are endpoints like others.
    pub publish_not_ready_addresses: bool,
    /// Whether clients reach endpoints on their own node only.
    pub internal_traffic_local: bool,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// The number that clients use.
    pub number: u16,
    /// The name; empty where the only port has none.
    pub name: String,
    /// What it carries.
    pub protocol: Protocol,
    /// The port of the pods.
    pub target: TargetPort,
}

/// The port of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetPort {
    /// By number.
    Number(u16),
    /// By the name that a container gives it.
    Name(String),
}

impl Service {
    /// A Service from what its `spec` says.
    pub fn of(meta: Meta, spec: Option<ServiceSpec>) -> Self {
        let Some(spec) = spec else { return Self { meta, ..Self::default() } };
        let headless = spec.cluster_ip.as_deref() == Some("None");
        let is_address = |ip: &String| !ip.is_empty() && ip != "None";
        let all = spec.cluster_ips.unwrap_or_default();
        // istiod goes by `clusterIPs` where there are several.
        let cluster_ips = if all.len() > 1 { all } else { spec.cluster_ip.into_iter().collect() };
        let is_alias = spec.type_.as_deref() == Some("ExternalName");
        Self {
            meta,
            cluster_ips: cluster_ips.into_iter().filter(is_address).collect(),
            headless,
            external_name: spec.external_name.filter(|name| is_alias && !name.is_empty()),
            ports: spec.ports.unwrap_or_default().iter().filter_map(port).collect(),
            selector: spec.selector.unwrap_or_default(),
            publish_not_ready_addresses: spec.publish_not_ready_addresses.unwrap_or_default(),
            internal_traffic_local: spec.internal_traffic_policy.as_deref() == Some("Local"),
        }
    }
}

/// A port; `None` for a number that no port has, which an API server refuses.
fn port(port: &CorePort) -> Option<ServicePort> {
    let number = u16::try_from(port.port).ok()?;
    let name = port.name.clone().unwrap_or_default();
    let transport = port.protocol.as_deref().unwrap_or("TCP");
    let protocol =
        Protocol::of_service_port(number, &name, transport, port.app_protocol.as_deref());
    let target = match &port.target_port {
        Some(IntOrString::Int(0)) | None => TargetPort::Number(number),
        Some(IntOrString::Int(target)) => TargetPort::Number(u16::try_from(*target).ok()?),
        Some(IntOrString::String(name)) => TargetPort::Name(name.clone()),
    };
    Some(ServicePort { number, name, protocol, target })
}
