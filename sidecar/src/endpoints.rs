//! The endpoints that a proxy holds, as `istioctl proxy-config endpoint` prints them.
//!
//! The table is what istiod's objects make of it: endpoints that only the proxy knows, such as the
//! addresses that DNS gave it and the original destinations of recent traffic, are not in it.

mod cluster;
mod table;

use serde::Serialize;

use crate::scope::Scope;
use crate::view::View;
pub use table::{EndpointChange, EndpointRow, EndpointTable, Unresolved};

/// The status of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It is ready.
    Healthy,
    /// It is not ready.
    Unhealthy,
}

/// The addresses of the pod whose proxy it is, the main one first; they matter only for a Sidecar
/// whose `ingress` forwards to them.
pub type PodAddresses<'a> = &'a [String];

/// The table of a proxy with this scope.
pub fn endpoints(view: &View, scope: &Scope, addresses: PodAddresses<'_>) -> EndpointTable {
    let mut table = EndpointTable::default();
    cluster::bootstrap(&mut table);
    if let Some(sidecar) = &scope.sidecar {
        cluster::inbound(&mut table, sidecar, addresses);
    }
    for service in &scope.services {
        cluster::outbound(&mut table, view, scope, service);
    }
    table.sort();
    table
}

impl Status {
    /// The status as istioctl prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}
