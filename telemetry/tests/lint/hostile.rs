//! Objects of any shape are read, linted, decided with and explained without a panic.

use mesh::Loader;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use telemetry::Cluster;

fn key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 22] = [
        "accessLogging",
        "selector",
        "matchLabels",
        "targetRef",
        "targetRefs",
        "metrics",
        "tracing",
        "providers",
        "name",
        "filter",
        "expression",
        "match",
        "mode",
        "disabled",
        "kind",
        "group",
        "namespace",
        "overrides",
        "tagOverrides",
        "operation",
        "customTags",
        "reportingInterval",
    ];
    prop_oneof![8 => proptest::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => ".{0,3}"]
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["CLIENT", "envoy", "Service", "response.code >= 4", ".{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_object_can_be_read(specs in vec(value(), 1..3), fields in vec((key(), value()), 0..4)) {
        let fields = Value::from(fields.into_iter().collect::<Map<_, _>>());
        let object = |(index, spec): (usize, &Value)| json!({
            "apiVersion": "telemetry.istio.io/v1",
            "kind": "Telemetry",
            "metadata": {"name": format!("t{index}"), "namespace": "shop"},
            "spec": spec,
        });
        let mut items: Vec<Value> = specs.iter().chain([&fields]).enumerate().map(object).collect();
        items.push(json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "shop", "labels": {"app": "cart"}},
            "spec": {"containers": [{"name": "istio-proxy", "args": ["proxy", "sidecar"]}]},
        }));
        let mut loader = Loader::new();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        loader.add("list.json", list.to_string().as_bytes());
        let inventory = loader.finish().inventory;
        let cluster = Cluster::new(&inventory);
        for finding in cluster.lint(None) {
            prop_assert!(finding.column != Some(0), "{:?}", finding);
        }
        for workload in &inventory.workloads {
            let stories = cluster.explain(workload, None);
            prop_assert!(!stories[0].to_string().is_empty());
            prop_assert!(cluster.render(workload, None)["client"].is_object());
        }
    }
}
