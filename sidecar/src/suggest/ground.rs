//! Groups that stand on the same ground: the same scope and routes as the objects are.

use std::collections::BTreeMap;

use mesh::{Labels, ProxyKind};

use super::shrink::{Group, Member};
use crate::outbound::Outbound;
use crate::scope::{Scope, Target};
use crate::view::View;

/// The scopes of the workloads of some groups: one, unless routes look at labels.
pub(super) struct Ground {
    scopes: Vec<(Labels, Scope)>,
}

/// What a workload finds as the objects are.
pub(super) struct Standing<'g> {
    pub(super) labels: &'g Labels,
    pub(super) scope: &'g Scope,
    pub(super) outbound: Outbound<'g>,
}

impl Ground {
    /// The ground of groups of one namespace to which one Sidecar applies.
    pub(super) fn of(view: &View, groups: &[Group<'_>]) -> Self {
        let mut scopes: Vec<(Labels, Scope)> = Vec::new();
        for member in groups.iter().flat_map(|group| &group.members) {
            let known = !scopes.is_empty() && !view.looks_at_labels();
            if known || scopes.iter().any(|(labels, _)| *labels == member.labels) {
                continue;
            }
            let target = Target {
                namespace: &member.workload.namespace,
                labels: &member.labels,
                kind: ProxyKind::Sidecar,
            };
            scopes.push((member.labels.clone(), Scope::without_reasons(view, &target)));
        }
        Self { scopes }
    }

    /// What the workloads find.
    pub(super) fn standings<'g>(&'g self, view: &'g View) -> Vec<Standing<'g>> {
        let standing = |(labels, scope): &'g (Labels, Scope)| Standing {
            labels,
            scope,
            outbound: Outbound::new(view, scope),
        };
        self.scopes.iter().map(standing).collect()
    }
}

impl Standing<'_> {
    /// Whether it is that of a workload; the only one is that of all.
    pub(super) fn is_of(&self, member: &Member<'_>, is_only: bool) -> bool {
        is_only || *self.labels == member.labels
    }
}

/// Groups by what they stand on.
pub(super) fn by_ground<'c>(groups: Vec<Group<'c>>) -> Vec<Vec<Group<'c>>> {
    let mut grounds: BTreeMap<(String, Option<String>), Vec<Group<'c>>> = BTreeMap::new();
    for group in groups {
        let sidecar = group.sidecar.as_ref().map(|sidecar| sidecar.meta.qualified_name());
        grounds.entry((group.namespace.clone(), sidecar)).or_default().push(group);
    }
    grounds.into_values().collect()
}
