//! What `istioctl analyze` reports, as it reports it.
//!
//! Follows `pkg/config/analysis/analyzers/sidecar` at istio/istio 86c9f01f. One finding names the first
//! pod and how many more there are, where `istioctl` repeats itself for each.

use std::collections::BTreeMap;

use mesh::lint::Finding;
use mesh::{Inventory, Labels};

use super::selection::Selection;
use super::{code, finding, selects_all};
use crate::object::Sidecar;

/// The label of a namespace in ambient mode.
const DATAPLANE_MODE: &str = "istio.io/dataplane-mode";

const AMBIENT_PODS: &str =
    "The policy has no impact: selected workload is in ambient mode, the policy has no impact.";
const AMBIENT_NAMESPACE: &str =
    "The policy has no impact: namespace is in ambient mode, the policy has no impact.";

/// IST0101, IST0110, and IST0167 of pods.
pub(super) fn check_selectors(selection: &Selection<'_>, found: &mut Vec<Finding>) {
    for it in &selection.selected {
        if !it.pod {
            let labels = it.sidecar.workload_selector.iter().flatten();
            let pairs: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
            let message = format!("Referenced selector not found: {:?}", pairs.join(","));
            found.push(finding(
                &code::IST0101,
                it.sidecar,
                "spec.workloadSelector.labels",
                message,
            ));
        }
        if it.ambient {
            found.push(finding(&code::IST0167, it.sidecar, "spec.workloadSelector", AMBIENT_PODS));
        }
    }
    for shared in &selection.shared {
        let more = match shared.pods {
            1 => String::new(),
            pods => format!(" ({} more pods)", pods - 1),
        };
        for sidecar in &shared.sidecars {
            let message = format!(
                "The Sidecars {} in namespace {:?} select the same workload pod {:?}, which can lead to \
                 undefined behavior.{more}",
                names(&shared.sidecars),
                sidecar.meta.namespace,
                shared.pod,
            );
            found.push(finding(&code::IST0110, sidecar, "spec.workloadSelector", message));
        }
    }
}

/// IST0111, and IST0167 of namespaces; both are of Sidecars without labels to select by.
pub(super) fn check_wide(inventory: &Inventory, sidecars: &[Sidecar], found: &mut Vec<Finding>) {
    let mut by_namespace: BTreeMap<&str, Vec<&Sidecar>> = BTreeMap::new();
    for sidecar in sidecars.iter().filter(|sidecar| selects_all(sidecar)) {
        by_namespace.entry(&sidecar.meta.namespace).or_default().push(sidecar);
    }
    for (namespace, wide) in by_namespace {
        let is_ambient = inventory.namespace_labels(namespace).is_some_and(is_ambient);
        let (code, message) = match (is_ambient, wide.as_slice()) {
            (true, _) => (&code::IST0167, AMBIENT_NAMESPACE.to_owned()),
            (false, [] | [_]) => continue,
            (false, _) => (
                &code::IST0111,
                format!(
                    "The Sidecars {} in namespace {namespace:?} have no workload selector, which can \
                     lead to undefined behavior.",
                    names(&wide)
                ),
            ),
        };
        found.extend(wide.iter().map(|sidecar| finding(code, sidecar, "spec", message.clone())));
    }
}

/// Whether `istioctl` takes a namespace for one in ambient mode: not where injection is on, too.
fn is_ambient(labels: &Labels) -> bool {
    let has = |key: &str, value: &str| labels.get(key).is_some_and(|it| it == value);
    let has_revision = labels.get("istio.io/rev").is_some_and(|revision| !revision.is_empty());
    has(DATAPLANE_MODE, "ambient") && !has("istio-injection", "enabled") && !has_revision
}

/// Names as Go prints a list of them.
fn names(sidecars: &[&Sidecar]) -> String {
    let names: Vec<&str> = sidecars.iter().map(|it| it.meta.name.as_str()).collect();
    format!("[{}]", names.join(" "))
}
