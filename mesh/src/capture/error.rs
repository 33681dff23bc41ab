//! Settings by which no rules can be set.

use crate::describe::clip;

/// A setting that is none: an annotation, an argument of the init container, or a variable of its
/// environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{setting}`: expected {expected}, found `{found}`")]
pub struct CaptureError {
    /// The setting, without what stands before its name in an annotation.
    pub setting: &'static str,
    /// What was expected.
    pub expected: &'static str,
    /// What was found, clipped.
    pub found: String,
}

impl CaptureError {
    pub(super) fn new(setting: &'static str, expected: &'static str, found: &str) -> Self {
        Self { setting, expected, found: clip(found) }
    }
}
