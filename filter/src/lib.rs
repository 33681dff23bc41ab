//! A proxy-wasm filter that adds to Envoy access logs what Envoy cannot log.
//!
//! The filter has two roles, each a module of its own. `attempts`, an upstream HTTP filter, keeps the
//! [`history`] of a request's upstream attempts. `access_log`, a downstream HTTP filter, packs
//! configured fields into one JSON object and decides which requests are worth a line. Both leave what
//! they make in the filter state, under [`key`], where a format string reads it.
//!
//! This crate is built twice for Envoy, and natively for those who read what it wrote. It knows
//! nothing of the other crates.

#[cfg(any(test, all(target_family = "wasm", feature = "attempts")))]
mod attempts;
pub mod attribute;
pub mod config;
#[cfg(any(test, target_family = "wasm"))]
mod configurations;
pub mod hash;
pub mod history;
mod json;
pub mod keep;
pub mod key;
mod pack;
mod redact;
mod request;
#[cfg(target_family = "wasm")]
mod wasm;

pub use pack::{Packed, filter_error, pack};
pub use request::Properties;

/// The expression of an access-log filter that drops what [`key::KEEP`] says is not worth a line, and
/// nothing else: a request without that value, as of TCP or where the filter is not loaded, is kept.
pub const KEEP_EXPRESSION: &str =
    "!('wasm.keep' in filter_state) || filter_state['wasm.keep'] != b'0'";
