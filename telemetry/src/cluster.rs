//! Decisions for the workloads of an inventory, each under the istiod that serves it.

use std::collections::{BTreeMap, BTreeSet};

use mesh::lint::Finding;
use mesh::{DEFAULT_REVISION, Inventory, ProxyKind, ServiceRef, Workload, services_of_waypoint};
use serde_json::Value;

use crate::attach::{Istiod, Target, View};
use crate::lint::{Subject, lint};
use crate::logger::Hosts;
use crate::object::Telemetry;
use crate::render::render;
use crate::story::Story;
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
        let mut who: BTreeMap<&str, (&Istiod<'_>, Who<'_>)> =
            revisions.into_iter().zip(istiods.iter().zip(views.iter().map(Who::new))).collect();
        let mut rows = Vec::new();
        for workload in workloads {
            if let Some((istiod, who)) = who.get_mut(revision_of(workload)) {
                rows.extend(who.rows(workload, &self.services(workload, istiod)));
            }
        }
        rows
    }

    /// Why a workload logs what it logs: one story, or one for each of a waypoint's services.
    ///
    /// `revision` is as for [`who`](Self::who).
    pub fn explain(&self, workload: &Workload, revision: Option<&str>) -> Vec<Story> {
        let istiod = self.istiod(revision.unwrap_or(&workload.proxy.revision));
        let view = View::new(&self.telemetries, &istiod);
        let services = self.services(workload, &istiod);
        let mut stories: Vec<Story> = match services.as_slice() {
            [] => vec![Story::new(&view, workload, None)],
            services => services.iter().map(|it| Story::new(&view, workload, Some(it))).collect(),
        };
        for story in &mut stories {
            story.name_others(workload, &self.inventory.workloads);
            story.envoy_filters(workload, &self.inventory.objects, &istiod.mesh.root_namespace);
        }
        stories
    }

    /// A workload's loggers as Envoy's configuration; [`render`] says in which shape.
    ///
    /// `revision` is as for [`who`](Self::who).
    pub fn render(&self, workload: &Workload, revision: Option<&str>) -> Value {
        let istiod = self.istiod(revision.unwrap_or(&workload.proxy.revision));
        let view = View::new(&self.telemetries, &istiod);
        render(&view, &Target::new(workload, None), &self.services(workload, &istiod))
    }

    /// Everything that is wrong with the Telemetry objects, the most severe first.
    ///
    /// With a `revision`, it is what is wrong under its istiod; without, under those of all workloads.
    pub fn lint(&self, revision: Option<&str>) -> Vec<Finding> {
        let proxies = self.inventory.workloads.iter().map(|workload| &workload.proxy);
        let proxies = proxies.filter(|proxy| proxy.kind != ProxyKind::None);
        let mut revisions: BTreeSet<&str> = match revision {
            Some(revision) => BTreeSet::from([revision]),
            None => proxies.map(|proxy| proxy.revision.as_str()).collect(),
        };
        if revisions.is_empty() {
            revisions.insert(DEFAULT_REVISION);
        }
        let istiods: Vec<Istiod<'_>> = revisions.iter().map(|it| self.istiod(it)).collect();
        let views: Vec<View<'_>> =
            istiods.iter().map(|istiod| View::new(&self.telemetries, istiod)).collect();
        let workloads = &self.inventory.workloads;
        let objects = &self.inventory.objects;
        lint(&Subject { views: &views, telemetries: &self.telemetries, workloads, objects })
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

    /// The services of a waypoint that its istiod sees; none for other proxies.
    fn services(&self, workload: &Workload, istiod: &Istiod<'_>) -> Vec<ServiceRef> {
        if workload.proxy.kind != ProxyKind::Waypoint {
            return Vec::new();
        }
        let mut services = services_of_waypoint(self.inventory, workload);
        services.retain(|service| !istiod.undiscovered.contains(&service.namespace));
        services
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
