//! The kinds of objects that are looked at, and what is kept of each.

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    Endpoints, Namespace, Node, Pod, PodTemplateSpec, Service as CoreService,
};
use k8s_openapi::api::discovery::v1::EndpointSlice as CoreSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::body::Head;
use super::error::{LoadError, LoadWarning, Problem};
use super::parse::Body;
use crate::config::MeshConfig;
use crate::injection::Injector;
use crate::meta::{Labels, Meta, Origin};
use crate::network::{
    self, EndpointSlice, Service, ServiceEntry, ServiceEntrySpec, ServiceEntryStatus,
    WorkloadEntry, WorkloadEntrySpec,
};
use crate::object::Object;
use crate::proxy::{self, PodFacts};
use crate::workload::WorkloadKind;

/// The annotation in which kubectl keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is kept of the objects until all are there.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    pub(super) namespaces: Vec<Meta>,
    pub(super) nodes: Vec<Meta>,
    pub(super) pods: Vec<PodDraft>,
    pub(super) controllers: Vec<ControllerDraft>,
    pub(super) replica_sets: Vec<OwnedDraft>,
    pub(super) services: Vec<Service>,
    pub(super) service_entries: Vec<ServiceEntry>,
    pub(super) workload_entries: Vec<WorkloadEntry>,
    pub(super) endpoint_slices: Vec<EndpointSlice>,
    pub(super) endpoints: Vec<(Meta, Endpoints)>,
    pub(super) objects: Vec<Object>,
    pub(super) configs: Vec<(Meta, MeshConfig)>,
    pub(super) injectors: Vec<(Meta, Injector)>,
}

/// What is kept of a pod.
#[derive(Debug)]
pub(super) struct PodDraft {
    pub(super) meta: Meta,
    pub(super) facts: PodFacts,
    pub(super) network: network::Pod,
    pub(super) ips: Vec<IpAddr>,
    pub(super) node: Option<String>,
    pub(super) owner: Option<Owner>,
}

/// What is kept of a controller.
#[derive(Debug)]
pub(super) struct ControllerDraft {
    pub(super) kind: WorkloadKind,
    pub(super) meta: Meta,
    pub(super) template: Meta,
    pub(super) facts: PodFacts,
    pub(super) owner: Option<Owner>,
}

/// What is kept of an object that matters only for what it owns.
#[derive(Debug)]
pub(super) struct OwnedDraft {
    pub(super) meta: Meta,
    pub(super) owner: Option<Owner>,
}

/// The controller in an object's `ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) kind: String,
    pub(super) name: String,
}

/// An object of a kind that is not Kubernetes' own.
#[derive(Deserialize)]
struct Custom<S, T = IgnoredAny> {
    #[serde(default)]
    metadata: ObjectMeta,
    spec: Option<S>,
    status: Option<T>,
}

impl Drafts {
    /// Takes an object, or passes over one that does not matter. `default` is what it is where it
    /// does not say so.
    pub(super) fn add(
        &mut self,
        origin: &Origin,
        body: &Body<'_>,
        default: Option<&(String, String)>,
        warnings: &mut Vec<LoadWarning>,
    ) -> Result<(), LoadError> {
        let error =
            |problem| LoadError { origin: origin.clone(), object: body.display_name(), problem };
        let head = Head::of(body, default).map_err(error)?;
        self.dispatch(origin, &head, body, warnings).map_err(error)
    }

    /// Takes an object by its group.
    fn dispatch(
        &mut self,
        origin: &Origin,
        head: &Head,
        body: &Body<'_>,
        warnings: &mut Vec<LoadWarning>,
    ) -> Result<(), Problem> {
        let (group, version) = head.api_version.split_once('/').unwrap_or(("", &head.api_version));
        match (group, head.kind.as_str()) {
            ("", "ConfigMap") => self.config_map(body, origin, warnings),
            ("" | "discovery.k8s.io", kind) => self.core(kind, body, origin),
            ("apps" | "batch", kind) => self.controllers(kind, body, origin),
            ("install.istio.io", "IstioOperator") => {
                warnings.push(LoadWarning {
                    origin: origin.clone(),
                    object: body.display_name(),
                    message: "an IstioOperator is no part of a cluster; to use it, give it as the \
                              mesh configuration"
                        .to_owned(),
                });
                Ok(())
            }
            (group, kind) if is_istio(group) => self.istio(group, version, kind, body, origin),
            _ => Ok(()),
        }
    }

    /// Takes an object of Kubernetes' own kinds, but for controllers.
    fn core(&mut self, kind: &str, body: &Body<'_>, origin: &Origin) -> Result<(), Problem> {
        match kind {
            "Pod" => self.pods.push(pod(body.parse()?, origin)?),
            "Namespace" => {
                self.namespaces.push(cluster_meta(body.parse::<Namespace>()?.metadata, origin)?);
            }
            "Node" => self.nodes.push(cluster_meta(body.parse::<Node>()?.metadata, origin)?),
            "Service" => {
                let object: CoreService = body.parse()?;
                let meta = meta(object.metadata, origin)?;
                self.services.push(Service::of(meta, object.spec));
            }
            "Endpoints" => {
                let mut object: Endpoints = body.parse()?;
                let meta = meta(std::mem::take(&mut object.metadata), origin)?;
                self.endpoints.push((meta, object));
            }
            "EndpointSlice" => {
                let mut object: CoreSlice = body.parse()?;
                let meta = meta(std::mem::take(&mut object.metadata), origin)?;
                self.endpoint_slices.extend(EndpointSlice::of_slice(meta, object));
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes an object of the kinds that create pods.
    fn controllers(&mut self, kind: &str, body: &Body<'_>, origin: &Origin) -> Result<(), Problem> {
        use WorkloadKind as Kind;
        let (kind, metadata, template) = match kind {
            "Deployment" => {
                let object: Deployment = body.parse()?;
                (Kind::Deployment, object.metadata, object.spec.map(|spec| spec.template))
            }
            "StatefulSet" => {
                let object: StatefulSet = body.parse()?;
                (Kind::StatefulSet, object.metadata, object.spec.map(|spec| spec.template))
            }
            "DaemonSet" => {
                let object: DaemonSet = body.parse()?;
                (Kind::DaemonSet, object.metadata, object.spec.map(|spec| spec.template))
            }
            "Job" => {
                let object: Job = body.parse()?;
                (Kind::Job, object.metadata, object.spec.map(|spec| spec.template))
            }
            "CronJob" => {
                let object: CronJob = body.parse()?;
                let job = object.spec.and_then(|spec| spec.job_template.spec);
                (Kind::CronJob, object.metadata, job.map(|spec| spec.template))
            }
            "ReplicaSet" => {
                let object: ReplicaSet = body.parse()?;
                let owner = owner(&object.metadata);
                self.replica_sets.push(OwnedDraft { meta: meta(object.metadata, origin)?, owner });
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.controller(kind, metadata, template, origin)
    }

    /// Takes an object of Istio's kinds or of the Gateway API.
    fn istio(
        &mut self,
        group: &str,
        version: &str,
        kind: &str,
        body: &Body<'_>,
        origin: &Origin,
    ) -> Result<(), Problem> {
        match (group, kind) {
            ("networking.istio.io", "ServiceEntry") => {
                let object: Custom<ServiceEntrySpec, ServiceEntryStatus> = body.parse()?;
                let meta = meta(object.metadata, origin)?;
                let spec = object.spec.unwrap_or_default();
                let status = object.status.unwrap_or_default();
                self.service_entries.push(ServiceEntry::of(meta, spec, status));
            }
            ("networking.istio.io", "WorkloadEntry") => {
                let object: Custom<WorkloadEntrySpec> = body.parse()?;
                let meta = meta(object.metadata, origin)?;
                self.workload_entries.push(object.spec.unwrap_or_default().object(meta));
            }
            _ => self.objects.push(object(group, version, kind, body, origin)?),
        }
        Ok(())
    }

    /// Takes a controller.
    fn controller(
        &mut self,
        kind: WorkloadKind,
        metadata: ObjectMeta,
        template: Option<PodTemplateSpec>,
        origin: &Origin,
    ) -> Result<(), Problem> {
        let owner = owner(&metadata);
        let meta = meta(metadata, origin)?;
        let template = template.unwrap_or_default();
        let pod = Meta {
            namespace: meta.namespace.clone(),
            name: meta.name.clone(),
            ..reduced(template.metadata.unwrap_or_default(), origin)
        };
        let facts = proxy::facts(template.spec.as_ref(), &pod.labels);
        self.controllers.push(ControllerDraft { kind, meta, template: pod, facts, owner });
        Ok(())
    }
}

/// Whether a group is one of Istio's or the Gateway API's.
fn is_istio(group: &str) -> bool {
    group.ends_with(".istio.io") || group == "gateway.networking.k8s.io"
}

/// What is kept of a pod.
fn pod(mut pod: Pod, origin: &Origin) -> Result<PodDraft, Problem> {
    let owner = owner(&pod.metadata);
    let being_deleted = pod.metadata.deletion_timestamp.is_some();
    let meta = meta(std::mem::take(&mut pod.metadata), origin)?;
    // Ten thousand pods are held at once; nothing on the network looks at their annotations.
    let plain = Meta {
        namespace: meta.namespace.clone(),
        name: meta.name.clone(),
        labels: meta.labels.clone(),
        annotations: Labels::new(),
        created: meta.created,
        generation: meta.generation,
        origin: meta.origin.clone(),
    };
    let network = network::Pod::of(plain, &pod, being_deleted);
    let facts = proxy::facts(pod.spec.as_ref(), &meta.labels);
    let status = pod.status.unwrap_or_default();
    let listed = status.pod_ips.unwrap_or_default().into_iter().map(|ip| ip.ip);
    let mut ips: Vec<IpAddr> =
        status.pod_ip.into_iter().chain(listed).filter_map(|ip| ip.parse().ok()).collect();
    ips.dedup();
    let node = pod.spec.and_then(|spec| spec.node_name);
    Ok(PodDraft { meta, facts, network, ips, node, owner })
}

/// An object of Istio's or of the Gateway API.
fn object(
    group: &str,
    version: &str,
    kind: &str,
    body: &Body<'_>,
    origin: &Origin,
) -> Result<Object, Problem> {
    let custom: Custom<Value> = body.parse()?;
    let meta = match kind {
        "GatewayClass" => cluster_meta(custom.metadata, origin)?,
        _ => meta(custom.metadata, origin)?,
    };
    Ok(Object {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        meta,
        spec: custom.spec.unwrap_or_default(),
    })
}

/// The metadata of an object in a namespace, `default` where it names none.
pub(super) fn meta(metadata: ObjectMeta, origin: &Origin) -> Result<Meta, Problem> {
    let mut meta = cluster_meta(metadata, origin)?;
    if meta.namespace.is_empty() {
        "default".clone_into(&mut meta.namespace);
    }
    Ok(meta)
}

/// The metadata of an object that may have no namespace.
fn cluster_meta(metadata: ObjectMeta, origin: &Origin) -> Result<Meta, Problem> {
    let meta = reduced(metadata, origin);
    if meta.name.is_empty() { Err(Problem::missing("metadata.name")) } else { Ok(meta) }
}

/// What is kept of metadata.
fn reduced(metadata: ObjectMeta, origin: &Origin) -> Meta {
    let mut annotations = metadata.annotations.unwrap_or_default();
    annotations.remove(LAST_APPLIED);
    Meta {
        namespace: metadata.namespace.unwrap_or_default(),
        name: metadata.name.unwrap_or_default(),
        labels: metadata.labels.unwrap_or_default(),
        annotations,
        created: metadata.creation_timestamp.and_then(|time| whole_seconds(time.0)),
        generation: metadata.generation,
        origin: origin.clone(),
    }
}

/// A time without its parts of a second, which the API server does not keep.
fn whole_seconds(time: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(time.as_second()).ok()
}

/// The controller that owns an object.
fn owner(metadata: &ObjectMeta) -> Option<Owner> {
    let mut owners = metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    Some(Owner { kind: owner.kind.clone(), name: owner.name.clone() })
}
