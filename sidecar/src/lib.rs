//! Istio's Sidecar object: what a proxy can reach, and what its access logs say it does reach.

mod class;

pub use class::{
    Class, ClusterName, Direction, MeshServerName, PodAddress, Protocol, Traffic, classify,
    namespace_of,
};
