//! What is known of an object whatever its kind.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Labels or annotations, by key.
pub type Labels = BTreeMap<String, String>;

/// The metadata that decisions rest on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// The namespace; empty for an object that has none.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The object's own labels.
    pub labels: Labels,
    /// The object's annotations.
    pub annotations: Labels,
    /// When the API server took the object in, in whole seconds; `None` in manifests that were never
    /// applied, which count as newer than all that were.
    pub created: Option<Timestamp>,
    /// The number of the object's spec, 1 for the first; `None` in manifests that were never applied,
    /// and for kinds that do not count.
    pub generation: Option<i64>,
    /// Where the object was read.
    pub origin: Origin,
}

/// Where an object was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file, as the user named it, or the cluster.
    pub file: Arc<str>,
    /// The number of the YAML document in the file, from 1; 0 for what a cluster answered.
    pub document: usize,
    /// The number of the object in a `List`, from 1; `None` outside of one.
    pub item: Option<usize>,
}

impl Meta {
    /// The order in which istiod goes through objects of a kind: by age, then name, then namespace.
    /// What has no age comes last.
    pub fn age_order(&self) -> impl Ord + use<'_> {
        (self.created.is_none(), self.created, self.name.as_str(), self.namespace.as_str())
    }

    /// The object as `namespace/name`, or its bare name where it has no namespace.
    pub fn qualified_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.document == 0 {
            return f.write_str(&self.file);
        }
        write!(f, "{}, document {}", self.file, self.document)?;
        self.item.map_or(Ok(()), |item| write!(f, ", item {item}"))
    }
}
