//! An object that would change what a workload logs.

use mesh::{Meta, Object, ProxyKind};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::name;
use crate::attach::{GATEWAY_NAME, LevelKind, Target, View, gateway_ref, service_ref};
use crate::entry::Entry;
use crate::object::{Mode, Telemetry};

/// A Telemetry to apply: a new one, or one that is there with other entries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The object as `namespace/name`.
    pub object: String,
    /// Whether the object is there already.
    pub edits: bool,
    /// The object.
    pub manifest: Value,
    /// The object in YAML.
    pub yaml: String,
    /// What else it does, in words.
    pub remarks: Vec<String>,
    /// The object as it would be read.
    #[serde(skip)]
    pub(super) telemetry: Telemetry,
}

impl Proposal {
    /// An object with the entries for a proxy: the last that attaches to it if there is one, as a second
    /// would make the result depend on other pods; else a new one for the workload alone, if it can be
    /// told from others.
    pub(crate) fn new(view: &View<'_>, target: &Target<'_>, entries: &[Entry]) -> Self {
        let namespace = view.workload_namespace(target);
        let levels = view.levels(target);
        let attached = levels.iter().rev().find(|level| level.kind == LevelKind::Workload);
        if let Some(level) = attached {
            return Self::edit(level.telemetry, entries, target.kind);
        }
        match (attachment(target), view.wide(namespace)) {
            (None, Some(wide)) => Self::edit(wide, entries, target.kind),
            (attachment, _) => Self::create(view, target, attachment, entries),
        }
    }

    fn edit(telemetry: &Telemetry, entries: &[Entry], kind: ProxyKind) -> Self {
        // What is there for a side that the proxy does not have belongs to other proxies.
        let others = match kind {
            ProxyKind::Router => Some(Mode::Server),
            ProxyKind::Waypoint => Some(Mode::Client),
            ProxyKind::Sidecar | ProxyKind::None => None,
        };
        let old = telemetry.spec["accessLogging"].as_array().into_iter().flatten();
        let kept = old.zip(&telemetry.access_logging).filter(|(_, it)| Some(it.mode) == others);
        let logging: Vec<Value> =
            kept.map(|(value, _)| value.clone()).chain(entries.iter().map(Entry::json)).collect();
        let mut spec = telemetry.spec.as_object().cloned().unwrap_or_default();
        spec.insert("accessLogging".to_owned(), logging.into());
        let remark = match telemetry.is_wide() {
            true => "it is for the whole namespace, and so is the change",
            false => "the change is for every workload that the object attaches to",
        };
        let version = telemetry.version.clone();
        Self::of(telemetry.meta.clone(), version, spec, true, vec![remark.to_owned()])
    }

    fn create(
        view: &View<'_>,
        target: &Target<'_>,
        attachment: Option<(&'static str, Value)>,
        entries: &[Entry],
    ) -> Self {
        let namespace = view.workload_namespace(target);
        let mut remarks = Vec::new();
        let mut spec = Map::new();
        match attachment {
            Some((key, value)) => {
                spec.insert(key.to_owned(), value);
            }
            None => remarks.push(
                "the workload has no label that stays, so that the object is for its whole namespace"
                    .to_owned(),
            ),
        }
        let entries: Vec<Value> = entries.iter().map(Entry::json).collect();
        spec.insert("accessLogging".to_owned(), entries.into());
        let taken = |name: &str| {
            let here = |it: &&Telemetry| it.meta.namespace == namespace && it.meta.name == name;
            view.telemetries.iter().any(|it| here(&it))
        };
        let stem = name::name(target);
        let name = (2..).map(|number| format!("{stem}-{number}"));
        let name = std::iter::once(stem.clone()).chain(name).find(|name| !taken(name));
        let meta =
            Meta { namespace: namespace.to_owned(), name: name.unwrap_or(stem), ..Meta::default() };
        Self::of(meta, "v1".to_owned(), spec, false, remarks)
    }

    fn of(
        meta: Meta,
        version: String,
        spec: Map<String, Value>,
        edits: bool,
        remarks: Vec<String>,
    ) -> Self {
        let (group, kind) = (crate::object::GROUP.to_owned(), "Telemetry".to_owned());
        let object = meta.qualified_name();
        let telemetry =
            Telemetry::of(&Object { group, version, kind, meta, spec: Value::Object(spec) });
        let manifest = telemetry.manifest();
        let yaml = serde_saphyr::to_string(&manifest).unwrap_or_else(|_| manifest.to_string());
        Self { object, edits, yaml, manifest, remarks, telemetry }
    }
}

/// How a new object attaches to a proxy alone: the field of `spec` and its value.
fn attachment(target: &Target<'_>) -> Option<(&'static str, Value)> {
    let gateway = target.labels.get(GATEWAY_NAME);
    match (gateway, target.service) {
        (Some(_), Some(service)) if target.kind == ProxyKind::Waypoint => {
            Some(("targetRefs", json!([service_ref(service)])))
        }
        (Some(name), _) => Some(("targetRefs", json!([gateway_ref(name)]))),
        (None, _) => {
            let labels = mesh::stable_labels(target.labels);
            (!labels.is_empty()).then(|| ("selector", json!({"matchLabels": labels})))
        }
    }
}
