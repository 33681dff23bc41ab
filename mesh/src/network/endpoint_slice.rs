//! EndpointSlices, and Endpoints as if they were EndpointSlices.

use k8s_openapi::api::core::v1::{EndpointAddress, Endpoints};
use k8s_openapi::api::discovery::v1::EndpointSlice as CoreSlice;

use crate::meta::Meta;

/// The label by which an EndpointSlice belongs to a Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// The endpoints of a Service, or a part of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointSlice {
    /// The metadata.
    pub meta: Meta,
    /// The name of the Service, in the same namespace.
    pub service: String,
    /// The endpoints.
    pub endpoints: Vec<SliceEndpoint>,
    /// The ports, each of which every endpoint has.
    pub ports: Vec<SlicePort>,
}

/// An endpoint of an EndpointSlice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SliceEndpoint {
    /// Its addresses.
    pub addresses: Vec<String>,
    /// `conditions.ready`; `None` where it is left out, which means ready.
    pub ready: Option<bool>,
    /// `conditions.terminating`; istiod takes it for true where it is left out.
    pub terminating: Option<bool>,
    /// The name of the pod behind it, in the same namespace.
    pub pod: Option<String>,
}

/// A port of an EndpointSlice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlicePort {
    /// The name of the Service's port.
    pub name: String,
    /// The number on the endpoints.
    pub number: u16,
}

impl EndpointSlice {
    /// An EndpointSlice; `None` where it holds host names, or belongs to no Service.
    pub fn of_slice(meta: Meta, slice: CoreSlice) -> Option<Self> {
        if slice.address_type == "FQDN" {
            return None;
        }
        let service = meta.labels.get(SERVICE_NAME)?.clone();
        let endpoints = slice.endpoints.into_iter().map(|endpoint| {
            let conditions = endpoint.conditions.unwrap_or_default();
            let is_pod = |kind: &Option<String>| kind.as_deref() == Some("Pod");
            SliceEndpoint {
                addresses: endpoint.addresses,
                ready: conditions.ready,
                terminating: conditions.terminating,
                pod: endpoint.target_ref.filter(|it| is_pod(&it.kind)).and_then(|it| it.name),
            }
        });
        let port = |name: Option<String>, number: Option<i32>| {
            let number = number.and_then(|number| u16::try_from(number).ok())?;
            Some(SlicePort { name: name.unwrap_or_default(), number })
        };
        let ports = slice.ports.unwrap_or_default().into_iter();
        Some(Self {
            meta,
            service,
            endpoints: endpoints.collect(),
            ports: ports.filter_map(|it| port(it.name, it.port)).collect(),
        })
    }

    /// The slices that the control plane makes of an Endpoints object, one a subset.
    pub fn of_endpoints(meta: &Meta, endpoints: Endpoints) -> Vec<Self> {
        let subset = |subset: k8s_openapi::api::core::v1::EndpointSubset| {
            let ready = subset.addresses.into_iter().flatten().map(|it| (true, it));
            let unready = subset.not_ready_addresses.into_iter().flatten().map(|it| (false, it));
            let port = |it: k8s_openapi::api::core::v1::EndpointPort| {
                let number = u16::try_from(it.port).ok()?;
                Some(SlicePort { name: it.name.unwrap_or_default(), number })
            };
            Self {
                meta: meta.clone(),
                service: meta.name.clone(),
                endpoints: ready.chain(unready).map(|(ready, it)| endpoint(ready, it)).collect(),
                ports: subset.ports.into_iter().flatten().filter_map(port).collect(),
            }
        };
        endpoints.subsets.into_iter().flatten().map(subset).collect()
    }
}

fn endpoint(ready: bool, address: EndpointAddress) -> SliceEndpoint {
    SliceEndpoint {
        addresses: vec![address.ip],
        ready: Some(ready),
        terminating: Some(false),
        pod: address
            .target_ref
            .filter(|it| it.kind.as_deref() == Some("Pod"))
            .and_then(|it| it.name),
    }
}
