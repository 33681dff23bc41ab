//! EnvoyFilters that touch access logs. What they do to them is not worked out, only that they do.

use mesh::{Object, Workload};
use serde_json::Value;

use crate::attach::selects;

/// How deep values are looked into; patches are less deep by far.
const DEPTH: usize = 64;

/// The EnvoyFilters whose patches name access logs.
pub(crate) fn touching(objects: &[Object]) -> impl Iterator<Item = &Object> {
    let filters = objects.iter().filter(|it| it.group == "networking.istio.io");
    let filters = filters.filter(|it| it.kind == "EnvoyFilter");
    filters.filter(|it| names_access_logs(&it.spec["configPatches"], DEPTH))
}

/// Whether an EnvoyFilter is for a workload: it is of its namespace or the root namespace, and selects
/// it if it has a `workloadSelector`.
pub(crate) fn is_for(filter: &Object, workload: &Workload, root_namespace: &str) -> bool {
    let namespace = &filter.meta.namespace;
    if *namespace != workload.meta.namespace && namespace != root_namespace {
        return false;
    }
    let labels = filter.spec["workloadSelector"]["labels"].as_object();
    let pairs = labels.into_iter().flatten();
    let selector = pairs.map(|(key, v)| (key.clone(), v.as_str().unwrap_or_default().to_owned()));
    selects(&selector.collect(), &workload.labels)
}

fn names_access_logs(value: &Value, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            matches!(key.as_str(), "access_log" | "accessLog" | "access_log_options")
                || names_access_logs(value, depth)
        }),
        Value::Array(list) => list.iter().any(|value| names_access_logs(value, depth)),
        Value::String(text) => text.contains("access_loggers"),
        _ => false,
    }
}
