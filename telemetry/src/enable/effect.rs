//! What objects would change, found by deciding with them in place.

use std::sync::Arc;

use jiff::Timestamp;
use mesh::Workload;
use serde::Serialize;

use super::logging::{either, goes_on, sides};
use super::refusal::qualified;
use super::{Refusal, mark};
use crate::cluster::Cluster;
use crate::decide::{Attached, Decision};
use crate::envoy_filter;
use crate::logger::Sink;
use crate::who::Row;

/// What becomes of one side of a chosen workload; of a waypoint, of one service.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// The namespace.
    pub namespace: String,
    /// The pod, or a controller without its pods as `deploy/NAME` and the like.
    pub pod: String,
    /// The kind of proxy: `sidecar`, `router` or `waypoint`.
    pub proxy: &'static str,
    /// The Service or ServiceEntry as `namespace/name`, for waypoints that serve any.
    pub service: Option<String>,
    /// The side: `client` or `server`.
    pub side: &'static str,
    /// The provider that writes to the container's log; `None` is MeshConfig's `accessLogFile`.
    pub provider: Option<String>,
    /// Where in the container it writes, such as `/dev/stdout`.
    pub path: String,
    /// Its format: the name of a preset, with what stands behind it, or the whole format.
    pub format: String,
    /// Its filter; `None` logs everything. Where another filter was there, it keeps what either keeps.
    pub filter: Option<String>,
    /// Whether nothing changes, as the side logs as asked already.
    pub already_on: bool,
    /// When the first of the objects made here expires by which it logs; `None` for what stays.
    pub until: Option<Timestamp>,
    /// EnvoyFilters for the workload that touch access logs, as `namespace/name`: what is logged can
    /// differ from what is said here.
    pub envoy_filters: Vec<String>,
    /// What the side logs now.
    pub before: Arc<Decision>,
    /// What it would log.
    pub after: Arc<Decision>,
}

/// What is compared.
pub(super) struct Comparison<'a> {
    pub(super) before: &'a [(&'a Workload, Vec<Row>)],
    /// The cluster with the objects in place.
    pub(super) cluster: &'a Cluster<'a>,
    pub(super) filter: Option<&'a str>,
}

impl Comparison<'_> {
    /// The effects on chosen workloads.
    ///
    /// # Errors
    ///
    /// When a chosen workload would not log as asked or lose a logger, or any other would log
    /// something else than now.
    pub(super) fn effects(
        &self,
        is_chosen: impl Fn(&Workload) -> bool,
    ) -> Result<Vec<Effect>, Refusal> {
        let workloads = self.before.iter().map(|(workload, _)| *workload);
        let after = self.cluster.each(workloads, None);
        let mut effects = Vec::new();
        for ((workload, before), (_, after)) in self.before.iter().zip(&after) {
            let chosen = is_chosen(workload);
            let sides_before = before.iter().flat_map(|row| sides(row).map(move |it| (row, it)));
            let sides_after = after.iter().flat_map(sides);
            for ((row, (side, before)), (_, after)) in sides_before.zip(sides_after) {
                if chosen {
                    let effect = self.effect(workload, row, side.as_str(), (before, after))?;
                    effects.push(effect);
                } else if before.loggers != after.loggers {
                    return Err(Refusal::WouldChange { workload: qualified(workload) });
                }
            }
        }
        Ok(effects)
    }

    fn effect(
        &self,
        workload: &Workload,
        row: &Row,
        side: &'static str,
        (before, after): (&Arc<Decision>, &Arc<Decision>),
    ) -> Result<Effect, Refusal> {
        let lost = before.loggers.iter().find(|it| !goes_on(it, after, self.filter));
        if let Some(lost) = lost {
            let logger = lost.logger.describe();
            return Err(Refusal::WouldDrop { workload: qualified(workload), logger });
        }
        let Some(logger) = self.asked(before, after) else {
            let words = after.because.iter().map(|it| format!("{}: {}", it.object, it.effect));
            let because = words.collect::<Vec<_>>().join("; ");
            return Err(Refusal::WouldNotLog { workload: qualified(workload), side, because });
        };
        let (path, format) = match &logger.logger.sink {
            Sink::File(file) => (file.path.clone(), file.format.summary()),
            _ => Default::default(),
        };
        let already_on = before.loggers == after.loggers;
        Ok(Effect {
            namespace: row.namespace.clone(),
            pod: row.pod.clone(),
            proxy: row.proxy,
            service: row.service.clone(),
            side,
            provider: logger.logger.provider.clone(),
            path,
            format,
            filter: logger.filter.as_deref().map(str::to_owned),
            already_on,
            until: self.until(if already_on { before } else { after }),
            envoy_filters: self.envoy_filters(workload),
            before: Arc::clone(before),
            after: Arc::clone(after),
        })
    }

    /// The logger that logs as asked: everything, what the filter keeps, or that and what was there.
    fn asked<'d>(&self, before: &Decision, after: &'d Decision) -> Option<&'d Attached> {
        let widened = |filter: &str| {
            let there = before.loggers.iter().filter_map(|it| it.filter.as_deref());
            there.into_iter().any(|it| either(it, self.filter).as_deref() == Some(filter))
        };
        let to_container = || after.loggers.iter().filter(|it| it.logger.is_container_log());
        let fits = |it: &&Attached| match it.filter.as_deref() {
            None => true,
            filter => filter == self.filter,
        };
        let wider = |it: &&Attached| it.filter.as_deref().is_some_and(widened);
        to_container().find(fits).or_else(|| to_container().find(wider))
    }

    fn until(&self, after: &Decision) -> Option<Timestamp> {
        let decides = |name: &str| after.because.iter().any(|it| it.object == name);
        let ours = self.cluster.telemetries().iter().filter(|it| mark::is_ours(&it.meta));
        let deciding = ours.filter(|it| decides(&it.meta.qualified_name()));
        deciding.filter_map(|it| mark::expires(&it.meta)).min()
    }

    fn envoy_filters(&self, workload: &Workload) -> Vec<String> {
        let inventory = self.cluster.inventory();
        let root = &inventory.mesh_config(&workload.proxy.revision).root_namespace;
        let touching = envoy_filter::touching(&inventory.objects);
        let own = touching.filter(|filter| envoy_filter::is_for(filter, workload, root));
        own.map(|filter| filter.meta.qualified_name()).collect()
    }
}

#[cfg(test)]
mod tests;
