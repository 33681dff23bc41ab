//! The fewest labels that select some workloads and no others.

use mesh::{Labels, Workload};

use crate::attach::selects;

/// Labels that name a workload by themselves, the best first.
const NAMES: [&str; 5] = [
    "app",
    "app.kubernetes.io/name",
    "service.istio.io/canonical-name",
    "istio",
    crate::attach::GATEWAY_NAME,
];

/// Labels that tell workloads of one name apart, the best first.
const PARTS: [&str; 5] = [
    "version",
    "app.kubernetes.io/version",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/component",
    "service.istio.io/canonical-revision",
];

/// Labels that belong to a pod, or to one run of a controller, and go with it.
const OWN: [&str; 8] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-name",
    "job-name",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/controller-uid",
    "controller-uid",
    "controller-revision-hash",
];

/// The label of the pods of one ReplicaSet.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// The label that istiod adds with the name of a pod's node.
const NODE: &str = "kubernetes.io/hostname";

/// Labels that say how the mesh treats a pod, not what it is.
const TREATMENT: [&str; 6] = [
    "istio.io/rev",
    "istio.io/dataplane-mode",
    "security.istio.io/tlsMode",
    "sidecar.istio.io/inject",
    "networking.istio.io/tunnel",
    "pod-template-generation",
];

/// The most labels of a workload that are tried.
const TRIED: usize = 64;

/// How gladly a label is used; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Name(usize),
    Part(usize),
    Other,
    Own(usize),
    TemplateHash,
    Node,
}

/// The tiers of ranks: a label of a later tier is used only where the earlier do not do.
const TIERS: [Rank; 5] =
    [Rank::Part(usize::MAX), Rank::Other, Rank::Own(usize::MAX), Rank::TemplateHash, Rank::Node];

/// Labels that select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The labels.
    pub(super) labels: Labels,
    /// The keys of those that go with a pod, so that another in its place is not selected.
    pub(super) passing: Vec<String>,
}

/// Labels that all of `chosen` have and that none of `others` has all of.
///
/// # Errors
///
/// Those of `others` that have every label that `chosen` share, so that no selector leaves them out;
/// none of them where `chosen` share no label.
pub(super) fn singling_out<'w>(
    chosen: &[&Workload],
    others: &[&'w Workload],
) -> Result<Chosen, Vec<&'w Workload>> {
    let common = common(chosen);
    let everything = common.iter().map(|(_, key, value)| (key.to_string(), value.to_string()));
    let everything: Labels = everything.collect();
    let like: Vec<&'w Workload> =
        others.iter().copied().filter(|other| selects(&everything, &other.labels)).collect();
    if !like.is_empty() || common.is_empty() {
        return Err(like);
    }
    let tiers = TIERS.iter().filter_map(|tier| {
        let allowed: Vec<_> = common.iter().copied().filter(|(rank, ..)| rank <= tier).collect();
        fewest(&allowed, others)
    });
    tiers.into_iter().next().ok_or(like)
}

/// The labels that all workloads share and that may be used, the best first.
fn common<'c>(chosen: &[&'c Workload]) -> Vec<(Rank, &'c str, &'c str)> {
    let Some((first, rest)) = chosen.split_first() else { return Vec::new() };
    let shared = first
        .labels
        .iter()
        .filter(|(key, value)| rest.iter().all(|other| other.labels.get(*key) == Some(value)));
    let ranked = shared.filter_map(|(key, value)| Some((rank(key, value)?, &**key, &**value)));
    let mut common: Vec<_> = ranked.collect();
    common.sort_unstable();
    common.truncate(TRIED);
    common
}

fn rank(key: &str, value: &str) -> Option<Rank> {
    let at = |keys: &[&str]| keys.iter().position(|it| *it == key);
    // The API server takes no wildcards, and a label without a value says nothing.
    if key.is_empty()
        || value.is_empty()
        || key.contains('*')
        || value.contains('*')
        || TREATMENT.contains(&key)
    {
        return None;
    }
    let rank = match (at(&NAMES), at(&PARTS), at(&OWN), key) {
        (Some(at), ..) => Rank::Name(at),
        (_, Some(at), ..) => Rank::Part(at),
        (_, _, Some(at), _) => Rank::Own(at),
        (.., TEMPLATE_HASH) => Rank::TemplateHash,
        (.., NODE) => Rank::Node,
        _ if key.starts_with("topology.") || key.starts_with("failure-domain.") => return None,
        _ => Rank::Other,
    };
    Some(rank)
}

/// A few of `allowed` that leave out all `others`: a name, and what leaves out most, one after the other.
fn fewest(allowed: &[(Rank, &str, &str)], others: &[&Workload]) -> Option<Chosen> {
    let has = |other: &Workload, (_, key, value): (Rank, &str, &str)| {
        other.labels.get(key).is_some_and(|it| it == value)
    };
    let left = |label, among: &[&Workload]| among.iter().filter(|it| has(it, label)).count();
    let names = allowed.iter().copied().filter(|(rank, ..)| matches!(rank, Rank::Name(_)));
    // A name stays even where another label does alone, as workloads that are yet to come may have it.
    let mut used: Vec<_> = names.min_by_key(|label| left(*label, others)).into_iter().collect();
    let mut remaining: Vec<&Workload> =
        others.iter().copied().filter(|it| used.iter().all(|label| has(it, *label))).collect();
    while !remaining.is_empty() || used.is_empty() {
        let best = allowed.iter().copied().min_by_key(|label| left(*label, &remaining))?;
        if !used.is_empty() && left(best, &remaining) == remaining.len() {
            return None;
        }
        remaining.retain(|it| has(it, best));
        used.push(best);
    }
    let passing = used.iter().filter(|(rank, ..)| *rank > Rank::Other);
    let passing = passing.map(|(_, key, _)| (*key).to_owned()).collect();
    let labels = used.into_iter().map(|(_, key, value)| (key.to_owned(), value.to_owned()));
    Some(Chosen { labels: labels.collect(), passing })
}
