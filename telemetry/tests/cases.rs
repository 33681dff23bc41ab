//! The table of cases: which objects lead to which decision, and why.
//!
//! The cases stand in `tests/cases/*.yaml` and read as a specification. A case has
//!
//! - `mesh`: the MeshConfig,
//! - `revision`: that of the istiod, `default` if not given,
//! - `undiscovered`: namespaces that `discoverySelectors` do not select,
//! - `pod`: `namespace`, `labels`, `proxy` (`sidecar` if not given) and, for waypoints, `service`,
//! - `objects`: Telemetries as `{name: namespace/name, ...spec}`. All are of one age, unless `age` gives
//!   seconds or is `none` for a manifest that was never applied; `rev` is the revision label,
//! - `hosts`: Services by `namespace/name`, ServiceEntries by `namespace/host.with.dots`,
//! - `client`, `server` or `both`: what is decided, as [`summary`] puts it,
//! - `logger`: fields that the first logger has, as `who` prints them,
//! - `because`: texts that the reasons contain, as `object[entry]: words`.

#![allow(clippy::expect_used, clippy::panic, reason = "this is a test")]

use std::collections::BTreeMap;
use std::path::Path;

use mesh::{Labels, MeshConfig, Meta, Object, ProxyKind};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use telemetry::{
    Decision, Hosts, Istiod, Side, Target, TargetService, TargetServiceKind, Telemetry, View,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    #[serde(default)]
    mesh: Value,
    revision: Option<String>,
    #[serde(default)]
    undiscovered: Vec<String>,
    pod: Pod,
    #[serde(default)]
    objects: Vec<Map<String, Value>>,
    #[serde(default)]
    hosts: Vec<String>,
    client: Option<String>,
    server: Option<String>,
    both: Option<String>,
    #[serde(default)]
    logger: Map<String, Value>,
    #[serde(default)]
    because: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pod {
    namespace: String,
    #[serde(default)]
    labels: Labels,
    proxy: Option<String>,
    service: Option<String>,
}

impl Case {
    fn mesh(&self) -> MeshConfig {
        let mut mesh = MeshConfig::default();
        if !self.mesh.is_null() {
            let mut remarks = Vec::new();
            mesh.apply(&self.mesh, &mut remarks).expect("a MeshConfig");
            assert!(remarks.is_empty(), "{}: {remarks:?}", self.case);
        }
        mesh
    }

    fn hosts(&self) -> Hosts {
        let mut hosts = Hosts::default();
        for name in &self.hosts {
            let (namespace, name) = name.split_once('/').expect("namespace/name");
            match name.contains('.') {
                true => hosts.add(name, namespace),
                false => hosts.add(&format!("{name}.{namespace}.svc.cluster.local"), namespace),
            }
        }
        hosts
    }

    /// What the case expects, by side.
    fn expected(&self) -> impl Iterator<Item = (Side, &str)> {
        let both = self.both.as_deref();
        let client = self.client.as_deref().or(both).map(|text| (Side::Client, text));
        let server = self.server.as_deref().or(both).map(|text| (Side::Server, text));
        client.into_iter().chain(server)
    }
}

impl Pod {
    fn target(&self) -> Target<'_> {
        let kind = match self.proxy.as_deref() {
            None | Some("sidecar") => ProxyKind::Sidecar,
            Some("router") => ProxyKind::Router,
            Some("waypoint") => ProxyKind::Waypoint,
            Some(other) => panic!("proxy {other}"),
        };
        let service = self.service.as_deref().map(|text| {
            let (kind, name) = text.split_once(' ').expect("KIND namespace/name");
            let (namespace, name) = name.split_once('/').expect("namespace/name");
            let kind = match kind {
                "Service" => TargetServiceKind::Service,
                "ServiceEntry" => TargetServiceKind::ServiceEntry,
                other => panic!("service kind {other}"),
            };
            TargetService { kind, namespace, name }
        });
        Target { namespace: &self.namespace, labels: &self.labels, kind, service }
    }
}

/// The Telemetry that a short form stands for.
fn telemetry(short: &Map<String, Value>) -> Telemetry {
    let mut spec = short.clone();
    let name = spec.remove("name").expect("a name");
    let (namespace, name) = name.as_str().and_then(|n| n.split_once('/')).expect("namespace/name");
    let age = match spec.remove("age").unwrap_or(json!(0)) {
        Value::String(none) if none == "none" => None,
        age => Some(age.as_i64().expect("seconds")),
    };
    let version = spec.remove("version").unwrap_or(json!("v1"));
    let revision = spec.remove("rev");
    let label = revision.iter().map(|rev| ("istio.io/rev".to_owned(), text(rev)));
    let created = age.map(|age| {
        "2026-11-01T00:00:00Z".parse::<jiff::Timestamp>().expect("a time")
            + jiff::SignedDuration::from_secs(age)
    });
    let meta = Meta {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        labels: label.collect(),
        created,
        ..Meta::default()
    };
    Telemetry::read(&Object {
        group: "telemetry.istio.io".to_owned(),
        version: text(&version),
        kind: "Telemetry".to_owned(),
        meta,
        spec: Value::Object(spec),
    })
    .expect("a Telemetry")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

/// A decision in one line: `telemetry: envoy [response.code >= 400], otel; off file`.
fn summary(decision: &Decision) -> String {
    let decision = serde_json::to_value(decision).expect("JSON");
    let logger = |logger: &Value| {
        let name = logger["provider"].as_str().or(logger["path"].as_str());
        let name = name.unwrap_or(logger["kind"].as_str().expect("a kind"));
        let filter = logger["filter"].as_str();
        filter.map_or(name.to_owned(), |filter| format!("{name} [{filter}]"))
    };
    let join = |list: &Value, one: &dyn Fn(&Value) -> String| {
        list.as_array().expect("a list").iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let by = match decision["decided_by"].as_str().expect("a string") {
        "mesh_config_fallback" => "fallback",
        "default_providers" => "defaults",
        other => other,
    };
    let emits = decision["emits"] == json!(true);
    let loggers = match emits {
        true => join(&decision["loggers"], &logger),
        false => "nothing".to_owned(),
    };
    let off = join(&decision["disabled_providers"], &|name| text(name));
    let off = if off.is_empty() { off } else { format!("; off {off}") };
    format!("{by}: {loggers}{off}")
}

fn check(case: &Case) -> Vec<String> {
    let mesh = case.mesh();
    let istiod = Istiod {
        revision: case.revision.clone().unwrap_or_else(|| "default".to_owned()),
        mesh: &mesh,
        undiscovered: case.undiscovered.iter().cloned().collect(),
        hosts: case.hosts(),
    };
    let telemetries: Vec<Telemetry> = case.objects.iter().map(telemetry).collect();
    let backwards: Vec<Telemetry> = telemetries.iter().rev().cloned().collect();
    let view = View::new(&telemetries, &istiod);
    let target = case.pod.target();
    let mut wrong = Vec::new();
    let mut reasons = Vec::new();
    let mut sides = 0;
    for (side, expected) in case.expected() {
        sides += 1;
        let decision = Decision::of(&view, &target, side);
        let found = summary(&decision);
        if found != *expected {
            wrong.push(format!("{}: expected `{expected}`, found `{found}`", side.as_str()));
        }
        if Decision::of(&View::new(&backwards, &istiod), &target, side) != decision {
            wrong.push(format!("{}: the order of the objects decides", side.as_str()));
        }
        let logger = decision.loggers.first().map(|logger| json!(logger)).unwrap_or_default();
        for (key, value) in &case.logger {
            if logger[key] != *value {
                wrong.push(format!("{key}: expected {value}, found {}", logger[key]));
            }
        }
        reasons.extend(decision.because.iter().map(|because| {
            let entry = because.entry.map_or(String::new(), |entry| format!("[{entry}]"));
            format!("{}{entry}: {}", because.object, because.effect)
        }));
    }
    for expected in &case.because {
        if !reasons.iter().any(|reason| reason.contains(expected)) {
            wrong.push(format!(
                "no reason has `{expected}`, there are\n    {}",
                reasons.join("\n    ")
            ));
        }
    }
    if sides == 0 {
        wrong.push("nothing is expected".to_owned());
    }
    wrong
}

#[test]
fn decisions_are_those_of_the_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let mut names = BTreeMap::new();
    let mut failures = Vec::new();
    for file in files {
        let yaml = std::fs::read_to_string(&file).expect("a file of cases");
        let cases: Vec<Case> = serde_saphyr::from_str(&yaml)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in cases {
            let wrong = check(&case);
            let stem = file.file_stem().expect("a name").display();
            if !wrong.is_empty() {
                failures.push(format!("{stem}: {}\n  {}", case.case, wrong.join("\n  ")));
            }
            assert!(names.insert(case.case.clone(), ()).is_none(), "{} is twice", case.case);
        }
    }
    assert!(names.len() >= 110, "{} cases", names.len());
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), names.len(), failures.join("\n"));
}
