//! DestinationRules, as far as they make clusters and rows of the endpoint table.

use mesh::{Labels, Meta, Object};
use serde_json::Value;

use super::{NETWORKING, labels, list, text, texts};
use crate::hostname;

/// A DestinationRule.
///
/// Follows <https://istio.io/latest/docs/reference/config/networking/destination-rule/>.
#[derive(Debug, Clone, PartialEq)]
pub struct DestinationRule {
    /// The metadata.
    pub meta: Meta,
    /// The host, in full.
    pub host: String,
    /// `exportTo`; empty is the mesh's default.
    pub export_to: Vec<String>,
    /// `workloadSelector.matchLabels`; `None` without a selector.
    pub workload_selector: Option<Labels>,
    /// What holds for all subsets.
    pub policy: TrafficPolicy,
    /// The subsets.
    pub subsets: Vec<Subset>,
}

/// A subset of a service's endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Subset {
    /// The name.
    pub name: String,
    /// The labels of its endpoints.
    pub labels: Labels,
    /// What it says for itself; what it leaves out is the rule's.
    pub policy: TrafficPolicy,
}

/// What of a `trafficPolicy` decides over endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrafficPolicy {
    /// Whether `loadBalancer.simple` is `PASSTHROUGH`; `None` where nothing is said.
    pub passes_through: Option<bool>,
    /// Whether `outlierDetection.minHealthPercent` is above 0; `None` without outlier detection.
    pub needs_healthy: Option<bool>,
}

impl DestinationRule {
    /// Reads a DestinationRule; `None` for an object of another kind. `domain` is that of the cluster.
    pub fn read(object: &Object, domain: &str) -> Option<Self> {
        if object.group != NETWORKING || object.kind != "DestinationRule" {
            return None;
        }
        let spec = &object.spec;
        let host = spec["host"].as_str().unwrap_or_default();
        let selector = &spec["workloadSelector"];
        Some(Self {
            meta: object.meta.clone(),
            host: hostname::fully_qualified(host, &object.meta.namespace, domain),
            export_to: texts(&spec["exportTo"]),
            workload_selector: selector.is_object().then(|| labels(&selector["matchLabels"])),
            policy: policy(&spec["trafficPolicy"]),
            subsets: list(&spec["subsets"]).map(subset).collect(),
        })
    }
}

impl TrafficPolicy {
    /// What holds where this policy is laid over another.
    pub(crate) fn over(self, other: Self) -> Self {
        Self {
            passes_through: self.passes_through.or(other.passes_through),
            needs_healthy: self.needs_healthy.or(other.needs_healthy),
        }
    }
}

fn subset(value: &Value) -> Subset {
    Subset {
        name: text(&value["name"]),
        labels: labels(&value["labels"]),
        policy: policy(&value["trafficPolicy"]),
    }
}

fn policy(value: &Value) -> TrafficPolicy {
    let balancer = &value["loadBalancer"];
    let outlier = &value["outlierDetection"];
    TrafficPolicy {
        passes_through: balancer.is_object().then(|| balancer["simple"] == "PASSTHROUGH"),
        needs_healthy: outlier
            .is_object()
            .then(|| outlier["minHealthPercent"].as_u64().is_some_and(|percent| percent > 0)),
    }
}
