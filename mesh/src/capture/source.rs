//! Where the settings of the rules come from: the init container, the CNI plugin, or injection.
//!
//! Follows `manifests/charts/istio-control/istio-discovery/files/injection-template.yaml`,
//! `pkg/kube/inject` and `cni/pkg/plugin/sidecar_redirect.go` at istio/istio 86c9f01f.

use std::fmt;
use std::net::IpAddr;

use super::error::CaptureError;
use super::pod::Setter;
use super::prefix::Prefix;
use super::settings::{Dns, ENVIRONMENT, Environment, Settings, Texts, interfaces, port};
use super::{Capture, Rules, build};
use crate::config::ProxyConfig;
use crate::injection::InjectorValues;
use crate::inventory::Inventory;
use crate::meta::Labels;
use crate::workload::{Workload, WorkloadKind};

/// The annotation that lays a ProxyConfig over the mesh's.
const PROXY_CONFIG: &str = "proxy.istio.io/config";
/// The annotation that says how traffic is intercepted.
const MODE: &str = "sidecar.istio.io/interceptionMode";
/// The annotation of the status port.
const STATUS_PORT: &str = "status.sidecar.istio.io/port";
/// The annotation that the injector leaves, by which the CNI plugin knows its pods.
const STATUS: &str = "sidecar.istio.io/status";
/// What the other annotations begin with.
const TRAFFIC: &str = "traffic.sidecar.istio.io/";

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

/// An annotation by its name behind `traffic.sidecar.istio.io/`.
fn traffic<'a>(annotations: &'a Labels, name: &str) -> Option<&'a String> {
    annotations.get(&format!("{TRAFFIC}{name}"))
}

/// What the injector writes into the arguments of `istio-init`.
fn of_injection(
    annotations: &Labels,
    values: &InjectorValues,
    mode: &str,
) -> Result<Texts, CaptureError> {
    let or = |name: &str, value: &String| traffic(annotations, name).unwrap_or(value).clone();
    check_mode(mode, &["REDIRECT", "TPROXY"])?;
    check_ranges(annotations)?;
    let status = annotations.get(STATUS_PORT).unwrap_or(&values.status_port).trim();
    let excluded = or("excludeInboundPorts", &values.exclude_inbound_ports);
    let is_set = !status.is_empty() && status != "0";
    if is_set {
        port(STATUS_PORT, status)?;
    }
    let excluded = with_status_port(&excluded, is_set.then_some(status));
    Ok(Texts {
        mode: mode.to_owned(),
        include_ranges: or("includeOutboundIPRanges", &values.include_ip_ranges),
        exclude_ranges: or("excludeOutboundIPRanges", &values.exclude_ip_ranges),
        include_inbound_ports: or("includeInboundPorts", &values.include_inbound_ports),
        exclude_inbound_ports: format!("15090,15021,{excluded}"),
        include_outbound_ports: or("includeOutboundPorts", &values.include_outbound_ports),
        exclude_outbound_ports: or("excludeOutboundPorts", &values.exclude_outbound_ports),
        reroute_interfaces: rerouted(annotations)?,
        exclude_interfaces: traffic(annotations, "excludeInterfaces").cloned().unwrap_or_default(),
        ..Texts::default()
    })
}

/// The excluded ports and the status port, if it is not among them.
fn with_status_port(excluded: &str, status: Option<&str>) -> String {
    match status {
        Some(port) if !excluded.split(',').any(|it| it == port) => {
            let listed = excluded.split(',').map(str::trim).filter(|it| !it.is_empty());
            listed.chain([port]).collect::<Vec<_>>().join(",")
        }
        _ => excluded.to_owned(),
    }
}

/// What the CNI plugin makes of annotations; `None` where nothing is intercepted. It knows neither the
/// injector's values nor the status port.
fn of_cni(workload: &Workload) -> Result<Option<Texts>, CaptureError> {
    let annotations = workload.pod_annotations();
    let mode = annotations.get(MODE).map_or("REDIRECT", String::as_str);
    if mode == "NONE" {
        return Ok(None);
    }
    check_mode(mode, &["REDIRECT", "TPROXY"])?;
    check_ranges(annotations)?;
    let given = |name: &str| traffic(annotations, name).cloned();
    let defaults = Texts::default();
    let mut excluded = given("excludeInboundPorts").unwrap_or_default();
    excluded = excluded.trim().trim_end_matches(',').to_owned();
    for own in ["15020", "15021", "15090"] {
        if !excluded.split(',').any(|it| it == own) {
            excluded =
                if excluded.is_empty() { own.to_owned() } else { format!("{excluded},{own}") };
        }
    }
    let id = |id: Option<i64>| id.filter(|id| *id != 0).unwrap_or(1337).to_string();
    let setup = &workload.setup;
    Ok(Some(Texts {
        user: id(setup.user),
        group: id(setup.group),
        mode: mode.to_owned(),
        include_ranges: given("includeOutboundIPRanges").unwrap_or(defaults.include_ranges),
        exclude_ranges: given("excludeOutboundIPRanges").unwrap_or_default(),
        include_inbound_ports: given("includeInboundPorts")
            .unwrap_or(defaults.include_inbound_ports),
        exclude_inbound_ports: excluded,
        include_outbound_ports: given("includeOutboundPorts").unwrap_or_default(),
        exclude_outbound_ports: given("excludeOutboundPorts").unwrap_or_default(),
        reroute_interfaces: rerouted(annotations)?,
        exclude_interfaces: given("excludeInterfaces").unwrap_or_default(),
        ..Texts::default()
    }))
}

/// The interfaces of virtual machines: by the newer annotation, else by the older.
fn rerouted(annotations: &Labels) -> Result<String, CaptureError> {
    let newer = annotations.get("istio.io/reroute-virtual-interfaces");
    let found = newer.or_else(|| traffic(annotations, "kubevirtInterfaces"));
    let found = found.cloned().unwrap_or_default();
    interfaces("reroute-virtual-interfaces", &found)?;
    Ok(found)
}

fn check_mode(mode: &str, modes: &[&str]) -> Result<(), CaptureError> {
    if modes.contains(&mode) {
        return Ok(());
    }
    Err(CaptureError::new("interceptionMode", "`REDIRECT`, `TPROXY` or `NONE`", mode))
}

/// The injector and the CNI plugin refuse ranges that `istio-iptables` would pass over.
fn check_ranges(annotations: &Labels) -> Result<(), CaptureError> {
    for (setting, any) in [("includeOutboundIPRanges", true), ("excludeOutboundIPRanges", false)] {
        let Some(text) = traffic(annotations, setting) else { continue };
        if text.is_empty() || any && text == "*" {
            continue;
        }
        if let Some(wrong) = text.split(',').find(|it| Prefix::parse(it).is_none()) {
            let expected = "ranges of addresses, as `10.0.0.0/8`";
            return Err(CaptureError::new(setting, expected, wrong));
        }
    }
    Ok(())
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
