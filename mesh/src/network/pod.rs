//! What of a pod matters to the network.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod as CorePod, PodStatus};

use crate::meta::Meta;

/// A pod with its addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pod {
    /// The metadata; a loader leaves the annotations out.
    pub meta: Meta,
    /// Its addresses, the main one first; none while it has none.
    pub addresses: Vec<String>,
    /// The numbers of the ports that its containers name.
    pub named_ports: BTreeMap<String, u16>,
    /// Whether it is ready.
    pub ready: bool,
    /// Whether it has ended or is being deleted.
    pub ended: bool,
    /// The name of its node; `None` while it has none.
    pub node: Option<String>,
}

impl Pod {
    /// A pod with what is known of it beside its metadata.
    pub(crate) fn of(meta: Meta, pod: &CorePod, being_deleted: bool) -> Self {
        let spec = pod.spec.as_ref();
        let containers = spec.map(|spec| spec.containers.as_slice()).unwrap_or_default();
        let ports = containers.iter().flat_map(|container| container.ports.iter().flatten());
        let named = |port: &k8s_openapi::api::core::v1::ContainerPort| {
            Some((port.name.clone()?, u16::try_from(port.container_port).ok()?))
        };
        let status = pod.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref()).unwrap_or_default();
        Self {
            meta,
            addresses: status.map(addresses).unwrap_or_default(),
            named_ports: ports.filter_map(named).collect(),
            ready: status.is_some_and(is_ready),
            ended: being_deleted || matches!(phase, "Succeeded" | "Failed"),
            node: spec.and_then(|spec| spec.node_name.clone()),
        }
    }
}

fn addresses(status: &PodStatus) -> Vec<String> {
    let mut all: Vec<String> = status.pod_ip.iter().cloned().collect();
    for ip in status.pod_ips.iter().flatten() {
        if !all.contains(&ip.ip) {
            all.push(ip.ip.clone());
        }
    }
    all
}

/// Whether a pod is ready; one whose conditions were left out of a manifest is taken for ready.
fn is_ready(status: &PodStatus) -> bool {
    let Some(conditions) = &status.conditions else { return true };
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
