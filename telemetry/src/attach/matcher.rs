//! Whether an object that is not wide attaches to a proxy.
//!
//! Follows Istio's `pilot/pkg/model/policyattachment.go`, with
//! `ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY` at its default, on.

use std::fmt;

use mesh::{Labels, ProxyKind, ServiceKind, ServiceRef};
use serde_json::{Value, json};

use crate::object::{TargetRef, Telemetry};

/// The label that makes a proxy one of a Gateway of the Gateway API.
pub(crate) const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// The group of the Gateway API.
const GATEWAY_GROUP: &str = "gateway.networking.k8s.io";

/// The proxy that a decision is about, as far as the Telemetry API looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod's labels.
    pub labels: &'a Labels,
    /// The kind of proxy.
    pub kind: ProxyKind,
    /// The service whose traffic a waypoint handles; `None` for its own listeners and other proxies.
    pub service: Option<&'a ServiceRef>,
}

/// Why an object does not attach to a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch<'a> {
    /// The selector asks for a label that the proxy does not have, or has with another value.
    Label {
        /// The label's key.
        key: &'a str,
        /// The value that is asked for.
        wanted: &'a str,
        /// The proxy's value, if it has one.
        found: Option<&'a str>,
    },
    /// The object has references, and the proxy belongs to no Gateway of the Gateway API.
    NoGateway,
    /// The object has a selector, and waypoints look at references only.
    WaypointSelector,
    /// None of the references is to the proxy.
    OtherTarget(&'a [TargetRef]),
}

impl<'a> Target<'a> {
    /// Whether an object attaches; wide objects are not asked for.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub fn attaches(
        &self,
        telemetry: &'a Telemetry,
        root_namespace: &str,
    ) -> Result<(), Mismatch<'a>> {
        let targets = telemetry.targets();
        let Some(gateway) = self.labels.get(GATEWAY_NAME) else {
            return if targets.is_empty() {
                self.selected(telemetry)
            } else {
                Err(Mismatch::NoGateway)
            };
        };
        if targets.is_empty() {
            return match self.kind {
                ProxyKind::Waypoint => Err(Mismatch::WaypointSelector),
                _ => self.selected(telemetry),
            };
        }
        let object = telemetry.meta.namespace.as_str();
        let hit = targets.iter().any(|target| {
            self.is_service(target, object)
                || self.is_waypoint_class(target, object, root_namespace)
                || self.namespace == object
                    && target.is(GATEWAY_GROUP, "Gateway")
                    && target.name == *gateway
        });
        if hit { Ok(()) } else { Err(Mismatch::OtherTarget(targets)) }
    }

    fn selected(&self, telemetry: &'a Telemetry) -> Result<(), Mismatch<'a>> {
        for (key, wanted) in telemetry.match_labels().into_iter().flatten() {
            let found = self.labels.get(key).map(String::as_str);
            if found != Some(wanted) {
                return Err(Mismatch::Label { key, wanted, found });
            }
        }
        Ok(())
    }

    fn is_service(&self, target: &TargetRef, namespace: &str) -> bool {
        let Some(service) = self.service.filter(|_| self.kind == ProxyKind::Waypoint) else {
            return false;
        };
        let (group, kind) = match service.kind {
            ServiceKind::Service => ("core", "Service"),
            ServiceKind::ServiceEntry => ("networking.istio.io", "ServiceEntry"),
        };
        target.is(group, kind) && target.name == service.name && namespace == service.namespace
    }

    fn is_waypoint_class(&self, target: &TargetRef, namespace: &str, root: &str) -> bool {
        self.kind == ProxyKind::Waypoint
            && namespace == root
            && target.is(GATEWAY_GROUP, "GatewayClass")
            && target.name == "istio-waypoint"
    }
}

/// A reference to a Gateway, as `targetRefs` have it.
pub(crate) fn gateway_ref(name: &str) -> Value {
    json!({"group": GATEWAY_GROUP, "kind": "Gateway", "name": name})
}

/// A reference to a Service or ServiceEntry, as `targetRefs` have it.
pub(crate) fn service_ref(service: &ServiceRef) -> Value {
    let group = match service.kind {
        ServiceKind::Service => "",
        ServiceKind::ServiceEntry => "networking.istio.io",
    };
    json!({"group": group, "kind": service.kind.as_str(), "name": service.name})
}

/// Whether all labels of a selector are among those of a workload.
pub(crate) fn selects(selector: &Labels, labels: &Labels) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

impl fmt::Display for Mismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label { key, wanted, found: None } => {
                write!(f, "its selector asks for the label `{key}: {wanted}`, which is not there")
            }
            Self::Label { key, wanted, found: Some(found) } => {
                write!(f, "its selector asks for the label `{key}: {wanted}`, and it is `{found}`")
            }
            Self::NoGateway => f.write_str(
                "it has targetRefs, which reach only proxies of Gateways of the Gateway API",
            ),
            Self::WaypointSelector => {
                f.write_str("it has a selector, and waypoints go by targetRefs only")
            }
            Self::OtherTarget(targets) => {
                let names = targets.iter().map(|t| format!("{} {}", t.kind, t.name));
                let names: Vec<String> = names.collect();
                write!(f, "its targetRefs name {}", names.join(", "))
            }
        }
    }
}
