//! Takes hosts away as long as no call breaks that does not break anyway.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use mesh::{Labels, ProxyKind};

use super::candidates::Candidates;
use super::ground::Standing;
use super::make::with_hosts;
use super::{Confidence, Evidence, Reason, SuggestedHost};
use crate::calls::WorkloadCalls;
use crate::judge::Explained;
use crate::object::Sidecar;
use crate::outbound::Outbound;
use crate::scope::{Pool, Scope, Target};
use crate::view::View;

/// How often all hosts are tried: taking one away may free another.
const ROUNDS: usize = 3;

/// How many calls to the host of an entry are tried before all calls are.
const LIKELY: usize = 2;

/// A host entry, why it is there and what was seen of it.
type Entry = (String, Reason, Evidence);

/// The workloads that share a Sidecar.
#[derive(Debug)]
pub(super) struct Group<'c> {
    pub(super) namespace: String,
    /// The name of the Sidecar.
    pub(super) name: String,
    /// The Sidecar that applies to the first of them now.
    pub(super) sidecar: Option<Arc<Sidecar>>,
    /// The labels that the Sidecar selects by; `None` for one without a selector.
    pub(super) selector: Option<Labels>,
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
    labels: &'c Labels,
    calls: Vec<Explained<'c>>,
    /// The calls that went to a host, which are the likeliest to break without it.
    by_host: HashMap<&'c str, Vec<(u16, usize)>>,
}

/// The hosts that are needed, and those that are kept by rule.
pub(super) fn shrink(
    after: &View,
    group: &Group<'_>,
    standings: &[Standing<'_>],
    like: &Sidecar,
    candidates: Candidates,
) -> Vec<SuggestedHost> {
    let variants: Vec<Variant<'_>> = standings
        .iter()
        .map(|standing| Variant::of(group, standing, standings.len() == 1))
        .collect();
    let all: Vec<String> = candidates.entries.keys().cloned().collect();
    let fixed = like.egress.iter().filter(|it| it.port.is_some()).flat_map(|it| &it.hosts);
    let all: Vec<String> = all.into_iter().chain(fixed.cloned()).collect();
    let pool = Pool::of(after, &group.namespace, &all);
    let called = variants.iter().flat_map(|it| it.by_host.values().flatten());
    let ports = called.map(|(port, _)| *port).collect::<BTreeSet<_>>().into_iter();
    let ports = ports.map(|port| (port, pool.of_port(port))).collect();
    let namespace = group.namespace.as_str();
    let trial = Trial { after, namespace, like, variants: &variants, pool, ports };
    let mut entries: Vec<Entry> =
        candidates.entries.into_iter().map(|(entry, (why, seen))| (entry, why, seen)).collect();
    // What was called least is tried first, so that of two ways the busier stays.
    entries.sort_by_key(|(entry, why, seen)| (why.is_rule(), seen.calls, entry.clone()));
    let kept = trial.shrunk(entries);
    kept.into_iter().map(host).collect()
}

impl<'c> Variant<'c> {
    fn of(group: &'c Group<'_>, standing: &'c Standing<'_>, is_only: bool) -> Self {
        let members = group.members.iter().filter(|it| standing.is_of(it, is_only));
        let distinct: BTreeSet<_> = members
            .flat_map(|member| &member.workload.destinations)
            .map(|it| it.observed.as_ref())
            .collect();
        let mut by_host: HashMap<&str, Vec<(u16, usize)>> = HashMap::new();
        for (place, observed) in distinct.iter().enumerate() {
            let port = observed.destination.map(|at| at.port()).or(observed.port);
            if let (Some(host), Some(port)) = (observed.host, port) {
                by_host.entry(host).or_default().push((port, place));
            }
        }
        let explained = |it| Explained::new(it, &standing.outbound);
        let calls = distinct.into_iter().map(explained).collect();
        Self { labels: standing.labels, calls, by_host }
    }
}

struct Trial<'t> {
    after: &'t View,
    namespace: &'t str,
    like: &'t Sidecar,
    variants: &'t [Variant<'t>],
    /// All that any of the hosts imports.
    pool: Pool,
    /// What of it decides over calls to each port.
    ports: HashMap<u16, Pool>,
}

impl Trial<'_> {
    fn shrunk(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        // What may as well be there must not break anything.
        let mut broken = self.broken(&entries);
        for reason in [Reason::KnownAddress, Reason::UnknownHost, Reason::OutOfScope] {
            let without: Vec<_> =
                entries.iter().filter(|(_, why, _)| *why != reason).cloned().collect();
            let fewer = self.broken(&without);
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
                if self.breaks(&entries, index, &broken) {
                    index += 1;
                } else {
                    entries.remove(index);
                }
            }
            if entries.len() == count {
                break;
            }
        }
        entries
    }

    /// The calls that break, by variant and place.
    fn broken(&self, entries: &[Entry]) -> BTreeSet<(usize, usize)> {
        let sidecar = self.sidecar(entries, None);
        let mut broken = BTreeSet::new();
        for (variant, it) in self.variants.iter().enumerate() {
            let scope = self.scope(it, &sidecar, &self.pool);
            let outbound = Outbound::new(self.after, &scope);
            let breaks = |call: &Explained<'_>| call.judge(&outbound).verdict.breaks();
            let places = it.calls.iter().enumerate().filter(|(_, call)| breaks(call));
            broken.extend(places.map(|(place, _)| (variant, place)));
        }
        broken
    }

    /// Whether a call breaks without one of the entries that is not known to.
    fn breaks(&self, entries: &[Entry], index: usize, known: &BTreeSet<(usize, usize)>) -> bool {
        let sidecar = self.sidecar(entries, Some(index));
        let entry = entries.get(index).map(|(entry, ..)| entry.as_str()).unwrap_or_default();
        let host = entry.split_once('/').map_or(entry, |(_, host)| host);
        self.variants.iter().enumerate().any(|(variant, it)| {
            let breaks = |place: usize, outbound: &Outbound<'_>| {
                let breaks = |call: &Explained<'_>| call.judge(outbound).verdict.breaks();
                it.calls.get(place).is_some_and(breaks) && !known.contains(&(variant, place))
            };
            // The calls to that very host are asked first, over what decides over their port alone.
            let likely = it.by_host.get(host).into_iter().flatten().take(LIKELY);
            let is_needed = likely.filter_map(|(port, place)| Some((self.ports.get(port)?, place)));
            is_needed.into_iter().any(|(pool, place)| {
                let scope = self.scope(it, &sidecar, pool);
                breaks(*place, &Outbound::new(self.after, &scope))
            }) || {
                let scope = self.scope(it, &sidecar, &self.pool);
                let outbound = Outbound::new(self.after, &scope);
                (0..it.calls.len()).any(|place| breaks(place, &outbound))
            }
        })
    }

    /// The Sidecar with these entries, but one.
    fn sidecar(&self, entries: &[Entry], but: Option<usize>) -> Arc<Sidecar> {
        let kept = entries.iter().enumerate().filter(|(index, _)| Some(*index) != but);
        with_hosts(self.like, kept.map(|(_, (entry, ..))| entry.clone()).collect())
    }

    fn scope(&self, variant: &Variant<'_>, sidecar: &Arc<Sidecar>, pool: &Pool) -> Scope {
        let target =
            Target { namespace: self.namespace, labels: variant.labels, kind: ProxyKind::Sidecar };
        Scope::under(self.after, &target, Arc::clone(sidecar), pool)
    }
}

fn host((entry, reason, seen): (String, Reason, Evidence)) -> SuggestedHost {
    let confidence = match reason {
        Reason::Called | Reason::KnownAddress | Reason::OutOfScope => seen.confidence(),
        Reason::UnknownHost => Confidence::Low,
        _ => Confidence::High,
    };
    let Evidence { calls, last_seen, workloads } = seen;
    SuggestedHost { entry, reason, calls, last_seen, workloads, confidence }
}
