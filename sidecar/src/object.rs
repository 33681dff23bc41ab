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

use mesh::Labels;
use serde_json::Value;

/// The API group of Istio's networking kinds.
pub(crate) const NETWORKING: &str = "networking.istio.io";

/// The items of a list; none of what is no list.
fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The strings of a list.
fn texts(value: &Value) -> Vec<String> {
    list(value).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A string; empty where there is none.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A port number; `None` where there is none, or 0.
fn port(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).filter(|port| *port != 0)
}

/// An object of strings.
fn labels(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
