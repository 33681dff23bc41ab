//! What a pod's spec shows of how its traffic is captured.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::settings::{ENVIRONMENT, Environment};
use crate::meta::Labels;

/// What a pod's spec shows of how its traffic is captured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PodSetup {
    /// Who sets the rules.
    pub(super) setter: Setter,
    /// Whether the proxy is an init container that keeps running.
    pub(crate) native: bool,
    /// Whether there is a container of the proxy.
    pub(crate) has_proxy: bool,
    /// User and group of the proxy, as far as the spec says.
    pub(super) user: Option<i64>,
    pub(super) group: Option<i64>,
    /// User and group of the application: those of its first container; root where nothing is said.
    pub(super) application: (u32, u32),
    /// The environment of the container that sets the rules, or of the proxy.
    pub(super) environment: Environment,
    /// The DNS servers that the pod's own configuration names.
    pub(super) dns_servers: Vec<IpAddr>,
    /// Those annotations of a controller's pod template that matter; a pod has its own.
    pub(crate) template: Option<Labels>,
}

/// Who sets the rules, by the init containers of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Setter {
    /// `istio-init`, by these arguments.
    InitContainer(Vec<String>),
    /// The CNI plugin, which `istio-validation` waits for.
    Cni,
    /// Neither is there.
    #[default]
    Nobody,
}

impl PodSetup {
    /// Looks into a pod's spec.
    pub(crate) fn of(spec: Option<&PodSpec>) -> Self {
        let Some(spec) = spec else { return Self::default() };
        let init = || spec.init_containers.iter().flatten();
        let named = |name: &'static str| init().find(move |it| it.name == name);
        let proxy = spec.containers.iter().find(|it| it.name == "istio-proxy");
        let native = named("istio-proxy");
        let context = proxy.or(native).and_then(|proxy| proxy.security_context.as_ref());
        let (setter, environment) = match (named("istio-init"), named("istio-validation")) {
            (Some(init), _) => (Setter::InitContainer(arguments(init)), environment(Some(init))),
            (None, Some(_)) => (Setter::Cni, environment(proxy.or(native))),
            (None, None) => (Setter::Nobody, environment(proxy.or(native))),
        };
        let dns = spec.dns_config.as_ref().and_then(|dns| dns.nameservers.as_ref());
        Self {
            setter,
            native: proxy.is_none() && native.is_some(),
            has_proxy: proxy.or(native).is_some_and(|it| it.image.as_deref() != Some("auto")),
            user: context.and_then(|context| context.run_as_user),
            group: context.and_then(|context| context.run_as_group),
            application: application(spec),
            environment,
            dns_servers: dns.into_iter().flatten().filter_map(|ip| ip.parse().ok()).collect(),
            template: None,
        }
    }

    /// Whether `istio-init` sets the rules.
    pub(crate) fn by_init_container(&self) -> bool {
        matches!(self.setter, Setter::InitContainer(_))
    }

    /// Whether `istio-init` uses nftables in place of iptables.
    pub(super) fn uses_nftables(&self) -> bool {
        let Setter::InitContainer(arguments) = &self.setter else { return false };
        let flags = ["--native-nftables", "--native-nftables=true"];
        arguments.iter().any(|argument| flags.contains(&argument.as_str()))
    }

    /// Whether the CNI plugin sets the rules.
    pub(crate) fn by_cni(&self) -> bool {
        self.setter == Setter::Cni
    }

    /// The same, with the annotations of a pod template.
    pub(crate) fn with_template(mut self, annotations: &Labels) -> Self {
        // Istio looks at no others.
        let matters = |key: &str| key.contains("istio.io/");
        let kept = annotations.iter().filter(|(key, _)| matters(key));
        self.template = Some(kept.map(|(key, value)| (key.clone(), value.clone())).collect());
        self
    }
}

/// User and group of the first container that is no proxy. What an image says is not known.
fn application(spec: &PodSpec) -> (u32, u32) {
    let container = spec.containers.iter().find(|it| it.name != "istio-proxy");
    let own = container.and_then(|it| it.security_context.as_ref());
    let pod = spec.security_context.as_ref();
    let user = own.and_then(|it| it.run_as_user).or_else(|| pod.and_then(|it| it.run_as_user));
    let group = own.and_then(|it| it.run_as_group).or_else(|| pod.and_then(|it| it.run_as_group));
    let id = |id: Option<i64>| id.and_then(|id| u32::try_from(id).ok()).unwrap_or_default();
    (id(user), id(group))
}

fn arguments(container: &Container) -> Vec<String> {
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    words.cloned().collect()
}

fn environment(container: Option<&Container>) -> Environment {
    let variables = container.iter().flat_map(|container| container.env.iter().flatten());
    variables
        .filter(|variable| ENVIRONMENT.contains(&variable.name.as_str()))
        .filter_map(|variable| Some((variable.name.clone(), variable.value.clone()?)))
        .collect()
}
