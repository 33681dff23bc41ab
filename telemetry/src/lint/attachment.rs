//! Objects that reach nothing.

use mesh::Workload;

use super::selection::Selection;
use super::{Finding, code, finding};
use crate::attach::{GATEWAY_NAME, Unseen, View};
use crate::object::Telemetry;

/// Labels that istiod puts on proxies and manifests do not show.
const ADDED: [&str; 4] = [
    "kubernetes.io/hostname",
    "topology.kubernetes.io/",
    "topology.istio.io/",
    "failure-domain.beta.kubernetes.io/",
];

pub(super) fn check(selection: &Selection<'_>, found: &mut Vec<Finding>) {
    for selected in &selection.selected {
        let telemetry = selected.telemetry;
        let mut keys = telemetry.match_labels().into_iter().flat_map(|labels| labels.keys());
        let added = |key: &String| ADDED.iter().any(|added| key.starts_with(added));
        if !selected.any && !keys.any(added) {
            found.push(matches_nothing(telemetry, selected.elsewhere));
        }
        found.extend(selected.waypoint.map(|waypoint| selects_waypoint(telemetry, waypoint)));
    }
}

fn selects_waypoint(telemetry: &Telemetry, waypoint: &Workload) -> Finding {
    let message = format!(
        "the waypoint `{}` goes by targetRefs only, not by selectors",
        waypoint.display_name()
    );
    let instead = waypoint.labels.get(GATEWAY_NAME).map(|name| {
        format!("targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: {name}}}]")
    });
    let field = "spec.selector.matchLabels".to_owned();
    finding(&code::WAYPOINT_SELECTOR, telemetry, field, message).instead(instead)
}

fn matches_nothing(telemetry: &Telemetry, elsewhere: Option<&str>) -> Finding {
    let namespace = &telemetry.meta.namespace;
    let hint = elsewhere.map_or(String::new(), |other| {
        format!("; there are some in `{other}`, and a selector reaches only its own namespace")
    });
    let message = format!("matches no workload in the namespace `{namespace}`{hint}");
    let field = "spec.selector.matchLabels".to_owned();
    finding(&code::SELECTOR_MATCHES_NOTHING, telemetry, field, message)
        .instead(elsewhere.map(|other| format!("namespace: {other}")))
}

/// What an istiod passes over.
pub(super) fn check_view(view: &View<'_>, found: &mut Vec<Finding>) {
    for (telemetry, unseen) in view.unseen() {
        if *unseen == Unseen::Undiscovered {
            let field = "metadata.namespace".to_owned();
            let message = format!("{unseen}: the object counts for nothing");
            found.push(finding(&code::NAMESPACE_UNDISCOVERED, telemetry, field, message));
        }
    }
    for namespace in view.namespaces() {
        let Some(wide) = view.wide(namespace) else { continue };
        for shadowed in view.shadowed(namespace) {
            let message = format!(
                "counts for nothing: {} is older and for the whole namespace too{}",
                wide.meta.qualified_name(),
                match (wide.meta.created, shadowed.meta.created) {
                    (None, None) => " (by name, as neither has a creationTimestamp)",
                    (Some(one), Some(other)) if one == other =>
                        " (by name, as both are of one age)",
                    _ => "",
                }
            );
            let field = "spec".to_owned();
            let instead = format!("the entries of both in {}", wide.meta.qualified_name());
            let finding = finding(&code::SHADOWED, shadowed, field, message);
            found.push(finding.instead(Some(instead)));
        }
    }
}
