//! All services, found by namespace, host or address.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use mesh::{Inventory, MeshConfig, Visibility};

use super::aliases;
use super::endpoints::{self, ByService, Endpoint};
use super::export::{ExportTo, Seen};
use super::service::{Provider, Service};
use crate::hostname::is_wildcard;
use crate::view::Settings;

/// The services that an istiod knows.
#[derive(Debug)]
pub struct Registry {
    /// By age; the position is the service's rank.
    services: Vec<Arc<Service>>,
    /// Who sees each of them.
    exports: Vec<ExportTo>,
    by_namespace: HashMap<String, Vec<usize>>,
    by_host: HashMap<String, Vec<usize>>,
    /// The one service of a host and namespace that destinations of VirtualServices mean.
    main: HashMap<String, BTreeMap<String, usize>>,
    by_address: HashMap<IpAddr, Vec<usize>>,
    by_endpoint: HashMap<IpAddr, Vec<usize>>,
    endpoints: ByService,
}

/// A service as it is seen from a namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach<'r> {
    pub(crate) service: &'r Arc<Service>,
    /// Its place in the order of candidates.
    pub(crate) order: (Seen, usize),
}

impl Registry {
    /// The services that the istiod of these settings knows, under its MeshConfig in the inventory.
    pub fn new(inventory: &Inventory, settings: &Settings) -> Self {
        let config = inventory.mesh_config(&settings.revision);
        let discovered = |namespace: &str| inventory.discovered(namespace, config);
        let mut services: Vec<Service> = Vec::new();
        for service in inventory.services.iter().filter(|it| discovered(&it.meta.namespace)) {
            services.push(Service::of_kubernetes(service, &settings.domain));
        }
        for entry in &inventory.service_entries {
            if discovered(&entry.meta.namespace) && settings.is_own(&entry.meta) {
                services.extend(Service::of_entry(entry));
            }
        }
        services.sort_by(|one, other| one.age_order().cmp(&other.age_order()));
        aliases::resolve(&mut services);
        let endpoints = endpoints::find(inventory, &settings.domain, &discovered);
        let exports = Exports::new(inventory, config, settings);
        let exports = services.iter().map(|service| exports.of(service)).collect();
        Self::index(services, exports, endpoints)
    }

    fn index(services: Vec<Service>, exports: Vec<ExportTo>, endpoints: ByService) -> Self {
        let mut registry = Self {
            services: services.into_iter().map(Arc::new).collect(),
            exports,
            by_namespace: HashMap::new(),
            by_host: HashMap::new(),
            main: HashMap::new(),
            by_address: HashMap::new(),
            by_endpoint: HashMap::new(),
            endpoints,
        };
        for (rank, service) in registry.services.iter().enumerate() {
            registry.by_namespace.entry(service.namespace.clone()).or_default().push(rank);
            registry.by_host.entry(service.host.clone()).or_default().push(rank);
            let main = registry.main.entry(service.host.clone()).or_default();
            let is_kubernetes = service.provider == Provider::Kubernetes;
            match main.get(&service.namespace).and_then(|former| registry.services.get(*former)) {
                Some(former) if !is_kubernetes || former.provider == Provider::Kubernetes => {}
                _ => {
                    main.insert(service.namespace.clone(), rank);
                }
            }
            for address in service.addresses.iter().chain(&service.allocated) {
                if let Ok(address) = address.parse() {
                    registry.by_address.entry(address).or_default().push(rank);
                }
            }
            let key = (service.host.clone(), service.namespace.clone());
            for endpoint in registry.endpoints.get(&key).into_iter().flatten() {
                if let Ok(address) = endpoint.address.parse() {
                    let ranks = registry.by_endpoint.entry(address).or_default();
                    if ranks.last() != Some(&rank) {
                        ranks.push(rank);
                    }
                }
            }
        }
        registry
    }

    /// All services, oldest first.
    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    /// The services with an address of their own, such as a ClusterIP, or one that istiod allocated.
    pub fn by_address(&self, address: IpAddr) -> impl Iterator<Item = &Arc<Service>> {
        self.of_ranks(self.by_address.get(&address))
    }

    /// The services that have an endpoint with this address.
    pub fn by_endpoint(&self, address: IpAddr) -> impl Iterator<Item = &Arc<Service>> {
        self.of_ranks(self.by_endpoint.get(&address))
    }

    /// The services of a host, in every namespace.
    pub fn by_host(&self, host: &str) -> impl Iterator<Item = &Arc<Service>> {
        self.of_ranks(self.by_host.get(host))
    }

    /// The endpoints of a host in a namespace.
    pub fn endpoints(&self, host: &str, namespace: &str) -> &[Endpoint] {
        let key = (host.to_owned(), namespace.to_owned());
        self.endpoints.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Who sees a service.
    pub(crate) fn export_of(&self, service: &Arc<Service>) -> Option<&ExportTo> {
        let ranks = self.by_host.get(&service.host)?;
        let is_it = |rank: &&usize| {
            self.services.get(**rank).is_some_and(|found| Arc::ptr_eq(found, service))
        };
        self.exports.get(*ranks.iter().find(is_it)?)
    }

    /// The service that a destination of a VirtualService means, by namespace.
    pub(crate) fn main_by_namespace(
        &self,
        host: &str,
    ) -> impl Iterator<Item = (&str, &Arc<Service>)> {
        let found = self.main.get(host).into_iter().flatten();
        found.filter_map(|(namespace, rank)| Some((namespace.as_str(), self.services.get(*rank)?)))
    }

    /// Whether a service is seen from a namespace.
    pub(crate) fn is_seen(&self, service: &Arc<Service>, namespace: &str) -> bool {
        let export = self.export_of(service);
        export.is_some_and(|it| it.seen_from(namespace, &service.namespace).is_some())
    }

    /// The services that may match entries `(namespace, name)`, in no order and perhaps repeated;
    /// every service for an entry that any namespace and a wildcard make.
    pub(crate) fn candidates<'e>(
        &self,
        entries: impl Iterator<Item = (&'e str, &'e str)>,
    ) -> Vec<usize> {
        let mut ranks = Vec::new();
        for (namespace, name) in entries {
            let found = match (namespace, is_wildcard(name)) {
                ("*", true) => return (0..self.services.len()).collect(),
                ("*", false) => self.by_host.get(name),
                (namespace, _) => self.by_namespace.get(namespace),
            };
            ranks.extend(found.into_iter().flatten().copied());
        }
        ranks
    }

    /// What of these services is seen from a namespace, in the order of candidates: those exported to
    /// the namespace before the public ones, each by age. What is not seen comes second.
    pub(crate) fn seen_from(
        &self,
        namespace: &str,
        mut ranks: Vec<usize>,
    ) -> (Vec<Reach<'_>>, Vec<&Arc<Service>>) {
        ranks.sort_unstable();
        ranks.dedup();
        let mut seen = Vec::new();
        let mut unseen = Vec::new();
        for rank in ranks {
            let (Some(service), Some(export)) = (self.services.get(rank), self.exports.get(rank))
            else {
                continue;
            };
            match export.seen_from(namespace, &service.namespace) {
                Some(how) => seen.push(Reach { service, order: (how, rank) }),
                None => unseen.push(service),
            }
        }
        seen.sort_by_key(|reach| reach.order);
        (seen, unseen)
    }

    fn of_ranks<'r>(
        &'r self,
        ranks: Option<&'r Vec<usize>>,
    ) -> impl Iterator<Item = &'r Arc<Service>> {
        ranks.into_iter().flatten().filter_map(|rank| self.services.get(*rank))
    }
}

/// Who sees services, by all that has a say.
struct Exports<'i> {
    inventory: &'i Inventory,
    config: &'i MeshConfig,
    by_default: ExportTo,
    narrows: bool,
}

impl<'i> Exports<'i> {
    fn new(inventory: &'i Inventory, config: &'i MeshConfig, settings: &Settings) -> Self {
        let by_default = config.default_service_export_to.as_deref().and_then(ExportTo::of_list);
        let narrows = settings.version.has_service_entry_visibility()
            && config.service_entry_visibility.apply_to_sidecars;
        let by_default = by_default.unwrap_or_else(ExportTo::all);
        Self { inventory, config, by_default, narrows }
    }

    fn of(&self, service: &Service) -> ExportTo {
        let export = service.export_to.as_ref().unwrap_or(&self.by_default);
        if !self.narrows || service.provider != Provider::ServiceEntry || export.is_hidden() {
            return export.clone();
        }
        match self.visibility(&service.namespace) {
            Visibility::Public => export.clone(),
            Visibility::Namespace => export.narrowed_to_own(&service.namespace),
            Visibility::None => ExportTo::nobody(),
        }
    }

    /// How far ServiceEntries of a namespace are seen.
    fn visibility(&self, namespace: &str) -> Visibility {
        let rules = &self.config.service_entry_visibility;
        let labels = self.inventory.namespace_labels(namespace);
        let matches = |selector: &Option<mesh::Selector>| match (selector, labels) {
            (Some(selector), Some(labels)) => selector.matches(labels),
            _ => false,
        };
        let policy = rules.policies.iter().find(|it| it.namespace_selectors.iter().all(matches));
        policy.map_or(rules.default_visibility, |policy| policy.visibility)
    }
}
