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
