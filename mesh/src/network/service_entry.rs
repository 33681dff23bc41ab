//! Istio's ServiceEntries and WorkloadEntries.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Protocol;
use crate::meta::{Labels, Meta};

/// An Istio ServiceEntry.
///
/// Follows <https://istio.io/latest/docs/reference/config/networking/service-entry/>.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceEntry {
    /// The metadata.
    pub meta: Meta,
    /// The hosts that it adds to the mesh, wildcards among them.
    pub hosts: Vec<String>,
    /// Virtual addresses, or ranges of them; empty where clients are told apart by host only.
    pub addresses: Vec<String>,
    /// The addresses that istiod allocated, by host.
    pub allocated: BTreeMap<String, Vec<String>>,
    /// The ports.
    pub ports: Vec<ServiceEntryPort>,
    /// Whether the service is outside of the mesh.
    pub external: bool,
    /// How its endpoints are found.
    pub resolution: Resolution,
    /// Its endpoints, as far as they are listed in it.
    pub endpoints: Vec<WorkloadEntry>,
    /// The labels of the pods and WorkloadEntries that are its endpoints; `None` without a selector.
    pub workload_selector: Option<Labels>,
    /// `exportTo`; empty is the mesh's default.
    pub export_to: Vec<String>,
}

/// A port of a ServiceEntry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEntryPort {
    /// The number that clients use.
    pub number: u16,
    /// The name.
    pub name: String,
    /// What it carries.
    pub protocol: Protocol,
    /// The port of the endpoints; `None` is the same number.
    pub target: Option<u16>,
}

/// A ServiceEntry's `resolution`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Resolution {
    /// The address that the client asked for is the endpoint.
    #[default]
    #[serde(rename = "NONE")]
    None,
    /// The endpoints are listed.
    #[serde(rename = "STATIC")]
    Static,
    /// The proxy asks DNS, and uses every address.
    #[serde(rename = "DNS")]
    Dns,
    /// The proxy asks DNS, and uses the first address.
    #[serde(rename = "DNS_ROUND_ROBIN")]
    DnsRoundRobin,
    /// The proxy asks DNS for the very name that a client uses.
    #[serde(rename = "DYNAMIC_DNS")]
    DynamicDns,
}

/// An endpoint outside of Kubernetes: a WorkloadEntry, or one of a ServiceEntry's `endpoints`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkloadEntry {
    /// The metadata; for one inside of a ServiceEntry that of the ServiceEntry.
    pub meta: Meta,
    /// An address, a host name, or `unix://PATH`; may be empty where a network's gateway is used.
    pub address: String,
    /// Its ports, by the names of the service's ports.
    pub ports: BTreeMap<String, u16>,
    /// Its labels.
    pub labels: Labels,
}

/// What is read of a ServiceEntry's `spec`.
#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServiceEntrySpec {
    hosts: Vec<String>,
    addresses: Vec<String>,
    ports: Vec<PortSpec>,
    location: Option<String>,
    resolution: Option<Resolution>,
    endpoints: Vec<WorkloadEntrySpec>,
    workload_selector: Option<WorkloadSelector>,
    export_to: Vec<String>,
}

/// What is read of a ServiceEntry's `status`.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub(crate) struct ServiceEntryStatus {
    addresses: Vec<AllocatedAddress>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct AllocatedAddress {
    value: String,
    host: String,
}

#[derive(Debug, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PortSpec {
    number: u16,
    name: String,
    protocol: String,
    target_port: u16,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct WorkloadSelector {
    labels: Labels,
}

/// What is read of a WorkloadEntry's `spec`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(default)]
pub(crate) struct WorkloadEntrySpec {
    address: String,
    ports: BTreeMap<String, u16>,
    labels: Labels,
}

impl ServiceEntry {
    /// A ServiceEntry from what its `spec` and `status` say.
    pub(crate) fn of(meta: Meta, spec: ServiceEntrySpec, status: ServiceEntryStatus) -> Self {
        let mut allocated = BTreeMap::<String, Vec<String>>::new();
        for address in status.addresses {
            allocated.entry(address.host).or_default().push(address.value);
        }
        let endpoint = |source: WorkloadEntrySpec| source.at(Meta::clone(&meta));
        Self {
            hosts: spec.hosts,
            addresses: spec.addresses,
            allocated,
            ports: spec.ports.into_iter().map(port).collect(),
            external: spec.location.as_deref() != Some("MESH_INTERNAL"),
            resolution: spec.resolution.unwrap_or_default(),
            endpoints: spec.endpoints.into_iter().map(endpoint).collect(),
            workload_selector: spec.workload_selector.map(|selector| selector.labels),
            export_to: spec.export_to,
            meta,
        }
    }
}

impl WorkloadEntrySpec {
    /// A WorkloadEntry. The labels of its metadata count as its own, and win.
    pub(crate) fn at(self, meta: Meta) -> WorkloadEntry {
        WorkloadEntry { address: self.address, ports: self.ports, labels: self.labels, meta }
    }

    /// A WorkloadEntry that is an object: the labels of its metadata count as its own, and win.
    pub(crate) fn object(self, meta: Meta) -> WorkloadEntry {
        let mut entry = self.at(meta);
        entry.labels.extend(entry.meta.labels.clone());
        entry
    }
}

fn port(port: PortSpec) -> ServiceEntryPort {
    ServiceEntryPort {
        number: port.number,
        name: port.name,
        protocol: Protocol::parse(&port.protocol),
        target: Some(port.target_port).filter(|port| *port != 0),
    }
}
