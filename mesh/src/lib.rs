//! Istio's view of a cluster, worked out from Kubernetes objects.
//!
//! This crate knows nothing of access logs, files or clusters: it is given the text of manifests, or
//! objects, and says what Istio makes of them.

pub mod capture;
mod config;
mod describe;
pub mod injection;
mod inventory;
mod labels;
pub mod lint;
mod load;
mod meta;
pub mod network;
mod object;
mod overlay;
mod proxy;
pub mod schema;
mod selector;
mod waypoint;
mod workload;

pub use config::{
    AccessLogEncoding, AlsProvider, ExtensionProvider, FieldError, FileProvider, LogFormat,
    MeshConfig, OtelProvider, OutboundTrafficPolicyMode, ProviderKind, ProxyConfig,
    ServiceEntryVisibility, Visibility, VisibilityPolicy,
};
pub use describe::{clip, closest, describe};
pub use injection::DEFAULT_REVISION;
pub use inventory::{Inventory, MeshConfigSource, Namespace};
pub use labels::{name_of, stable_labels};
pub use load::{LoadError, LoadWarning, Loaded, Loader, Problem};
pub use meta::{Labels, Meta, Origin};
pub use network::{Service, ServiceEntry};
pub use object::Object;
pub use selector::{ExpressionError, Requirement, Selector, SelectorError};
pub use waypoint::{ServiceKind, ServiceRef, services_of_waypoint};
pub use workload::{Proxy, ProxyKind, Workload, WorkloadKind};
