//! Which DestinationRule counts for a service.
//!
//! Follows `setDestinationRules` and `destinationRule` of `pilot/pkg/model/push_context.go` at
//! istio/istio 86c9f01f.

use std::collections::BTreeMap;
use std::sync::Arc;

use mesh::{Labels, MeshConfig};

use crate::hostname::most_specific;
use crate::object::DestinationRule;
use crate::registry::{ExportTo, Service};

/// The DestinationRules of a mesh.
#[derive(Debug)]
pub(crate) struct DestinationRules {
    root_namespace: String,
    /// By namespace, those for proxies of their own namespace.
    local: BTreeMap<String, Vec<Arc<DestinationRule>>>,
    /// By namespace, those for proxies of other namespaces too.
    exported: BTreeMap<String, Vec<Arc<DestinationRule>>>,
    /// Those of the root namespace that are for nobody else.
    root_only: Vec<Arc<DestinationRule>>,
}

/// The proxy that a rule is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client<'t> {
    pub(crate) namespace: &'t str,
    pub(crate) labels: &'t Labels,
}

impl DestinationRules {
    /// Sorts the rules: those with a selector first, each by age.
    pub(crate) fn new(mut rules: Vec<DestinationRule>, config: &MeshConfig) -> Self {
        let by_default = config.default_destination_rule_export_to.as_deref();
        let private_by_default =
            by_default.and_then(ExportTo::of_list).is_some_and(|export| export.has_dot());
        rules.sort_by(|one, other| {
            let selects = |it: &DestinationRule| it.workload_selector.is_none();
            let first = selects(one).cmp(&selects(other));
            first.then_with(|| one.meta.age_order().cmp(&other.meta.age_order()))
        });
        let mut sorted = Self {
            root_namespace: config.root_namespace.clone(),
            local: BTreeMap::new(),
            exported: BTreeMap::new(),
            root_only: Vec::new(),
        };
        for rule in rules.into_iter().map(Arc::new) {
            sorted.add(&rule, private_by_default);
        }
        sorted
    }

    fn add(&mut self, rule: &Arc<DestinationRule>, private_by_default: bool) {
        let namespace = rule.meta.namespace.clone();
        let export = ExportTo::of_list(&rule.export_to);
        // One with a selector is never exported.
        let is_private = rule.workload_selector.is_some()
            || export.as_ref().map_or(private_by_default, |it| it.is_private(&namespace));
        let for_own =
            is_private || export.is_none_or(|it| it.seen_from(&namespace, &namespace).is_some());
        if for_own {
            self.local.entry(namespace.clone()).or_default().push(Arc::clone(rule));
        }
        if !is_private {
            self.exported.entry(namespace).or_default().push(Arc::clone(rule));
        } else if namespace == self.root_namespace {
            self.root_only.push(Arc::clone(rule));
        }
    }

    /// The rules for a service, the first of which has the policy, and each of which adds subsets:
    /// those for its most closely matching host in the proxy's namespace, else in the service's, else
    /// in the root namespace.
    pub(crate) fn of(&self, client: Client<'_>, service: &Service) -> Vec<&Arc<DestinationRule>> {
        let local = match client.namespace == self.root_namespace {
            true => Some(&self.root_only),
            false => self.local.get(client.namespace),
        };
        let found = closest(local, &service.host);
        if !found.is_empty() {
            return by_selector(found, client);
        }
        for namespace in [&service.namespace, &self.root_namespace] {
            let mut found = closest(self.exported.get(namespace), &service.host);
            found.retain(|rule| {
                ExportTo::of_list(&rule.export_to)
                    .is_none_or(|it| it.seen_from(client.namespace, &rule.meta.namespace).is_some())
            });
            if !found.is_empty() {
                return by_selector(found, client);
            }
        }
        Vec::new()
    }
}

/// The rules whose host covers `host` most closely; rules for the same host are merged.
fn closest<'r>(
    rules: Option<&'r Vec<Arc<DestinationRule>>>,
    host: &str,
) -> Vec<&'r Arc<DestinationRule>> {
    let rules = rules.map(Vec::as_slice).unwrap_or_default();
    let names = rules.iter().map(|rule| (rule.host.as_str(), rule.host.as_str()));
    let Some(name) = most_specific(host, names) else { return Vec::new() };
    rules.iter().filter(|rule| rule.host == name).collect()
}

/// The first rule whose selector selects the proxy, alone; else those without a selector.
fn by_selector<'r>(
    found: Vec<&'r Arc<DestinationRule>>,
    client: Client<'_>,
) -> Vec<&'r Arc<DestinationRule>> {
    let selects = |rule: &&Arc<DestinationRule>| {
        rule.meta.namespace == client.namespace
            && rule.workload_selector.as_ref().is_some_and(|selector| {
                selector.iter().all(|(key, value)| client.labels.get(key) == Some(value))
            })
    };
    match found.iter().copied().find(selects) {
        Some(only) => vec![only],
        None => found.into_iter().filter(|rule| rule.workload_selector.is_none()).collect(),
    }
}
