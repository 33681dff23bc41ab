//! A service as istiod knows it, whatever object it is made of.

use std::sync::Arc;

use jiff::Timestamp;
use mesh::network::{self, Protocol};
use mesh::{Labels, Meta};

use super::ExportTo;
use crate::hostname::kubernetes_host;

/// A service: a Kubernetes Service, or one host of a ServiceEntry at one of its addresses.
///
/// Follows `pilot/pkg/serviceregistry/kube/conversion.go` and
/// `pilot/pkg/serviceregistry/serviceentry/conversion.go` at istio/istio 86c9f01f.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The host, which may be a wildcard.
    pub host: String,
    /// The namespace of the object.
    pub namespace: String,
    /// What services of the same age are ordered by: a Service's name, or a ServiceEntry's host.
    pub name: String,
    /// The name of the object.
    pub object: String,
    /// Which kind of object it is made of.
    pub provider: Provider,
    /// When the object was created; `None` for one that was not applied yet, which is newer than all.
    pub created: Option<Timestamp>,
    /// The ports, those of UDP too.
    pub ports: Vec<Port>,
    /// How endpoints are found.
    pub resolution: Resolution,
    /// The addresses that clients use; a range may be among them. Empty where there is none.
    pub addresses: Vec<String>,
    /// The addresses that istiod allocated, which count for proxies that capture DNS.
    pub allocated: Vec<String>,
    /// The labels of the object.
    pub labels: Labels,
    /// The labels of its endpoints; `None` without a selector.
    pub selector: Option<Labels>,
    /// Which namespaces see it; `None` is the mesh's default.
    pub export_to: Option<ExportTo>,
    /// The services of the type ExternalName that stand for it.
    pub aliases: Vec<Alias>,
    /// Whether endpoints that are not ready count like others.
    pub publishes_unready: bool,
}

/// The kinds of objects that services are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// A Kubernetes Service.
    Kubernetes,
    /// A ServiceEntry.
    ServiceEntry,
}

/// How the endpoints of a service are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// istiod sends them.
    Static,
    /// The endpoint is what the client asked for.
    Passthrough,
    /// The proxy asks DNS.
    Dns,
    /// The proxy asks DNS for the name that the client uses.
    DynamicDns,
    /// The service stands for another one, whose host this is.
    Alias(String),
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The number that clients use.
    pub number: u16,
    /// The name, by which endpoints give their own numbers.
    pub name: Arc<str>,
    /// What it carries.
    pub protocol: Protocol,
}

/// A service of the type ExternalName.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// Its namespace.
    pub namespace: String,
    /// Its host.
    pub host: String,
}

impl Service {
    /// The service that a Kubernetes Service is. `domain` is that of the cluster.
    pub(crate) fn of_kubernetes(service: &network::Service, domain: &str) -> Self {
        let meta = &service.meta;
        let resolution = match &service.external_name {
            Some(name) => Resolution::Alias(name.clone()),
            None if service.headless => Resolution::Passthrough,
            None => Resolution::Static,
        };
        let port = |port: &network::ServicePort| Port {
            number: port.number,
            name: port.name.as_str().into(),
            protocol: port.protocol,
        };
        Self {
            host: kubernetes_host(&meta.name, &meta.namespace, domain),
            name: meta.name.clone(),
            provider: Provider::Kubernetes,
            ports: service.ports.iter().map(port).collect(),
            resolution,
            addresses: service.cluster_ips.clone(),
            selector: Some(service.selector.clone()).filter(|labels| !labels.is_empty()),
            export_to: ExportTo::of_annotation(meta),
            publishes_unready: service.publish_not_ready_addresses,
            ..Self::of_meta(meta)
        }
    }

    /// The services that a ServiceEntry is, one a host and address.
    pub(crate) fn of_entry(entry: &network::ServiceEntry) -> Vec<Self> {
        use network::Resolution as Wire;
        let port = |port: &network::ServiceEntryPort| Port {
            number: port.number,
            name: port.name.as_str().into(),
            protocol: port.protocol,
        };
        let like = Self {
            provider: Provider::ServiceEntry,
            ports: entry.ports.iter().map(port).collect(),
            resolution: match entry.resolution {
                Wire::None => Resolution::Passthrough,
                Wire::Static => Resolution::Static,
                Wire::Dns | Wire::DnsRoundRobin => Resolution::Dns,
                Wire::DynamicDns => Resolution::DynamicDns,
            },
            selector: entry.workload_selector.clone(),
            export_to: ExportTo::of_list(&entry.export_to),
            ..Self::of_meta(&entry.meta)
        };
        let of = |host: &String, addresses: Vec<String>, allocated: Vec<String>| Self {
            host: host.clone(),
            name: host.clone(),
            addresses,
            allocated,
            ..like.clone()
        };
        let mut services = Vec::new();
        for host in &entry.hosts {
            if entry.addresses.is_empty() {
                let allocated = entry.allocated.get(host).cloned().unwrap_or_default();
                services.push(of(host, Vec::new(), allocated));
            }
            let addresses = entry.addresses.iter().filter_map(|text| address(text));
            services.extend(addresses.map(|address| of(host, vec![address], Vec::new())));
        }
        services
    }

    /// What every service takes from its object's metadata.
    fn of_meta(meta: &Meta) -> Self {
        Self {
            host: String::new(),
            namespace: meta.namespace.clone(),
            name: String::new(),
            object: meta.name.clone(),
            provider: Provider::Kubernetes,
            created: meta.created,
            ports: Vec::new(),
            resolution: Resolution::Static,
            addresses: Vec::new(),
            allocated: Vec::new(),
            labels: meta.labels.clone(),
            selector: None,
            export_to: None,
            aliases: Vec::new(),
            publishes_unready: false,
        }
    }

    /// The order in which istiod goes through services: by age, then name, then namespace. What has
    /// no age comes last.
    pub(crate) fn age_order(&self) -> impl Ord + use<'_> {
        (self.created.is_none(), self.created, self.name.as_str(), self.namespace.as_str())
    }

    /// The object as `Kind namespace/name`.
    pub(crate) fn object_name(&self) -> String {
        format!("{} {}/{}", self.provider.as_str(), self.namespace, self.object)
    }

    /// The port of that number.
    pub fn port(&self, number: u16) -> Option<&Port> {
        self.ports.iter().find(|port| port.number == number)
    }

    /// Whether it stands for another service.
    pub fn is_alias(&self) -> bool {
        matches!(self.resolution, Resolution::Alias(_))
    }
}

impl Provider {
    /// The kind of the object.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "Service",
            Self::ServiceEntry => "ServiceEntry",
        }
    }
}

/// An address of a ServiceEntry, or a range; a range of one address is the address. `None` for a text
/// that is neither, which istiod passes over.
fn address(text: &str) -> Option<String> {
    use std::net::IpAddr;
    if text.parse::<IpAddr>().is_ok() {
        return Some(text.to_owned());
    }
    let (base, bits) = text.split_once('/')?;
    let address: IpAddr = base.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.cmp(&most) {
        std::cmp::Ordering::Less => Some(text.to_owned()),
        std::cmp::Ordering::Equal => Some(base.to_owned()),
        std::cmp::Ordering::Greater => None,
    }
}
