//! EnvoyFilters that put upstream filters into the same routers.

use mesh::Object;
use serde_json::Value;

use crate::cli::{Context, Selected};

/// How deep values are looked into; patches are less deep by far.
const DEPTH: usize = 64;

/// The proxies that are meant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'a> {
    /// The namespace; `None` where it is not known.
    pub(super) namespace: Option<&'a str>,
    pub(super) selector: Option<&'a Selected>,
    pub(super) contexts: &'a [Context],
    /// The namespace whose objects are for the whole mesh.
    pub(super) root_namespace: &'a str,
}

/// Those that can be for the same proxies, as `namespace/name`.
pub(super) fn of(objects: &[Object], ours: &Ours<'_>) -> Vec<String> {
    let filters = objects.iter().filter(|it| it.group == "networking.istio.io");
    let filters = filters.filter(|it| it.kind == "EnvoyFilter");
    let meets = |filter: &&Object| {
        let theirs = filter.meta.namespace.as_str();
        let root = ours.root_namespace;
        let namespaces =
            ours.namespace.is_none_or(|it| it == theirs || it == root || theirs == root);
        namespaces && may_share(ours.selector, &filter.spec["workloadSelector"]["labels"])
    };
    let merges = |filter: &&Object| {
        let patches = filter.spec["configPatches"].as_array();
        patches.into_iter().flatten().any(|patch| {
            let context = patch["match"]["context"].as_str().unwrap_or("ANY");
            let side = context == "ANY" || ours.contexts.iter().any(|it| it.as_str() == context);
            side && names_upstream_filters(&patch["patch"]["value"], DEPTH)
        })
    };
    filters.filter(meets).filter(merges).map(|it| it.meta.qualified_name()).collect()
}

/// Whether a proxy can have the labels of both selectors.
fn may_share(ours: Option<&Selected>, theirs: &Value) -> bool {
    let Some(Selected(ours)) = ours else { return true };
    ours.iter().all(|(key, value)| theirs[key].as_str().is_none_or(|it| it == value))
}

fn names_upstream_filters(value: &Value, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| {
            matches!(key.as_str(), "upstream_http_filters" | "upstreamHttpFilters")
                || names_upstream_filters(value, depth)
        }),
        Value::Array(list) => list.iter().any(|value| names_upstream_filters(value, depth)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str =
        include_str!("../../../../tests/fixtures/manifests/envoy-filter-router.yaml");

    /// Whether the fixture, in a namespace and with a selector, is a rival of ours.
    fn is_rival(namespace: &str, labels: &str, ours: &Ours<'_>) -> bool {
        let text = OBJECT
            .replace("istio-system", namespace)
            .replace("spec:\n", &format!("spec:\n  workloadSelector: {{labels: {{{labels}}}}}\n"));
        let mut loader = mesh::Loader::new();
        loader.add("fixture", text.as_bytes());
        !of(&loader.finish().inventory.objects, ours).is_empty()
    }

    #[test]
    fn rivals_share_proxies_and_sides() {
        let reviews = Selected([("app".to_owned(), "reviews".to_owned())].into());
        let all = Ours {
            namespace: Some("a"),
            selector: None,
            contexts: &[Context::Outbound],
            root_namespace: "istio-system",
        };
        let some = Ours { selector: Some(&reviews), ..all };
        let cases = [
            ("a", "", all, true),
            ("b", "", all, false),
            ("istio-system", "", all, true),
            ("b", "", Ours { namespace: None, ..all }, true),
            ("b", "", Ours { namespace: Some("istio-system"), ..all }, true),
            ("a", "app: ratings", some, false),
            ("a", "app: reviews", some, true),
            ("a", "version: v1", some, true),
            ("a", "app: ratings", all, true),
            ("a", "", Ours { contexts: &[Context::Inbound], ..all }, false),
        ];
        for (namespace, labels, ours, expected) in cases {
            assert_eq!(
                is_rival(namespace, labels, &ours),
                expected,
                "{namespace} {labels} {ours:?}"
            );
        }
    }

    #[test]
    fn other_patches_are_none() {
        let text = OBJECT.replace("upstream_http_filters", "suppress_envoy_headers");
        let mut loader = mesh::Loader::new();
        loader.add("fixture", text.as_bytes());
        let ours = Ours {
            namespace: None,
            selector: None,
            contexts: &[Context::Outbound],
            root_namespace: "istio-system",
        };
        assert!(of(&loader.finish().inventory.objects, &ours).is_empty());
    }
}
