use mesh::{Loader, Object};
use serde_json::json;

use super::*;
use crate::object::Telemetry;

/// Two pods under MeshConfig's provider `otel` and the builtin one.
const MESH: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop, labels: {app: a}}
spec: {containers: [{name: istio-proxy, args: [proxy, sidecar]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: shop, labels: {app: b}}
spec: {containers: [{name: istio-proxy, args: [proxy, sidecar]}]}
---
apiVersion: v1
kind: Service
metadata: {name: otel, namespace: obs}
spec: {}
"#;

const CONFIG: &str = "
extensionProviders: [{name: otel, envoyOtelAls: {service: otel.obs.svc.cluster.local, port: 4317}}]
defaultProviders: {accessLogging: [otel]}
";

/// What is said of an object with this `spec`, when `a` was chosen.
fn said(spec: serde_json::Value, filter: Option<&str>) -> String {
    let mut loader = Loader::new();
    loader.add("pods.yaml", MESH.as_bytes());
    loader.add_mesh_config("mesh.yaml", CONFIG.as_bytes());
    let inventory = loader.finish().inventory;
    let cluster = Cluster::new(&inventory);
    let before = cluster.each(&inventory.workloads, None);
    let meta =
        mesh::Meta { namespace: "shop".to_owned(), name: "t".to_owned(), ..Default::default() };
    let (group, version) = (crate::object::GROUP.to_owned(), "v1".to_owned());
    let object = Object { group, version, kind: "Telemetry".to_owned(), meta, spec };
    let with = cluster.with([Telemetry::of(&object)]);
    let compared = Comparison { before: &before, cluster: &with, filter };
    match compared.effects(|it| it.meta.name == "a") {
        Ok(effects) => effects.iter().map(|it| it.side).collect::<Vec<_>>().join(" "),
        Err(refusal) => refusal.code().to_owned(),
    }
}

#[test]
fn what_an_object_must_not_do_is_found() {
    let provider = |name: &str| json!({"providers": [{"name": name}]});
    let a = json!({"matchLabels": {"app": "a"}});
    let filtered =
        |filter: &str| json!({"providers": [{"name": "envoy"}], "filter": {"expression": filter}});
    let server = json!({
        "match": {"mode": "SERVER"}, "providers": [{"name": "otel"}, {"name": "envoy"}],
    });
    for (name, spec, filter, expected) in [
        (
            "as asked",
            json!({"selector": a, "accessLogging": [provider("otel"), provider("envoy")]}),
            None,
            "client server",
        ),
        (
            "it drops a logger",
            json!({"selector": a, "accessLogging": [provider("envoy")]}),
            None,
            "would_drop",
        ),
        (
            "it gives a logger a filter",
            json!({"selector": a, "accessLogging": [
                {"providers": [{"name": "otel"}], "filter": {"expression": "false"}},
                provider("envoy"),
            ]}),
            None,
            "would_drop",
        ),
        (
            "it turns nothing on",
            json!({"selector": a, "accessLogging": [provider("otel")]}),
            None,
            "would_not_log",
        ),
        (
            "it has a filter that was not asked for",
            json!({"selector": a, "accessLogging": [provider("otel"), filtered("false")]}),
            Some("true"),
            "would_not_log",
        ),
        (
            "it turns one side on, and the default provider off on the other",
            json!({"selector": a, "accessLogging": [server]}),
            None,
            "would_drop",
        ),
        (
            "it is for the whole namespace",
            json!({"accessLogging": [provider("otel"), provider("envoy")]}),
            None,
            "would_change",
        ),
    ] {
        assert_eq!(said(spec, filter), expected, "{name}");
    }
}
