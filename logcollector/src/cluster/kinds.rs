//! The kinds of objects that are read from a cluster.

/// A kind, and the versions of its group that may serve it, the preferred first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    /// The group; empty for the core.
    pub(crate) group: &'static str,
    pub(crate) versions: &'static [&'static str],
    pub(crate) place: Place,
    pub(crate) topic: Topic,
}

/// Where the objects of a kind are that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Outside of namespaces.
    Cluster,
    /// In any namespace.
    Mesh,
    /// In the namespaces that are looked at.
    Chosen,
    /// In istiod's namespace.
    Istio,
}

/// What a kind is needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// What decides which format a pod logs in; watched while pods are followed.
    Logging,
    /// What decides who logs what.
    Telemetry,
    /// What decides what proxies can reach, too.
    Reach,
}

/// All kinds.
pub(crate) const KINDS: &[Kind] = &[
    kind("Pod", "pods", "", &["v1"], Place::Chosen, Topic::Logging),
    kind("Namespace", "namespaces", "", &["v1"], Place::Cluster, Topic::Logging),
    kind("ConfigMap", "configmaps", "", &["v1"], Place::Istio, Topic::Logging),
    kind(
        "Telemetry",
        "telemetries",
        "telemetry.istio.io",
        &["v1", "v1alpha1"],
        Place::Mesh,
        Topic::Logging,
    ),
    kind("Deployment", "deployments", "apps", &["v1"], Place::Chosen, Topic::Telemetry),
    kind("ReplicaSet", "replicasets", "apps", &["v1"], Place::Chosen, Topic::Telemetry),
    kind("StatefulSet", "statefulsets", "apps", &["v1"], Place::Chosen, Topic::Telemetry),
    kind("DaemonSet", "daemonsets", "apps", &["v1"], Place::Chosen, Topic::Telemetry),
    kind("Job", "jobs", "batch", &["v1"], Place::Chosen, Topic::Telemetry),
    kind("CronJob", "cronjobs", "batch", &["v1", "v1beta1"], Place::Chosen, Topic::Telemetry),
    kind("Service", "services", "", &["v1"], Place::Mesh, Topic::Telemetry),
    kind("ServiceEntry", "serviceentries", NETWORKING, VERSIONS, Place::Mesh, Topic::Telemetry),
    kind("EnvoyFilter", "envoyfilters", NETWORKING, &["v1alpha3"], Place::Mesh, Topic::Telemetry),
    kind(
        "Gateway",
        "gateways",
        "gateway.networking.k8s.io",
        &["v1", "v1beta1"],
        Place::Mesh,
        Topic::Telemetry,
    ),
    kind(
        "GatewayClass",
        "gatewayclasses",
        "gateway.networking.k8s.io",
        &["v1", "v1beta1"],
        Place::Cluster,
        Topic::Telemetry,
    ),
    kind("Sidecar", "sidecars", NETWORKING, VERSIONS, Place::Mesh, Topic::Reach),
    kind("VirtualService", "virtualservices", NETWORKING, VERSIONS, Place::Mesh, Topic::Reach),
    kind("DestinationRule", "destinationrules", NETWORKING, VERSIONS, Place::Mesh, Topic::Reach),
    kind("WorkloadEntry", "workloadentries", NETWORKING, VERSIONS, Place::Mesh, Topic::Reach),
    kind(
        "EndpointSlice",
        "endpointslices",
        "discovery.k8s.io",
        &["v1", "v1beta1"],
        Place::Mesh,
        Topic::Reach,
    ),
    kind("Node", "nodes", "", &["v1"], Place::Cluster, Topic::Reach),
];

const NETWORKING: &str = "networking.istio.io";
const VERSIONS: &[&str] = &["v1", "v1beta1", "v1alpha3"];

const fn kind(
    kind: &'static str,
    plural: &'static str,
    group: &'static str,
    versions: &'static [&'static str],
    place: Place,
    topic: Topic,
) -> Kind {
    Kind { kind, plural, group, versions, place, topic }
}

impl Kind {
    /// The path of a collection; of all namespaces where none is named.
    pub(crate) fn path(&self, version: &str, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{}/{version}", self.group)
        };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }

    /// `apiVersion` of a version.
    pub(crate) fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }
}
