//! What a proxy can reach: the Sidecar that applies to it, its policy for unknown traffic, and the
//! services, ports and VirtualServices that it sees.
//!
//! Follows `pilot/pkg/model/sidecar.go` and `pilot/pkg/model/push_context.go` at istio/istio
//! 86c9f01f.

mod hosts;
mod listener;
mod pool;
mod report;
pub(crate) mod select;
mod union;

use std::sync::Arc;

use mesh::{Labels, ProxyKind, Workload};

use crate::because::{Because, Reasons};
use crate::object::{EgressListener, OutboundTrafficPolicy, PolicyMode, Sidecar};
use crate::registry::{Alias, Port, Service};
use crate::view::{Routing, View};
pub(crate) use pool::Pool;
pub use report::{ScopeChange, ScopeReport, ServiceReport};

/// The proxy that a scope is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod's labels.
    pub labels: &'a Labels,
    /// The kind of proxy. A pod without a proxy is taken for one that gets a sidecar.
    pub kind: ProxyKind,
}

/// What a proxy can reach.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The proxy's namespace.
    pub namespace: String,
    /// The proxy's labels.
    pub labels: Labels,
    /// The Sidecar that applies; `None` when none does, and for gateways and waypoints.
    pub sidecar: Option<Arc<Sidecar>>,
    /// What becomes of unknown traffic; `None` for gateways and waypoints.
    pub outbound_traffic_policy: Option<OutboundTrafficPolicy>,
    /// The services, by host: those that have clusters.
    pub services: Vec<InScope>,
    /// What decided, in order.
    pub because: Vec<Because>,
    /// The egress listeners, in their order; none for gateways and waypoints.
    pub(crate) listeners: Vec<ScopeListener>,
    /// Whether it is that of a sidecar.
    pub(crate) is_sidecar: bool,
}

/// A service in a scope.
#[derive(Debug, Clone)]
pub struct InScope {
    /// The service.
    pub service: Arc<Service>,
    /// The ports that are in scope, which may be fewer than the service has, and those of another
    /// object with the same host.
    pub ports: Vec<Port>,
}

/// An egress listener of a scope.
#[derive(Debug, Clone)]
pub(crate) struct ScopeListener {
    /// What the Sidecar says of it.
    pub(crate) declared: EgressListener,
    /// The services that it imports.
    pub(crate) services: Vec<Imported>,
    /// The VirtualServices that count in it, the first of which wins over the others.
    pub(crate) virtual_services: Vec<Routing>,
}

/// A service that an egress listener imports.
#[derive(Debug, Clone)]
pub(crate) struct Imported {
    pub(crate) service: Arc<Service>,
    /// The one port, where the listener has a port of its own.
    pub(crate) only: Option<u16>,
    /// Those of the service's aliases that the listener imports too.
    pub(crate) aliases: Vec<Alias>,
}

impl<'a> Target<'a> {
    /// The proxy of a workload.
    pub fn of(workload: &'a Workload) -> Self {
        Self {
            namespace: &workload.meta.namespace,
            labels: &workload.labels,
            kind: workload.proxy.kind,
        }
    }
}

impl Imported {
    /// The ports that are imported.
    pub(crate) fn ports(&self) -> impl Iterator<Item = &Port> {
        let only = self.only;
        self.service.ports.iter().filter(move |port| only.is_none_or(|only| port.number == only))
    }
}

impl Scope {
    /// What a proxy can reach.
    ///
    /// ```
    /// use mesh::{Labels, Loader, ProxyKind};
    /// use sidecar::{Scope, Settings, Target, View};
    ///
    /// let mut loader = Loader::new();
    /// loader.add("mesh.yaml", b"
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: reviews, namespace: bookinfo}
    /// spec: {clusterIP: 10.0.0.1, ports: [{name: http, port: 9080}]}
    /// ---
    /// apiVersion: networking.istio.io/v1
    /// kind: Sidecar
    /// metadata: {name: default, namespace: default}
    /// spec: {egress: [{hosts: ['./*']}]}
    /// ");
    /// let view = View::new(&loader.finish().inventory, Settings::default());
    ///
    /// let labels = Labels::new();
    /// let target = |namespace| Target { namespace, labels: &labels, kind: ProxyKind::Sidecar };
    /// assert_eq!(Scope::of(&view, &target("bookinfo")).services.len(), 1);
    /// assert!(Scope::of(&view, &target("default")).services.is_empty());
    /// ```
    pub fn of(view: &View, target: &Target<'_>) -> Self {
        match target.kind {
            ProxyKind::Router | ProxyKind::Waypoint => Self::of_gateway(view, target),
            ProxyKind::Sidecar | ProxyKind::None => {
                let mut because = Reasons::wanted();
                let sidecar = select::sidecar(view, target, &mut because);
                Self::of_sidecar(view, target, sidecar, None, because)
            }
        }
    }

    /// What a sidecar can reach, without the reasons.
    pub(crate) fn without_reasons(view: &View, target: &Target<'_>) -> Self {
        let sidecar = view.sidecar_of(target);
        Self::of_sidecar(view, target, sidecar, None, Reasons::unwanted())
    }

    /// What a sidecar could reach if this Sidecar applied to it, whatever others there are, with its
    /// hosts among those that the pool was made of. It has no reasons.
    pub(crate) fn under(
        view: &View,
        target: &Target<'_>,
        sidecar: Arc<Sidecar>,
        pool: &Pool,
    ) -> Self {
        Self::of_sidecar(view, target, Some(sidecar), Some(pool), Reasons::unwanted())
    }

    /// What a sidecar could reach if this Sidecar applied to it, without the reasons.
    pub(crate) fn applied(view: &View, target: &Target<'_>, sidecar: Arc<Sidecar>) -> Self {
        Self::of_sidecar(view, target, Some(sidecar), None, Reasons::unwanted())
    }

    fn of_sidecar(
        view: &View,
        target: &Target<'_>,
        sidecar: Option<Arc<Sidecar>>,
        pool: Option<&Pool>,
        mut because: Reasons,
    ) -> Self {
        let policy = select::policy(view, sidecar.as_deref(), &mut because);
        let everything =
            EgressListener { hosts: vec!["*/*".to_owned()], ..EgressListener::default() };
        let declared = match sidecar.as_deref().map(|sidecar| sidecar.egress.as_slice()) {
            Some([]) | None => std::slice::from_ref(&everything),
            Some(egress) => egress,
        };
        let object = sidecar.as_ref().map(|sidecar| sidecar.meta.qualified_name());
        let context = listener::Context { view, namespace: target.namespace, object, pool };
        let listeners: Vec<ScopeListener> = declared
            .iter()
            .enumerate()
            .map(|(index, declared)| context.listener(index, declared, &mut because))
            .collect();
        let services = union::of_listeners(view, target.namespace, &listeners, &mut because);
        Self {
            namespace: target.namespace.to_owned(),
            labels: target.labels.clone(),
            sidecar,
            outbound_traffic_policy: Some(policy),
            services,
            because: because.into_vec(),
            listeners,
            is_sidecar: true,
        }
    }

    /// A gateway sees every service that is exported to its namespace.
    fn of_gateway(view: &View, target: &Target<'_>) -> Self {
        let all = (0..view.registry.services().len()).collect();
        let (seen, _) = view.registry.seen_from(target.namespace, all);
        let because = vec![Because::new(
            format!("namespace {}", target.namespace),
            format!(
                "the proxy is a {}, to which no Sidecar applies: it sees all that is exported to it",
                target.kind.as_str()
            ),
        )];
        Self {
            namespace: target.namespace.to_owned(),
            labels: target.labels.clone(),
            sidecar: None,
            outbound_traffic_policy: None,
            services: union::of_gateway(seen.into_iter().map(|reach| reach.service)),
            because,
            listeners: Vec::new(),
            is_sidecar: false,
        }
    }

    /// The mode of the policy; that of a gateway, which has none, lets pass nothing that it does not
    /// know.
    pub fn mode(&self) -> PolicyMode {
        let policy = self.outbound_traffic_policy.as_ref();
        policy.map_or(PolicyMode::RegistryOnly, |policy| policy.mode)
    }

    /// The service of that host.
    pub fn service(&self, host: &str) -> Option<&InScope> {
        let found = self.services.binary_search_by(|it| it.service.host.as_str().cmp(host));
        found.ok().and_then(|index| self.services.get(index))
    }
}
