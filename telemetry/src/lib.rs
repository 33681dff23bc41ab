//! Istio's Telemetry API for access logging: which proxies write access logs, in what form, and why.
//!
//! A [`View`] is what one istiod sees: Telemetry objects and a MeshConfig. A [`Decision`] is what one
//! side of a proxy logs under it, with everything that had to do with it.
//!
//! ```
//! use mesh::{Labels, MeshConfig, ProxyKind};
//! use telemetry::{DecidedBy, Decision, Hosts, Istiod, Side, Target, View};
//!
//! let mesh = MeshConfig { access_log_file: "/dev/stdout".to_owned(), ..MeshConfig::default() };
//! let istiod = Istiod {
//!     revision: "default".to_owned(),
//!     mesh: &mesh,
//!     undiscovered: Default::default(),
//!     hosts: Hosts::default(),
//! };
//! let view = View::new(&[], &istiod);
//! let labels = Labels::new();
//! let target =
//!     Target { namespace: "bookinfo", labels: &labels, kind: ProxyKind::Sidecar, service: None };
//! let decision = Decision::of(&view, &target, Side::Server);
//! assert!(decision.emits);
//! assert_eq!(decision.decided_by, DecidedBy::MeshConfigFallback);
//! ```
//!
//! Follows Istio 1.31 (`pilot/pkg/model/telemetry.go`, `telemetry_logging.go`, `policyattachment.go`).
//! What a real cluster could not hold is left out of decisions: an object that the API server would
//! refuse counts for nothing, and the reasons say so.
//!
//! This crate reads no files and knows no command lines.

mod attach;
mod cluster;
mod decide;
pub mod enable;
mod entry;
mod envoy_filter;
mod lint;
mod logger;
mod merge;
mod object;
mod render;
mod story;
mod who;

pub use attach::{Istiod, Level, LevelKind, Mismatch, Target, Unseen, View};
pub use cluster::Cluster;
pub use decide::{Attached, Because, DecidedBy, Decision};
pub use lint::CODES;
pub use logger::{Als, File, FileFormat, Hosts, Logger, Otel, Sink, Unresolved, Upstream};
pub use object::{AccessLogging, Mode, Side, TargetRef, Telemetry, Violation};
pub use render::{Place, cel_filter, render};
pub use story::{Change, Proposal, Seen, Story};
pub use who::{Row, Who};
