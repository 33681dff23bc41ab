//! No decision depends on the order of the objects in the input.

use std::collections::BTreeSet;

use mesh::{Labels, MeshConfig, Meta, Object, ProxyKind};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use telemetry::{Decision, Hosts, Istiod, Side, Target, Telemetry, View};

fn labels() -> impl Strategy<Value = Labels> {
    btree_map("[ab]", "[xy]", 0..3)
}

fn entry() -> impl Strategy<Value = Value> {
    let mode = prop_oneof![Just("CLIENT_AND_SERVER"), Just("CLIENT"), Just("SERVER")];
    let providers = vec(prop_oneof![Just("envoy"), Just("file"), Just("nope")], 0..3);
    (mode, providers, any::<bool>(), proptest::option::of("[a-c]")).prop_map(
        |(mode, providers, disabled, filter)| {
            let providers: Vec<Value> =
                providers.iter().map(|name| json!({"name": name})).collect();
            let mut entry = json!({
                "match": {"mode": mode},
                "providers": providers,
                "disabled": disabled,
            });
            if let Some(filter) = filter {
                entry["filter"] = json!({"expression": filter});
            }
            entry
        },
    )
}

fn telemetry() -> impl Strategy<Value = Telemetry> {
    let namespace = prop_oneof![Just("istio-system"), Just("shop"), Just("other")];
    let name = "[a-z]";
    let age = proptest::option::of(0i64..3);
    let selector = proptest::option::of(labels());
    (namespace, name, age, selector, vec(entry(), 0..3)).prop_map(
        |(namespace, name, age, selector, logging)| {
            let created = age.map(|age| jiff::Timestamp::from_second(age).expect("a time"));
            let (namespace, name) = (namespace.to_owned(), name.clone());
            let meta = Meta { namespace, name, created, ..Meta::default() };
            let mut spec = json!({"accessLogging": logging});
            if let Some(labels) = selector {
                spec["selector"] = json!({"matchLabels": labels});
            }
            let (group, version) = ("telemetry.istio.io".to_owned(), "v1".to_owned());
            let object = Object { group, version, kind: "Telemetry".to_owned(), meta, spec };
            Telemetry::read(&object).expect("a Telemetry")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn order_does_not_matter(
        (telemetries, shuffled) in vec(telemetry(), 0..8).prop_map(unique).prop_flat_map(|list| {
            (Just(list.clone()), Just(list).prop_shuffle())
        }),
        labels in labels(),
        fallback in any::<bool>(),
    ) {
        let mut mesh = MeshConfig::default();
        let file = json!({"extensionProviders": [{"name": "file", "envoyFileAccessLog": {}}]});
        mesh.apply(&file, &mut Vec::new()).expect("a MeshConfig");
        mesh.access_log_file = if fallback { "/a".to_owned() } else { String::new() };
        let istiod = Istiod {
            revision: "default".to_owned(),
            mesh: &mesh,
            undiscovered: BTreeSet::new(),
            hosts: Hosts::default(),
        };
        let (one, other) = (View::new(&telemetries, &istiod), View::new(&shuffled, &istiod));
        let target =
            Target { namespace: "shop", labels: &labels, kind: ProxyKind::Sidecar, service: None };
        for side in [Side::Client, Side::Server] {
            prop_assert_eq!(
                Decision::of(&one, &target, side),
                Decision::of(&other, &target, side)
            );
        }
    }
}

/// Without a second object of a name, as a cluster has none.
fn unique(telemetries: Vec<Telemetry>) -> Vec<Telemetry> {
    let mut names = BTreeSet::new();
    telemetries.into_iter().filter(|it| names.insert(it.meta.qualified_name())).collect()
}
