//! The kinds that the server knows, and how the API names them.

/// One kind of object, as discovery describes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// The API group, empty for the core.
    pub(crate) group: &'static str,
    /// The versions that are served, the preferred one first.
    pub(crate) versions: &'static [&'static str],
    /// The kind's name, as manifests write it.
    pub(crate) kind: &'static str,
    /// The name in paths, in lower case.
    pub(crate) plural: &'static str,
    /// Whether objects live in a namespace.
    pub(crate) namespaced: bool,
    /// The short names of kubectl.
    pub(crate) short: &'static [&'static str],
}

const V1: &[&str] = &["v1"];
const NETWORKING: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const SECURITY: &[&str] = &["v1", "v1beta1"];
const ALPHA3: &[&str] = &["v1alpha3"];
const ISTIO: &str = "networking.istio.io";
const ACCESS: &str = "security.istio.io";
const GATEWAY: &str = "gateway.networking.k8s.io";

/// Every kind, the core's first. Where two share a name, the first is meant by a bare name.
pub(crate) static KINDS: &[Kind] = &[
    namespaced("", V1, "Pod", "pods", &["po"]),
    global("", V1, "Namespace", "namespaces", &["ns"]),
    global("", V1, "Node", "nodes", &["no"]),
    namespaced("", V1, "Service", "services", &["svc"]),
    namespaced("", V1, "ConfigMap", "configmaps", &["cm"]),
    namespaced("", V1, "Endpoints", "endpoints", &["ep"]),
    namespaced("", V1, "ServiceAccount", "serviceaccounts", &["sa"]),
    namespaced("", V1, "ReplicationController", "replicationcontrollers", &["rc"]),
    namespaced("discovery.k8s.io", V1, "EndpointSlice", "endpointslices", &[]),
    namespaced("apps", V1, "Deployment", "deployments", &["deploy"]),
    namespaced("apps", V1, "ReplicaSet", "replicasets", &["rs"]),
    namespaced("apps", V1, "StatefulSet", "statefulsets", &["sts"]),
    namespaced("apps", V1, "DaemonSet", "daemonsets", &["ds"]),
    namespaced("batch", V1, "Job", "jobs", &[]),
    namespaced("batch", V1, "CronJob", "cronjobs", &["cj"]),
    global(
        "admissionregistration.k8s.io",
        V1,
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        &[],
    ),
    global(
        "apiextensions.k8s.io",
        V1,
        "CustomResourceDefinition",
        "customresourcedefinitions",
        &["crd"],
    ),
    namespaced(
        "telemetry.istio.io",
        &["v1", "v1alpha1"],
        "Telemetry",
        "telemetries",
        &["telemetry"],
    ),
    namespaced(ISTIO, NETWORKING, "Sidecar", "sidecars", &[]),
    namespaced(ISTIO, NETWORKING, "VirtualService", "virtualservices", &["vs"]),
    namespaced(ISTIO, NETWORKING, "DestinationRule", "destinationrules", &["dr"]),
    namespaced(ISTIO, NETWORKING, "ServiceEntry", "serviceentries", &["se"]),
    namespaced(ISTIO, NETWORKING, "WorkloadEntry", "workloadentries", &["we"]),
    namespaced(ISTIO, NETWORKING, "WorkloadGroup", "workloadgroups", &["wg"]),
    namespaced(ISTIO, NETWORKING, "Gateway", "gateways", &["gw"]),
    namespaced(ISTIO, &["v1beta1"], "ProxyConfig", "proxyconfigs", &[]),
    namespaced(ISTIO, ALPHA3, "EnvoyFilter", "envoyfilters", &[]),
    namespaced(ACCESS, SECURITY, "PeerAuthentication", "peerauthentications", &["pa"]),
    namespaced(ACCESS, SECURITY, "AuthorizationPolicy", "authorizationpolicies", &["ap"]),
    namespaced(ACCESS, SECURITY, "RequestAuthentication", "requestauthentications", &["ra"]),
    namespaced("extensions.istio.io", &["v1alpha1"], "WasmPlugin", "wasmplugins", &[]),
    namespaced(GATEWAY, SECURITY, "Gateway", "gateways", &["gtw"]),
    global(GATEWAY, SECURITY, "GatewayClass", "gatewayclasses", &["gc"]),
    namespaced(GATEWAY, SECURITY, "HTTPRoute", "httproutes", &[]),
];

const fn namespaced(
    group: &'static str,
    versions: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
) -> Kind {
    Kind { group, versions, kind, plural, namespaced: true, short }
}

const fn global(
    group: &'static str,
    versions: &'static [&'static str],
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
) -> Kind {
    Kind { group, versions, kind, plural, namespaced: false, short }
}

impl Kind {
    /// The plural with its group, as error messages name the resource.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// The `apiVersion` of an object in this version.
    pub(crate) fn api_version(&self, version: &str) -> String {
        api_version(self.group, version)
    }

    /// The kind's place in [`KINDS`].
    pub(crate) fn index(&'static self) -> usize {
        KINDS.iter().position(|kind| std::ptr::eq(kind, self)).unwrap()
    }
}

/// The `apiVersion` of this group in this version.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// The kind of this name, where `Gateway.gateway.networking.k8s.io` tells namesakes apart.
///
/// # Panics
///
/// If there is no such kind.
pub(crate) fn named(name: &str) -> &'static Kind {
    let (kind, group) =
        name.split_once('.').map_or((name, None), |(kind, group)| (kind, Some(group)));
    KINDS
        .iter()
        .find(|known| known.kind == kind && group.is_none_or(|group| group == known.group))
        .unwrap_or_else(|| panic!("the server has no kind `{name}`"))
}

/// The kind and the version that a manifest's `apiVersion` and `kind` mean.
pub(crate) fn of_manifest(api_version: &str, kind: &str) -> Option<(&'static Kind, &'static str)> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = KINDS.iter().find(|known| known.group == group && known.kind == kind)?;
    Some((kind, kind.versions.iter().find(|known| **known == version)?))
}

/// The kind and the version that a path means.
pub(crate) fn of_path(
    group: &str,
    version: &str,
    plural: &str,
) -> Option<(&'static Kind, &'static str)> {
    let kind = KINDS.iter().find(|known| known.group == group && known.plural == plural)?;
    Some((kind, kind.versions.iter().find(|known| **known == version)?))
}
