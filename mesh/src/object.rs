//! Objects as they are read from manifests or from a cluster.

use serde_json::Value;

use crate::meta::Meta;

/// An object of one of Istio's own kinds, or of the Gateway API, not yet looked into.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The API group without the version, such as `telemetry.istio.io`.
    pub group: String,
    /// The version, such as `v1`.
    pub version: String,
    /// The kind, such as `Telemetry`.
    pub kind: String,
    /// The metadata.
    pub meta: Meta,
    /// The object's `spec`; null when it has none.
    pub spec: Value,
}

/// A Kubernetes Service, as far as Istio looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The metadata.
    pub meta: Meta,
}

/// An Istio ServiceEntry, as far as it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEntry {
    /// The metadata.
    pub meta: Meta,
    /// The hosts that it adds to the mesh.
    pub hosts: Vec<String>,
}
