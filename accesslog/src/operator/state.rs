//! The objects of the filter state that logcollector's own proxy-wasm filter sets.
//!
//! To Envoy they are bytes of some module. That filter guarantees what they look like, and a format
//! that prints one of these keys is taken to be of a proxy that runs it.

use crate::record::WellKnown;
use crate::shape::Shape;

/// An object of the filter state, as its `PLAIN` form prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateObject {
    pub(crate) key: &'static str,
    pub(crate) shape: Shape,
    pub(crate) well_known: Option<WellKnown>,
}

const OBJECTS: &[StateObject] = &[
    object("wasm.access_log", Shape::Object, Some(WellKnown::AddedFields)),
    object("wasm.attempt_count", Shape::Counter, Some(WellKnown::AttemptCount)),
    object("wasm.keep", Shape::Counter, None),
    object("wasm.upstream_attempts", Shape::Token, Some(WellKnown::UpstreamAttempts)),
];

const fn object(key: &'static str, shape: Shape, well_known: Option<WellKnown>) -> StateObject {
    StateObject { key, shape, well_known }
}

/// The object that `%FILTER_STATE(options)%` prints, if it is one of ours in its `PLAIN` form.
pub(crate) fn state_object(options: &str) -> Option<&'static StateObject> {
    let key = options.strip_suffix(":PLAIN")?;
    OBJECTS.iter().find(|object| object.key == key)
}
