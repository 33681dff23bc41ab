//! The table of cases that the suites share.
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

use std::collections::BTreeSet;
use std::path::Path;

use mesh::{Labels, MeshConfig, Meta, Object, ProxyKind, ServiceKind, ServiceRef};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use telemetry::{Decision, Hosts, Istiod, Side, Target, Telemetry};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) case: String,
    #[serde(default)]
    mesh: Value,
    revision: Option<String>,
    #[serde(default)]
    undiscovered: Vec<String>,
    pub(crate) pod: Pod,
    #[serde(default)]
    objects: Vec<Map<String, Value>>,
    #[serde(default)]
    hosts: Vec<String>,
    client: Option<String>,
    server: Option<String>,
    both: Option<String>,
    #[serde(default)]
    pub(crate) logger: Map<String, Value>,
    #[serde(default)]
    pub(crate) because: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pod {
    namespace: String,
    #[serde(default)]
    labels: Labels,
    proxy: Option<String>,
    #[serde(default, deserialize_with = "service")]
    service: Option<ServiceRef>,
}

impl Case {
    pub(crate) fn mesh(&self) -> MeshConfig {
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

    /// What the istiod goes by; `mesh` is the case's own.
    pub(crate) fn istiod<'a>(&self, mesh: &'a MeshConfig) -> Istiod<'a> {
        Istiod {
            revision: self.revision.clone().unwrap_or_else(|| "default".to_owned()),
            mesh,
            undiscovered: self.undiscovered.iter().cloned().collect(),
            hosts: self.hosts(),
        }
    }

    /// The Telemetries, in the order of the case.
    pub(crate) fn telemetries(&self) -> Vec<Telemetry> {
        self.objects.iter().map(telemetry).collect()
    }

    /// What the case expects, by side.
    pub(crate) fn expected(&self) -> impl Iterator<Item = (Side, &str)> {
        let both = self.both.as_deref();
        let client = self.client.as_deref().or(both).map(|text| (Side::Client, text));
        let server = self.server.as_deref().or(both).map(|text| (Side::Server, text));
        client.into_iter().chain(server)
    }
}

impl Pod {
    pub(crate) fn target(&self) -> Target<'_> {
        let kind = match self.proxy.as_deref() {
            None | Some("sidecar") => ProxyKind::Sidecar,
            Some("router") => ProxyKind::Router,
            Some("waypoint") => ProxyKind::Waypoint,
            Some(other) => panic!("proxy {other}"),
        };
        Target {
            namespace: &self.namespace,
            labels: &self.labels,
            kind,
            service: self.service.as_ref(),
        }
    }
}

/// A service, written as `KIND namespace/name`.
fn service<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ServiceRef>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let (kind, name) = text.split_once(' ').expect("KIND namespace/name");
    let (namespace, name) = name.split_once('/').expect("namespace/name");
    let kind = match kind {
        "Service" => ServiceKind::Service,
        "ServiceEntry" => ServiceKind::ServiceEntry,
        other => panic!("service kind {other}"),
    };
    Ok(Some(ServiceRef { kind, namespace: namespace.to_owned(), name: name.to_owned() }))
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
pub(crate) fn summary(decision: &Decision) -> String {
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

/// All cases, with the name of their file.
pub(crate) fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let mut names = BTreeSet::new();
    let mut all = Vec::new();
    for file in files {
        let yaml = std::fs::read_to_string(&file).expect("a file of cases");
        let cases: Vec<Case> = serde_saphyr::from_str(&yaml)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in cases {
            assert!(names.insert(case.case.clone()), "`{}` is twice", case.case);
            all.push((file.file_stem().expect("a name").display().to_string(), case));
        }
    }
    assert!(all.len() >= 110, "{} cases", all.len());
    all
}
