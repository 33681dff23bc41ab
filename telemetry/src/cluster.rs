//! Decisions for the workloads of an inventory, each under the istiod that serves it.

use std::collections::{BTreeMap, BTreeSet};

use mesh::lint::Finding;
use mesh::{DEFAULT_REVISION, Inventory, ProxyKind, ServiceRef, Workload, services_of_waypoint};
use serde_json::Value;

use crate::attach::{Istiod, Target, View};
use crate::enable::{self, Plan, Refusal, Request};
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

    /// The inventory that the objects are of.
    pub(crate) fn inventory(&self) -> &'i Inventory {
        self.inventory
    }

    /// The cluster as it would be with more objects.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = Telemetry>) -> Self {
        let telemetries = self.telemetries.iter().cloned().chain(more).collect();
        Self { inventory: self.inventory, telemetries }
    }

    /// What it takes for workloads to log to their containers' logs for a time; nothing is changed
    /// by asking.
    ///
    /// # Errors
    ///
    /// When there is no telling that they would log as asked, and that nothing else would change.
    ///
    /// ```
    /// use telemetry::enable::Request;
    ///
    /// let mut loader = mesh::Loader::new();
    /// loader.add("pod.yaml", br#"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: reviews-v1-5f6-x2k4n, namespace: bookinfo, labels: {app: reviews}}
    /// spec: {containers: [{name: istio-proxy, args: [proxy, sidecar]}]}
    /// "#);
    /// let inventory = loader.finish().inventory;
    /// let now = "2026-11-26T00:00:00Z".parse()?;
    /// let plan = telemetry::Cluster::new(&inventory).enable(&Request {
    ///     workloads: &[&inventory.workloads[0]],
    ///     filter: Some("response.code >= 500"),
    ///     suffix: "k3v9",
    ///     now,
    ///     expires: "2026-11-26T00:15:00Z".parse()?,
    /// })?;
    /// let object = &plan.objects()[0];
    /// assert_eq!(object.name, "logcollector-reviews-v1-5f6-x2k4n-k3v9");
    /// assert_eq!(object.manifest["spec"]["selector"]["matchLabels"]["app"], "reviews");
    /// assert_eq!(plan.effects()[0].format, "istio");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enable(&self, request: &Request<'_>) -> Result<Plan, Refusal> {
        enable::plan(self, request)
    }

    /// The objects by which logging was turned on here for a workload, by namespace and name: those
    /// with the marks of [`enable`](Self::enable) that attach to it, or to a service of a waypoint.
    pub fn enabled(&self, workload: &Workload) -> Vec<&Telemetry> {
        if workload.proxy.kind == ProxyKind::None {
            return Vec::new();
        }
        let root = &self.inventory.mesh_config(&workload.proxy.revision).root_namespace;
        let services = self.services(workload, &self.istiod(&workload.proxy.revision));
        let services: Vec<Option<&ServiceRef>> = match services.as_slice() {
            [] => vec![None],
            services => services.iter().map(Some).collect(),
        };
        let attaches = |it: &Telemetry| {
            services.iter().any(|service| {
                let target = Target::new(workload, *service);
                let namespace = service.map_or(target.namespace, |it| &it.namespace);
                it.meta.namespace == namespace && target.attaches(it, root).is_ok()
            })
        };
        let ours = self.telemetries.iter().filter(|it| enable::is_ours(&it.meta));
        ours.filter(|it| !it.is_wide() && attaches(it)).collect()
    }

    /// The rows of workloads, in their order.
    ///
    /// With a `revision`, all are computed as if its istiod served them; without, each under its own.
    pub fn who<'w>(
        &self,
        workloads: impl IntoIterator<Item = &'w Workload>,
        revision: Option<&str>,
    ) -> Vec<Row> {
        self.each(workloads, revision).into_iter().flat_map(|(_, rows)| rows).collect()
    }

    /// Workloads with their rows; `revision` is as for [`who`](Self::who).
    pub(crate) fn each<'w>(
        &self,
        workloads: impl IntoIterator<Item = &'w Workload>,
        revision: Option<&str>,
    ) -> Vec<(&'w Workload, Vec<Row>)> {
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
                rows.push((workload, who.rows(workload, &self.services(workload, istiod))));
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
    pub(crate) fn services(&self, workload: &Workload, istiod: &Istiod<'_>) -> Vec<ServiceRef> {
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
