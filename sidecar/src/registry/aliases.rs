//! Services of the type ExternalName, and what they stand for in the end.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::service::{Alias, Resolution, Service};

/// Tells every service which others stand for it, over several steps too. A circle stands for
/// nothing.
///
/// Follows `resolveServiceAliases` of `pilot/pkg/model/push_context.go` at istio/istio 86c9f01f.
pub(super) fn resolve(services: &mut [Service]) {
    let mut targets: HashMap<String, String> = HashMap::new();
    for service in services.iter() {
        if let Resolution::Alias(target) = &service.resolution {
            targets.insert(service.host.clone(), target.clone());
        }
    }
    if targets.is_empty() {
        return;
    }
    let mut aliases: BTreeMap<String, Vec<Alias>> = BTreeMap::new();
    for service in services.iter().filter(|service| service.is_alias()) {
        if let Some(concrete) = follow(&service.host, &targets) {
            let alias = Alias { namespace: service.namespace.clone(), host: service.host.clone() };
            aliases.entry(concrete.to_owned()).or_default().push(alias);
        }
    }
    for service in services {
        if let Some(found) = aliases.get_mut(&service.host) {
            found.sort();
            service.aliases.clone_from(found);
        }
    }
}

/// What an alias stands for in the end; `None` in a circle.
fn follow<'t>(alias: &'t str, targets: &'t HashMap<String, String>) -> Option<&'t str> {
    let mut seen = HashSet::from([alias]);
    let mut at = targets.get(alias)?.as_str();
    while let Some(next) = targets.get(at) {
        if !seen.insert(at) {
            return None;
        }
        at = next;
    }
    Some(at)
}
