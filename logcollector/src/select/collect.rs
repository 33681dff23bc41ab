//! Collecting: the calls that records tell of, workload by workload.

use std::collections::{HashMap, HashSet};

use accesslog::Record;
use sidecar::{Calls, WorkloadId};

use crate::enrich::Enriched;

/// Collects calls; what it holds grows with distinct destinations, not with records.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    pub(crate) calls: Calls,
    /// By namespace and workload name; none for one that was not chosen.
    ids: HashMap<(String, String), Option<WorkloadId>>,
    /// Only for these, by namespace and workload name; for all where there are none.
    chosen: Option<HashSet<(String, String)>>,
    /// How many records are of pods that are not known.
    pub(crate) strangers: u64,
    /// How many records are of workloads that were not chosen.
    pub(crate) left_out: u64,
}

impl Collector {
    /// A collector for some workloads, by namespace and name, or for all.
    pub(crate) fn new(chosen: Option<HashSet<(String, String)>>) -> Self {
        Self { chosen, ..Self::default() }
    }

    /// Adds what a record tells, which was read from `line`.
    pub(super) fn add(&mut self, enriched: &Enriched<'_>, record: &Record<'_>, line: &[u8]) {
        let Some(own) = enriched.own() else {
            self.strangers += 1;
            return;
        };
        let Self { calls, ids, chosen, .. } = self;
        let key = (own.namespace.clone(), own.name.clone());
        let id = *ids.entry(key).or_insert_with_key(|key| {
            let is_chosen = chosen.as_ref().is_none_or(|chosen| chosen.contains(key));
            is_chosen.then(|| calls.workload(&own.namespace, &own.name))
        });
        match id {
            Some(id) => calls.add(id, &enriched.traffic, record, line),
            None => self.left_out += 1,
        }
    }
}
