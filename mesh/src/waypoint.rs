//! Which services go through a waypoint.
//!
//! Follows `fetchWaypointForService`, `GetUseWaypoint` and `makeAllowedRoutes` of
//! `pilot/pkg/serviceregistry/ambient/waypoints.go` at istio/istio 86c9f01f. Whether the waypoint has
//! an address yet is not looked at, and a canary waypoint gets no services.

#[cfg(test)]
mod tests;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;
use serde_json::Value;

use crate::inventory::Inventory;
use crate::meta::{Labels, Meta};
use crate::object::Object;
use crate::selector::Selector;
use crate::workload::Workload;

/// The label that names the Gateway whose pod this is.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// The label that names a waypoint, on a service or its namespace.
const USE_WAYPOINT: &str = "istio.io/use-waypoint";

/// The label that says where that waypoint is.
const USE_WAYPOINT_NAMESPACE: &str = "istio.io/use-waypoint-namespace";

/// The label that says what kind of traffic a waypoint takes.
const WAYPOINT_FOR: &str = "istio.io/waypoint-for";

/// The label on what a gateway controller of Istio made.
const MANAGED: &str = "gateway.istio.io/managed";

/// The managers whose Services are gateways themselves, and never go through a waypoint.
const GATEWAY_MANAGERS: [&str; 2] = ["istio.io-mesh-controller", "istio.io-eastwest-controller"];

/// A service, by the object that defines it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceRef {
    /// The kind of the object.
    pub kind: ServiceKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The kinds of objects that define services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceKind {
    /// A Kubernetes Service.
    Service,
    /// An Istio ServiceEntry.
    ServiceEntry,
}

impl ServiceKind {
    /// The kind as Kubernetes writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "Service",
            Self::ServiceEntry => "ServiceEntry",
        }
    }
}

/// The services that go through a waypoint, by namespace and name, Services first; none for a
/// workload that is no pod of a Gateway, or a waypoint for workloads only.
///
/// A service names its waypoint with the label `istio.io/use-waypoint`, or its namespace does;
/// `none` on the service switches it off. A waypoint of another namespace must allow it in its
/// listener; what the Gateway allows is not known, and taken for granted, where it was not read.
pub fn services_of_waypoint(inventory: &Inventory, workload: &Workload) -> Vec<ServiceRef> {
    let Some(name) = workload.labels.get(GATEWAY_NAME) else { return Vec::new() };
    let waypoint = Waypoint::of(inventory, &workload.meta.namespace, name, &workload.labels);
    if !matches!(waypoint.traffic.as_str(), "service" | "all") {
        return Vec::new();
    }
    let services = inventory.services.iter().map(|it| (ServiceKind::Service, &it.meta));
    let entries = inventory.service_entries.iter().map(|it| (ServiceKind::ServiceEntry, &it.meta));
    services
        .chain(entries)
        .filter(|(_, meta)| waypoint.serves(inventory, meta))
        .map(|(kind, meta)| ServiceRef {
            kind,
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
        })
        .collect()
}

/// A waypoint.
struct Waypoint<'w> {
    namespace: &'w str,
    name: &'w str,
    traffic: String,
    allows: Allows,
}

/// The namespaces whose services may name a waypoint.
enum Allows {
    /// Its own.
    Same,
    /// All of them.
    All,
    /// Those whose labels are selected.
    Selected(Selector),
}

impl<'w> Waypoint<'w> {
    /// The waypoint of that name.
    fn of(inventory: &Inventory, namespace: &'w str, name: &'w str, pod: &Labels) -> Self {
        let gateway = find(inventory, "Gateway", namespace, name);
        let class = gateway
            .and_then(|it| it.spec.get("gatewayClassName").and_then(Value::as_str))
            .and_then(|class| find(inventory, "GatewayClass", "", class));
        // The Gateway's labels are copied to its pods, and so are known without it.
        let labels = gateway.map_or(pod, |it| &it.meta.labels);
        let traffic = labels
            .get(WAYPOINT_FOR)
            .or_else(|| class.and_then(|it| it.meta.labels.get(WAYPOINT_FOR)))
            .map_or("service", String::as_str)
            .to_owned();
        let allows = gateway.map_or(Allows::All, |it| allows(&it.spec));
        Self { namespace, name, traffic, allows }
    }

    /// Whether a service goes through it.
    fn serves(&self, inventory: &Inventory, service: &Meta) -> bool {
        if service.labels.get(MANAGED).is_some_and(|it| GATEWAY_MANAGERS.contains(&it.as_str())) {
            return false;
        }
        let namespace = inventory.namespace_labels(&service.namespace);
        let labels = match service.labels.get(USE_WAYPOINT) {
            Some(_) => &service.labels,
            None => match namespace {
                Some(labels) => labels,
                None => return false,
            },
        };
        // `none` is a word, never the name of a waypoint.
        let named = labels.get(USE_WAYPOINT).filter(|name| *name != "none");
        let place = labels.get(USE_WAYPOINT_NAMESPACE).unwrap_or(&service.namespace);
        named.is_some_and(|name| name == self.name)
            && place == self.namespace
            && match &self.allows {
                Allows::Same => self.namespace == service.namespace,
                Allows::All => true,
                Allows::Selected(selector) => namespace.is_some_and(|it| selector.matches(it)),
            }
    }
}

/// The object of the Gateway API of that name.
fn find<'i>(
    inventory: &'i Inventory,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Option<&'i Object> {
    inventory.objects.iter().find(|it| {
        it.group == "gateway.networking.k8s.io"
            && it.kind == kind
            && it.meta.namespace == namespace
            && it.meta.name == name
    })
}

/// What a waypoint's HBONE listener allows.
fn allows(spec: &Value) -> Allows {
    let listeners = spec.get("listeners").and_then(Value::as_array);
    let is_hbone = |listener: &&Value| {
        listener.get("protocol").and_then(Value::as_str) == Some("HBONE")
            && listener.get("port").and_then(Value::as_u64) == Some(15008)
    };
    let listener = listeners.into_iter().flatten().find(is_hbone);
    let Some(from) = listener.and_then(|it| it.pointer("/allowedRoutes/namespaces")) else {
        return Allows::Same;
    };
    match from.get("from").and_then(Value::as_str) {
        Some("All") => Allows::All,
        Some("Selector") => {
            let selector = from.get("selector").and_then(|it| LabelSelector::deserialize(it).ok());
            match selector.and_then(|it| Selector::from_object(&it).ok()) {
                Some(selector) => Allows::Selected(selector),
                None => Allows::Same,
            }
        }
        _ => Allows::Same,
    }
}
