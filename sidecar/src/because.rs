//! What decided, in words.

use serde::Serialize;

/// Something that had to do with a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The object: `namespace/name` of a Sidecar, else `Kind namespace/name`, or `MeshConfig`.
    pub object: String,
    /// What it did, in words.
    pub effect: String,
}

impl Because {
    /// A note on an object.
    pub(crate) fn new(object: impl Into<String>, effect: impl Into<String>) -> Self {
        Self { object: object.into(), effect: effect.into() }
    }

    /// A note on MeshConfig.
    pub(crate) fn mesh_config(effect: impl Into<String>) -> Self {
        Self::new("MeshConfig", effect)
    }
}

/// Takes reasons, or lets them be where nobody asks for them: a search for the smallest Sidecar looks
/// at thousands of scopes.
#[derive(Debug)]
pub(crate) struct Reasons(Option<Vec<Because>>);

impl Reasons {
    /// Takes reasons.
    pub(crate) fn wanted() -> Self {
        Self(Some(Vec::new()))
    }

    /// Takes none.
    pub(crate) fn unwanted() -> Self {
        Self(None)
    }

    /// Whether reasons are taken.
    pub(crate) fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Takes a reason.
    pub(crate) fn push(&mut self, because: Because) {
        if let Some(all) = &mut self.0 {
            all.push(because);
        }
    }

    /// The reasons that were taken.
    pub(crate) fn into_vec(self) -> Vec<Because> {
        self.0.unwrap_or_default()
    }
}

/// A number of things: `1 service`, `2 services`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}
