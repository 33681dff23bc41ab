//! A proxy-wasm filter that adds to Envoy access logs what Envoy cannot log.
//!
//! The filter has two roles, each a module of its own. `attempts`, an upstream HTTP filter, keeps the
//! [`history`] of a request's upstream attempts. `access_log`, a downstream HTTP filter, packs
//! configured fields into one JSON object and decides which requests are worth a line. Both leave what
//! they make in the filter state, under [`key`], where a format string reads it.
//!
//! This crate is built twice for Envoy, and natively for those who read what it wrote. It knows
//! nothing of the other crates.

pub mod history;
pub mod key;
