//! What a workload has of a proxy, and what it would get if its pods were created now.

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::{Candidate, DEFAULT_REVISION, Template, template, verdict, webhook};
use crate::inventory::{Inventory, Namespace};
use crate::workload::{ProxyKind, Workload, WorkloadKind};

/// The annotation that the injector leaves.
const STATUS: &str = "sidecar.istio.io/status";

/// What a workload has of a proxy, what it would get, and why.
///
/// It serialises to an element of `logcollector mesh inject -o json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Injection {
    /// The namespace.
    pub namespace: String,
    /// The pod, or a controller without its pods as `deploy/NAME` and the like.
    pub workload: String,
    /// The kind of proxy: `sidecar`, `router`, `waypoint` or `none`.
    pub proxy: &'static str,
    /// Whether there is a proxy of the mesh: in a pod, or in the pods that a controller makes.
    pub injected: bool,
    /// The revision of the istiod that serves it; `None` without a proxy.
    pub revision: Option<String>,
    /// What the pod, or the pod template, shows: `native_sidecar`, `istio_init`, `cni`, `gateway`,
    /// `waypoint`, `proxyless`, `kube_injected`, `host_network`.
    pub shows: Vec<&'static str>,
    /// Stage 1: the webhook that the API server would call for a new pod.
    pub webhook: Stage,
    /// Stage 2: what istiod would say; `None` where no webhook is called.
    pub istiod: Option<Stage>,
    /// What would be put in: `sidecar`, `gateway`, `grpc`, or other templates by name; `None` where
    /// nothing is.
    pub template: Option<String>,
    /// Why, in the order in which it is decided.
    pub because: Vec<Because>,
}

/// What one stage says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Whether the pod goes on to the next stage, or is injected.
    pub yes: bool,
    /// The revision, or revision tag, that is asked; `None` where none is.
    pub revision: Option<String>,
    /// The rule that decides.
    pub because: String,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// What it is about: `pod`, `pod template`, `webhook`, `istiod` or `template`.
    pub object: &'static str,
    /// What it does.
    pub effect: String,
}

impl Injection {
    /// Looks at a workload. Where `revision` is given, its istiod is asked in the second stage,
    /// whatever webhook is called.
    pub fn of(workload: &Workload, inventory: &Inventory, revision: Option<&str>) -> Self {
        let name = &workload.meta.namespace;
        let implied = || Namespace::implied(name);
        let namespace = inventory.namespaces.get(name).cloned().unwrap_or_else(implied);
        let labels = match workload.kind {
            WorkloadKind::Pod => &workload.meta.labels,
            _ => &workload.labels,
        };
        let candidate = Candidate {
            namespace: name,
            namespace_labels: &namespace.meta.labels,
            labels,
            annotations: workload.pod_annotations(),
            host_network: workload.host_network,
        };
        let (webhook, istiod) = stages(&candidate, inventory, revision);
        let would = istiod.as_ref().is_some_and(|stage| stage.yes);
        let proxy = workload.proxy.kind;
        let shows = shows(workload);
        let makes_pods = workload.kind != WorkloadKind::Pod;
        let injected =
            proxy != ProxyKind::None || shows.contains(&"proxyless") || makes_pods && would;
        let revision = revision.map_or_else(|| workload.proxy.revision.clone(), str::to_owned);
        let mut report = Self {
            namespace: name.clone(),
            workload: workload.display_name(),
            proxy: proxy.as_str(),
            injected,
            revision: injected.then_some(revision),
            shows,
            webhook,
            istiod,
            template: would.then(|| template_name(&candidate)),
            because: Vec::new(),
        };
        report.because = report.reasons(workload, would);
        if let Some(refusal) = refusal(workload, inventory, would) {
            report.proxy = ProxyKind::None.as_str();
            (report.injected, report.revision, report.template) = (false, None, None);
            report.because.push(refusal);
        }
        report
    }

    /// Why a workload has no Envoy, in a sentence; `None` where it has one.
    pub fn why_no_envoy(&self) -> Option<String> {
        if self.proxy != "none" {
            return None;
        }
        let effects: Vec<&str> = self.because.iter().map(|it| it.effect.as_str()).collect();
        Some(effects.join("; "))
    }

    fn reasons(&self, workload: &Workload, would: bool) -> Vec<Because> {
        let is_pod = workload.kind == WorkloadKind::Pod;
        let object = if is_pod { "pod" } else { "pod template" };
        let has = workload.setup.has_proxy;
        let mut because = Vec::new();
        if is_pod || has {
            because.push(Because { object, effect: workload.proxy.because.clone() });
        }
        let decides = Because { object: "webhook", effect: self.webhook_effect() };
        because.push(decides);
        if let Some(stage) = &self.istiod {
            let does = if stage.yes { "injects" } else { "does not inject" };
            let effect = format!("istiod {does}: {}", stage.because);
            because.push(Because { object: "istiod", effect });
        }
        match &self.template {
            Some(name) if name != "sidecar" => {
                let effect = format!("what is put in is the template `{name}`");
                because.push(Because { object: "template", effect });
            }
            _ => {}
        }
        if is_pod && !self.injected && would {
            let effect =
                "it would get a proxy if it were created now: pods are injected when they \
                          are created, so restart it"
                    .to_owned();
            because.push(Because { object, effect });
        } else if self.proxy == "sidecar" && has && !would {
            let effect = if is_pod && !workload.pod_annotations().contains_key(STATUS) {
                "its proxy was put in by hand, or by another revision"
            } else if is_pod {
                "the pod keeps its proxy; whether the next one gets one depends on its controller"
            } else {
                "its pods have the proxy of the pod template, whatever the webhook does"
            };
            because.push(Because { object, effect: effect.to_owned() });
        }
        because
    }

    fn webhook_effect(&self) -> String {
        match &self.webhook.revision {
            Some(revision) => {
                let revision = crate::describe::clip(revision);
                format!("the webhook of revision `{revision}` is called: {}", self.webhook.because)
            }
            None => format!("no webhook is called: {}", self.webhook.because),
        }
    }
}

/// What istiod refuses to inject, though it would: the pod is not created then.
fn refusal(workload: &Workload, inventory: &Inventory, would: bool) -> Option<Because> {
    if !would || workload.setup.has_proxy || workload.proxy.kind != ProxyKind::Sidecar {
        return None;
    }
    let error = crate::capture::of(workload, inventory, None).err()?;
    let effect = format!("istiod refuses the pod for an annotation, and none is created: {error}");
    Some(Because { object: "istiod", effect })
}

/// Both stages.
fn stages(
    candidate: &Candidate<'_>,
    inventory: &Inventory,
    revision: Option<&str>,
) -> (Stage, Option<Stage>) {
    let by_default = inventory.injector(DEFAULT_REVISION).namespaces_by_default;
    let called = webhook(candidate, by_default);
    let because = called.rule.to_string();
    let stage = Stage { yes: called.revision.is_some(), revision: called.revision, because };
    let Some(asked) = stage.revision.as_deref() else { return (stage, None) };
    let asked = revision.unwrap_or(asked).to_owned();
    let said = verdict(candidate, &inventory.injector(&asked));
    let istiod = Stage { yes: said.inject, revision: Some(asked), because: said.to_string() };
    (stage, Some(istiod))
}

fn template_name(candidate: &Candidate<'_>) -> String {
    match template(candidate.annotations) {
        Template::Sidecar => "sidecar".to_owned(),
        Template::Gateway => "gateway".to_owned(),
        Template::Grpc => "grpc".to_owned(),
        Template::Custom(names) => crate::describe::clip(&names),
    }
}

/// What the pod, or the pod template, shows.
fn shows(workload: &Workload) -> Vec<&'static str> {
    let setup = &workload.setup;
    let kind = workload.proxy.kind;
    let is_sidecar = kind == ProxyKind::Sidecar && setup.has_proxy;
    let proxyless = kind == ProxyKind::None && setup.has_proxy && !workload.host_network;
    let is_template = workload.kind != WorkloadKind::Pod;
    let was_noted = workload.pod_annotations().contains_key(STATUS);
    [
        (is_sidecar && setup.native, "native_sidecar"),
        (is_sidecar && setup.by_init_container(), "istio_init"),
        (is_sidecar && setup.by_cni(), "cni"),
        (kind == ProxyKind::Router, "gateway"),
        (kind == ProxyKind::Waypoint, "waypoint"),
        (proxyless, "proxyless"),
        (is_template && setup.has_proxy && was_noted, "kube_injected"),
        (workload.host_network, "host_network"),
    ]
    .into_iter()
    .filter_map(|(holds, name)| holds.then_some(name))
    .collect()
}
