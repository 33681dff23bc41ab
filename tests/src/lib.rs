//! Harness for the suites that run against the real Envoy.
//!
//! A suite starts [`envoy::Envoy`] with a configuration from [`config`], in front of the servers of
//! [`upstream`], and plays the [`cases`] against it with [`client`]. Every format of [`formats`] is
//! logged twice for the same request, as text and as JSON; [`pair`] brings the two together. What a
//! text line can mean is worked out by [`reference`], slowly and without the crate's own reader;
//! [`judge`] compares, and [`report`] prints the table. The filter has a play of its own,
//! [`filter_play`]. Suites that need a cluster have [`kube`], a server of the
//! Kubernetes API, and [`real_kube`], a real kube-apiserver; [`tail_scenes`] are played on both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the crate is test code: a failing step is a failing test"
)]

pub mod balance_play;
pub mod capture;
pub mod cases;
pub mod certs;
pub mod client;
pub mod config;
pub mod dice;
pub mod envoy;
pub mod filter_play;
pub mod filters;
pub mod formats;
pub mod frames;
mod guard;
pub mod istiod;
pub mod judge;
pub mod kube;
pub mod namespaces;
pub mod pair;
pub mod play;
pub mod real_kube;
pub mod reference;
pub mod report;
pub mod sidecar_pair;
pub mod story;
pub mod tail_play;
pub mod tail_scenes;
pub mod token;
pub mod truth;
pub mod upstream;
