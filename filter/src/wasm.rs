//! The filter as Envoy runs it: one module a role.
//!
//! The SDK makes a context for each request, which takes two calls of Envoy's: one at its beginning, one
//! at its end. They are a quarter of what a small filter costs, so requests go past the SDK: what is
//! named `role_on_…` stands in `filter/exports/*.wat` in place of the SDK's `proxy_on_…`.

#[cfg(feature = "access_log")]
mod access_log;
#[cfg(feature = "attempts")]
mod attempts;
mod host;

#[cfg(not(any(feature = "access_log", feature = "attempts")))]
compile_error!("a module has a role: choose the feature `attempts` or `access_log`");
#[cfg(all(feature = "access_log", feature = "attempts"))]
compile_error!("a module has one role: choose the feature `attempts` or `access_log`");

use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

#[cfg(feature = "access_log")]
use access_log as role;
#[cfg(feature = "attempts")]
use attempts as role;

/// In the place of the one of WASI's libc, which is slower, and larger by a tenth of a module.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

mod entry {
    #![allow(unsafe_code, reason = "what Envoy calls is exported")]
    #![allow(unreachable_pub, missing_docs, reason = "the SDK's macro makes it public")]

    proxy_wasm::main! {{
        super::host::start_log();
        proxy_wasm::set_root_context(|root| Box::new(super::role::Role(root)));
    }}

    // What the SDK exports.
    unsafe extern "C" {
        safe fn proxy_on_context_create(context: u32, parent: u32);
        safe fn proxy_on_configure(context: u32, size: usize) -> bool;
        safe fn proxy_on_delete(context: u32);
    }

    /// A root context of the SDK's lives as long as it is told its configuration, which [`Roots`] keeps.
    ///
    /// [`Roots`]: crate::roots::Roots
    #[unsafe(no_mangle)]
    extern "C" fn role_on_configure(root: u32, size: usize) -> bool {
        proxy_on_context_create(root, 0);
        let is_taken = proxy_on_configure(root, size);
        proxy_on_delete(root);
        is_taken
    }
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
