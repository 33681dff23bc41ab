//! Names of workloads and services, where the traffic is known.

use std::fmt::Display;

use anstyle::Style;
use sidecar::{Class, Direction};

use crate::enrich::{Enriched, Workload};
use crate::paint::{RED, YELLOW};
use crate::visible;

/// What stands for addresses where the traffic is known.
#[derive(Default)]
pub(super) struct Names {
    pub(super) source: Option<String>,
    pub(super) service: Option<String>,
    pub(super) destination: Option<String>,
    /// Whether these say what the cluster's name would.
    pub(super) tell_cluster: bool,
    /// What is out of the ordinary.
    pub(super) remark: Option<(Style, &'static str)>,
}

impl Names {
    /// The names that objects and the record tell.
    pub(super) fn of(enriched: &Enriched<'_>) -> Self {
        let traffic = &enriched.traffic;
        let workload = |workload: &Workload| visible::text(workload.name.as_bytes());
        let service = traffic
            .host
            .map(|host| visible::text(service(host, traffic.port, traffic.subset).as_bytes()));
        let remark = match traffic.class {
            Class::OutboundPassthrough | Class::InboundPassthrough => Some((YELLOW, "passthrough")),
            Class::OutboundBlocked => Some((RED, "blocked")),
            Class::InboundRejected => Some((RED, "rejected")),
            Class::OutboundMatched | Class::Inbound | Class::Unknown => None,
        };
        let is_inbound = traffic.direction == Some(Direction::Inbound);
        let destination = enriched.destination.map(|it| match traffic.port {
            Some(port) if is_inbound => format!("{}:{port}", workload(it)),
            _ => workload(it),
        });
        Self {
            tell_cluster: remark.is_some() || (is_inbound && destination.is_some()),
            source: enriched.source.map(workload),
            service,
            destination,
            remark,
        }
    }
}

/// A service as `reviews.bookinfo:80 (v1)`, without the domain of the cluster.
pub(super) fn service(host: &str, port: Option<impl Display>, subset: Option<&str>) -> String {
    let host = host.strip_suffix(".svc.cluster.local").unwrap_or(host);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let subset = subset.map(|subset| format!(" ({subset})")).unwrap_or_default();
    format!("{host}{port}{subset}")
}
