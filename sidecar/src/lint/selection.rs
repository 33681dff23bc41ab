//! Which pods the selectors of Sidecars select, and Sidecars that another one stands before.

use std::collections::{BTreeMap, HashMap};

use mesh::lint::Finding;
use mesh::{ProxyKind, Workload, WorkloadKind};

use super::{code, finding, selects_all};
use crate::object::Sidecar;
use crate::scope::Target;
use crate::view::View;

/// The annotation of a pod whose traffic goes through ztunnel.
const REDIRECTION: &str = "ambient.istio.io/redirection";

const FIELD: &str = "spec.workloadSelector.labels";

/// What the selector of a Sidecar selects.
#[derive(Debug)]
pub(super) struct Selected<'a> {
    pub(super) sidecar: &'a Sidecar,
    /// Whether it selects any workload of its namespace.
    any: bool,
    /// Whether one of them is a pod.
    pub(super) pod: bool,
    /// Whether one of them is a pod in ambient mode.
    pub(super) ambient: bool,
    /// A gateway or waypoint among them.
    gateway: Option<&'a Workload>,
    /// Another namespace with workloads of the labels.
    elsewhere: Option<&'a str>,
}

/// Sidecars that select the same pods.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) sidecars: Vec<&'a Sidecar>,
    /// The first of the pods.
    pub(super) pod: &'a str,
    /// How many they are.
    pub(super) pods: usize,
}

/// What all selectors with labels select.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    pub(super) selected: Vec<Selected<'a>>,
    pub(super) shared: Vec<Shared<'a>>,
}

impl<'a> Selection<'a> {
    /// Asks every workload which Sidecars select it.
    pub(super) fn new(sidecars: &'a [Sidecar], workloads: &'a [Workload]) -> Self {
        let with_labels = sidecars.iter().filter(|sidecar| !selects_all(sidecar));
        let mut selected: Vec<Selected<'a>> = with_labels.map(Selected::new).collect();
        let mut by_namespace: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, it) in selected.iter().enumerate() {
            by_namespace.entry(&it.sidecar.meta.namespace).or_default().push(number);
        }
        let mut shared: BTreeMap<Vec<usize>, (&'a str, usize)> = BTreeMap::new();
        for workload in workloads {
            let here = by_namespace.get(workload.meta.namespace.as_str());
            let mut matching = Vec::new();
            for number in here.into_iter().flatten() {
                let Some(it) = selected.get_mut(*number) else { continue };
                if it.sidecar.mismatch(&workload.labels).is_none() {
                    it.add(workload);
                    matching.push(*number);
                }
            }
            let counts = workload.kind == WorkloadKind::Pod && !is_ambient(workload);
            if matching.len() > 1 && counts {
                shared.entry(matching).or_insert((&workload.meta.name, 0)).1 += 1;
            }
        }
        for it in selected.iter_mut().filter(|it| !it.any) {
            let has = |workload: &&Workload| it.sidecar.mismatch(&workload.labels).is_none();
            it.elsewhere = workloads.iter().find(has).map(|it| it.meta.namespace.as_str());
        }
        let of = |numbers: Vec<usize>| {
            numbers.iter().filter_map(|it| selected.get(*it)).map(|it| it.sidecar).collect()
        };
        let shared = shared.into_iter();
        let shared = shared
            .map(|(numbers, (pod, pods))| Shared { sidecars: of(numbers), pod, pods })
            .collect();
        Self { selected, shared }
    }
}

impl<'a> Selected<'a> {
    fn new(sidecar: &'a Sidecar) -> Self {
        Self { sidecar, any: false, pod: false, ambient: false, gateway: None, elsewhere: None }
    }

    fn add(&mut self, workload: &'a Workload) {
        let is_pod = workload.kind == WorkloadKind::Pod;
        self.any = true;
        self.pod |= is_pod;
        self.ambient |= is_pod && is_ambient(workload);
        if matches!(workload.proxy.kind, ProxyKind::Router | ProxyKind::Waypoint) {
            self.gateway.get_or_insert(workload);
        }
    }
}

/// Whether `istioctl` takes a pod for one in ambient mode.
fn is_ambient(workload: &Workload) -> bool {
    workload.meta.annotations.get(REDIRECTION).is_some_and(|value| value == "enabled")
}

/// Selectors that select nothing, or what no Sidecar is for.
pub(super) fn check(selection: &Selection<'_>, found: &mut Vec<Finding>) {
    for it in &selection.selected {
        if !it.any {
            let hint = it.elsewhere.map_or(String::new(), |other| {
                format!(
                    "; there are some in `{other}`, and a selector reaches only its own namespace"
                )
            });
            let message = format!(
                "matches no workload in the namespace `{}`{hint}",
                it.sidecar.meta.namespace
            );
            found.push(
                finding(&code::SELECTOR_MATCHES_NOTHING, it.sidecar, FIELD, message)
                    .instead(it.elsewhere.map(|other| format!("namespace: {other}"))),
            );
        }
        if let Some(gateway) = it.gateway {
            let message = format!(
                "`{}` is a {}, to which no Sidecar applies: it sees all that is exported to it",
                gateway.display_name(),
                gateway.proxy.kind.as_str()
            );
            found.push(finding(&code::GATEWAY_SELECTOR, it.sidecar, FIELD, message));
        }
    }
}

/// Sidecars that apply to nothing, as another one comes first.
pub(super) fn check_order(view: &View, workloads: &[Workload], found: &mut Vec<Finding>) {
    for (namespace, sidecars) in &view.sidecars {
        let mut first: Option<&Sidecar> = None;
        for sidecar in sidecars.iter().filter(|sidecar| selects_all(sidecar)) {
            match first {
                None => first = Some(sidecar),
                Some(first) => found.push(shadowed(sidecar, first)),
            }
        }
        // Those with labels come before those without a selector, but not before an empty one.
        let here = workloads.iter().filter(|workload| workload.meta.namespace == *namespace);
        let mut met: HashMap<&str, bool> = HashMap::new();
        for workload in here {
            let target = Target::of(workload);
            let applies = view.sidecar_of(&target);
            for sidecar in sidecars.iter().filter(|sidecar| !selects_all(sidecar)) {
                if sidecar.mismatch(&workload.labels).is_none() {
                    let is_it =
                        applies.as_ref().is_some_and(|it| it.meta.name == sidecar.meta.name);
                    *met.entry(&sidecar.meta.name).or_default() |= is_it;
                }
            }
        }
        for sidecar in sidecars.iter().filter(|it| met.get(it.meta.name.as_str()) == Some(&false)) {
            let before = sidecars.iter().take_while(|it| it.meta.name != sidecar.meta.name);
            let first = before.last();
            found.extend(first.map(|first| shadowed(sidecar, first)));
        }
    }
}

fn shadowed(sidecar: &Sidecar, first: &Sidecar) -> Finding {
    let why = match (first.is_wide() != sidecar.is_wide(), first.meta.created, sidecar.meta.created)
    {
        (true, ..) => "has a workloadSelector and comes first",
        (_, None, None) => "comes first (by name, as neither has a creationTimestamp)",
        (_, one, other) if one == other => "comes first (by name, as both are of one age)",
        _ => "is older and comes first",
    };
    let message = format!(
        "applies to no pod: {} {why}, and Sidecars are not merged",
        first.meta.qualified_name()
    );
    finding(&code::SHADOWED, sidecar, "spec", message)
        .instead(Some(format!("the hosts of both in {}", first.meta.qualified_name())))
}
