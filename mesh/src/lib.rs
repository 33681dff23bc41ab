//! Istio's view of a cluster, worked out from Kubernetes objects.
//!
//! This crate knows nothing of access logs, files or clusters: it is given the text of manifests, or
//! objects, and says what Istio makes of them.

mod config;
mod meta;
mod object;
mod workload;

pub use config::{
    AccessLogEncoding, AlsProvider, ExtensionProvider, FileProvider, LogFormat, MeshConfig,
    OtelProvider, ProviderKind,
};
pub use meta::{Labels, Meta, Origin};
pub use object::{Object, Service, ServiceEntry};
pub use workload::{Proxy, ProxyKind, Workload, WorkloadKind};
