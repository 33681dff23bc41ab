//! The objects that a scope is made of.

mod destination_rule;
pub(crate) mod gateway_route;
mod sidecar;
mod virtual_service;

pub use destination_rule::{DestinationRule, Subset, TrafficPolicy};
pub use sidecar::{
    EgressListener, IngressListener, ListenerPort, OutboundTrafficPolicy, PolicyMode, Sidecar,
};
pub(crate) use virtual_service::MESH;
pub use virtual_service::{
    Delegate, Destination, HttpMatch, HttpRoute, L4Match, L4Route, VirtualService,
};

use mesh::schema::{labels, list, text, texts};
use serde_json::Value;

/// The API group of Istio's networking kinds.
pub(crate) const NETWORKING: &str = "networking.istio.io";

/// A port number; `None` where there is none, or 0.
fn port(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|port| *port != 0)
}
