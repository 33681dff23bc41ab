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

/// A number of things: `1 service`, `2 services`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        number => format!("{number} {thing}s"),
    }
}
