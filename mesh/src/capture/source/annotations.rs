//! What annotations say, as the injector and the CNI plugin read them.

use super::super::error::CaptureError;
use super::super::prefix::Prefix;
use super::super::settings::{Texts, interfaces, port};
use super::MODE;
use crate::injection::InjectorValues;
use crate::meta::Labels;
use crate::workload::Workload;

/// The annotation of the status port.
const STATUS_PORT: &str = "status.sidecar.istio.io/port";
/// What the other annotations begin with.
const TRAFFIC: &str = "traffic.sidecar.istio.io/";

/// An annotation by its name behind `traffic.sidecar.istio.io/`.
fn traffic<'a>(annotations: &'a Labels, name: &str) -> Option<&'a String> {
    annotations.get(&format!("{TRAFFIC}{name}"))
}

/// What the injector writes into the arguments of `istio-init`.
pub(super) fn of_injection(
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
pub(super) fn of_cni(workload: &Workload) -> Result<Option<Texts>, CaptureError> {
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
