//! The proxy of a pod: what its containers show, and what injection would put in.
//!
//! Follows `pkg/kube/inject` and `pilot/cmd/pilot-agent` at istio/istio 86c9f01f.

use k8s_openapi::api::core::v1::{Container, PodSpec};

use crate::capture::PodSetup;
use crate::injection::{self, Candidate, DEFAULT_REVISION, Injector, REVISION, Template};
use crate::inventory::Namespace;
use crate::meta::{Labels, Meta};
use crate::workload::{Proxy, ProxyKind};

/// The name of the container that Istio's proxy runs in.
const CONTAINER: &str = "istio-proxy";

/// The annotation that the injector leaves.
const STATUS: &str = "sidecar.istio.io/status";

/// The label of what a gateway controller of Istio made.
const MANAGED: &str = "gateway.istio.io/managed";

/// The label by which a namespace or a pod is in ambient mode.
const DATAPLANE_MODE: &str = "istio.io/dataplane-mode";

/// What a pod's spec shows of its proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodFacts {
    /// Whether the pod uses the network of its node.
    pub(crate) host_network: bool,
    /// The proxy's container.
    pub(crate) container: ProxyContainer,
    /// How its traffic is captured.
    pub(crate) setup: PodSetup,
}

/// The container `istio-proxy` of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProxyContainer {
    /// There is none.
    Missing,
    /// One that the injector is still to fill in: its image is `auto`.
    Unfilled,
    /// One that is no Envoy of the mesh, and why.
    NoEnvoy(String),
    /// An Envoy.
    Envoy {
        /// Its node type.
        kind: ProxyKind,
        /// Whether it is an init container that keeps running.
        native: bool,
    },
}

/// Looks for the proxy in a pod's spec.
pub(crate) fn facts(spec: Option<&PodSpec>, labels: &Labels) -> PodFacts {
    let Some(spec) = spec else {
        let (container, setup) = (ProxyContainer::Missing, PodSetup::default());
        return PodFacts { host_network: false, container, setup };
    };
    let host_network = spec.host_network.unwrap_or_default();
    let is_proxy = |container: &&Container| container.name == CONTAINER;
    let native = |container: &&Container| {
        is_proxy(container) && container.restart_policy.as_deref() == Some("Always")
    };
    let plain = spec.containers.iter().find(is_proxy).map(|found| (found, false));
    let found = plain
        .or_else(|| spec.init_containers.iter().flatten().find(native).map(|found| (found, true)));
    let container = match found {
        Some((container, native)) => look(container, native, labels),
        None if spec.containers.iter().any(|container| container.name == "agentgateway") => {
            ProxyContainer::NoEnvoy("its gateway is agentgateway, not Envoy".to_owned())
        }
        None => ProxyContainer::Missing,
    };
    PodFacts { host_network, container, setup: PodSetup::of(Some(spec)) }
}

/// Looks at the container `istio-proxy`.
fn look(container: &Container, native: bool, labels: &Labels) -> ProxyContainer {
    if container.image.as_deref() == Some("auto") {
        return ProxyContainer::Unfilled;
    }
    let has = |name: &str, value: &str| {
        container
            .env
            .iter()
            .flatten()
            .any(|variable| variable.name == name && variable.value.as_deref() == Some(value))
    };
    for (name, value) in [("DISABLE_ENVOY", "true"), ("ISTIO_META_GENERATOR", "grpc")] {
        if has(name, value) {
            let text = format!("its proxy container runs no Envoy: it has `{name}={value}`");
            return ProxyContainer::NoEnvoy(text);
        }
    }
    let kind = match role(container) {
        Some("sidecar") => ProxyKind::Sidecar,
        Some("router") => ProxyKind::Router,
        Some("waypoint") => ProxyKind::Waypoint,
        Some(other) => {
            let text = format!("its container `{CONTAINER}` runs `{other}`, which is no Envoy");
            return ProxyContainer::NoEnvoy(text);
        }
        None => match labels.get(MANAGED).map(String::as_str) {
            Some("istio.io-mesh-controller") => ProxyKind::Waypoint,
            Some("istio.io-gateway-controller") => ProxyKind::Router,
            _ => ProxyKind::Sidecar,
        },
    };
    ProxyContainer::Envoy { kind, native }
}

/// The node type in the arguments, `proxy TYPE`; `None` is pilot-agent's default, a sidecar.
fn role(container: &Container) -> Option<&str> {
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    let mut words = words.map(String::as_str).skip_while(|word| *word != "proxy").skip(1);
    words.next().filter(|word| !word.starts_with('-'))
}

/// The proxy of a pod.
pub(crate) fn of_pod(meta: &Meta, facts: &PodFacts, namespace: &Namespace) -> Proxy {
    let (kind, because) = match &facts.container {
        ProxyContainer::Envoy { kind, native } => envoy(*kind, *native, facts.host_network),
        ProxyContainer::NoEnvoy(because) => (ProxyKind::None, because.clone()),
        ProxyContainer::Unfilled => (
            ProxyKind::None,
            format!("its container `{CONTAINER}` has the image `auto`: no injector filled it in"),
        ),
        ProxyContainer::Missing if facts.host_network => {
            (ProxyKind::None, "it uses the network of its node, and is never injected".to_owned())
        }
        ProxyContainer::Missing if is_ambient(&meta.labels, namespace) => {
            (ProxyKind::None, "it is in ambient mode, where waypoints log".to_owned())
        }
        ProxyContainer::Missing => (ProxyKind::None, format!("it has no container `{CONTAINER}`")),
    };
    Proxy { kind, revision: revision(meta, namespace), because }
}

/// The proxy of the pods that a controller would create.
pub(crate) fn of_template(
    template: &Meta,
    facts: &PodFacts,
    namespace: &Namespace,
    injector: impl Fn(&str) -> Injector,
) -> Proxy {
    match &facts.container {
        ProxyContainer::Envoy { .. } | ProxyContainer::NoEnvoy(_) => {
            of_pod(template, facts, namespace)
        }
        ProxyContainer::Missing | ProxyContainer::Unfilled => {
            let candidate = Candidate {
                namespace: &namespace.meta.name,
                namespace_labels: &namespace.meta.labels,
                labels: &template.labels,
                annotations: &template.annotations,
                host_network: facts.host_network,
            };
            injected(&candidate, injector)
                .unwrap_or_else(|reason| not_injected(template, facts, namespace, &reason))
        }
    }
}

/// The proxy that is injected, or why none is.
fn injected(
    candidate: &Candidate<'_>,
    injector: impl Fn(&str) -> Injector,
) -> Result<Proxy, String> {
    let by_default = injector(DEFAULT_REVISION).namespaces_by_default;
    let webhook = injection::webhook(candidate, by_default);
    let Some(revision) = webhook.revision else { return Err(webhook.rule.to_string()) };
    let verdict = injection::verdict(candidate, &injector(&revision));
    if !verdict.inject {
        return Err(verdict.to_string());
    }
    let why = webhook.rule;
    let (kind, because) = match injection::template(candidate.annotations) {
        Template::Sidecar => (ProxyKind::Sidecar, format!("a sidecar is injected: {why}")),
        Template::Gateway => (ProxyKind::Router, format!("a gateway is injected: {why}")),
        Template::Grpc => (ProxyKind::None, "it is injected for proxyless gRPC".to_owned()),
        Template::Custom(names) => {
            let names = crate::describe::clip(&names);
            (ProxyKind::None, format!("it is injected with `{names}`, not known to hold an Envoy"))
        }
    };
    Ok(Proxy { kind, revision, because })
}

/// No proxy, for a controller.
fn not_injected(template: &Meta, facts: &PodFacts, namespace: &Namespace, reason: &str) -> Proxy {
    let ambient = is_ambient(&template.labels, namespace) && !facts.host_network;
    let because = if ambient {
        "it is in ambient mode, where waypoints log".to_owned()
    } else {
        format!("no proxy is injected: {reason}")
    };
    Proxy { kind: ProxyKind::None, revision: revision(template, namespace), because }
}

/// An Envoy, as it is told. A gateway may use the network of its node; a sidecar there is none that
/// Istio puts in, since it would capture the traffic of the whole node.
fn envoy(kind: ProxyKind, native: bool, host_network: bool) -> (ProxyKind, String) {
    if host_network && kind == ProxyKind::Sidecar {
        let text = "it uses the network of its node, where Istio runs no sidecar";
        return (ProxyKind::None, text.to_owned());
    }
    let place = if native { "init container" } else { "container" };
    (kind, format!("its {place} `{CONTAINER}` is a {}", kind.as_str()))
}

/// Whether a pod without a proxy is in ambient mode.
fn is_ambient(labels: &Labels, namespace: &Namespace) -> bool {
    let mode = labels.get(DATAPLANE_MODE).or_else(|| namespace.meta.labels.get(DATAPLANE_MODE));
    mode.is_some_and(|mode| mode == "ambient")
}

/// The revision of the istiod that serves a pod: what the injector noted, else what the pod's label
/// asks for, else its namespace's, else `default`. Revision tags stay what they are.
fn revision(meta: &Meta, namespace: &Namespace) -> String {
    let noted = meta.annotations.get(STATUS).and_then(|status| noted_revision(status));
    noted
        .or_else(|| meta.labels.get(REVISION).cloned())
        .or_else(|| namespace.meta.labels.get(REVISION).cloned())
        .filter(|revision| !revision.is_empty())
        .unwrap_or_else(|| DEFAULT_REVISION.to_owned())
}

/// The revision in the injector's note, which is JSON.
fn noted_revision(status: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Status {
        revision: Option<String>,
    }
    let status: Status = serde_json::from_str(status).ok()?;
    status.revision.filter(|revision| !revision.is_empty())
}
