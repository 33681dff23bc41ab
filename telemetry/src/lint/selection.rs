//! Which workloads the selectors of Telemetry objects select, worked out in one pass over them.

use std::collections::{BTreeMap, HashMap};

use mesh::{Labels, ProxyKind, Workload, WorkloadKind};

use crate::attach::{GATEWAY_NAME, Selectors};
use crate::object::Telemetry;

/// What the selector of a Telemetry selects.
#[derive(Debug)]
pub(super) struct Selected<'a> {
    pub(super) telemetry: &'a Telemetry,
    /// Whether it selects any workload of its namespace.
    pub(super) any: bool,
    /// Whether one of them is a pod.
    pub(super) pod: bool,
    /// A waypoint among them that goes by references only.
    pub(super) waypoint: Option<&'a Workload>,
    /// The name of a Gateway whose pod is among them.
    pub(super) gateway: Option<&'a str>,
    /// Another namespace with workloads of the labels; looked for where the own has none.
    pub(super) elsewhere: Option<&'a str>,
}

/// Objects that select the same pods.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) objects: Vec<&'a Telemetry>,
    /// The first of the pods.
    pub(super) pod: &'a str,
    /// How many they are.
    pub(super) pods: usize,
}

/// What all selectors select.
#[derive(Debug)]
pub(super) struct Selection<'a> {
    pub(super) selected: Vec<Selected<'a>>,
    pub(super) shared: Vec<Shared<'a>>,
}

impl<'a> Selection<'a> {
    /// Asks every workload which objects select it.
    pub(super) fn new(telemetries: &[&'a Telemetry], workloads: &'a [Workload]) -> Self {
        let with_selector = telemetries.iter().filter(|it| it.match_labels().is_some());
        let mut selected: Vec<Selected<'a>> = with_selector.map(|it| Selected::new(it)).collect();
        let by_namespace = by_namespace(&selected);
        let mut shared: BTreeMap<Vec<usize>, (&'a str, usize)> = BTreeMap::new();
        for workload in workloads {
            let Some(selectors) = by_namespace.get(workload.meta.namespace.as_str()) else {
                continue;
            };
            let matching = selectors.matching(&workload.labels);
            for number in &matching {
                selected.get_mut(*number).into_iter().for_each(|it| it.add(workload));
            }
            if matching.len() > 1 && workload.kind == WorkloadKind::Pod {
                shared.entry(matching).or_insert((&workload.meta.name, 0)).1 += 1;
            }
        }
        look_elsewhere(&mut selected, workloads);
        let objects = |numbers: Vec<usize>| {
            numbers.iter().filter_map(|it| selected.get(*it)).map(|it| it.telemetry).collect()
        };
        let shared = shared
            .into_iter()
            .map(|(numbers, (pod, pods))| Shared { objects: objects(numbers), pod, pods })
            .collect();
        Self { selected, shared }
    }
}

impl<'a> Selected<'a> {
    fn new(telemetry: &'a Telemetry) -> Self {
        Self { telemetry, any: false, pod: false, waypoint: None, gateway: None, elsewhere: None }
    }

    fn add(&mut self, workload: &'a Workload) {
        let gateway = workload.labels.get(GATEWAY_NAME).map(String::as_str);
        let is_pod = workload.kind == WorkloadKind::Pod;
        self.any = true;
        self.pod |= is_pod;
        self.gateway = self.gateway.or(gateway.filter(|_| is_pod));
        if workload.proxy.kind == ProxyKind::Waypoint && gateway.is_some() {
            self.waypoint.get_or_insert(workload);
        }
    }
}

fn by_namespace<'a>(selected: &[Selected<'a>]) -> HashMap<&'a str, Selectors<'a>> {
    let mut namespaces: HashMap<&str, Vec<(usize, &'a Labels)>> = HashMap::new();
    for (number, it) in selected.iter().enumerate() {
        let labels = it.telemetry.match_labels().map(|labels| (number, labels));
        namespaces.entry(&it.telemetry.meta.namespace).or_default().extend(labels);
    }
    namespaces.into_iter().map(|(name, it)| (name, Selectors::new(&it))).collect()
}

/// Looks in all namespaces for what objects do not select in their own.
fn look_elsewhere<'a>(selected: &mut [Selected<'a>], workloads: &'a [Workload]) {
    let lost: Vec<(usize, &Labels)> = selected
        .iter()
        .enumerate()
        .filter(|(_, it)| !it.any)
        .filter_map(|(number, it)| Some((number, it.telemetry.match_labels()?)))
        .collect();
    let selectors = Selectors::new(&lost);
    for workload in workloads {
        for number in selectors.matching(&workload.labels) {
            let found = selected.get_mut(number).map(|it| &mut it.elsewhere);
            found.into_iter().for_each(|it| {
                it.get_or_insert(&workload.meta.namespace);
            });
        }
    }
}
