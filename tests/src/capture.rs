//! Traffic capture against the kernel: the rules that `mesh` prints, in a network namespace, with
//! probes in place of Envoy and its agent.
//!
//! [`network`] makes a pod and a host outside of it, [`probe`] listens in both and calls, and
//! [`sets`] are the annotations and the flows.

pub mod network;
pub mod probe;
pub mod sets;
