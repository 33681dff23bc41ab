//! The filter as Envoy runs it: one module a role.

#[cfg(feature = "access-log")]
mod access_log;
#[cfg(feature = "attempts")]
mod attempts;
mod host;

#[cfg(not(any(feature = "access-log", feature = "attempts")))]
compile_error!("a module has a role: choose the feature `attempts` or `access-log`");
#[cfg(all(feature = "access-log", feature = "attempts"))]
compile_error!("a module has one role: choose the feature `attempts` or `access-log`");

use proxy_wasm::types::{LogLevel, NewRootContext};

/// What a module does first.
fn start(role: NewRootContext) {
    proxy_wasm::set_log_level(LogLevel::Warn);
    proxy_wasm::set_root_context(role);
}

/// Says why a role does nothing.
fn refuse(role: &str, error: &crate::config::Error) {
    log::error!("logcollector {role}: the configuration is wrong, nothing will be logged: {error}");
}
