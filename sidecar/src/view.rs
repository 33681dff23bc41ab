//! Everything that one istiod knows and a scope depends on.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mesh::{DEFAULT_REVISION, Inventory, MeshConfig, Meta};

use crate::because::Reasons;
use crate::object::{DestinationRule, PolicyMode, Sidecar, VirtualService};
use crate::registry::{ExportTo, Registry};
use crate::scope::{self, Target};
use crate::version::IstioVersion;
use crate::{delegates, destination_rules::DestinationRules, object};

/// What of an istiod is in none of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its version.
    pub version: IstioVersion,
    /// Its revision; what is labelled for another, it does not see.
    pub revision: String,
    /// The domain of the cluster.
    pub domain: String,
    /// Whether proxies answer DNS themselves (`ISTIO_META_DNS_CAPTURE`), so that the addresses count
    /// that istiod allocated for ServiceEntries without one.
    pub dns_capture: bool,
}

/// What one istiod knows.
///
/// It is made once, and scopes of any number of proxies are taken from it.
#[derive(Debug)]
pub struct View {
    /// What is in no object.
    pub settings: Settings,
    /// MeshConfig's root namespace.
    pub root_namespace: String,
    /// MeshConfig's policy for unknown traffic.
    pub mesh_policy: PolicyMode,
    /// The services.
    pub registry: Registry,
    /// By namespace, in the order in which they are tried: those with a selector first, each by age.
    pub(crate) sidecars: BTreeMap<String, Vec<Arc<Sidecar>>>,
    /// For sidecars only, by age, with the routes of delegates in place.
    pub(crate) virtual_services: Vec<Routing>,
    pub(crate) destination_rules: DestinationRules,
}

/// A VirtualService with those who see it.
#[derive(Debug, Clone)]
pub(crate) struct Routing {
    pub(crate) object: Arc<VirtualService>,
    pub(crate) export_to: ExportTo,
}

impl Default for Settings {
    /// Istio 1.31, the revision `default`, the domain `cluster.local`, no DNS capture.
    fn default() -> Self {
        Self {
            version: IstioVersion::default(),
            revision: DEFAULT_REVISION.to_owned(),
            domain: "cluster.local".to_owned(),
            dns_capture: false,
        }
    }
}

impl Settings {
    /// Whether the istiod sees an object of Istio's, by the label of its revision.
    pub(crate) fn is_own(&self, meta: &Meta) -> bool {
        meta.labels.get("istio.io/rev").is_none_or(|revision| *revision == self.revision)
    }
}

impl View {
    /// What the istiod of these settings makes of an inventory, under its MeshConfig there.
    pub fn new(inventory: &Inventory, settings: Settings) -> Self {
        let config = inventory.mesh_config(&settings.revision);
        let domain = settings.domain.as_str();
        let own =
            |meta: &Meta| settings.is_own(meta) && inventory.discovered(&meta.namespace, config);
        let objects = || inventory.objects.iter().filter(|object| own(&object.meta));
        let mut sidecars: Vec<Sidecar> = objects().filter_map(Sidecar::read).collect();
        sidecars.sort_by(in_turn);
        let mut by_namespace: BTreeMap<String, Vec<Arc<Sidecar>>> = BTreeMap::new();
        for sidecar in sidecars {
            by_namespace.entry(sidecar.meta.namespace.clone()).or_default().push(Arc::new(sidecar));
        }
        let mut services: Vec<VirtualService> =
            objects().filter_map(|object| VirtualService::read(object, domain)).collect();
        let hosts = entry_hosts(inventory);
        services.extend(objects().flat_map(|it| object::gateway_route::read(it, domain, &hosts)));
        let rules = objects().filter_map(|object| DestinationRule::read(object, domain)).collect();
        Self {
            root_namespace: config.root_namespace.clone(),
            mesh_policy: mesh_policy(config, settings.version),
            registry: Registry::new(inventory, &settings),
            sidecars: by_namespace,
            virtual_services: delegates::routings(services, config),
            destination_rules: DestinationRules::new(rules, config),
            settings,
        }
    }

    /// The Sidecars of a namespace, in the order in which they are tried.
    pub fn sidecars(&self, namespace: &str) -> &[Arc<Sidecar>] {
        self.sidecars.get(namespace).map(Vec::as_slice).unwrap_or_default()
    }

    /// The Sidecar that applies to a proxy; `None` when none does.
    pub fn sidecar_of(&self, target: &Target<'_>) -> Option<Arc<Sidecar>> {
        scope::select::sidecar(self, target, &mut Reasons::unwanted())
    }

    /// Whether two proxies of a namespace under one Sidecar may differ, as a VirtualService looks at
    /// the labels of clients.
    pub(crate) fn looks_at_labels(&self) -> bool {
        self.virtual_services.iter().map(|it| &it.object).any(|object| {
            let http = object.http.iter().flat_map(|route| &route.matches);
            let l4 = object.tls.iter().chain(&object.tcp).flat_map(|route| &route.matches);
            http.map(|it| &it.source_labels)
                .chain(l4.map(|it| &it.source_labels))
                .any(|labels| !labels.is_empty())
        })
    }

    /// The same view with other Sidecars, as if `sidecars` were applied: one of the same name takes
    /// the place, and the age, of that which is there.
    pub fn with_sidecars(mut self, sidecars: impl IntoIterator<Item = Sidecar>) -> Self {
        for mut sidecar in sidecars {
            let here = self.sidecars.entry(sidecar.meta.namespace.clone()).or_default();
            if let Some(old) = here.iter().position(|it| it.meta.name == sidecar.meta.name) {
                sidecar.meta.created = here.remove(old).meta.created;
            }
            here.push(Arc::new(sidecar));
            here.sort_by(|one, other| in_turn(one, other));
        }
        self
    }
}

/// The order in which the Sidecars of a namespace are tried: those with a selector first, then by age.
fn in_turn(one: &Sidecar, other: &Sidecar) -> Ordering {
    let wide = one.is_wide().cmp(&other.is_wide());
    wide.then_with(|| one.meta.age_order().cmp(&other.meta.age_order()))
}

/// The hosts of ServiceEntries by namespace and name.
fn entry_hosts(inventory: &Inventory) -> impl Fn(&str, &str) -> Vec<String> + use<'_> {
    let mut hosts: HashMap<(&str, &str), &[String]> = HashMap::new();
    for entry in &inventory.service_entries {
        hosts.insert((&entry.meta.namespace, &entry.meta.name), &entry.hosts);
    }
    move |namespace, name| hosts.get(&(namespace, name)).map(|it| it.to_vec()).unwrap_or_default()
}

/// The policy of the mesh. An istiod that does not know its mode refuses the MeshConfig, so that the
/// default holds.
fn mesh_policy(config: &MeshConfig, version: IstioVersion) -> PolicyMode {
    match config.outbound_traffic_policy.into() {
        PolicyMode::AllowAnyDynamicDns if !version.has_dynamic_dns_policy() => PolicyMode::AllowAny,
        mode => mode,
    }
}
