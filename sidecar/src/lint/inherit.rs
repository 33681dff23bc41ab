//! What a Sidecar does not have from a wider one, and a policy that blocks without saying so.

use std::collections::HashSet;
use std::sync::Arc;

use mesh::Inventory;
use mesh::lint::Finding;

use super::{code, finding, selects_all};
use crate::hostname::is_covered;
use crate::object::{OutboundTrafficPolicy, PolicyMode, Sidecar};
use crate::view::View;

const POLICY: &str = "spec.outboundTrafficPolicy";

/// The most hosts that a message names.
const NAMED: usize = 5;

/// The most hosts of a Sidecar that are compared with those of another.
const COMPARED: usize = 1_000;

pub(super) fn check(view: &View, inventory: &Inventory, found: &mut Vec<Finding>) {
    for sidecar in view.sidecars.values().flatten() {
        if let Some(wider) = wider(view, sidecar) {
            found.extend(check_policy(view, sidecar, wider));
            found.extend(check_hosts(sidecar, wider));
        }
    }
    if view.mesh_policy != PolicyMode::RegistryOnly {
        check_modes(view, inventory, found);
    }
}

/// The Sidecar that would apply to the same pods if this one were not there.
fn wider<'v>(view: &'v View, sidecar: &Arc<Sidecar>) -> Option<&'v Arc<Sidecar>> {
    let namespace = sidecar.meta.namespace.as_str();
    let here = view.sidecars(namespace).iter().find(|it| selects_all(it));
    let root = || view.sidecars(&view.root_namespace).iter().find(|it| it.is_wide());
    match here {
        Some(here) if !selects_all(sidecar) => Some(here),
        _ if namespace == view.root_namespace => None,
        _ => root(),
    }
}

fn check_policy(view: &View, sidecar: &Sidecar, wider: &Sidecar) -> Option<Finding> {
    let policy = wider.outbound_traffic_policy.as_ref()?;
    let of_mesh = OutboundTrafficPolicy { mode: view.mesh_policy, egress_proxy: None };
    if sidecar.outbound_traffic_policy.is_some() || *policy == of_mesh {
        return None;
    }
    let proxy = policy.egress_proxy.as_ref().map_or("", |_| " with an egressProxy");
    let message = format!(
        "there is none, and that of {} ({}{proxy}) is not inherited: MeshConfig's counts, which is {}",
        wider.meta.qualified_name(),
        policy.mode.as_str(),
        view.mesh_policy.as_str()
    );
    let instead = match policy.egress_proxy {
        None => format!("outboundTrafficPolicy: {{mode: {}}}", policy.mode.as_str()),
        Some(_) => format!("the outboundTrafficPolicy of {} here too", wider.meta.qualified_name()),
    };
    Some(finding(&code::POLICY_NOT_INHERITED, sidecar, POLICY, message).instead(Some(instead)))
}

fn check_hosts(sidecar: &Sidecar, wider: &Sidecar) -> Option<Finding> {
    let lost = lost(sidecar, wider);
    if lost.is_empty() {
        return None;
    }
    let named: Vec<String> = lost.iter().take(NAMED).map(|host| format!("`{host}`")).collect();
    let more = match lost.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let name = wider.meta.qualified_name();
    let named = named.join(", ");
    Some(if sidecar.egress.is_empty() {
        let message = format!(
            "there is none, so that everything is imported: the hosts of {name} ({named}{more}) are not \
             inherited"
        );
        let finding = finding(&code::HOSTS_NOT_INHERITED, sidecar, "spec.egress", message);
        finding.instead(Some(format!("the egress of {name} here too")))
    } else {
        let message = format!(
            "{name} has hosts that do not count for the pods of this Sidecar, as the two are not merged: \
             {named}{more}"
        );
        finding(&code::HOSTS_NOT_MERGED, sidecar, "spec.egress", message)
    })
}

/// The hosts of a wider Sidecar that this one does not have; none where the wider one imports all.
fn lost<'s>(sidecar: &Sidecar, wider: &'s Sidecar) -> Vec<&'s str> {
    let all = || wider.egress.iter().flat_map(|listener| &listener.hosts);
    if all().any(|host| host == "*/*") {
        return Vec::new();
    }
    let own = || sidecar.egress.iter().flat_map(|listener| &listener.hosts).map(String::as_str);
    let exact: HashSet<&str> = own().collect();
    let is_wide = |host: &&str| host.starts_with('*') || host.contains("/*");
    let wide: Vec<&str> = own().filter(is_wide).take(COMPARED).collect();
    let is_there = |host: &&str| exact.contains(host) || wide.iter().any(|own| covers(own, host));
    let all = all().map(String::as_str).take(COMPARED);
    let mut lost: Vec<&str> = all.filter(|host| !is_there(host)).collect();
    lost.dedup();
    lost
}

/// Whether an entry imports at least what another one does.
fn covers(entry: &str, other: &str) -> bool {
    match (entry.split_once('/'), other.split_once('/')) {
        (Some((namespace, name)), Some((of, dns))) => {
            (namespace == of || namespace == "*") && is_covered(dns, name)
        }
        _ => entry == other,
    }
}

/// Policies without a mode, which is that of number 0.
fn check_modes(view: &View, inventory: &Inventory, found: &mut Vec<Finding>) {
    for object in &inventory.objects {
        let policy = &object.spec["outboundTrafficPolicy"];
        if !policy.is_object() || !policy["mode"].is_null() {
            continue;
        }
        let Some(sidecar) = Sidecar::read(object).filter(|it| view.settings.is_own(&it.meta))
        else {
            continue;
        };
        let message = format!(
            "without a mode it is REGISTRY_ONLY, not MeshConfig's {}: what the Sidecar does not import \
             is blocked",
            view.mesh_policy.as_str()
        );
        let finding = finding(&code::POLICY_WITHOUT_MODE, &sidecar, POLICY, message);
        found.push(finding.instead(Some("mode: ALLOW_ANY".to_owned())));
    }
}
