//! What the network of a cluster is made of: Services, ServiceEntries, endpoints and pods' addresses.

mod endpoint_slice;
mod pod;
mod protocol;
mod service;
mod service_entry;

pub use endpoint_slice::{EndpointSlice, SliceEndpoint, SlicePort};
pub use pod::Pod;
pub use protocol::Protocol;
pub use service::{Service, ServicePort, TargetPort};
pub use service_entry::{Resolution, ServiceEntry, ServiceEntryPort, WorkloadEntry};
pub(crate) use service_entry::{ServiceEntrySpec, ServiceEntryStatus, WorkloadEntrySpec};
