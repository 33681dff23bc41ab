//! What `istioctl analyze` reports, as it reports it.
//!
//! Follows `pkg/config/analysis/analyzers/telemetry` and `k8sgateway` of Istio 1.31, with what they get
//! wrong: IST0160 counts objects with targetRefs and misses `selector: {}`, IST0166 is reported though
//! selectors do reach gateways. One finding names the first pod and how many more there are, where
//! `istioctl` repeats itself for each.

use std::collections::BTreeMap;

use mesh::{Labels, WorkloadKind};

use super::selection::{Selection, Shared};
use super::{Finding, Subject, code, entry, finding};
use crate::attach::GATEWAY_NAME;
use crate::object::Telemetry;

pub(super) fn check(
    subject: &Subject<'_>,
    accepted: &[&Telemetry],
    selection: Option<&Selection<'_>>,
    found: &mut Vec<Finding>,
) {
    check_providers(subject, accepted, found);
    check_selectorless(accepted, found);
    if let Some(selection) = selection {
        check_selectors(selection, found);
        check_gateways(subject, accepted, selection, found);
    }
}

/// IST0157, where there is no default provider.
fn check_providers(subject: &Subject<'_>, accepted: &[&Telemetry], found: &mut Vec<Finding>) {
    if subject.views.iter().all(|view| !view.mesh().default_access_logging.is_empty()) {
        return;
    }
    for telemetry in accepted {
        for (index, logging) in telemetry.access_logging.iter().enumerate() {
            if logging.disabled || !logging.providers.is_empty() {
                continue;
            }
            let message = format!(
                "The Telemetry {} in namespace {:?} with empty providers will be ignored.",
                telemetry.meta.name, telemetry.meta.namespace
            );
            let field = entry(index, "providers");
            found.push(finding(&code::IST0157, telemetry, field, message));
        }
    }
}

/// IST0101 and IST0159.
fn check_selectors(selection: &Selection<'_>, found: &mut Vec<Finding>) {
    for selected in selection.selected.iter().filter(|it| !it.pod) {
        let labels = selected.telemetry.match_labels().into_iter().flatten();
        let pairs: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
        let message = format!("Referenced selector not found: {:?}", pairs.join(","));
        let field = "spec.selector.matchLabels".to_owned();
        found.push(finding(&code::IST0101, selected.telemetry, field, message));
    }
    selection.shared.iter().for_each(|shared| report_shared(shared, found));
}

fn report_shared(shared: &Shared<'_>, found: &mut Vec<Finding>) {
    let more = match shared.pods {
        1 => String::new(),
        pods => format!(" ({} more pods)", pods - 1),
    };
    for telemetry in &shared.objects {
        let message = format!(
            "The Telemetries {} in namespace {:?} select the same workload pod {:?}, which can lead \
             to undefined behavior.{more}",
            names(&shared.objects),
            telemetry.meta.namespace,
            shared.pod,
        );
        found.push(finding(&code::IST0159, telemetry, "spec.selector".to_owned(), message));
    }
}

/// IST0160: several objects without the field `selector`.
fn check_selectorless(accepted: &[&Telemetry], found: &mut Vec<Finding>) {
    let mut by_namespace: BTreeMap<&str, Vec<&Telemetry>> = BTreeMap::new();
    for telemetry in accepted.iter().filter(|it| it.selector.is_none()) {
        by_namespace.entry(&telemetry.meta.namespace).or_default().push(telemetry);
    }
    for (namespace, objects) in by_namespace.into_iter().filter(|(_, it)| it.len() > 1) {
        let message = format!(
            "The Telemetries {} in namespace {namespace:?} have no workload selector, which can \
             lead to undefined behavior.",
            names(&objects)
        );
        for telemetry in objects {
            let field = "spec".to_owned();
            found.push(finding(&code::IST0160, telemetry, field, message.clone()));
        }
    }
}

/// IST0166: a selector that matches the pod of a Gateway, one without labels among them.
fn check_gateways(
    subject: &Subject<'_>,
    accepted: &[&Telemetry],
    selection: &Selection<'_>,
    found: &mut Vec<Finding>,
) {
    let pods = subject.workloads.iter().filter(|it| it.kind == WorkloadKind::Pod);
    let gateways: BTreeMap<&str, &str> = pods
        .filter_map(|it| Some((it.meta.namespace.as_str(), it.labels.get(GATEWAY_NAME)?.as_str())))
        .collect();
    let selecting = selection.selected.iter().filter_map(|it| Some((it.telemetry, it.gateway?)));
    let empty = accepted.iter().filter(|it| it.selector.as_ref().is_some_and(Labels::is_empty));
    let empty = empty.filter_map(|it| Some((*it, *gateways.get(it.meta.namespace.as_str())?)));
    for (telemetry, gateway) in selecting.chain(empty) {
        if telemetry.target_ref.is_none() {
            let message = format!(
                "Ineffective selector on Kubernetes Gateway {gateway}. Use the TargetRef field \
                 instead."
            );
            let field = "spec.selector".to_owned();
            found.push(finding(&code::IST0166, telemetry, field, message));
        }
    }
}

/// Names as Go prints a list of them.
fn names(objects: &[&Telemetry]) -> String {
    let names: Vec<&str> = objects.iter().map(|it| it.meta.name.as_str()).collect();
    format!("[{}]", names.join(" "))
}
