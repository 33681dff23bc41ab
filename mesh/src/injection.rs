//! Whether Istio would put a proxy into a pod: first the API server picks a webhook by labels, then
//! istiod decides, then a template says what is put in.
//!
//! Follows `manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml` and
//! `injectRequired` of `pkg/kube/inject/inject.go` at istio/istio 86c9f01f. Only pods that are
//! created are injected; what a running pod has is seen in itself.

mod report;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;

use crate::meta::Labels;
use crate::selector::Selector;
pub use report::{Because, Injection, Stage};
pub use values::InjectorValues;

/// The label, and once annotation, that asks for a proxy or refuses it.
const INJECT: &str = "sidecar.istio.io/inject";

/// The namespace label that asks for proxies of the default revision.
const NAMESPACE_INJECTION: &str = "istio-injection";

/// The label of namespaces and pods that asks for proxies of one revision.
pub(crate) const REVISION: &str = "istio.io/rev";

/// The annotation that names the templates to inject.
const TEMPLATES: &str = "inject.istio.io/templates";

/// The namespaces that are never injected.
const SYSTEM_NAMESPACES: &[&str] =
    &["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// The revision that serves what asks for none.
pub const DEFAULT_REVISION: &str = "default";

/// A pod that is about to be created, as far as injection looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The name of its namespace.
    pub namespace: &'a str,
    /// The labels of its namespace.
    pub namespace_labels: &'a Labels,
    /// The pod's labels.
    pub labels: &'a Labels,
    /// The pod's annotations.
    pub annotations: &'a Labels,
    /// Whether the pod uses the network of its node.
    pub host_network: bool,
}

/// The injector's own configuration: the ConfigMap `istio-sidecar-injector`, by default as Istio
/// installs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injector {
    /// `policy`.
    pub policy: Policy,
    /// `neverInjectSelector`.
    pub never: Vec<Selector>,
    /// `alwaysInjectSelector`.
    pub always: Vec<Selector>,
    /// The chart's `sidecarInjectorWebhook.enableNamespacesByDefault`.
    pub namespaces_by_default: bool,
    /// The chart's values that traffic capture goes by.
    pub values: InjectorValues,
}

/// What happens to pods that say nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Policy {
    /// They are injected.
    #[default]
    Enabled,
    /// They are not.
    Disabled,
    /// A text that is no policy: no pod is injected at all.
    Illegal(String),
}

/// Which webhook the API server calls for a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The revision, or revision tag, whose webhook is called; `None` when none is.
    pub revision: Option<String>,
    /// The rule that decided.
    pub rule: WebhookRule,
}

/// The rules by which the API server picks a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookRule {
    /// The pod's label refuses.
    PodRefuses,
    /// The namespace has `istio-injection=enabled`.
    NamespaceEnabled,
    /// The namespace has `istio-injection` with another value.
    NamespaceDisabled,
    /// The namespace has `istio.io/rev`.
    NamespaceRevision,
    /// The pod has `istio.io/rev`, and the namespace says nothing.
    PodRevision,
    /// The pod's label asks, and the namespace says nothing.
    PodAsks,
    /// Nobody says anything, and namespaces are enabled by default.
    ByDefault,
    /// Nobody says anything.
    Nothing,
}

/// What istiod says of a pod that its webhook was called for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it injects.
    pub inject: bool,
    /// The rule that decided.
    pub rule: VerdictRule,
}

/// The rules by which istiod decides, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerdictRule {
    /// The pod uses the network of its node.
    HostNetwork,
    /// The namespace is one of Kubernetes' own.
    SystemNamespace,
    /// The policy is none.
    IllegalPolicy,
    /// The pod's label `sidecar.istio.io/inject`.
    Label,
    /// The pod's annotation `sidecar.istio.io/inject`.
    Annotation,
    /// One of `neverInjectSelector`.
    NeverSelector,
    /// One of `alwaysInjectSelector`.
    AlwaysSelector,
    /// The policy.
    Policy,
}

/// What is injected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// An Envoy beside the application.
    Sidecar,
    /// An Envoy as a gateway.
    Gateway,
    /// Proxyless gRPC: no Envoy.
    Grpc,
    /// Templates of the user's own, by name; what they hold is not known.
    Custom(String),
}

/// Stage 1: the webhook that the API server calls for a pod.
///
/// Whether an istiod of that revision exists is not looked at. `namespaces_by_default` is the setting
/// of the default revision.
pub fn webhook(candidate: &Candidate<'_>, namespaces_by_default: bool) -> Webhook {
    use WebhookRule as Rule;
    let none = |rule| Webhook { revision: None, rule };
    // No revision has an empty name, so an empty label calls no webhook.
    let of = |revision: &str, rule| Webhook {
        revision: (!revision.is_empty()).then(|| revision.to_owned()),
        rule,
    };
    let inject = candidate.labels.get(INJECT).map(String::as_str);
    let pod_revision = candidate.labels.get(REVISION);
    if inject == Some("false") {
        return none(Rule::PodRefuses);
    }
    match candidate.namespace_labels.get(NAMESPACE_INJECTION).map(String::as_str) {
        Some("enabled") => return of(DEFAULT_REVISION, Rule::NamespaceEnabled),
        Some(_) => return none(Rule::NamespaceDisabled),
        None => {}
    }
    if let Some(revision) = candidate.namespace_labels.get(REVISION) {
        return of(revision, Rule::NamespaceRevision);
    }
    if let Some(revision) = pod_revision {
        return of(revision, Rule::PodRevision);
    }
    let system = SYSTEM_NAMESPACES.contains(&candidate.namespace);
    match inject {
        Some("true") => of(DEFAULT_REVISION, Rule::PodAsks),
        None if namespaces_by_default && !system => of(DEFAULT_REVISION, Rule::ByDefault),
        _ => none(Rule::Nothing),
    }
}

/// Stage 2: what istiod says of a pod that its webhook was called for.
pub fn verdict(candidate: &Candidate<'_>, injector: &Injector) -> Verdict {
    use VerdictRule as Rule;
    let says = |inject, rule| Verdict { inject, rule };
    if candidate.host_network {
        return says(false, Rule::HostNetwork);
    }
    if SYSTEM_NAMESPACES.contains(&candidate.namespace) {
        return says(false, Rule::SystemNamespace);
    }
    if matches!(injector.policy, Policy::Illegal(_)) {
        return says(false, Rule::IllegalPolicy);
    }
    // A label hides the annotation, also when it is empty.
    let (asks, rule) = match candidate.labels.get(INJECT) {
        Some(value) => (Some(value), Rule::Label),
        None => (candidate.annotations.get(INJECT), Rule::Annotation),
    };
    match asks.map(String::as_str) {
        Some("true") => return says(true, rule),
        Some("false") => return says(false, rule),
        _ => {}
    }
    let selects = |selectors: &[Selector]| {
        selectors.iter().any(|it| !it.is_empty() && it.matches(candidate.labels))
    };
    if selects(&injector.never) {
        return says(false, Rule::NeverSelector);
    }
    if selects(&injector.always) {
        return says(true, Rule::AlwaysSelector);
    }
    says(injector.policy == Policy::Enabled, Rule::Policy)
}

/// Stage 3: what is injected, by the pod's annotations.
pub fn template(annotations: &Labels) -> Template {
    let Some(names) = annotations.get(TEMPLATES) else { return Template::Sidecar };
    let has = |wanted: &[&str]| names.split(',').any(|name| wanted.contains(&name.trim()));
    if has(&["sidecar"]) {
        Template::Sidecar
    } else if has(&["gateway"]) {
        Template::Gateway
    } else if has(&["grpc-agent", "grpc-simple"]) {
        Template::Grpc
    } else {
        Template::Custom(names.clone())
    }
}

impl Default for Injector {
    /// The injector as Istio installs it.
    fn default() -> Self {
        Self {
            policy: Policy::Enabled,
            never: Vec::new(),
            always: Vec::new(),
            namespaces_by_default: false,
            values: InjectorValues::default(),
        }
    }
}

impl fmt::Display for WebhookRule {
    /// The rule as a reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PodRefuses => "the pod has the label `sidecar.istio.io/inject=false`",
            Self::NamespaceEnabled => "its namespace has the label `istio-injection=enabled`",
            Self::NamespaceDisabled => {
                "its namespace has the label `istio-injection` with another value than `enabled`"
            }
            Self::NamespaceRevision => "its namespace has the label `istio.io/rev`",
            Self::PodRevision => "the pod has the label `istio.io/rev`",
            Self::PodAsks => "the pod has the label `sidecar.istio.io/inject=true`",
            Self::ByDefault => "namespaces are injected by default",
            Self::Nothing => "no label of its namespace or its own asks for one",
        })
    }
}

impl fmt::Display for Verdict {
    /// The rule as a reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            VerdictRule::HostNetwork => f.write_str("it uses the network of its node"),
            VerdictRule::SystemNamespace => f.write_str("its namespace is one of Kubernetes' own"),
            VerdictRule::IllegalPolicy => f.write_str("the injector's policy is none"),
            VerdictRule::Label => {
                write!(f, "the pod has the label `sidecar.istio.io/inject={}`", self.inject)
            }
            VerdictRule::Annotation => {
                write!(f, "the pod has the annotation `sidecar.istio.io/inject: {}`", self.inject)
            }
            VerdictRule::NeverSelector => f.write_str("`neverInjectSelector` selects it"),
            VerdictRule::AlwaysSelector => f.write_str("`alwaysInjectSelector` selects it"),
            VerdictRule::Policy if self.inject => f.write_str("the injector's policy is `enabled`"),
            VerdictRule::Policy => f.write_str("the injector's policy is `disabled`"),
        }
    }
}
