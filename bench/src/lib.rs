//! Seeded corpora of access logs and of manifests, for measuring how fast they are read.
//!
//! The same kind and seed give the same bytes, wherever they are made. The binary of this package
//! writes them to files and runs contenders over them; the benches of the other packages read some
//! lines of them from memory.

pub mod calls;
pub mod cluster;
pub mod corpus;
pub mod rng;
