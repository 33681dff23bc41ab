//! Takes hosts away as long as no call breaks that does not break anyway.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh::{Labels, ProxyKind};

use super::candidates::Candidates;
use super::{Confidence, Evidence, Reason, SuggestedHost, with_hosts};
use crate::calls::WorkloadCalls;
use crate::judge::Explained;
use crate::object::Sidecar;
use crate::outbound::Outbound;
use crate::scope::{Scope, Target};
use crate::view::View;

/// How often all hosts are tried: taking one away may free another.
const ROUNDS: usize = 3;

/// The workloads that share a Sidecar.
#[derive(Debug)]
pub(super) struct Group<'c> {
    pub(super) namespace: String,
    /// The name of the Sidecar.
    pub(super) name: String,
    /// The Sidecar that applies to the first of them now.
    pub(super) sidecar: Option<Arc<Sidecar>>,
    pub(super) members: Vec<Member<'c>>,
}

/// A workload of a group.
#[derive(Debug)]
pub(super) struct Member<'c> {
    pub(super) workload: &'c WorkloadCalls,
    pub(super) labels: Labels,
}

/// The members of a group that have the same routes, and all their calls.
struct Variant<'c> {
    labels: Labels,
    calls: Vec<Explained<'c>>,
}

/// The hosts that are needed, and those that are kept by rule.
pub(super) fn shrink(
    before: &View,
    after: &View,
    group: &Group<'_>,
    like: &Sidecar,
    candidates: Candidates,
) -> Vec<SuggestedHost> {
    let by_labels = before.looks_at_labels() || after.looks_at_labels();
    let scopes = scopes(before, group, by_labels);
    let outbounds: Vec<Outbound<'_>> =
        scopes.iter().map(|(_, scope)| Outbound::new(before, scope)).collect();
    let mut variants: Vec<Variant<'_>> = Vec::new();
    for ((labels, _), outbound) in scopes.iter().zip(&outbounds) {
        let members = group.members.iter().filter(|it| !by_labels || it.labels == **labels);
        let distinct: BTreeSet<_> = members
            .flat_map(|member| &member.workload.destinations)
            .map(|it| it.observed.as_ref())
            .collect();
        let calls = distinct.into_iter().map(|it| Explained::new(it, outbound)).collect();
        variants.push(Variant { labels: (*labels).clone(), calls });
    }
    let trial = Trial { after, namespace: &group.namespace, like, variants: &variants };
    let mut entries: Vec<(String, Reason, Evidence)> =
        candidates.entries.into_iter().map(|(entry, (why, seen))| (entry, why, seen)).collect();
    // What was called least is tried first, so that of two ways the busier stays.
    entries.sort_by_key(|(entry, why, seen)| (why.is_rule(), seen.calls, entry.clone()));
    let kept = trial.shrunk(entries);
    kept.into_iter().map(host).collect()
}

/// The scopes of a group's members as the objects are; one, unless routes look at labels.
fn scopes<'g>(view: &View, group: &'g Group<'_>, by_labels: bool) -> Vec<(&'g Labels, Scope)> {
    let mut scopes: Vec<(&Labels, Scope)> = Vec::new();
    for member in &group.members {
        let known = !scopes.is_empty() && !by_labels;
        if known || scopes.iter().any(|(labels, _)| **labels == member.labels) {
            continue;
        }
        let target = Target {
            namespace: &group.namespace,
            labels: &member.labels,
            kind: ProxyKind::Sidecar,
        };
        scopes.push((&member.labels, Scope::of(view, &target)));
    }
    scopes
}

struct Trial<'t> {
    after: &'t View,
    namespace: &'t str,
    like: &'t Sidecar,
    variants: &'t [Variant<'t>],
}

impl Trial<'_> {
    fn shrunk(
        &self,
        mut entries: Vec<(String, Reason, Evidence)>,
    ) -> Vec<(String, Reason, Evidence)> {
        // What may as well be there must not break anything.
        let mut broken = self.broken(&entries, None);
        for reason in [Reason::KnownAddress, Reason::UnknownHost] {
            let without: Vec<_> =
                entries.iter().filter(|(_, why, _)| *why != reason).cloned().collect();
            let fewer = self.broken(&without, None);
            if without.len() < entries.len() && fewer.len() < broken.len() {
                (entries, broken) = (without, fewer);
            }
        }
        for _ in 0..ROUNDS {
            let count = entries.len();
            let mut index = 0;
            while let Some((_, why, _)) = entries.get(index) {
                if why.is_rule() {
                    index += 1;
                    continue;
                }
                let mut without = entries.clone();
                without.remove(index);
                if self.broken(&without, Some(&broken)).is_subset(&broken) {
                    entries = without;
                } else {
                    index += 1;
                }
            }
            if entries.len() == count {
                break;
            }
        }
        entries
    }

    /// The calls that break, by variant and place; with `known` it stops at the first that is not
    /// among them.
    fn broken(
        &self,
        entries: &[(String, Reason, Evidence)],
        known: Option<&BTreeSet<(usize, usize)>>,
    ) -> BTreeSet<(usize, usize)> {
        let hosts: Vec<String> = entries.iter().map(|(entry, ..)| entry.clone()).collect();
        let sidecar = with_hosts(self.like, hosts);
        let mut broken = BTreeSet::new();
        for (variant, it) in self.variants.iter().enumerate() {
            let target =
                Target { namespace: self.namespace, labels: &it.labels, kind: ProxyKind::Sidecar };
            let scope = Scope::under(self.after, &target, sidecar.clone());
            let outbound = Outbound::new(self.after, &scope);
            for (place, call) in it.calls.iter().enumerate() {
                if call.judge(&outbound).verdict.breaks() {
                    broken.insert((variant, place));
                    if known.is_some_and(|known| !known.contains(&(variant, place))) {
                        return broken;
                    }
                }
            }
        }
        broken
    }
}

fn host((entry, reason, seen): (String, Reason, Evidence)) -> SuggestedHost {
    let confidence = match reason {
        Reason::Called | Reason::KnownAddress => seen.confidence(),
        Reason::UnknownHost => Confidence::Low,
        _ => Confidence::High,
    };
    let Evidence { calls, last_seen, workloads } = seen;
    SuggestedHost { entry, reason, calls, last_seen, workloads, confidence }
}
