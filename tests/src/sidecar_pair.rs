//! Two pods with sidecars and a host outside of the mesh, each in a network namespace of its own.
//!
//! [`network`] makes the namespaces and lays Istio's rules over them, [`app`] is what runs in the
//! pods, [`config`] is what istiod would have sent to their Envoys, [`scenario`] is the table of
//! calls and of what is to be logged of each, and [`play`] brings them together.
//!
//! Nothing is left behind: a namespace has no name, and ends with the last process or handle in it.

pub mod app;
pub mod config;
pub mod network;
pub mod play;
pub mod scenario;

use std::net::{IpAddr, Ipv4Addr};

/// The address of the pod that most calls start from.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 244, 1, 5);
/// The address of the pod that answers.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 244, 2, 7);
/// The address of a host that is no part of the mesh and has no sidecar.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

/// A pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pod {
    /// The one at [`CLIENT`].
    Client,
    /// The one at [`SERVER`].
    Server,
}

impl Pod {
    /// The pod's address.
    pub fn address(self) -> IpAddr {
        match self {
            Self::Client => CLIENT.into(),
            Self::Server => SERVER.into(),
        }
    }

    /// The pod's name, which is that of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}
