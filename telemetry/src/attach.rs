//! Which Telemetry objects an istiod sees, and which of them attach to a proxy.

mod matcher;
mod selectors;
mod view;

pub(crate) use matcher::{GATEWAY_NAME, gateway_ref, selects, service_ref};
pub use matcher::{Mismatch, Target};
pub(crate) use selectors::Selectors;
pub use view::{Istiod, Unseen, View};

use crate::object::Telemetry;

/// A Telemetry that counts for a proxy. Later levels override earlier ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level<'a> {
    /// The object.
    pub telemetry: &'a Telemetry,
    /// What it is to the proxy.
    pub kind: LevelKind,
}

/// What a Telemetry is to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelKind {
    /// The wide object of the root namespace.
    Mesh,
    /// The wide object of the proxy's namespace.
    Namespace,
    /// The wide object of the namespace of a waypoint's service.
    ServiceNamespace,
    /// An object that selects or refers to the proxy or to a waypoint's service.
    Workload,
}

impl LevelKind {
    /// What the object is, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mesh => "the object of the whole mesh",
            Self::Namespace => "the object of the whole namespace",
            Self::ServiceNamespace => "the object of the whole namespace of the service",
            Self::Workload => "the object of the workload",
        }
    }
}
