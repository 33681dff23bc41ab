//! The findings of `lint`: what triggers each code, and a near miss that does not.

#![allow(clippy::expect_used, clippy::panic, reason = "this is a test")]

mod hostile;

use std::collections::BTreeSet;

use mesh::lint::Finding;
use mesh::{Inventory, Labels, Loader};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use telemetry::{CODES, Cluster};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    code: String,
    name: String,
    hit: Input,
    /// Fields of a finding with the code.
    finds: Map<String, Value>,
    miss: Input,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(default)]
    mesh: Value,
    #[serde(default)]
    pods: Vec<Pod>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    objects: Vec<Map<String, Value>>,
    /// Whole manifests.
    #[serde(default)]
    manifests: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pod {
    name: String,
    #[serde(default)]
    labels: Labels,
    proxy: Option<String>,
}

impl Input {
    fn inventory(&self) -> Inventory {
        let pods = self.pods.iter().map(|pod| {
            let args = ["proxy", pod.proxy.as_deref().unwrap_or("sidecar")];
            json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": metadata(&pod.name, &json!({"labels": pod.labels})),
                "spec": {"containers": [{"name": "istio-proxy", "args": args}]},
            })
        });
        let services = self.services.iter().map(|name| {
            let metadata = metadata(name, &json!({}));
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {}})
        });
        let telemetries = self.objects.iter().map(telemetry);
        let manifests = self.manifests.iter().cloned();
        let items: Vec<Value> = pods.chain(services).chain(telemetries).chain(manifests).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let mut loader = Loader::new();
        loader.add("list.json", list.to_string().as_bytes());
        if !self.mesh.is_null() {
            loader.add_mesh_config("mesh.json", self.mesh.to_string().as_bytes());
        }
        let loaded = loader.finish();
        assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
        loaded.inventory
    }

    fn findings(&self) -> Vec<Finding> {
        Cluster::new(&self.inventory()).lint(None)
    }
}

fn metadata(name: &str, more: &Value) -> Value {
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let mut metadata = more.clone();
    metadata["namespace"] = namespace.into();
    metadata["name"] = name.into();
    metadata
}

/// The Telemetry that `{name: namespace/name, age: seconds, ...spec}` stands for.
fn telemetry(short: &Map<String, Value>) -> Value {
    let mut spec = short.clone();
    let name = spec.remove("name").expect("a name");
    let age = spec.remove("age").and_then(|age| age.as_i64()).unwrap_or_default();
    let created = json!({"creationTimestamp": format!("2026-11-01T00:00:{age:02}Z")});
    json!({
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": metadata(name.as_str().expect("a name"), &created),
        "spec": spec,
    })
}

fn cases() -> Vec<Case> {
    let yaml = include_str!("cases.yaml");
    serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_code_has_a_hit_and_a_near_miss() {
    let mut wrong = Vec::new();
    for case in cases() {
        let Case { code, name, hit, finds, miss } = &case;
        let found = hit.findings();
        let fits = |finding: &Finding| {
            let json = json!(finding);
            finding.code == code && finds.iter().all(|(key, value)| json[key] == *value)
        };
        if !found.iter().any(fits) {
            wrong.push(format!("{code}, {name}: not among {}", json!(found)));
        }
        let near: Vec<Finding> = miss.findings().into_iter().filter(|it| it.code == code).collect();
        if !near.is_empty() {
            wrong.push(format!("{code}, {name}: the near miss has {}", json!(near)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let with_case: BTreeSet<String> = cases().into_iter().map(|case| case.code).collect();
    let codes: BTreeSet<String> = CODES.iter().map(|code| code.name.to_owned()).collect();
    assert_eq!(codes, with_case);
    assert_eq!(CODES.len(), codes.len(), "a code is twice");
}

#[test]
fn what_envoy_refuses_comes_first() {
    let entry =
        |filter: &str| json!({"providers": [{"name": "envoy"}], "filter": {"expression": filter}});
    let object = |name: &str, entries: Value| {
        json!({"name": name, "accessLogging": entries}).as_object().cloned().expect("an object")
    };
    let input = Input {
        mesh: Value::Null,
        pods: Vec::new(),
        services: Vec::new(),
        manifests: Vec::new(),
        objects: vec![
            object("a/a", json!([{"providers": [{"name": "nope"}]}])),
            object("b/b", json!([{"match": {"mode": "NO"}}])),
            object("z/z", json!([entry("string(response.code) == '5'")])),
        ],
    };
    let found = input.findings();
    assert_eq!(found[0].code, "filter-refused-by-envoy");
    assert!(found.is_sorted_by_key(|it| (it.code != found[0].code, it.severity)));
}

#[test]
fn a_clean_mesh_has_no_findings() {
    let yaml = r#"
- code: none
  name: clean
  hit:
    mesh: {accessLogFile: /dev/stdout}
    pods: [{name: shop/p, labels: {app: cart}}]
    objects:
      - {name: istio-system/mesh, accessLogging: [{providers: [{name: envoy}]}]}
      - name: shop/cart
        selector: {matchLabels: {app: cart}}
        accessLogging:
          - providers: [{name: envoy}]
            filter: {expression: "!has(response.code) || response.code >= 400"}
  finds: {}
  miss: {}
"#;
    let cases: Vec<Case> = serde_saphyr::from_str(yaml).expect("a case");
    assert_eq!(cases[0].hit.findings(), []);
}
