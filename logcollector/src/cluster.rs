//! The cluster: reads objects and follows logs through the Kubernetes API.
//!
//! Whatever it answers is input like any other: bounded, and made visible before a terminal sees it.

mod answer;
mod connect;
mod kinds;
mod logs;
mod pod;
mod snapshot;
mod target;
mod telemetries;
mod watch;

pub(crate) use answer::Failure;
pub(crate) use connect::{Client, runtime};
pub(crate) use kinds::Topic;
pub(crate) use logs::{Batch, Event, Follow, Line, Source, Window};
pub(crate) use pod::{State, containers};
pub(crate) use snapshot::{Answers, Scope, snapshot};
pub(crate) use target::Target;
pub(crate) use telemetries::{Made, Removal, Telemetries};
pub(crate) use watch::{News, changes, pods, uid};
