//! The table of cases, `cases.yaml`. A case has
//!
//! - `mesh`: the MeshConfig,
//! - `pods`: `namespace/name` and what follows: `deploy=NAME`, `sts=NAME` or `job=NAME` make it a pod of
//!   that controller, with the labels that Kubernetes gives it; `hash=HASH`, `node=NAME`, `ended`; `waypoint`,
//!   `router`, `ztunnel` or `none` in place of a sidecar; `gateway=NAME` for a pod of a Gateway; all other
//!   `key=value` are labels,
//! - `services`: `namespace/name`, with labels as `key=value`,
//! - `objects`: Telemetries as `{name: namespace/name, ...spec}`, older than what is created; `ours`
//!   gives one the marks, and is the time at which it expires,
//! - `manifests`: whole manifests,
//! - `choose`: the names of pods, all if not given; `filter`: what is asked for,
//! - `creates`: the objects, as [`creation`] puts them; none where all is on,
//! - `logs`: what is logged then, as [`effects`] puts it,
//! - `remark`: a text of the first remark,
//! - `refused`: `code: message | instead`.

use std::collections::{BTreeMap, BTreeSet};

use mesh::{Inventory, Loader, Workload};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use telemetry::enable::{Creation, EXPIRES, Effect, MANAGED_BY, MANAGER};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) case: String,
    #[serde(default)]
    mesh: Value,
    pods: Vec<String>,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    objects: Vec<Map<String, Value>>,
    #[serde(default)]
    manifests: Vec<Value>,
    choose: Option<Vec<String>>,
    pub(crate) filter: Option<String>,
    #[serde(default)]
    pub(crate) creates: Vec<String>,
    pub(crate) logs: Option<Vec<String>>,
    pub(crate) remark: Option<String>,
    pub(crate) refused: Option<String>,
}

/// When everything is asked.
pub(crate) fn now() -> jiff::Timestamp {
    "2026-11-26T00:00:00Z".parse().expect("a time")
}

impl Case {
    pub(crate) fn inventory(&self, more: &[Value]) -> Inventory {
        let pods = self.pods.iter().map(|text| pod(text));
        let services = self.services.iter().map(|text| service(text));
        let telemetries = self.objects.iter().map(telemetry);
        let whole = self.manifests.iter().chain(more).cloned();
        let items: Vec<Value> = pods.chain(services).chain(telemetries).chain(whole).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let mut loader = Loader::new();
        loader.add("cluster.json", list.to_string().as_bytes());
        if !self.mesh.is_null() {
            loader.add_mesh_config("mesh.json", self.mesh.to_string().as_bytes());
        }
        let loaded = loader.finish();
        assert!(loaded.errors.is_empty(), "{}: {:?}", self.case, loaded.errors);
        assert!(loaded.warnings.is_empty(), "{}: {:?}", self.case, loaded.warnings);
        loaded.inventory
    }

    pub(crate) fn chosen<'w>(&self, workloads: &'w [Workload]) -> Vec<&'w Workload> {
        let Some(names) = &self.choose else { return workloads.iter().collect() };
        let is = |it: &Workload, name: &str| {
            let own = it.display_name();
            own == name || format!("{}/{own}", it.meta.namespace) == name
        };
        let find = |name: &String| workloads.iter().find(|it| is(it, name));
        names.iter().map(|name| find(name).expect("a workload to choose")).collect()
    }
}

fn pod(text: &str) -> Value {
    let mut words = text.split(' ');
    let (namespace, name) = words.next().and_then(|it| it.split_once('/')).expect("a name");
    let mut labels: BTreeMap<&str, &str> = BTreeMap::new();
    let mut phase = "Running";
    let (mut role, mut node, mut owner, mut hash) = ("sidecar", None, None, "5f6");
    for word in words {
        match word.split_once('=') {
            None if word == "ended" => phase = "Succeeded",
            None => role = word,
            Some(("node", name)) => node = Some(name),
            Some(("hash", value)) => hash = value,
            Some((kind @ ("deploy" | "sts" | "job"), name)) => owner = Some((kind, name)),
            Some(("gateway", name)) => {
                labels.insert("gateway.networking.k8s.io/gateway-name", name);
            }
            Some((key, value)) => {
                labels.insert(key, value);
            }
        }
    }
    let owner = owner.map(|(kind, owner)| match kind {
        "deploy" => {
            labels.insert("pod-template-hash", hash);
            ("ReplicaSet", format!("{owner}-{hash}"))
        }
        "sts" => {
            let index = name.rsplit_once('-').expect("an index").1;
            labels.insert("statefulset.kubernetes.io/pod-name", name);
            labels.insert("apps.kubernetes.io/pod-index", index);
            labels.insert("controller-revision-hash", "db-77");
            ("StatefulSet", owner.to_owned())
        }
        _ => {
            labels.insert("batch.kubernetes.io/job-name", owner);
            ("Job", owner.to_owned())
        }
    });
    let owner = owner.map(|(kind, name)| {
        json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": true})
    });
    let containers = match role {
        "none" => json!([{"name": "app"}]),
        role => json!([{"name": "istio-proxy", "args": ["proxy", role]}]),
    };
    let owners: Vec<Value> = owner.into_iter().collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name, "namespace": namespace, "labels": labels, "ownerReferences": owners,
        },
        "spec": {"containers": containers, "nodeName": node},
        "status": {"phase": phase},
    })
}

fn service(text: &str) -> Value {
    let mut words = text.split(' ');
    let (namespace, name) = words.next().and_then(|it| it.split_once('/')).expect("a name");
    let labels: BTreeMap<&str, &str> = words.filter_map(|it| it.split_once('=')).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {},
    })
}

fn telemetry(short: &Map<String, Value>) -> Value {
    let mut spec = short.clone();
    let name = spec.remove("name").expect("a name");
    let (namespace, name) = name.as_str().and_then(|it| it.split_once('/')).expect("a name");
    let mut metadata = json!({
        "name": name, "namespace": namespace, "creationTimestamp": "2026-11-01T00:00:00Z",
    });
    if let Some(expires) = spec.remove("ours") {
        metadata["labels"] = json!({MANAGED_BY: MANAGER});
        metadata["annotations"] = json!({EXPIRES: expires});
    }
    json!({
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": metadata,
        "spec": spec,
    })
}

/// An object in a line: `shop/NAME app=cart: envoy; SERVER otel [response.code >= 400]`.
pub(crate) fn creation(creation: &Creation) -> String {
    let spec = &creation.manifest["spec"];
    let pairs = spec["selector"]["matchLabels"].as_object().into_iter().flatten();
    let pairs = pairs.map(|(key, value)| format!("{key}={}", value.as_str().expect("a value")));
    let refs = spec["targetRefs"].as_array().into_iter().flatten();
    let refs = refs.map(|it| {
        let part = |key: &str| it[key].as_str().expect("a string").to_owned();
        format!("{}/{}", part("kind"), part("name"))
    });
    let attached: Vec<String> = pairs.chain(refs).collect();
    let entry = |entry: &Value| {
        let mode = entry["match"]["mode"].as_str().map(|it| format!("{it} ")).unwrap_or_default();
        let filter = entry["filter"]["expression"].as_str();
        let filter = filter.map(|it| format!(" [{it}]")).unwrap_or_default();
        assert_eq!(entry["disabled"], Value::Null);
        format!("{mode}{}{filter}", entry["providers"][0]["name"].as_str().expect("a name"))
    };
    let entries = spec["accessLogging"].as_array().into_iter().flatten();
    let entries: Vec<String> = entries.map(entry).collect();
    format!(
        "{}/{} {}: {}",
        creation.namespace,
        creation.name,
        attached.join(","),
        entries.join("; ")
    )
}

/// What is logged, a line a side: `cart-1 client: envoy istio [response.code >= 400]`, and `(on)` where
/// it is already; then the EnvoyFilters that may change it.
pub(crate) fn effects(effects: &[Effect]) -> Vec<String> {
    let line = |it: &Effect| {
        let service = it.service.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
        let filter = it.filter.as_ref().map(|it| format!(" [{it}]")).unwrap_or_default();
        let on = if it.already_on { " (on)" } else { "" };
        let until = it.until.filter(|_| it.already_on).map(|it| format!(" until {it}"));
        let provider = it.provider.as_deref().unwrap_or("MeshConfig");
        let (pod, side, format) = (&it.pod, it.side, &it.format);
        let until = until.unwrap_or_default();
        let others: String =
            it.envoy_filters.iter().map(|it| format!(" (EnvoyFilter {it})")).collect();
        format!("{pod}{service} {side}: {provider} {format}{filter}{on}{until}{others}")
    };
    effects.iter().map(line).collect()
}

/// All cases.
pub(crate) fn cases() -> Vec<Case> {
    let cases: Vec<Case> =
        serde_saphyr::from_str(include_str!("cases.yaml")).expect("a file of cases");
    let names: BTreeSet<&str> = cases.iter().map(|it| it.case.as_str()).collect();
    assert_eq!(names.len(), cases.len(), "a name is there twice");
    assert!(cases.len() >= 40, "{} cases", cases.len());
    cases
}
