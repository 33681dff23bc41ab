//! The rows of `logcollector telemetry who`: which workloads log, and what.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::{ProxyKind, ServiceRef, Workload};
use serde::Serialize;

use crate::attach::{Target, View};
use crate::decide::Decision;
use crate::object::Side;

/// What one workload logs; of a waypoint, what it logs for one service.
///
/// It serialises to a row of `logcollector telemetry who -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The namespace.
    pub namespace: String,
    /// The pod, or a controller without its pods as `deploy/NAME` and the like.
    pub pod: String,
    /// The kind of proxy: `sidecar`, `router`, `waypoint` or `none`.
    pub proxy: &'static str,
    /// The Service or ServiceEntry as `namespace/name`, for waypoints that serve any.
    pub service: Option<String>,
    /// What the client side logs; `None` for a waypoint, which has none.
    pub client: Option<Arc<Decision>>,
    /// What the server side logs; `None` for a router, which has none.
    pub server: Option<Arc<Decision>>,
}

/// Decides for one workload after the other under one istiod.
///
/// Workloads with the same levels share a decision, so that many cost little more than few.
#[derive(Debug)]
pub struct Who<'v> {
    view: &'v View<'v>,
    /// Decisions by the addresses of the levels' objects.
    known: HashMap<(Vec<usize>, Side), Arc<Decision>>,
}

impl<'v> Who<'v> {
    /// Decides under `view`.
    pub fn new(view: &'v View<'v>) -> Self {
        Self { view, known: HashMap::new() }
    }

    /// The rows of a workload: one, or one for each of a waypoint's services.
    pub fn rows(&mut self, workload: &Workload, services: &[ServiceRef]) -> Vec<Row> {
        if workload.proxy.kind == ProxyKind::Waypoint && !services.is_empty() {
            return services.iter().map(|service| self.row(workload, Some(service))).collect();
        }
        vec![self.row(workload, None)]
    }

    /// The decision for one side of a proxy.
    pub fn decide(&mut self, target: &Target<'_>, side: Side) -> Arc<Decision> {
        let levels = self.view.levels(target);
        let ids = levels.iter().map(|level| std::ptr::from_ref(level.telemetry).addr()).collect();
        let decide = || Arc::new(Decision::of_levels(self.view, &levels, side));
        Arc::clone(self.known.entry((ids, side)).or_insert_with(decide))
    }

    /// The row of a workload; `service` is the one that a waypoint is asked for.
    pub fn row(&mut self, workload: &Workload, service: Option<&ServiceRef>) -> Row {
        let target = Target::new(workload, service);
        let (client, server) = match target.kind {
            ProxyKind::Sidecar => {
                (Some(self.decide(&target, Side::Client)), Some(self.decide(&target, Side::Server)))
            }
            ProxyKind::Router => (Some(self.decide(&target, Side::Client)), None),
            ProxyKind::Waypoint => (None, Some(self.decide(&target, Side::Server))),
            ProxyKind::None => {
                let object = format!("{}/{}", workload.meta.namespace, workload.display_name());
                let neither = Arc::new(Decision::no_envoy(&object, &workload.proxy.because));
                (Some(Arc::clone(&neither)), Some(neither))
            }
        };
        Row {
            namespace: workload.meta.namespace.clone(),
            pod: workload.display_name(),
            proxy: target.kind.as_str(),
            service: service.map(qualified_name),
            client,
            server,
        }
    }
}

/// A service's object as `namespace/name`.
pub(crate) fn qualified_name(service: &ServiceRef) -> String {
    format!("{}/{}", service.namespace, service.name)
}

impl<'a> Target<'a> {
    /// A workload's proxy; `service` is the one that a waypoint is asked for.
    pub fn new(workload: &'a Workload, service: Option<&'a ServiceRef>) -> Self {
        Self {
            namespace: &workload.meta.namespace,
            labels: &workload.labels,
            kind: workload.proxy.kind,
            service,
        }
    }
}
