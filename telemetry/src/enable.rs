//! Turning access logging on for a time: which objects do it, and what else they would change.
//!
//! [`Cluster::enable`] works out a [`Plan`] for chosen workloads, or says why there is none. The
//! objects of a plan carry marks by which they are found again and removed; [`is_ours`],
//! [`is_expired`] and [`was_changed`] read them. Nothing is done here: whoever asks creates the objects
//! and removes them.
//!
//! A plan is only given when the decisions with its objects in place are what was asked for: every
//! chosen workload logs on all its sides to the log of its container, goes on with all that it logs to
//! now, and no other workload changes. All objects together bring that about, so that a plan is carried
//! out as a whole or not at all.
//!
//! [`Cluster::enable`]: crate::Cluster::enable

mod effect;
mod group;
mod labels;
mod logging;
mod mark;
mod planner;
mod refusal;

use jiff::Timestamp;
use mesh::Workload;
use serde::Serialize;
use serde_json::Value;

use crate::object::Telemetry;

pub(crate) use planner::plan;

pub use effect::Effect;
pub use mark::{EXPIRES, MANAGED_BY, MANAGER, expires, is_expired, is_ours, was_changed};
pub use refusal::Refusal;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The workloads; those that the cluster that is asked does not have count for nothing.
    pub workloads: &'a [&'a Workload],
    /// The CEL expression that says what is logged; `None` is everything.
    pub filter: Option<&'a str>,
    /// What the names of the objects end in, so that several can be made for one workload. What a name
    /// cannot have becomes `-`, and no more than 20 characters count.
    pub suffix: &'a str,
    /// The time now.
    pub now: Timestamp,
    /// When the objects expire.
    pub expires: Timestamp,
}

/// What it takes to turn logging on.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "plan", rename_all = "snake_case")]
pub enum Plan {
    /// Nothing: all chosen workloads log as asked already.
    AlreadyOn {
        /// What they log, and why.
        effects: Vec<Effect>,
    },
    /// Objects, all of which are to be created.
    Create {
        /// The objects, by namespace and name.
        objects: Vec<Creation>,
        /// What they change, for each chosen workload, service and side.
        effects: Vec<Effect>,
    },
}

/// An object to create.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Creation {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The workloads that it is for, as pods or `deploy/NAME` and the like.
    pub workloads: Vec<String>,
    /// The object.
    pub manifest: Value,
    /// The object in YAML.
    pub yaml: String,
    /// What else is to be known of it, in words.
    pub remarks: Vec<String>,
    /// The object as it would be read.
    #[serde(skip)]
    telemetry: Telemetry,
}

impl Plan {
    /// What becomes of the chosen workloads, by namespace and name.
    pub fn effects(&self) -> &[Effect] {
        match self {
            Self::AlreadyOn { effects } | Self::Create { effects, .. } => effects,
        }
    }

    /// The objects to create; none where all is on.
    pub fn objects(&self) -> &[Creation] {
        match self {
            Self::AlreadyOn { .. } => &[],
            Self::Create { objects, .. } => objects,
        }
    }
}
