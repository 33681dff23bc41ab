//! The filter as Envoy runs it: one module a role.
//!
//! The SDK starts a module and allocates what Envoy hands over. Its dispatcher is left out: it keeps an
//! object for each request, for which Envoy has to call the module at the request's beginning and at its
//! end, and that is a fifth of what one field costs. `filter/exports/*.wat` puts the functions that are
//! named `role_on_…` here in place of the `proxy_on_…` that the SDK exports.

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

use crate::configurations::Configurations;

#[cfg(feature = "access_log")]
use access_log as role;
#[cfg(feature = "attempts")]
use attempts as role;

/// Replaces the allocator of WASI's libc, which is slower and makes a module a tenth larger.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

mod entry {
    #![allow(unsafe_code, reason = "what Envoy calls is exported")]
    #![allow(unreachable_pub, missing_docs, reason = "the SDK's macro makes it public")]

    proxy_wasm::main! {{
        super::host::start_log();
    }}

    /// Takes any configuration: Envoy would not start, or refuse an update, on a `false`.
    #[unsafe(no_mangle)]
    extern "C" fn role_on_configure(_root_context_id: u32, _size: usize) -> bool {
        super::role::configure();
        true
    }
}

/// Remembers the configuration of the plugin at hand.
fn remember<T: PartialEq>(configurations: &mut Configurations<T>, configuration: T) {
    if !configurations.add(configuration, host::number_root_context) {
        log::error!(
            "logcollector: plugins with different configurations share a VM, and Envoy does not tell \
             them apart: nothing will be logged; give each configuration a vm_id of its own"
        );
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
