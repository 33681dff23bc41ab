//! Telemetry objects, as far as access logging goes.

mod crd;
mod webhook;

use mesh::schema::{labels, list, text};
use mesh::{Labels, Meta, Object};
use serde_json::{Value, json};

use crd::UnknownField;
pub use crd::Violation;

/// The API group of the Telemetry kind.
pub(crate) const GROUP: &str = "telemetry.istio.io";

/// A Telemetry object.
///
/// Any object can be read. What an API server with Istio's CRD and webhook would refuse is listed in
/// [`Telemetry::violations`]; such an object cannot stand in a cluster, so decisions leave it out.
///
/// Follows <https://istio.io/latest/docs/reference/config/telemetry/>; `v1` and `v1alpha1` are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// The metadata.
    pub meta: Meta,
    /// The version that the manifest was written in, `v1` or `v1alpha1`.
    pub version: String,
    /// `selector.matchLabels`; `None` without a selector, empty for `selector: {}`.
    pub selector: Option<Labels>,
    /// The legacy `targetRef`.
    pub target_ref: Option<TargetRef>,
    /// `targetRefs`.
    pub target_refs: Vec<TargetRef>,
    /// `accessLogging`.
    pub access_logging: Vec<AccessLogging>,
    /// The whole `spec`, as it was read.
    pub spec: Value,
    /// Why an API server would refuse the object; empty for one that it takes.
    pub violations: Vec<Violation>,
}

/// One of the entries of `accessLogging`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessLogging {
    /// `match.mode`.
    pub mode: Mode,
    /// The names of `providers`.
    pub providers: Vec<String>,
    /// `filter.expression`; `None` without a filter.
    pub filter: Option<String>,
    /// Whether `disabled` is true; absent, null and false are the same to Istio.
    pub disabled: bool,
}

/// Which sides of a proxy an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// `CLIENT_AND_SERVER`, also where nothing is said.
    #[default]
    ClientAndServer,
    /// `CLIENT`: outbound, and all of a gateway.
    Client,
    /// `SERVER`: inbound, and all of a waypoint.
    Server,
}

/// The side of a proxy that a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// A sidecar's outbound listeners, and all of a gateway.
    Client,
    /// A sidecar's inbound listeners, and all of a waypoint.
    Server,
}

/// An object that a Telemetry is attached to by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRef {
    /// The API group; empty is `core`.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The name.
    pub name: String,
}

impl Telemetry {
    /// Reads a Telemetry; `None` for an object of another kind.
    pub fn read(object: &Object) -> Option<Self> {
        (object.group == GROUP && object.kind == "Telemetry").then(|| Self::of(object))
    }

    /// Reads an object that is a Telemetry.
    pub(crate) fn of(object: &Object) -> Self {
        let spec = &object.spec;
        let mut violations = crd::check(spec);
        let selector = &spec["selector"];
        let mut telemetry = Self {
            meta: object.meta.clone(),
            version: object.version.clone(),
            selector: selector.is_object().then(|| labels(&selector["matchLabels"])),
            target_ref: Some(&spec["targetRef"]).filter(|v| v.is_object()).map(target_ref),
            target_refs: list(&spec["targetRefs"]).map(target_ref).collect(),
            access_logging: list(&spec["accessLogging"]).map(access_logging).collect(),
            spec: spec.clone(),
            violations: Vec::new(),
        };
        violations.extend(webhook::check(&telemetry));
        telemetry.violations = violations;
        telemetry
    }

    /// The object as a manifest, with the metadata that is the user's.
    pub(crate) fn manifest(&self) -> Value {
        let meta = &self.meta;
        let mut metadata = json!({"name": meta.name, "namespace": meta.namespace});
        for (key, map) in [("labels", &meta.labels), ("annotations", &meta.annotations)] {
            if !map.is_empty() {
                metadata[key] = json!(map);
            }
        }
        json!({
            "apiVersion": format!("{GROUP}/{}", self.version),
            "kind": "Telemetry",
            "metadata": metadata,
            "spec": self.spec,
        })
    }

    /// The fields that the API server drops, as it does not know them.
    pub(crate) fn unknown_fields(&self) -> Vec<UnknownField> {
        crd::unknown(&self.spec)
    }

    /// Whether an API server with Istio's CRD and webhook would take the object.
    pub fn is_accepted(&self) -> bool {
        self.violations.is_empty()
    }

    /// Whether the object is for a whole namespace: it selects nothing and refers to nothing.
    pub fn is_wide(&self) -> bool {
        self.match_labels().is_none() && self.targets().is_empty()
    }

    /// The labels that select; `None` where there are none, as in `selector: {}`.
    pub fn match_labels(&self) -> Option<&Labels> {
        self.selector.as_ref().filter(|labels| !labels.is_empty())
    }

    /// What the object is attached to by name: `targetRefs`, else the legacy `targetRef`.
    pub fn targets(&self) -> &[TargetRef] {
        match &self.target_ref {
            Some(one) if self.target_refs.is_empty() => std::slice::from_ref(one),
            _ => &self.target_refs,
        }
    }
}

impl Mode {
    /// The mode as Istio writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientAndServer => "CLIENT_AND_SERVER",
            Self::Client => "CLIENT",
            Self::Server => "SERVER",
        }
    }

    /// Whether an entry of this mode is for `side`.
    pub fn applies_to(self, side: Side) -> bool {
        match self {
            Self::ClientAndServer => true,
            Self::Client => side == Side::Client,
            Self::Server => side == Side::Server,
        }
    }
}

impl Side {
    /// The side as it is printed: `client` or `server`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl TargetRef {
    /// Whether the reference is to an object of `kind` in `group`.
    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.canonical_group() == group && self.kind == kind
    }

    /// The group, `core` where it is empty.
    pub(crate) fn canonical_group(&self) -> &str {
        if self.group.is_empty() { "core" } else { &self.group }
    }
}

/// The column of a byte of a text, in characters from 1.
pub(crate) fn column(text: &str, offset: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < offset).count() + 1
}

fn access_logging(entry: &Value) -> AccessLogging {
    let filter = &entry["filter"];
    AccessLogging {
        mode: match entry["match"]["mode"].as_str() {
            Some("CLIENT") => Mode::Client,
            Some("SERVER") => Mode::Server,
            _ => Mode::ClientAndServer,
        },
        providers: list(&entry["providers"]).map(|provider| text(&provider["name"])).collect(),
        filter: filter.is_object().then(|| text(&filter["expression"])),
        disabled: entry["disabled"] == Value::Bool(true),
    }
}

fn target_ref(value: &Value) -> TargetRef {
    TargetRef {
        group: text(&value["group"]),
        kind: text(&value["kind"]),
        name: text(&value["name"]),
    }
}
