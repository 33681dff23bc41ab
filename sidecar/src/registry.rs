//! The services that an istiod knows, made of Services and ServiceEntries, and their endpoints.

mod aliases;
mod endpoints;
mod export;
mod index;
mod service;

pub use endpoints::{Endpoint, Health};
pub use export::{ExportTo, Seen};
pub use index::Registry;
pub use service::{Alias, Port, Provider, Resolution, Service};
