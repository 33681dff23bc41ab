//! The decision for one side of a proxy: which loggers it has, and why.

mod because;
mod wire;

use std::sync::Arc;

use serde::Serialize;

use crate::attach::{Level, Target, View};
use crate::logger::{Logger, Unresolved};
use crate::merge::{Merged, merge};
use crate::object::{AccessLogging, Side};

use because::Words;
pub(crate) use because::clip;

/// What one side of a proxy logs, and why.
///
/// It serialises to the `SIDE` of `logcollector telemetry who -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Whether a logger is attached, with a filter or without.
    pub emits: bool,
    /// What the loggers come from.
    pub decided_by: DecidedBy,
    /// The loggers: by provider name, or `accessLogFile`'s before the access log service's.
    pub loggers: Vec<Attached>,
    /// The providers that were found and are turned off, by name.
    pub disabled_providers: Vec<String>,
    /// What decided, in order.
    pub because: Vec<Because>,
}

/// What the loggers of a side come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    /// Telemetry objects.
    Telemetry,
    /// MeshConfig's `defaultProviders.accessLogging`, as no Telemetry object counts.
    DefaultProviders,
    /// MeshConfig's `accessLogFile` and `enableEnvoyAccessLogService`, also where they are off.
    MeshConfigFallback,
    /// There is no Envoy.
    NoEnvoy,
}

/// A logger as it is attached to a side.
#[derive(Debug, Clone, PartialEq)]
pub struct Attached {
    /// The logger, shared among all proxies that have it.
    pub logger: Arc<Logger>,
    /// The CEL expression that keeps or drops records; `None` keeps all.
    pub filter: Option<Arc<str>>,
}

/// Something that had to do with a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The Telemetry as `namespace/name`, or `MeshConfig`.
    pub object: String,
    /// The index in `accessLogging`; `None` for the object as a whole.
    pub entry: Option<usize>,
    /// What it did, in words.
    pub effect: String,
}

/// A provider that takes part, with its logger or why there is none.
pub(crate) struct Resolved<'m, 'v> {
    pub(crate) name: &'m str,
    pub(crate) logger: Result<&'v Arc<Logger>, &'v Unresolved>,
}

impl Decision {
    /// The decision for one side of a proxy with an Envoy.
    pub fn of(view: &View<'_>, target: &Target<'_>, side: Side) -> Self {
        Self::of_levels(view, &view.levels(target), side)
    }

    /// The decision for any proxy with these levels.
    pub(crate) fn of_levels(view: &View<'_>, levels: &[Level<'_>], side: Side) -> Self {
        // A level without entries does not count as one.
        let counted: Vec<&Level<'_>> = levels.iter().filter(|level| counts(level)).collect();
        let entries: Vec<&[AccessLogging]> =
            counted.iter().map(|level| level.telemetry.access_logging.as_slice()).collect();
        let merged = merge(&entries, &view.mesh().default_access_logging, side);
        let resolved = resolve(view, &merged);
        let words = Words { view, levels, counted: &counted, side };

        let mut decision = Self::of_merged(&merged, &resolved);
        if resolved.iter().all(|provider| provider.logger.is_err()) {
            let fallback = view.fallback.iter().cloned();
            decision.loggers = fallback.map(|logger| Attached { logger, filter: None }).collect();
            decision.decided_by = DecidedBy::MeshConfigFallback;
        } else if counted.is_empty() {
            decision.decided_by = DecidedBy::DefaultProviders;
        }
        decision.emits = !decision.loggers.is_empty();
        decision.because = words.because(&merged, &resolved, &decision);
        decision
    }

    /// The decision for a workload without an Envoy, and the reason in words.
    pub fn no_envoy(workload: &str, reason: &str) -> Self {
        Self {
            emits: false,
            decided_by: DecidedBy::NoEnvoy,
            loggers: Vec::new(),
            disabled_providers: Vec::new(),
            because: vec![Because {
                object: workload.to_owned(),
                entry: None,
                effect: reason.to_owned(),
            }],
        }
    }

    fn of_merged(merged: &Merged<'_>, resolved: &[Resolved<'_, '_>]) -> Self {
        let mut loggers = Vec::new();
        let mut disabled_providers = Vec::new();
        for provider in resolved {
            let (Ok(logger), Some(spec)) = (provider.logger, merged.providers.get(provider.name))
            else {
                continue;
            };
            match spec.disabled {
                true => disabled_providers.extend(logger.provider.clone()),
                false => loggers.push(Attached {
                    logger: Arc::clone(logger),
                    filter: spec.filter.map(Arc::from),
                }),
            }
        }
        Self {
            emits: false,
            decided_by: DecidedBy::Telemetry,
            loggers,
            disabled_providers,
            because: Vec::new(),
        }
    }
}

fn counts(level: &Level<'_>) -> bool {
    !level.telemetry.access_logging.is_empty()
}

/// The providers with their loggers, by the provider's own name; an entry may write it in another
/// case, and even twice.
fn resolve<'m, 'v>(view: &'v View<'_>, merged: &Merged<'m>) -> Vec<Resolved<'m, 'v>> {
    let find = |name: &'m str| Resolved { name, logger: view.providers.find(name) };
    let mut resolved: Vec<_> = merged.providers.keys().copied().map(find).collect();
    let key = |resolved: &Resolved<'m, 'v>| {
        let provider = resolved.logger.ok().and_then(|logger| logger.provider.as_deref());
        (provider.unwrap_or(resolved.name), resolved.name)
    };
    resolved.sort_by(|a, b| key(a).cmp(&key(b)));
    resolved
}
