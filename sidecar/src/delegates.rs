//! VirtualServices with the routes of those that they delegate to.
//!
//! Follows `mergeVirtualServicesIfNeeded` and `MergeHTTPRoutes` of `pilot/pkg/model/virtualservice.go`
//! at istio/istio 86c9f01f, but for conflicts over the request itself.

use std::collections::HashMap;
use std::sync::Arc;

use mesh::MeshConfig;

use crate::object::{Delegate, HttpMatch, HttpRoute, VirtualService};
use crate::registry::ExportTo;
use crate::view::Routing;

/// The VirtualServices for sidecars, by age, with those who see them.
pub(crate) fn routings(mut services: Vec<VirtualService>, config: &MeshConfig) -> Vec<Routing> {
    services.sort_by(|one, other| one.meta.age_order().cmp(&other.meta.age_order()));
    let by_default = config.default_virtual_service_export_to.as_deref();
    let by_default = by_default.and_then(ExportTo::of_list).unwrap_or_else(ExportTo::all);
    let (delegates, roots): (Vec<_>, Vec<_>) =
        services.into_iter().partition(|service| service.hosts.is_empty());
    let delegates = Delegates {
        by_name: delegates
            .into_iter()
            .map(|it| ((it.meta.namespace.clone(), it.meta.name.clone()), it))
            .collect(),
        by_default,
    };
    let roots = roots.into_iter().filter(VirtualService::is_for_mesh);
    roots.map(|root| delegates.merged(root)).collect()
}

struct Delegates {
    by_name: HashMap<(String, String), VirtualService>,
    by_default: ExportTo,
}

impl Delegates {
    fn merged(&self, mut root: VirtualService) -> Routing {
        let routes = std::mem::take(&mut root.http);
        for route in routes {
            match &route.delegate {
                None => root.http.push(route),
                Some(delegate) => {
                    root.http.extend(self.routes(&route, delegate, &root.meta.namespace));
                }
            }
        }
        let own = ExportTo::of_list(&root.export_to);
        Routing {
            export_to: own.unwrap_or_else(|| self.by_default.clone()),
            object: Arc::new(root),
        }
    }

    /// The routes of a delegate under the route that names it; none of one that is not there, or
    /// not exported to the namespace of the root.
    fn routes(&self, under: &HttpRoute, delegate: &Delegate, namespace: &str) -> Vec<HttpRoute> {
        let key = (delegate.namespace.clone(), delegate.name.clone());
        let Some(found) = self.by_name.get(&key) else { return Vec::new() };
        let own = ExportTo::of_list(&found.export_to);
        let export = own.as_ref().unwrap_or(&self.by_default);
        if export.seen_from(namespace, &found.meta.namespace).is_none() {
            return Vec::new();
        }
        found.http.iter().filter_map(|route| merge(under, route)).collect()
    }
}

/// A delegate's route, narrowed to what the root's asks for; `None` where no match fits both.
fn merge(root: &HttpRoute, route: &HttpRoute) -> Option<HttpRoute> {
    let mut merged = route.clone();
    merged.name = match (root.name.as_str(), route.name.as_str()) {
        ("", name) | (name, "") => name.to_owned(),
        (root, name) => format!("{root}-{name}"),
    };
    if merged.mirrors.is_empty() {
        merged.mirrors.clone_from(&root.mirrors);
    }
    if root.matches.is_empty() || route.matches.is_empty() {
        merged.matches = root.matches.iter().chain(&route.matches).cloned().collect();
        return Some(merged);
    }
    merged.matches.clear();
    for own in &route.matches {
        let fitting: Vec<HttpMatch> =
            root.matches.iter().filter_map(|over| merge_match(over, own)).collect();
        if fitting.is_empty() {
            return None;
        }
        merged.matches.extend(fitting);
    }
    Some(merged)
}

fn merge_match(root: &HttpMatch, own: &HttpMatch) -> Option<HttpMatch> {
    let ports_differ = root.port.is_some() && own.port.is_some() && root.port != own.port;
    let foreign =
        !root.source_namespace.is_empty() && own.source_namespace != root.source_namespace;
    let labels_differ = own
        .source_labels
        .iter()
        .any(|(key, value)| root.source_labels.get(key).is_some_and(|over| over != value));
    let beyond = !root.gateways.is_empty()
        && !own.gateways.is_empty()
        && !own.gateways.iter().all(|name| root.gateways.contains(name));
    if ports_differ || foreign || labels_differ || beyond {
        return None;
    }
    let mut merged = own.clone();
    merged.port = own.port.or(root.port);
    merged.source_labels.extend(root.source_labels.clone());
    if merged.gateways.is_empty() {
        merged.gateways.clone_from(&root.gateways);
    }
    merged.asks_for_more |= root.asks_for_more;
    Some(merged)
}
