//! Rows for whole manifests: each pod under its own istiod, or all under one.

use mesh::{Inventory, Loader};
use serde_json::{Value, json};
use telemetry::{Cluster, Row};

use crate::table::summary;

fn inventory() -> Inventory {
    let mut loader = Loader::new();
    loader.add("cluster.yaml", include_bytes!("cluster.yaml"));
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    loaded.inventory
}

fn line(row: &Row) -> String {
    let side = |decision: Option<&_>| decision.map_or("-".to_owned(), summary);
    format!(
        "{}/{} {}{} | {} | {}",
        row.namespace,
        row.pod,
        row.proxy,
        row.service.as_ref().map_or(String::new(), |service| format!(" {service}")),
        side(row.client.as_deref()),
        side(row.server.as_deref()),
    )
}

#[test]
fn every_pod_has_its_rows() {
    let inventory = inventory();
    let cluster = Cluster::new(&inventory);
    let none = "shop/batch none | no_envoy: nothing | no_envoy: nothing";
    for (revision, expected) in [
        (
            None,
            [
                "dark/secret sidecar | fallback: /dev/stdout | fallback: /dev/stdout",
                "next/gw router | defaults: envoy | -",
                none,
                "shop/cart sidecar | fallback: /dev/stdout | fallback: /dev/stdout",
                "shop/wp waypoint shop/cart | - | fallback: /dev/stdout",
                "shop/wp waypoint shop/orders | - | telemetry: nothing; off envoy",
            ],
        ),
        (
            Some("canary"),
            [
                "dark/secret sidecar | telemetry: nothing; off envoy | telemetry: nothing; off envoy",
                "next/gw router | defaults: envoy | -",
                none,
                "shop/cart sidecar | telemetry: envoy [true] | telemetry: envoy [true]",
                "shop/wp waypoint shop/cart | - | telemetry: envoy [true]",
                "shop/wp waypoint shop/orders | - | telemetry: nothing; off envoy",
            ],
        ),
    ] {
        let rows = cluster.who(&inventory.workloads, revision);
        assert_eq!(rows.iter().map(line).collect::<Vec<_>>(), expected, "{revision:?}");
    }
}

#[test]
fn rows_have_the_documented_shape() {
    let inventory = inventory();
    let rows = json!(Cluster::new(&inventory).who(&inventory.workloads, Some("canary")));
    let row = |pod: &str| -> Value {
        let rows = rows.as_array().into_iter().flatten();
        rows.into_iter().find(|row| row["pod"] == pod).cloned().expect("a row")
    };
    let mut cart = row("cart");
    let format = cart["client"]["loggers"][0]["format"].take();
    assert!(format.as_str().is_some_and(|text| text.ends_with("%ROUTE_NAME%\n")));
    let side = json!({
        "emits": true,
        "decided_by": "telemetry",
        "loggers": [{
            "provider": "envoy",
            "kind": "file",
            "path": "/dev/stdout",
            "encoding": "TEXT",
            "format": null,
            "omit_empty_values": false,
            "filter": "true",
        }],
        "disabled_providers": [],
        "because": [{
            "object": "shop/canary",
            "entry": 0,
            "effect": "turns `envoy` on with the filter `true`",
        }],
    });
    cart["server"]["loggers"][0]["format"] = Value::Null;
    let expected = json!({
        "namespace": "shop",
        "pod": "cart",
        "proxy": "sidecar",
        "service": null,
        "client": side,
        "server": side,
    });
    assert_eq!(cart, expected);

    let batch = row("batch");
    assert_eq!(batch["client"]["decided_by"], "no_envoy");
    assert_eq!(batch["client"]["because"][0]["object"], "shop/batch");
    assert_eq!((&row("gw")["server"], &row("wp")["client"]), (&Value::Null, &Value::Null));
}

#[test]
fn waypoints_are_explained_and_rendered_by_service() {
    let inventory = inventory();
    let cluster = Cluster::new(&inventory);
    let waypoint = inventory.workloads.iter().find(|it| it.meta.name == "wp").expect("a waypoint");
    let stories = cluster.explain(waypoint, None);
    let services: Vec<_> = stories.iter().map(|story| story.row.service.as_deref()).collect();
    assert_eq!(services, [Some("shop/cart"), Some("shop/orders")]);
    let server = cluster.render(waypoint, None)["server"].take();
    let count = |loggers: &Value| loggers.as_array().map(Vec::len);
    assert_eq!(count(&server["services"]["shop/cart"]["http_connection_manager"]), Some(1));
    assert_eq!(count(&server["services"]["shop/orders"]["http_connection_manager"]), Some(0));
    assert_eq!(count(&server["hbone_termination"]), Some(1));
}
