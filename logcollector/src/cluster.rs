//! The cluster: reads objects and follows logs through the Kubernetes API.
//!
//! Whatever it answers is input like any other: bounded, and made visible before a terminal sees it.

mod answer;
mod connect;
mod kinds;
mod snapshot;

pub(crate) use answer::Failure;
pub(crate) use connect::{Client, runtime};
pub(crate) use kinds::Topic;
pub(crate) use snapshot::{Scope, snapshot};
