//! What an istiod sees.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use mesh::{Labels, MeshConfig, ProxyKind};

use super::{Level, LevelKind, Selectors, Target};
use crate::logger::{Hosts, Logger, Providers, fallback};
use crate::object::Telemetry;

/// What one istiod goes by, but for the Telemetry objects.
#[derive(Debug, Clone)]
pub struct Istiod<'a> {
    /// Its revision, such as `default`.
    pub revision: String,
    /// Its MeshConfig.
    pub mesh: &'a MeshConfig,
    /// The namespaces that MeshConfig's `discoverySelectors` do not select.
    pub undiscovered: BTreeSet<String>,
    /// The hosts of Services and ServiceEntries.
    pub hosts: Hosts,
}

/// The Telemetry objects and the configuration of one istiod, ready to decide for its proxies.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) istiod: &'a Istiod<'a>,
    pub(crate) telemetries: &'a [Telemetry],
    pub(crate) providers: Providers,
    pub(crate) fallback: Vec<Arc<Logger>>,
    namespaces: HashMap<&'a str, InNamespace<'a>>,
    unseen: Vec<(&'a Telemetry, Unseen)>,
}

/// Why an istiod does not see an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// An API server refuses it.
    Refused,
    /// It is labelled for another revision.
    OtherRevision {
        /// The revision that it is for.
        wanted: String,
        /// The revision of this istiod.
        own: String,
    },
    /// Its namespace is not among those that MeshConfig's `discoverySelectors` select.
    Undiscovered,
}

/// The objects of a namespace, by age.
#[derive(Debug, Default)]
struct InNamespace<'a> {
    all: Vec<&'a Telemetry>,
    /// The index of the first wide object.
    wide: Option<usize>,
    /// The indexes of objects that go by references.
    referring: Vec<usize>,
    /// The indexes of objects that go by a selector.
    selecting: Selectors<'a>,
}

impl<'a> View<'a> {
    /// Sorts out what an istiod sees of `telemetries`. Their order does not matter.
    pub fn new(telemetries: &'a [Telemetry], istiod: &'a Istiod<'a>) -> Self {
        let mut view = Self {
            istiod,
            telemetries,
            providers: Providers::new(istiod.mesh, &istiod.hosts),
            fallback: fallback(istiod.mesh),
            namespaces: HashMap::new(),
            unseen: Vec::new(),
        };
        let mut sorted: Vec<&Telemetry> = telemetries.iter().collect();
        // No two objects of a cluster are equal by age, name and namespace; files may repeat one.
        sorted.sort_by(|a, b| {
            let origin = |t: &'a Telemetry| {
                (&t.meta.origin.file, t.meta.origin.document, t.meta.origin.item)
            };
            a.meta.age_order().cmp(&b.meta.age_order()).then_with(|| origin(a).cmp(&origin(b)))
        });
        for telemetry in sorted {
            match unseen(telemetry, istiod) {
                Some(why) => view.unseen.push((telemetry, why)),
                None => {
                    view.namespaces.entry(&telemetry.meta.namespace).or_default().add(telemetry)
                }
            }
        }
        view.namespaces.values_mut().for_each(InNamespace::index);
        view
    }

    /// The MeshConfig that decides.
    pub(crate) fn mesh(&self) -> &'a MeshConfig {
        self.istiod.mesh
    }

    /// The levels of a proxy, the earlier overridden by the later.
    ///
    /// Levels whose `accessLogging` is empty are among them; they change nothing.
    pub fn levels(&self, target: &Target<'_>) -> Vec<Level<'a>> {
        let mut levels = Vec::new();
        let mut wide = |namespace: &str, kind| {
            let found = self.wide(namespace);
            levels.extend(found.map(|telemetry| Level { telemetry, kind }));
        };
        wide(&self.mesh().root_namespace, LevelKind::Mesh);
        if target.namespace != self.mesh().root_namespace {
            wide(target.namespace, LevelKind::Namespace);
        }
        let namespace = self.workload_namespace(target);
        if namespace != target.namespace {
            wide(namespace, LevelKind::ServiceNamespace);
        }
        let attached = self.attached(namespace, target);
        levels.extend(attached.map(|telemetry| Level { telemetry, kind: LevelKind::Workload }));
        levels
    }

    /// The wide object of a namespace: the oldest.
    pub fn wide(&self, namespace: &str) -> Option<&'a Telemetry> {
        let found = self.namespaces.get(namespace)?;
        found.wide.and_then(|index| found.all.get(index)).copied()
    }

    /// The wide objects of a namespace that count for nothing, as there is an older one.
    pub fn shadowed(&self, namespace: &str) -> impl Iterator<Item = &'a Telemetry> {
        self.in_namespace(namespace).iter().copied().filter(|found| found.is_wide()).skip(1)
    }

    /// The objects of a namespace that the istiod sees, by age.
    pub fn in_namespace(&self, namespace: &str) -> &[&'a Telemetry] {
        self.namespaces.get(namespace).map_or(&[], |found| &found.all)
    }

    /// The objects that the istiod sees, by namespace in no order, then by age.
    pub(crate) fn seen(&self) -> impl Iterator<Item = &'a Telemetry> {
        self.namespaces.values().flat_map(|found| found.all.iter().copied())
    }

    /// The namespaces that have objects, in no order.
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = &'a str> {
        self.namespaces.keys().copied()
    }

    /// The wide objects that an object stands under, whatever it attaches to.
    pub(crate) fn above(&self, telemetry: &Telemetry) -> Vec<Level<'a>> {
        let namespace = telemetry.meta.namespace.as_str();
        let root = &self.mesh().root_namespace;
        let wide = |namespace: &str, kind| {
            let found = self.wide(namespace).filter(|found| !std::ptr::eq(*found, telemetry));
            found.map(|telemetry| Level { telemetry, kind })
        };
        let of_mesh = wide(root, LevelKind::Mesh);
        let beside = || wide(namespace, LevelKind::Namespace);
        // Wide objects of one namespace do not stand under one another.
        let own = if namespace != root && !telemetry.is_wide() { beside() } else { None };
        let of_mesh = of_mesh.filter(|_| namespace != root || !telemetry.is_wide());
        of_mesh.into_iter().chain(own).collect()
    }

    /// The objects that the istiod does not see, by age.
    pub fn unseen(&self) -> &[(&'a Telemetry, Unseen)] {
        &self.unseen
    }

    /// The namespace whose selectors and references are looked at: that of a waypoint's service, else
    /// the proxy's own.
    pub(crate) fn workload_namespace<'t>(&self, target: &Target<'t>) -> &'t str {
        match target.service {
            Some(service) if target.kind == ProxyKind::Waypoint => &service.namespace,
            _ => target.namespace,
        }
    }

    fn attached(
        &self,
        namespace: &str,
        target: &Target<'_>,
    ) -> impl Iterator<Item = &'a Telemetry> {
        let found = self.namespaces.get(namespace);
        let mut indexes: Vec<usize> = Vec::new();
        if let Some(found) = found {
            indexes.extend(found.selecting.matching(target.labels));
            indexes.extend(&found.referring);
        }
        // References and selectors are kept apart, but age alone decides.
        indexes.sort_unstable();
        let objects = indexes.into_iter().filter_map(move |index| found?.all.get(index).copied());
        let root = &self.mesh().root_namespace;
        let attached: Vec<&'a Telemetry> =
            objects.filter(|telemetry| attaches(target, telemetry, root)).collect();
        attached.into_iter()
    }
}

impl<'a> InNamespace<'a> {
    fn add(&mut self, telemetry: &'a Telemetry) {
        if telemetry.is_wide() && self.wide.is_none() {
            self.wide = Some(self.all.len());
        }
        self.all.push(telemetry);
    }

    /// Tells the objects that go by references from those that go by a selector.
    fn index(&mut self) {
        let refers = |telemetry: &&'a Telemetry| !telemetry.targets().is_empty();
        let numbered = || self.all.iter().enumerate();
        self.referring = numbered().filter(|(_, it)| refers(it)).map(|(index, _)| index).collect();
        let others = numbered().filter(|(_, it)| !refers(it));
        let selecting: Vec<(usize, &'a Labels)> =
            others.filter_map(|(index, it)| Some((index, it.match_labels()?))).collect();
        self.selecting = Selectors::new(&selecting);
    }
}

fn attaches(target: &Target<'_>, telemetry: &Telemetry, root_namespace: &str) -> bool {
    target.attaches(telemetry, root_namespace).is_ok()
}

fn unseen(telemetry: &Telemetry, istiod: &Istiod<'_>) -> Option<Unseen> {
    if !telemetry.is_accepted() {
        return Some(Unseen::Refused);
    }
    match telemetry.meta.labels.get("istio.io/rev") {
        Some(wanted) if *wanted != istiod.revision => {
            let own = istiod.revision.clone();
            Some(Unseen::OtherRevision { wanted: wanted.clone(), own })
        }
        _ if istiod.undiscovered.contains(&telemetry.meta.namespace) => Some(Unseen::Undiscovered),
        _ => None,
    }
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => {
                f.write_str("an API server refuses it, so that no cluster can hold it")
            }
            Self::OtherRevision { wanted, own } => write!(
                f,
                "its label `istio.io/rev: {wanted}` hides it from the istiod of revision `{own}`"
            ),
            Self::Undiscovered => f.write_str(
                "its namespace is not among those that MeshConfig's discoverySelectors select",
            ),
        }
    }
}
