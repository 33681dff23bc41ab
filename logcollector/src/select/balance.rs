//! Balancing: how the requests that records tell of are spread over upstream hosts.

use std::borrow::Cow;
use std::collections::HashSet;

use accesslog::{Record, Value, WellKnown};
use filter::history::{self, History};
use sidecar::{Attempt, Balance};

use crate::enrich::Enriched;

/// Counts requests; what it holds grows with upstream hosts, not with records.
#[derive(Debug, Default)]
pub(crate) struct Balancer {
    pub(crate) balance: Balance,
    /// Only of these workloads, by namespace and name; of all where there are none.
    chosen: Option<HashSet<(String, String)>>,
    /// How many records are of workloads that were not chosen, or of pods that are not known.
    pub(crate) left_out: u64,
    /// Whether a record had a history of its attempts.
    pub(crate) has_histories: bool,
}

impl Balancer {
    /// A balancer for some workloads, by namespace and name, or for all.
    pub(crate) fn new(chosen: Option<HashSet<(String, String)>>) -> Self {
        Self { chosen, ..Self::default() }
    }

    /// Adds what a record tells.
    pub(super) fn add(&mut self, enriched: &Enriched<'_>, record: &Record<'_>) {
        if let Some(chosen) = &self.chosen {
            let own = enriched.own();
            let key = own.map(|own| (own.namespace.clone(), own.name.clone()));
            if !key.is_some_and(|key| chosen.contains(&key)) {
                self.left_out += 1;
                return;
            }
        }
        let text = record.well_known(WellKnown::UpstreamAttempts).and_then(Value::to_bytes);
        let history = text.as_deref().and_then(history::parse);
        self.has_histories |= history.is_some();
        let attempts = history.as_ref().map(attempts);
        self.balance.add(&enriched.traffic, record, attempts.as_deref());
    }
}

/// The attempts of a history. A host that is no UTF-8 is none.
fn attempts<'h>(history: &'h History<'_>) -> Vec<Attempt<'h>> {
    let attempt = |it: &'h history::Attempt<'_>| {
        let is_over = it.duration_ms.is_some();
        Attempt {
            host: it.host.as_ref().and_then(|host: &Cow<'_, [u8]>| std::str::from_utf8(host).ok()),
            failed: is_over && it.code.is_none_or(|code| code >= 500),
            latency_ms: it.duration_ms.filter(|_| it.code.is_some()),
        }
    };
    history.attempts.iter().map(attempt).collect()
}
