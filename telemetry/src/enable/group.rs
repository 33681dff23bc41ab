//! Which objects reach the chosen workloads and no others.

use std::collections::BTreeMap;

use mesh::{ProxyKind, ServiceRef, Workload, name_of};
use serde_json::{Value, json};

use super::Refusal;
use super::labels::{self, Chosen};
use crate::attach::{GATEWAY_NAME, gateway_ref, service_ref};

/// The most references of a Telemetry.
const MOST_REFS: usize = 16;

/// Workloads that one object is for, or a waypoint, which may take more than one.
#[derive(Debug)]
pub(super) struct Group<'w> {
    pub(super) namespace: &'w str,
    /// The name of the controller, of the Gateway, or what the labels of several have in common.
    pub(super) name: String,
    pub(super) members: Vec<&'w Workload>,
}

/// How an object attaches to a group.
#[derive(Debug)]
pub(super) enum Attachment {
    /// By a selector.
    Selector(Chosen),
    /// By the name of the Gateway whose proxies they are.
    Gateway(String),
}

/// What an object is attached to.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The object's namespace.
    pub(super) namespace: String,
    /// The field of `spec`, and its value.
    pub(super) field: (&'static str, Value),
    /// The services whose traffic through a waypoint it is for, as rows name them; `None` for all
    /// traffic of the group.
    pub(super) services: Option<Vec<String>>,
}

/// Puts workloads into groups, each with what reaches it alone. Workloads that no selector tells apart
/// are one group.
///
/// # Errors
///
/// When every selector for some of them selects others that were not chosen.
pub(super) fn groups<'w>(
    chosen: &[&'w Workload],
    all: &[&'w Workload],
) -> Result<Vec<(Group<'w>, Attachment)>, Refusal> {
    let mut pending = by_controller(chosen);
    let mut done: Vec<(Group<'w>, Attachment)> = Vec::new();
    while let Some(mut group) = pending.pop() {
        let others = match attachment(&group, all) {
            Ok(attachment) => {
                done.push((group, attachment));
                continue;
            }
            Err(others) => others,
        };
        let joins = |it: &Group<'_>| {
            it.members.iter().any(|member| others.iter().any(|other| std::ptr::eq(*other, *member)))
        };
        let joining: Vec<Group<'w>> = pending
            .extract_if(.., |it| joins(it))
            .chain(done.extract_if(.., |(it, _)| joins(it)).map(|(it, _)| it))
            .collect();
        let joined = |other: &&Workload| {
            joining.iter().flat_map(|it| &it.members).any(|it| std::ptr::eq(*it, *other))
        };
        let strangers: Vec<&Workload> =
            others.iter().copied().filter(|other| !joined(other)).collect();
        if joining.is_empty() || !strangers.is_empty() {
            return Err(Refusal::shared_labels(&group.members, &strangers));
        }
        group.members.extend(joining.into_iter().flat_map(|it| it.members));
        let names = group.members.iter().map(|it| name_of(&it.labels));
        if let Some(Some(name)) = names.reduce(|one, other| one.filter(|_| one == other)) {
            name.clone_into(&mut group.name);
        }
        pending.push(group);
    }
    let order = |group: &Group<'w>| (group.namespace, group.name.clone());
    done.sort_by(|(one, _), (other, _)| order(one).cmp(&order(other)));
    Ok(done)
}

/// The workloads of each controller or Gateway.
fn by_controller<'w>(chosen: &[&'w Workload]) -> Vec<Group<'w>> {
    let mut groups: BTreeMap<(&str, bool, &str), Vec<&'w Workload>> = BTreeMap::new();
    for workload in chosen {
        let gateway = workload.labels.get(GATEWAY_NAME).map(String::as_str);
        let name = gateway.unwrap_or_else(|| workload.workload_name());
        let key = (workload.meta.namespace.as_str(), gateway.is_some(), name);
        groups.entry(key).or_default().push(workload);
    }
    groups
        .into_iter()
        .map(|((namespace, _, name), members)| Group { namespace, name: name.to_owned(), members })
        .collect()
}

/// What reaches a group alone; else the others that it always reaches.
fn attachment<'w>(
    group: &Group<'w>,
    all: &[&'w Workload],
) -> Result<Attachment, Vec<&'w Workload>> {
    let member = |it: &Workload| group.members.iter().any(|member| is_same(member, it));
    let others =
        all.iter().copied().filter(|it| it.meta.namespace == group.namespace && !member(it));
    let others: Vec<&'w Workload> = others.filter(|it| it.proxy.kind != ProxyKind::None).collect();
    let gateway = group.members.first().and_then(|it| it.labels.get(GATEWAY_NAME));
    if let Some(gateway) = gateway {
        let same = |it: &&&Workload| it.labels.get(GATEWAY_NAME) == Some(gateway);
        let of_gateway: Vec<&'w Workload> = others.iter().filter(same).copied().collect();
        if of_gateway.is_empty() {
            return Ok(Attachment::Gateway(gateway.clone()));
        }
        if group.members.iter().any(|it| it.proxy.kind == ProxyKind::Waypoint) {
            return Err(of_gateway);
        }
    }
    // Waypoints of a Gateway are not reached by selectors.
    let selectable = |it: &&Workload| {
        it.proxy.kind != ProxyKind::Waypoint || !it.labels.contains_key(GATEWAY_NAME)
    };
    let others: Vec<&'w Workload> = others.into_iter().filter(selectable).collect();
    labels::singling_out(&group.members, &others).map(Attachment::Selector)
}

/// Whether two are the same object of a cluster.
pub(super) fn is_same(one: &Workload, other: &Workload) -> bool {
    (one.kind, &one.meta.name, &one.meta.namespace)
        == (other.kind, &other.meta.name, &other.meta.namespace)
}

impl Group<'_> {
    /// The objects that reach the group: one, or for a waypoint more, as the name of its Gateway counts
    /// only for services of its own namespace.
    pub(super) fn parts(&self, attachment: &Attachment, services: &[ServiceRef]) -> Vec<Part> {
        let part = |field| Part { namespace: self.namespace.to_owned(), field, services: None };
        let gateway = match attachment {
            Attachment::Selector(chosen) => {
                return vec![part(("selector", json!({"matchLabels": chosen.labels})))];
            }
            Attachment::Gateway(gateway) => part(("targetRefs", json!([gateway_ref(gateway)]))),
        };
        let mut foreign: BTreeMap<&str, Vec<&ServiceRef>> = BTreeMap::new();
        for service in services.iter().filter(|it| it.namespace != self.namespace) {
            foreign.entry(&service.namespace).or_default().push(service);
        }
        if foreign.is_empty() {
            return vec![gateway];
        }
        let names = |services: &[&ServiceRef]| -> Vec<String> {
            services.iter().map(|it| crate::who::qualified_name(it)).collect()
        };
        let own: Vec<&ServiceRef> =
            services.iter().filter(|it| it.namespace == self.namespace).collect();
        let mut parts = Vec::new();
        if !own.is_empty() {
            parts.push(Part { services: Some(names(&own)), ..gateway });
        }
        for (namespace, services) in foreign {
            parts.extend(services.chunks(MOST_REFS).map(|services| Part {
                namespace: namespace.to_owned(),
                field: ("targetRefs", services.iter().map(|it| service_ref(it)).collect()),
                services: Some(names(services)),
            }));
        }
        parts
    }
}
