//! Decisions for the workloads of an inventory, each under the istiod that serves it.

use std::collections::{BTreeMap, BTreeSet};

use mesh::{Inventory, Workload};

use crate::attach::{Istiod, TargetService, View};
use crate::logger::Hosts;
use crate::object::Telemetry;
use crate::who::{Row, Who};

/// The domain of the cluster's services, which MeshConfig does not tell.
const DOMAIN: &str = "svc.cluster.local";

/// The Telemetry objects of an inventory, read once for all that is asked of them.
///
/// ```
/// let mut loader = mesh::Loader::new();
/// loader.add("pod.yaml", br#"
/// apiVersion: v1
/// kind: Pod
/// metadata: {name: reviews, namespace: bookinfo}
/// spec: {containers: [{name: istio-proxy, args: [proxy, sidecar]}]}
/// ---
/// apiVersion: telemetry.istio.io/v1
/// kind: Telemetry
/// metadata: {name: all, namespace: istio-system}
/// spec: {accessLogging: [{providers: [{name: envoy}]}]}
/// "#);
/// let inventory = loader.finish().inventory;
/// let cluster = telemetry::Cluster::new(&inventory);
/// let rows = cluster.who(&inventory.workloads, None);
/// assert!(rows[0].client.as_ref().is_some_and(|client| client.emits));
/// ```
#[derive(Debug)]
pub struct Cluster<'i> {
    inventory: &'i Inventory,
    telemetries: Vec<Telemetry>,
}

impl<'i> Cluster<'i> {
    /// Reads the Telemetry objects of an inventory.
    pub fn new(inventory: &'i Inventory) -> Self {
        let telemetries = inventory.objects.iter().filter_map(Telemetry::read).collect();
        Self { inventory, telemetries }
    }

    /// The Telemetry objects, those too that an API server would refuse.
    pub fn telemetries(&self) -> &[Telemetry] {
        &self.telemetries
    }

    /// The rows of workloads, in their order.
    ///
    /// With a `revision`, all are computed as if its istiod served them; without, each under its own.
    pub fn who<'w>(
        &self,
        workloads: impl IntoIterator<Item = &'w Workload>,
        revision: Option<&str>,
    ) -> Vec<Row> {
        let workloads: Vec<&Workload> = workloads.into_iter().collect();
        let revision_of = |workload: &'w Workload| revision.unwrap_or(&workload.proxy.revision);
        let revisions: BTreeSet<&str> = workloads.iter().map(|it| revision_of(it)).collect();
        let istiods: Vec<Istiod<'_>> =
            revisions.iter().map(|revision| self.istiod(revision)).collect();
        let views: Vec<View<'_>> =
            istiods.iter().map(|istiod| View::new(&self.telemetries, istiod)).collect();
        let mut who: BTreeMap<&str, Who<'_>> =
            revisions.into_iter().zip(views.iter().map(Who::new)).collect();
        let mut rows = Vec::new();
        for workload in workloads {
            if let Some(who) = who.get_mut(revision_of(workload)) {
                rows.extend(who.rows(workload, &self.services(workload)));
            }
        }
        rows
    }

    /// What the istiod of a revision goes by.
    pub fn istiod(&self, revision: &str) -> Istiod<'i> {
        let mesh = self.inventory.mesh_config(revision);
        let names = self.inventory.namespaces.keys();
        let undiscovered =
            names.filter(|name| !self.inventory.discovered(name, mesh)).cloned().collect();
        let hosts = self.hosts(&undiscovered);
        Istiod { revision: revision.to_owned(), mesh, undiscovered, hosts }
    }

    /// The services of a waypoint; none for other proxies.
    pub fn services(&self, _workload: &Workload) -> Vec<TargetService<'i>> {
        Vec::new()
    }

    fn hosts(&self, undiscovered: &BTreeSet<String>) -> Hosts {
        let mut hosts = Hosts::default();
        let services = self.inventory.services.iter().map(|service| {
            let meta = &service.meta;
            (&meta.namespace, format!("{}.{}.{DOMAIN}", meta.name, meta.namespace))
        });
        let entries =
            self.inventory.service_entries.iter().flat_map(|entry| {
                entry.hosts.iter().map(|host| (&entry.meta.namespace, host.clone()))
            });
        for (namespace, host) in services.chain(entries) {
            if !undiscovered.contains(namespace) {
                hosts.add(&host, namespace);
            }
        }
        hosts
    }
}
