//! Puts together what was read: the last of equal objects, namespaces, MeshConfigs by revision,
//! controllers without pods, and each workload's proxy.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::core::v1::Endpoints;

use super::error::LoadWarning;
use super::kinds::{ControllerDraft, Drafts, OwnedDraft, Owner, PodDraft};
use super::{Loaded, Loader};
use crate::config::MeshConfig;
use crate::injection::DEFAULT_REVISION;
use crate::inventory::{Inventory, MeshConfigs, Namespace};
use crate::meta::{Labels, Meta};
use crate::network::EndpointSlice;
use crate::proxy;
use crate::workload::{Workload, WorkloadKind};

/// The namespace that Istio is installed in, unless the user chooses another.
const ISTIO_NAMESPACE: &str = "istio-system";

/// Makes the inventory of what was read.
pub(super) fn finish(loader: Loader) -> Loaded {
    let Loader { mut drafts, given, errors, mut warnings } = loader;
    drafts.keep_last(&mut warnings);
    let configs = MeshConfigs {
        given,
        by_revision: by_revision(drafts.configs.drain(..), "istio", &mut warnings),
        defaults: MeshConfig::default(),
    };
    let injectors =
        by_revision(drafts.injectors.drain(..), "istio-sidecar-injector", &mut warnings)
            .into_iter()
            .map(|(revision, (injector, _))| (revision, injector))
            .collect();
    let mut inventory = Inventory {
        namespaces: drafts.all_namespaces(),
        services: drafts.services,
        service_entries: drafts.service_entries,
        workload_entries: drafts.workload_entries,
        endpoint_slices: endpoint_slices(drafts.endpoint_slices, drafts.endpoints),
        pods: drafts.pods.iter_mut().map(|draft| std::mem::take(&mut draft.network)).collect(),
        objects: drafts.objects,
        configs,
        injectors,
        workloads: Vec::new(),
    };
    let nodes = drafts.nodes.into_iter().map(|node| (node.name, node.labels)).collect();
    let owners = Owners::new(&drafts.controllers, &drafts.replica_sets);
    let mut with_pods = HashSet::new();
    let mut controllers_of_pods = Vec::with_capacity(drafts.pods.len());
    for draft in &drafts.pods {
        let of_pod: Vec<_> = owners.of(draft).collect();
        controllers_of_pods.push(of_pod.last().map(|(_, name)| name.clone()));
        let namespace = &draft.meta.namespace;
        with_pods.extend(of_pod.into_iter().map(|(kind, name)| (namespace.clone(), kind, name)));
    }
    let pods = drafts.pods.into_iter().zip(controllers_of_pods);
    let pods = pods.map(|(draft, controller)| pod(draft, controller, &nodes, &inventory));
    let lone = drafts.controllers.into_iter().filter(|draft| !with_pods.contains(&key_of(draft)));
    let mut workloads: Vec<Workload> =
        pods.chain(lone.map(|draft| controller(draft, &inventory))).collect();
    workloads.sort_by(|one, other| order(one).cmp(&order(other)));
    inventory.workloads = workloads;
    Loaded { inventory, errors, warnings }
}

/// The EndpointSlices, and for Services that have none what their Endpoints say: the control plane
/// would make the same of them.
fn endpoint_slices(
    mut slices: Vec<EndpointSlice>,
    endpoints: Vec<(Meta, Endpoints)>,
) -> Vec<EndpointSlice> {
    let service = |slice: &EndpointSlice| (slice.meta.namespace.clone(), slice.service.clone());
    let with_slices: HashSet<_> = slices.iter().map(service).collect();
    for (meta, object) in endpoints {
        if !with_slices.contains(&(meta.namespace.clone(), meta.name.clone())) {
            slices.extend(EndpointSlice::of_endpoints(&meta, object));
        }
    }
    slices
}

/// The order of workloads.
fn order(workload: &Workload) -> (&str, &str, WorkloadKind) {
    (&workload.meta.namespace, &workload.meta.name, workload.kind)
}

impl Drafts {
    /// Sorts the objects of each kind and keeps the last of those that are the same object.
    fn keep_last(&mut self, warnings: &mut Vec<LoadWarning>) {
        let mut last = KeepLast { warnings };
        last.of(&mut self.namespaces, |it| it, |_| ("", "Namespace"));
        last.of(&mut self.nodes, |it| it, |_| ("", "Node"));
        last.of(&mut self.pods, |it| &it.meta, |_| ("", "Pod"));
        last.of(&mut self.controllers, |it| &it.meta, |it| ("", it.kind.as_str()));
        last.of(&mut self.replica_sets, |it| &it.meta, |_| ("", "ReplicaSet"));
        last.of(&mut self.services, |it| &it.meta, |_| ("", "Service"));
        last.of(&mut self.service_entries, |it| &it.meta, |_| ("", "ServiceEntry"));
        last.of(&mut self.workload_entries, |it| &it.meta, |_| ("", "WorkloadEntry"));
        last.of(&mut self.endpoint_slices, |it| &it.meta, |_| ("", "EndpointSlice"));
        last.of(&mut self.endpoints, |it| &it.0, |_| ("", "Endpoints"));
        last.of(&mut self.objects, |it| &it.meta, |it| (&it.group, &it.kind));
        last.of(&mut self.configs, |it| &it.0, |_| ("", "ConfigMap"));
        last.of(&mut self.injectors, |it| &it.0, |_| ("", "ConfigMap"));
    }

    /// The namespaces that were read, and those that any object is in.
    fn all_namespaces(&mut self) -> BTreeMap<String, Namespace> {
        let declared = self.namespaces.drain(..);
        let mut all: BTreeMap<String, Namespace> =
            declared.map(|meta| (meta.name.clone(), Namespace::declared(meta))).collect();
        let mut add = |namespace: &str| {
            if !namespace.is_empty() && !all.contains_key(namespace) {
                all.insert(namespace.to_owned(), Namespace::implied(namespace));
            }
        };
        self.pods.iter().for_each(|it| add(&it.meta.namespace));
        self.controllers.iter().for_each(|it| add(&it.meta.namespace));
        self.services.iter().for_each(|it| add(&it.meta.namespace));
        self.service_entries.iter().for_each(|it| add(&it.meta.namespace));
        self.objects.iter().for_each(|it| add(&it.meta.namespace));
        all
    }
}

/// Keeps the last of equal objects.
struct KeepLast<'w> {
    warnings: &'w mut Vec<LoadWarning>,
}

impl KeepLast<'_> {
    /// Sorts `objects`, and keeps the last of those with the same group, kind, namespace and name.
    fn of<T>(
        &mut self,
        objects: &mut Vec<T>,
        meta: fn(&T) -> &Meta,
        kind: for<'t> fn(&'t T) -> (&'t str, &'t str),
    ) {
        let same = |one: &T, other: &T| {
            let key = |it| (kind(it), &meta(it).namespace, &meta(it).name);
            key(one).cmp(&key(other))
        };
        // A stable sort: equal objects stay in the order in which they were read.
        objects.sort_by(same);
        objects.dedup_by(|next, former| {
            if same(next, former).is_ne() {
                return false;
            }
            let (_, kind) = kind(former);
            self.warnings.push(LoadWarning {
                origin: meta(next).origin.clone(),
                object: Some(format!("{kind}/{}", meta(next).qualified_name())),
                message: format!(
                    "the same object is at {} too; this one, read later, counts",
                    meta(former).origin
                ),
            });
            std::mem::swap(next, former);
            true
        });
    }
}

/// ConfigMaps by the revision in their name, `NAME` or `NAME-REVISION`. istiod reads those of its
/// own namespace; which that is, files do not say: `istio-system` if a ConfigMap is there.
fn by_revision<T>(
    configs: impl Iterator<Item = (Meta, T)>,
    name: &str,
    warnings: &mut Vec<LoadWarning>,
) -> BTreeMap<String, (T, Meta)> {
    let mut all: BTreeMap<String, (T, Meta)> = BTreeMap::new();
    let mut passed_over = Vec::new();
    for (meta, config) in configs {
        let revision = match meta.name.strip_prefix(name) {
            Some("") => DEFAULT_REVISION,
            Some(rest) => rest.trim_start_matches('-'),
            None => continue,
        };
        let revision = revision.to_owned();
        // They come sorted by namespace, so that the first is taken where none is in Istio's own.
        let taken = all.get(&revision).is_some_and(|_| meta.namespace != ISTIO_NAMESPACE);
        if taken {
            passed_over.push((meta, revision));
        } else if let Some((_, former)) = all.insert(revision.clone(), (config, meta)) {
            passed_over.push((former, revision));
        }
    }
    for (meta, revision) in passed_over {
        let Some((_, taken)) = all.get(&revision) else { continue };
        warnings.push(LoadWarning {
            object: Some(format!("ConfigMap/{}", meta.qualified_name())),
            message: format!(
                "passed over for revision `{revision}`: `{}` is taken for it",
                taken.qualified_name()
            ),
            origin: meta.origin,
        });
    }
    all
}

/// What names a controller: namespace, kind, name.
type Key = (String, WorkloadKind, String);

/// The key of a controller.
fn key_of(draft: &ControllerDraft) -> Key {
    (draft.meta.namespace.clone(), draft.kind, draft.meta.name.clone())
}

/// Who owns ReplicaSets and Jobs.
struct Owners<'d> {
    of_sets: HashMap<(&'d str, &'d str), Option<&'d Owner>>,
    of_jobs: HashMap<(&'d str, &'d str), Option<&'d Owner>>,
}

impl<'d> Owners<'d> {
    /// The owners of what was read.
    fn new(controllers: &'d [ControllerDraft], replica_sets: &'d [OwnedDraft]) -> Self {
        let name = |meta: &'d Meta| (meta.namespace.as_str(), meta.name.as_str());
        let jobs = controllers.iter().filter(|draft| draft.kind == WorkloadKind::Job);
        Self {
            of_sets: replica_sets.iter().map(|it| (name(&it.meta), it.owner.as_ref())).collect(),
            of_jobs: jobs.map(|it| (name(&it.meta), it.owner.as_ref())).collect(),
        }
    }

    /// The controllers that own a pod, by owner references, from the nearest up.
    fn of(&self, pod: &PodDraft) -> impl Iterator<Item = (WorkloadKind, String)> + use<> {
        let owner = pod.owner.as_ref();
        let above = owner.and_then(|owner| {
            let up = (pod.meta.namespace.as_str(), owner.name.as_str());
            match owner.kind.as_str() {
                "ReplicaSet" => match self.of_sets.get(&up) {
                    Some(above) => above.cloned(),
                    None => deployment_by_hash(owner, &pod.meta.labels),
                },
                "Job" => self.of_jobs.get(&up).copied().flatten().cloned(),
                _ => None,
            }
        });
        owner
            .cloned()
            .into_iter()
            .chain(above)
            .filter_map(|owner| Some((WorkloadKind::of_controller(&owner.kind)?, owner.name)))
    }
}

/// The Deployment of a ReplicaSet that was not read: its name without the hash that its pods carry.
fn deployment_by_hash(set: &Owner, labels: &Labels) -> Option<Owner> {
    let hash = labels.get("pod-template-hash")?;
    let name = set.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
    Some(Owner { kind: "Deployment".to_owned(), name: name.to_owned() })
}

/// The workload that a pod is.
fn pod(
    draft: PodDraft,
    controller: Option<String>,
    nodes: &HashMap<String, Labels>,
    inventory: &Inventory,
) -> Workload {
    let PodDraft { meta, facts, ips, node, .. } = draft;
    let namespace = namespace(inventory, &meta.namespace);
    let proxy = proxy::of_pod(&meta, &facts, &namespace);
    let mut labels = meta.labels.clone();
    if let Some(node) = node {
        add_place(&mut labels, &node, nodes.get(&node));
    }
    add_network(&mut labels, &namespace.meta.labels);
    let (host_network, setup) = (facts.host_network, Box::new(facts.setup));
    Workload { kind: WorkloadKind::Pod, meta, controller, labels, proxy, ips, host_network, setup }
}

/// The workload that a controller is.
fn controller(draft: ControllerDraft, inventory: &Inventory) -> Workload {
    let ControllerDraft { kind, meta, template, facts, .. } = draft;
    let namespace = namespace(inventory, &meta.namespace);
    let injector = |revision: &str| inventory.injector(revision);
    let proxy = proxy::of_template(&template, &facts, &namespace, injector);
    let setup = Box::new(facts.setup.with_template(&template.annotations));
    let mut labels = template.labels;
    add_network(&mut labels, &namespace.meta.labels);
    let host_network = facts.host_network;
    Workload { kind, meta, controller: None, labels, proxy, ips: Vec::new(), host_network, setup }
}

/// The namespace of that name.
fn namespace<'i>(inventory: &'i Inventory, name: &str) -> Cow<'i, Namespace> {
    match inventory.namespaces.get(name) {
        Some(found) => Cow::Borrowed(found),
        None => Cow::Owned(Namespace::implied(name)),
    }
}

/// Adds the labels that istiod takes from a pod's node: its name, and its region and zone where the
/// node was read.
///
/// Follows `AugmentLabels` of `pilot/pkg/serviceregistry/util/label` at istio/istio 86c9f01f.
fn add_place(labels: &mut Labels, node: &str, node_labels: Option<&Labels>) {
    labels.insert("kubernetes.io/hostname".to_owned(), node.to_owned());
    let place = [
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
        "topology.istio.io/subzone",
    ];
    for key in place {
        if let Some(value) = node_labels.and_then(|labels| labels.get(key)) {
            labels.insert(key.to_owned(), value.clone());
        }
    }
}

/// Adds the network that the namespace names, where the pod names none.
fn add_network(labels: &mut Labels, namespace: &Labels) {
    const NETWORK: &str = "topology.istio.io/network";
    if let Some(network) = namespace.get(NETWORK)
        && !labels.contains_key(NETWORK)
    {
        labels.insert(NETWORK.to_owned(), network.clone());
    }
}
