//! The keys of the filter state under which the filter leaves its values.
//!
//! Envoy puts `wasm.` before the key that a module sets. A format string reads a value with
//! `%FILTER_STATE(KEY:PLAIN)%`, an expression with `filter_state['KEY']`.

/// The [history](crate::history) of upstream attempts.
pub const UPSTREAM_ATTEMPTS: &str = "wasm.upstream_attempts";

/// The configured fields, as one JSON object in ASCII without white space.
pub const ACCESS_LOG: &str = "wasm.access_log";

/// Whether the request is worth a line: `1` or `0`.
pub const KEEP: &str = "wasm.keep";

/// How many upstream attempts the request took, as `%UPSTREAM_REQUEST_ATTEMPT_COUNT%` prints it.
pub const ATTEMPT_COUNT: &str = "wasm.attempt_count";

/// The key as a module sets it, without what Envoy puts before it.
///
/// ```
/// assert_eq!(filter::key::own(filter::key::KEEP), "keep");
/// ```
pub const fn own(key: &str) -> &str {
    match key.split_at_checked("wasm.".len()) {
        Some((_, own)) => own,
        None => key,
    }
}
