//! Where the settings of the rules come from: the init container, the CNI plugin, or injection.
//!
//! Follows `manifests/charts/istio-control/istio-discovery/files/injection-template.yaml`,
//! `pkg/kube/inject` and `cni/pkg/plugin/sidecar_redirect.go` at istio/istio 86c9f01f.

mod annotations;

use std::fmt;
use std::net::IpAddr;

use annotations::{of_cni, of_injection};

use super::error::CaptureError;
use super::pod::Setter;
use super::settings::{Dns, ENVIRONMENT, Environment, Settings, Texts};
use super::{Capture, Rules, build};
use crate::config::ProxyConfig;
use crate::inventory::Inventory;
use crate::workload::{Workload, WorkloadKind};

/// The annotation that lays a ProxyConfig over the mesh's.
const PROXY_CONFIG: &str = "proxy.istio.io/config";
/// The annotation that says how traffic is intercepted.
const MODE: &str = "sidecar.istio.io/interceptionMode";
/// The annotation that the injector leaves, by which the CNI plugin knows its pods.
const STATUS: &str = "sidecar.istio.io/status";

/// Who sets the rules, and what by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The init container `istio-init`, by its arguments.
    InitContainer,
    /// Istio's CNI plugin, by the pod's annotations.
    Cni,
    /// Nobody that the pod shows; if the CNI plugin sets rules, then by these annotations.
    Annotations,
    /// The init container that injection would put in, by the annotations of the pod template.
    Injection,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InitContainer => "its init container `istio-init`, by its arguments",
            Self::Cni => "Istio's CNI plugin, by the pod's annotations",
            Self::Annotations => "Istio's CNI plugin if it is installed, by the pod's annotations",
            Self::Injection => {
                "what injection would put in, by the annotations of the pod template and the \
                 injector's values"
            }
        })
    }
}

impl Source {
    /// The source as it is printed in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InitContainer => "init_container",
            Self::Cni => "cni",
            Self::Annotations => "annotations",
            Self::Injection => "injection",
        }
    }
}

/// What the rules are set by, before it is read.
struct Told {
    source: Source,
    texts: Texts,
    environment: Environment,
}

/// The capture of a workload with a sidecar.
pub(super) fn capture(
    workload: &Workload,
    inventory: &Inventory,
    revision: &str,
) -> Result<Capture, CaptureError> {
    if nobody_sets_rules(workload) {
        let because = "nobody sets rules: it has no init container `istio-init`, and Istio's CNI \
                       plugin passes over pods without the annotation `sidecar.istio.io/status`";
        return Ok(Capture::None(because.to_owned()));
    }
    let Some(told) = told(workload, inventory, revision)? else {
        let because = "its interception mode is `NONE`: no rules are set";
        return Ok(Capture::None(because.to_owned()));
    };
    let servers = dns_servers(workload, inventory);
    let settings = Settings::of(&told.texts, &told.environment, &servers)?;
    let mut remarks = Vec::new();
    if told.source == Source::Annotations {
        remarks.push(
            "the pod has neither an init container `istio-init` nor `istio-validation`: if the CNI \
             plugin does not set these rules, nobody does"
                .to_owned(),
        );
    }
    if workload.setup.uses_nftables() {
        remarks.push(
            "the init container sets the same in nftables' words: `nft list ruleset` shows it"
                .to_owned(),
        );
    }
    if settings.dns == Dns::Servers(Vec::new()) {
        remarks.push(
            "DNS is captured, but the pod's DNS servers are not known, and the rules for them are \
             left out: the Service `kube-system/kube-dns` among the manifests would tell"
                .to_owned(),
        );
    }
    let rules = rules(workload, told.source, &settings, remarks)?;
    Ok(Capture::Rules(Box::new(rules)))
}

/// Whether a pod has a proxy, but nothing that brings traffic to it.
fn nobody_sets_rules(workload: &Workload) -> bool {
    let setup = &workload.setup;
    let was_noted = workload.pod_annotations().contains_key(STATUS);
    setup.setter == Setter::Nobody && setup.has_proxy && !was_noted
}

/// What sets the rules of a workload; `None` where its interception mode is `NONE`.
fn told(
    workload: &Workload,
    inventory: &Inventory,
    revision: &str,
) -> Result<Option<Told>, CaptureError> {
    let setup = &workload.setup;
    let source = match &setup.setter {
        Setter::InitContainer(arguments) => {
            let texts = Texts::of_arguments(arguments);
            let environment = setup.environment.clone();
            return Ok(Some(Told { source: Source::InitContainer, texts, environment }));
        }
        Setter::Cni => Source::Cni,
        Setter::Nobody if workload.kind != WorkloadKind::Pod && !setup.has_proxy => {
            return of_template(workload, inventory, revision);
        }
        Setter::Nobody => Source::Annotations,
    };
    let texts = of_cni(workload)?;
    let environment = cni_environment(&setup.environment);
    Ok(texts.map(|texts| Told { source, texts, environment }))
}

/// What injection would set the rules of a controller's pods by.
fn of_template(
    workload: &Workload,
    inventory: &Inventory,
    revision: &str,
) -> Result<Option<Told>, CaptureError> {
    let source = Source::Injection;
    let annotations = workload.pod_annotations();
    let values = inventory.injector(revision).values;
    let config = inventory.mesh_config(revision);
    let mut proxy = config.default_config.clone();
    if let Some(text) = annotations.get(PROXY_CONFIG) {
        let error = |()| CaptureError::new(PROXY_CONFIG, "a ProxyConfig", text);
        proxy.apply_text(text).map_err(error)?;
    }
    let environment = environment(&proxy);
    if values.cni {
        let environment = cni_environment(&environment);
        let texts = of_cni(workload)?;
        return Ok(texts.map(|texts| Told { source, texts, environment }));
    }
    let mode = annotations.get(MODE).unwrap_or(&proxy.interception_mode);
    if mode == "NONE" {
        return Ok(None);
    }
    let mut texts = of_injection(annotations, &values, mode)?;
    texts.outbound_port = config.proxy_listen_port.to_string();
    texts.inbound_port = config.proxy_inbound_listen_port.to_string();
    Ok(Some(Told { source, texts, environment }))
}

fn rules(
    workload: &Workload,
    source: Source,
    settings: &Settings,
    remarks: Vec<String>,
) -> Result<Rules, CaptureError> {
    let ips = &workload.ips;
    let has_ipv6 = match ips.first() {
        Some(first) => first.is_ipv6() || settings.dual_stack && ips.iter().any(IpAddr::is_ipv6),
        None => settings.dual_stack,
    };
    // Of pods that are not there, no address is known: they may have one of IPv6.
    let ipv6 = (has_ipv6 || ips.is_empty()).then(|| build::rules(settings, false)).transpose()?;
    Ok(Rules {
        source,
        ipv4: build::rules(settings, true)?,
        ipv6,
        has_ipv6,
        remarks,
        application: workload.setup.application,
        outbound_port: settings.outbound_port,
        inbound_port: settings.inbound_port,
        ips: ips.clone(),
    })
}

/// The environment that a ProxyConfig gives `istio-init`.
fn environment(proxy: &ProxyConfig) -> Environment {
    let metadata = proxy.proxy_metadata.iter();
    let known = metadata.filter(|(name, _)| ENVIRONMENT.contains(&name.as_str()));
    known.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What the CNI plugin takes of the environment: it captures all DNS, since it does not know the
/// pod's servers.
fn cni_environment(environment: &Environment) -> Environment {
    let taken = ["ISTIO_META_DNS_CAPTURE", "ISTIO_DUAL_STACK", "INVALID_DROP"];
    let known = environment.iter().filter(|(name, _)| taken.contains(&name.as_str()));
    let mut known: Environment = known.map(|(name, value)| (name.clone(), value.clone())).collect();
    known.insert("CAPTURE_ALL_DNS".to_owned(), "true".to_owned());
    known
}

/// The DNS servers that a pod asks: its own, else those of the cluster.
fn dns_servers(workload: &Workload, inventory: &Inventory) -> Vec<IpAddr> {
    if !workload.setup.dns_servers.is_empty() {
        return workload.setup.dns_servers.clone();
    }
    let dns = inventory
        .services
        .iter()
        .find(|service| service.meta.namespace == "kube-system" && service.meta.name == "kube-dns");
    dns.into_iter().flat_map(|it| &it.cluster_ips).filter_map(|ip| ip.parse().ok()).collect()
}
