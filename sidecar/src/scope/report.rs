//! A scope as it is printed in JSON.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Scope;
use crate::because::Because;
use crate::object::PolicyMode;

/// What `logcollector sidecar scope -o json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeReport {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The Sidecar as `namespace/name`; null when none applies.
    pub sidecar: Option<String>,
    /// The policy for unknown traffic; null for a gateway.
    pub outbound_traffic_policy: Option<PolicyMode>,
    /// The services, by host.
    pub services: Vec<ServiceReport>,
    /// What decided, in order.
    pub because: Vec<Because>,
}

/// A service in a [`ScopeReport`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServiceReport {
    /// The host.
    pub host: String,
    /// The namespace of the object.
    pub namespace: String,
    /// The ports, by number; empty for a service without ports.
    pub ports: Vec<u16>,
}

/// A scope before and after a change, as `sidecar scope --with` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScopeChange {
    /// Before.
    pub before: ScopeReport,
    /// After.
    pub after: ScopeReport,
}

impl Scope {
    /// The scope of the pod of that name, as it is printed.
    pub fn report(&self, pod: &str) -> ScopeReport {
        let services = self.services.iter().map(|it| {
            let ports: BTreeSet<u16> = it.ports.iter().map(|port| port.number).collect();
            ServiceReport {
                host: it.service.host.clone(),
                namespace: it.service.namespace.clone(),
                ports: ports.into_iter().collect(),
            }
        });
        ScopeReport {
            namespace: self.namespace.clone(),
            pod: pod.to_owned(),
            sidecar: self.sidecar.as_ref().map(|sidecar| sidecar.meta.qualified_name()),
            outbound_traffic_policy: self.outbound_traffic_policy.as_ref().map(|it| it.mode),
            services: services.collect(),
            because: self.because.clone(),
        }
    }
}
