//! The filter as Envoy runs it: one module a role.

#[cfg(feature = "access_log")]
mod access_log;
#[cfg(feature = "attempts")]
mod attempts;
mod host;

#[cfg(not(any(feature = "access_log", feature = "attempts")))]
compile_error!("a module has a role: choose the feature `attempts` or `access_log`");
#[cfg(all(feature = "access_log", feature = "attempts"))]
compile_error!("a module has one role: choose the feature `attempts` or `access_log`");

use proxy_wasm::types::NewRootContext;

/// What a module does first.
fn start(role: NewRootContext) {
    host::start_log();
    proxy_wasm::set_root_context(role);
}

/// Traps where a test asks for it.
#[cfg(feature = "trap")]
fn trap(callback: &str) {
    use crate::Properties as _;
    let asked = host::Envoy.property(b"request\0headers\0x-trap");
    if asked.is_some_and(|asked| asked == callback.as_bytes()) {
        std::process::abort();
    }
}

/// Says why a role does nothing.
fn refuse(role: &str, error: &crate::config::Error) {
    log::error!("logcollector {role}: the configuration is wrong, nothing will be logged: {error}");
}
