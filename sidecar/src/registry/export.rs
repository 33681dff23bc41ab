//! Which namespaces an object is seen from.

use std::collections::BTreeSet;

use mesh::Meta;

/// The annotation of a Service that says what `exportTo` says of others.
const ANNOTATION: &str = "networking.istio.io/exportTo";

/// The namespaces that an object is exported to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportTo(BTreeSet<String>);

/// How an object is seen from a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// It is exported to that namespace by name, or is its own.
    Named,
    /// It is exported to all.
    Public,
}

impl ExportTo {
    /// The namespaces of a list; `None` for an empty one, which leaves it to the mesh's default.
    pub(crate) fn of_list(list: &[String]) -> Option<Self> {
        (!list.is_empty()).then(|| Self(list.iter().cloned().collect()))
    }

    /// The namespaces in a Service's annotation.
    pub(crate) fn of_annotation(meta: &Meta) -> Option<Self> {
        let text = meta.annotations.get(ANNOTATION).filter(|text| !text.is_empty())?;
        Some(Self(text.split(',').map(|name| name.trim().to_owned()).collect()))
    }

    /// Every namespace.
    pub(crate) fn all() -> Self {
        Self(BTreeSet::from(["*".to_owned()]))
    }

    /// Whether it names only its own namespace.
    pub(crate) fn is_private(&self, own: &str) -> bool {
        let mut names = self.0.iter();
        matches!((names.next(), names.next()), (Some(only), None) if only == "." || only == own)
    }

    /// Whether `.` is among the namespaces.
    pub(crate) fn has_dot(&self) -> bool {
        self.0.contains(".")
    }

    /// Whether nobody sees it: `~`, unless everybody does.
    pub(crate) fn is_hidden(&self) -> bool {
        self.0.contains("~") && !self.0.contains("*")
    }

    /// No namespace.
    pub(crate) fn nobody() -> Self {
        Self(BTreeSet::from(["~".to_owned()]))
    }

    /// The own namespace, if it was among those exported to.
    pub(crate) fn narrowed_to_own(&self, own: &str) -> Self {
        match self.0.contains("*") || self.0.contains(".") || self.0.contains(own) {
            true => Self(BTreeSet::from([".".to_owned()])),
            false => Self::nobody(),
        }
    }

    /// How an object of the namespace `own` is seen from `namespace`; `None` when it is not.
    ///
    /// `*` makes it public whatever else is listed, else `~` hides it whatever else is listed.
    pub fn seen_from(&self, namespace: &str, own: &str) -> Option<Seen> {
        if self.0.contains("*") {
            return Some(Seen::Public);
        }
        if self.0.contains("~") {
            return None;
        }
        let named = self.0.contains(namespace) || (namespace == own && self.0.contains("."));
        named.then_some(Seen::Named)
    }
}

impl std::fmt::Display for ExportTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(&names.join(","))
    }
}
