//! Which Sidecar applies to a proxy, and its policy for unknown traffic.

use std::sync::Arc;

use super::Target;
use crate::because::{Because, Reasons};
use crate::object::{OutboundTrafficPolicy, Sidecar};
use crate::view::View;

/// The Sidecar that applies: of those of the proxy's namespace the first that selects it, else the
/// first of the root namespace without a selector. They are never merged.
pub(crate) fn sidecar(
    view: &View,
    target: &Target<'_>,
    because: &mut Reasons,
) -> Option<Arc<Sidecar>> {
    let mut found: Option<&Arc<Sidecar>> = None;
    for sidecar in view.sidecars(target.namespace) {
        let name = sidecar.meta.qualified_name();
        let effect = match (found, sidecar.mismatch(target.labels)) {
            (_, Some(mismatch)) => mismatched(mismatch),
            (Some(first), None) => {
                format!(
                    "does not apply: {} comes first, and they are not merged",
                    why(first, sidecar)
                )
            }
            (None, None) => {
                found = Some(sidecar);
                applies(sidecar)
            }
        };
        because.push(Because::new(name, effect));
    }
    let root = view.root_namespace.as_str();
    let in_root = view.sidecars(root).iter().filter(|sidecar| sidecar.is_wide());
    for sidecar in in_root.filter(|_| target.namespace != root) {
        let effect = match found {
            Some(first) => {
                format!("does not apply: {} is in the proxy's own namespace", quoted(first))
            }
            None => {
                found = Some(sidecar);
                format!(
                    "applies: no Sidecar of namespace `{}` does, and it is the first of the root \
                     namespace without a workloadSelector",
                    target.namespace
                )
            }
        };
        because.push(Because::new(sidecar.meta.qualified_name(), effect));
    }
    if found.is_none() {
        let effect = "no Sidecar applies: everything that is exported to the namespace is seen";
        because.push(Because::new(format!("namespace {}", target.namespace), effect));
    }
    found.cloned()
}

fn applies(sidecar: &Sidecar) -> String {
    match &sidecar.workload_selector {
        None => "applies: it is the first of the namespace without a workloadSelector".to_owned(),
        Some(labels) if labels.is_empty() => {
            "applies: its workloadSelector is empty and selects every pod of the namespace"
                .to_owned()
        }
        Some(labels) => {
            let labels: Vec<String> =
                labels.iter().map(|(key, value)| format!("`{key}: {value}`")).collect();
            format!("applies: its workloadSelector asks for {}", labels.join(", "))
        }
    }
}

fn mismatched((key, wanted, found): (&str, &str, Option<&str>)) -> String {
    match found {
        None => format!(
            "does not apply: its workloadSelector asks for the label `{key}: {wanted}`, which is not \
             there"
        ),
        Some(found) => format!(
            "does not apply: its workloadSelector asks for the label `{key}: {wanted}`, and it is \
             `{found}`"
        ),
    }
}

/// Why `first` comes before `other`.
fn why(first: &Sidecar, other: &Sidecar) -> String {
    let name = quoted(first);
    if first.is_wide() != other.is_wide() {
        format!("{name} has a workloadSelector and")
    } else if first.meta.created == other.meta.created {
        format!("{name} is of the same age and")
    } else {
        format!("{name} is older and")
    }
}

fn quoted(sidecar: &Sidecar) -> String {
    format!("`{}`", sidecar.meta.qualified_name())
}

/// The policy for unknown traffic. That of a wider Sidecar is not inherited.
pub(super) fn policy(
    view: &View,
    sidecar: Option<&Sidecar>,
    because: &mut Reasons,
) -> OutboundTrafficPolicy {
    let own = sidecar.and_then(|it| Some((it, it.outbound_traffic_policy.as_ref()?)));
    if let Some((sidecar, policy)) = own {
        let mode = policy.mode.as_str();
        let effect = match &policy.egress_proxy {
            None => format!("its own outboundTrafficPolicy counts: {mode}"),
            Some(proxy) => format!(
                "its own outboundTrafficPolicy counts: {mode}, with unknown traffic to `{}`",
                proxy.host
            ),
        };
        because.push(Because::new(sidecar.meta.qualified_name(), effect));
        return policy.clone();
    }
    let mode = view.mesh_policy;
    because.push(Because::mesh_config(format!(
        "its outboundTrafficPolicy counts, as no Sidecar that applies has one: {}",
        mode.as_str()
    )));
    OutboundTrafficPolicy { mode, egress_proxy: None }
}
