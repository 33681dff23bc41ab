//! The kinds of objects that are looked at, and what is kept of each.

use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Namespace, Node, Pod, PodTemplateSpec, Service as CoreService,
};
use k8s_openapi::api::discovery::v1::EndpointSlice as CoreSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Deserialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::embedded;
use super::error::{LoadError, LoadWarning, Problem};
use super::parse::Body;
use crate::config::MeshConfig;
use crate::injection::{Injector, Policy};
use crate::meta::{Meta, Origin};
use crate::network::{
    self, EndpointSlice, Service, ServiceEntry, ServiceEntrySpec, ServiceEntryStatus,
    WorkloadEntry, WorkloadEntrySpec,
};
use crate::object::Object;
use crate::proxy::{self, PodFacts};
use crate::selector::Selector;
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

    /// Takes an object by its kind.
    fn dispatch(
        &mut self,
        origin: &Origin,
        head: &Head,
        body: &Body<'_>,
        warnings: &mut Vec<LoadWarning>,
    ) -> Result<(), Problem> {
        use WorkloadKind as Kind;
        let (group, version) = head.api_version.split_once('/').unwrap_or(("", &head.api_version));
        match (group, head.kind.as_str()) {
            ("", "Pod") => self.pods.push(pod(body.parse()?, origin)?),
            ("", "Namespace") => {
                self.namespaces.push(cluster_meta(body.parse::<Namespace>()?.metadata, origin)?);
            }
            ("", "Node") => {
                self.nodes.push(cluster_meta(body.parse::<Node>()?.metadata, origin)?);
            }
            ("", "Service") => {
                let object: CoreService = body.parse()?;
                let meta = meta(object.metadata, origin)?;
                self.services.push(Service::of(meta, object.spec));
            }
            ("", "Endpoints") => {
                let mut object: Endpoints = body.parse()?;
                let meta = meta(std::mem::take(&mut object.metadata), origin)?;
                self.endpoints.push((meta, object));
            }
            ("discovery.k8s.io", "EndpointSlice") => {
                let mut object: CoreSlice = body.parse()?;
                let meta = meta(std::mem::take(&mut object.metadata), origin)?;
                self.endpoint_slices.extend(EndpointSlice::of_slice(meta, object));
            }
            ("", "ConfigMap") => self.config_map(body, origin, warnings)?,
            ("apps", "Deployment") => {
                let object: Deployment = body.parse()?;
                let template = object.spec.map(|spec| spec.template);
                self.controller(Kind::Deployment, object.metadata, template, origin)?;
            }
            ("apps", "StatefulSet") => {
                let object: StatefulSet = body.parse()?;
                let template = object.spec.map(|spec| spec.template);
                self.controller(Kind::StatefulSet, object.metadata, template, origin)?;
            }
            ("apps", "DaemonSet") => {
                let object: DaemonSet = body.parse()?;
                let template = object.spec.map(|spec| spec.template);
                self.controller(Kind::DaemonSet, object.metadata, template, origin)?;
            }
            ("batch", "Job") => {
                let object: Job = body.parse()?;
                let template = object.spec.map(|spec| spec.template);
                self.controller(Kind::Job, object.metadata, template, origin)?;
            }
            ("batch", "CronJob") => {
                let object: CronJob = body.parse()?;
                let job = object.spec.and_then(|spec| spec.job_template.spec);
                let template = job.map(|spec| spec.template);
                self.controller(Kind::CronJob, object.metadata, template, origin)?;
            }
            ("apps", "ReplicaSet") => {
                let object: ReplicaSet = body.parse()?;
                let owner = owner(&object.metadata);
                self.replica_sets.push(OwnedDraft { meta: meta(object.metadata, origin)?, owner });
            }
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
            ("install.istio.io", "IstioOperator") => warnings.push(LoadWarning {
                origin: origin.clone(),
                object: body.display_name(),
                message:
                    "an IstioOperator is no part of a cluster; to use it, give it as the mesh \
                          configuration"
                        .to_owned(),
            }),
            (group, kind) if is_istio(group) => {
                self.objects.push(object(group, version, kind, body, origin)?);
            }
            _ => {}
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

    /// Takes a ConfigMap, if it is one of Istio's.
    fn config_map(
        &mut self,
        body: &Body<'_>,
        origin: &Origin,
        warnings: &mut Vec<LoadWarning>,
    ) -> Result<(), Problem> {
        let object: ConfigMap = body.parse()?;
        let data = object.data.unwrap_or_default();
        let meta = meta(object.metadata, origin)?;
        let name = meta.name.as_str();
        if name.starts_with("istio-sidecar-injector") {
            let injector = injector(data.get("config"), data.get("values"))?;
            self.injectors.push((meta, injector));
        } else if let Some(text) = data.get("mesh")
            && (name == "istio" || name.starts_with("istio-"))
        {
            let mut config = MeshConfig::default();
            let mut remarks = Vec::new();
            let value = embedded(text, "data.mesh")?;
            config
                .apply(&value, &mut remarks)
                .map_err(|error| Problem::mesh_config("data.mesh", error))?;
            let object = body.display_name();
            warnings.extend(remarks.into_iter().map(|message| LoadWarning {
                origin: origin.clone(),
                object: object.clone(),
                message,
            }));
            self.configs.push((meta, config));
        }
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
    let network = network::Pod::of(meta.clone(), &pod, being_deleted);
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

/// The injector's configuration, in the ConfigMap's keys `config` and `values`.
fn injector(config: Option<&String>, values: Option<&String>) -> Result<Injector, Problem> {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Config {
        policy: Option<String>,
        never_inject_selector: Vec<LabelSelector>,
        always_inject_selector: Vec<LabelSelector>,
    }
    let config: Config = match config {
        None => Config::default(),
        Some(text) => from_tree(&embedded(text, "data.config")?)
            .map_err(|problem| problem.below("data.config"))?,
    };
    let values = match values {
        None => Value::Null,
        Some(text) => embedded(text, "data.values")?,
    };
    // A selector that is none selects nothing, as in istiod.
    let selectors = |list: Vec<LabelSelector>| -> Vec<Selector> {
        list.iter().filter_map(|selector| Selector::from_object(selector).ok()).collect()
    };
    Ok(Injector {
        policy: match config.policy.as_deref() {
            None | Some("enabled") => Policy::Enabled,
            Some("disabled") => Policy::Disabled,
            Some(other) => Policy::Illegal(other.to_owned()),
        },
        never: selectors(config.never_inject_selector),
        always: selectors(config.always_inject_selector),
        namespaces_by_default: values
            .pointer("/sidecarInjectorWebhook/enableNamespacesByDefault")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
    })
}

/// The metadata of an object in a namespace, `default` where it names none.
fn meta(metadata: ObjectMeta, origin: &Origin) -> Result<Meta, Problem> {
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

impl Body<'_> {
    /// The object as its type.
    fn parse<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        match self {
            // The path is only kept track of when something is wrong: it costs a third of the time.
            Self::Json(text) => match serde_json::from_str(text) {
                Ok(object) => Ok(object),
                Err(_) => from_tree(&self.tree()?),
            },
            Self::Tree(value) => from_tree(value),
        }
    }

    /// The object as a tree.
    fn tree(&self) -> Result<Value, Problem> {
        match self {
            Self::Json(text) => serde_json::from_str(text)
                .map_err(|error| Problem::TooMuch { message: error.to_string() }),
            Self::Tree(value) => Ok(value.clone()),
        }
    }

    /// The object as `Kind/namespace/name`, as far as it says.
    fn display_name(&self) -> Option<String> {
        let tree = self.tree().ok()?;
        let text = |path: &str| tree.pointer(path).and_then(Value::as_str);
        let parts = ["/kind", "/metadata/namespace", "/metadata/name"];
        let known: Vec<_> = parts.into_iter().filter_map(text).collect();
        (!known.is_empty()).then(|| known.join("/"))
    }
}

/// A value as a type, with the path of what is wrong.
fn from_tree<T: DeserializeOwned>(value: &Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            path if path == "." => String::new(),
            path => path,
        };
        let mut message = error.inner().to_string();
        if message.starts_with("invalid type: boolean") && message.ends_with("a string") {
            message
                .push_str("; YAML takes unquoted words such as `n`, `on` and `yes` for booleans");
        }
        Problem::Field { path, message }
    })
}

/// What an object is.
#[derive(Debug, Default)]
struct Head {
    api_version: String,
    kind: String,
}

impl Head {
    /// The head of an object, `default` where it has none of its own.
    fn of(body: &Body<'_>, default: Option<&(String, String)>) -> Result<Self, Problem> {
        let (api_version, kind) = match body {
            Body::Json(text) => {
                let mut head = Peek::default();
                // Stops, with an error, as soon as both are known.
                let _ = (&mut head).deserialize(&mut serde_json::Deserializer::from_str(text));
                if !head.is_object {
                    return Err(Problem::not_an_object(&body.tree()?));
                }
                (head.api_version, head.kind)
            }
            Body::Tree(Value::Object(map)) => {
                let text = |key| map.get(key).and_then(Value::as_str).map(str::to_owned);
                (text("apiVersion"), text("kind"))
            }
            Body::Tree(value) => return Err(Problem::not_an_object(value)),
        };
        let api_version = api_version.or_else(|| default.map(|default| default.0.clone()));
        let kind = kind.or_else(|| default.map(|default| default.1.clone()));
        Ok(Self {
            api_version: api_version.ok_or(Problem::NoKind { missing: "apiVersion" })?,
            kind: kind.ok_or(Problem::NoKind { missing: "kind" })?,
        })
    }
}

/// Looks for `apiVersion` and `kind` at the start of a JSON object, where kubectl prints them.
#[derive(Default)]
struct Peek {
    is_object: bool,
    api_version: Option<String>,
    kind: Option<String>,
}

impl<'de> DeserializeSeed<'de> for &mut Peek {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Peek {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.is_object = true;
        while self.api_version.is_none() || self.kind.is_none() {
            let Some(key) = map.next_key::<String>()? else { break };
            match key.as_str() {
                "apiVersion" => self.api_version = Some(map.next_value()?),
                "kind" => self.kind = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
