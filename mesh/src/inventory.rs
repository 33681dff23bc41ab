//! A cluster, as far as Istio looks at it.

use std::collections::BTreeMap;

use crate::config::MeshConfig;
use crate::injection::{DEFAULT_REVISION, Injector};
use crate::meta::{Labels, Meta, Origin};
use crate::network::{EndpointSlice, Pod, Service, ServiceEntry, WorkloadEntry};
use crate::object::Object;
use crate::workload::Workload;

/// The label that the API server puts on every namespace.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// What manifests, or a cluster, hold of a mesh. Made by a [`Loader`](crate::Loader).
///
/// All lists are sorted by namespace and name, whatever the order of the input was.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The namespaces by name, those too that only objects name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The pods, and the controllers whose pods are not there.
    pub workloads: Vec<Workload>,
    /// The Services.
    pub services: Vec<Service>,
    /// The ServiceEntries.
    pub service_entries: Vec<ServiceEntry>,
    /// The WorkloadEntries.
    pub workload_entries: Vec<WorkloadEntry>,
    /// The EndpointSlices, and the Endpoints of Services that have none.
    pub endpoint_slices: Vec<EndpointSlice>,
    /// The pods as endpoints, those too that [`workloads`](Self::workloads) has.
    pub pods: Vec<Pod>,
    /// The objects of all other kinds of Istio's and of the Gateway API, first by group and kind.
    pub objects: Vec<Object>,
    pub(crate) configs: MeshConfigs,
    pub(crate) injectors: BTreeMap<String, Injector>,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// The metadata. The label `kubernetes.io/metadata.name` is always there, as in a cluster.
    pub meta: Meta,
    /// Whether the namespace was read, and not only named by an object; what labels the others have
    /// is not known.
    pub declared: bool,
}

/// The MeshConfigs of a cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct MeshConfigs {
    /// The one that wins over all others, and the file it is from.
    pub(crate) given: Option<(MeshConfig, Origin)>,
    /// Those of ConfigMaps, by revision.
    pub(crate) by_revision: BTreeMap<String, (MeshConfig, Meta)>,
    /// Istio's own.
    pub(crate) defaults: MeshConfig,
}

/// Where a MeshConfig is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeshConfigSource<'i> {
    /// A file that was given as the mesh configuration.
    File(&'i Origin),
    /// A ConfigMap in istiod's namespace.
    ConfigMap(&'i Meta),
    /// Nowhere: these are Istio's defaults.
    Defaults,
}

impl Inventory {
    /// The MeshConfig of a revision's istiod; an empty `revision` is `default`.
    ///
    /// It is the file that was given as the mesh configuration, else the ConfigMap `istio` or
    /// `istio-<revision>`, else Istio's defaults; [`mesh_config_source`](Self::mesh_config_source)
    /// says which.
    pub fn mesh_config(&self, revision: &str) -> &MeshConfig {
        self.configured(revision).0
    }

    /// Where the MeshConfig of a revision is from.
    pub fn mesh_config_source(&self, revision: &str) -> MeshConfigSource<'_> {
        self.configured(revision).1
    }

    /// The MeshConfig of a revision, and where it is from.
    fn configured(&self, revision: &str) -> (&MeshConfig, MeshConfigSource<'_>) {
        let configs = &self.configs;
        let revision = if revision.is_empty() { DEFAULT_REVISION } else { revision };
        match (&configs.given, configs.by_revision.get(revision)) {
            (Some((config, origin)), _) => (config, MeshConfigSource::File(origin)),
            (None, Some((config, meta))) => (config, MeshConfigSource::ConfigMap(meta)),
            (None, None) => (&configs.defaults, MeshConfigSource::Defaults),
        }
    }

    /// The injector of a revision: its ConfigMap `istio-sidecar-injector[-<revision>]`, else as
    /// Istio installs it.
    pub fn injector(&self, revision: &str) -> Injector {
        self.injectors.get(revision).cloned().unwrap_or_default()
    }

    /// Whether an istiod with this MeshConfig looks into a namespace: one of its discovery selectors
    /// selects it, or there are none.
    pub fn discovered(&self, namespace: &str, config: &MeshConfig) -> bool {
        let selectors = &config.discovery_selectors;
        if selectors.is_empty() {
            return true;
        }
        match self.namespaces.get(namespace) {
            Some(found) => selectors.iter().any(|it| it.matches(&found.meta.labels)),
            None => {
                let labels = own_label(namespace);
                selectors.iter().any(|it| it.matches(&labels))
            }
        }
    }

    /// The labels of a namespace; those of one that is nowhere are unknown, but for its own name.
    pub fn namespace_labels(&self, namespace: &str) -> Option<&Labels> {
        self.namespaces.get(namespace).map(|found| &found.meta.labels)
    }
}

impl Namespace {
    /// A namespace that was read.
    pub(crate) fn declared(mut meta: Meta) -> Self {
        meta.labels.extend(own_label(&meta.name));
        Self { meta, declared: true }
    }

    /// A namespace that an object names.
    pub(crate) fn implied(name: &str) -> Self {
        let meta = Meta { name: name.to_owned(), labels: own_label(name), ..Meta::default() };
        Self { meta, declared: false }
    }
}

/// The label that every namespace has.
fn own_label(namespace: &str) -> Labels {
    Labels::from([(NAMESPACE_NAME.to_owned(), namespace.to_owned())])
}
