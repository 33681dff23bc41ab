//! Collecting: the calls that records tell of, workload by workload.

use std::collections::HashMap;

use accesslog::Record;
use sidecar::{Calls, WorkloadId};

use crate::enrich::Enriched;

/// Collects calls; what it holds grows with distinct destinations, not with records.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    pub(crate) calls: Calls,
    /// By namespace and workload name.
    ids: HashMap<(String, String), WorkloadId>,
    /// Only for this namespace, if there is one.
    namespace: Option<String>,
    /// How many records are of pods that are not known.
    pub(crate) strangers: u64,
}

impl Collector {
    /// A collector for workloads of one namespace, or of all.
    pub(crate) fn new(namespace: Option<String>) -> Self {
        Self { namespace, ..Self::default() }
    }

    /// Adds what a record tells, which was read from `line`.
    pub(super) fn add(&mut self, enriched: &Enriched<'_>, record: &Record<'_>, line: &[u8]) {
        let Some(own) = enriched.own() else {
            self.strangers += 1;
            return;
        };
        if self.namespace.as_ref().is_some_and(|namespace| *namespace != own.namespace) {
            return;
        }
        let Self { calls, ids, .. } = self;
        let key = (own.namespace.clone(), own.name.clone());
        let id = *ids.entry(key).or_insert_with(|| calls.workload(&own.namespace, &own.name));
        calls.add(id, &enriched.traffic, record, line);
    }
}
