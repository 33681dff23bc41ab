//! Calls to Envoy.
//!
//! The SDK's own panic when Envoy answers with a status that they do not expect, and a panic takes the
//! module down. These take any other status than "ok" for "there is none".
#![allow(unsafe_code, reason = "calls to the host are foreign functions")]

mod abi;

use std::ptr;

use crate::configurations::Unknown;
use crate::request::Properties;

/// The status of a call that went well.
const OK: u32 = 0;
/// The status of a call for something that there is not.
const NOT_FOUND: u32 = 1;
/// The configuration of the plugin, among the buffers.
const PLUGIN_CONFIGURATION: u32 = 7;

/// The request at hand, as Envoy knows it.
pub(super) struct Envoy;

impl Properties for Envoy {
    fn property(&self, path: &[u8]) -> Option<Vec<u8>> {
        // SAFETY: the path is borrowed for the call, and `receive` gives places to write to.
        receive(|value, size| unsafe {
            abi::proxy_get_property(path.as_ptr(), path.len(), value, size)
        })
        .ok()
    }
}

/// Leaves a value in the filter state of the request at hand.
pub(super) fn set(key: &str, value: &[u8]) {
    // SAFETY: both are borrowed for the call; Envoy copies them.
    let _ =
        unsafe { abi::proxy_set_property(key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
}

/// The log of Envoy.
struct Log;

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        // The levels of the ABI start with trace at 0, those of `log` with error at 1.
        let level = 5 - record.level() as u32;
        let message = record.args().to_string();
        // SAFETY: the message is borrowed for the call.
        let _ = unsafe { abi::proxy_log(level, message.as_ptr(), message.len()) };
    }

    fn flush(&self) {}
}

/// Sends what is logged from now on to the log of Envoy.
pub(super) fn start_log() {
    log::set_max_level(log::LevelFilter::Warn);
    let _ = log::set_logger(&Log);
}

/// The configuration of this plugin; empty where there is none.
pub(super) fn configuration() -> Vec<u8> {
    let (buffer, all) = (PLUGIN_CONFIGURATION, usize::MAX);
    // SAFETY: `receive` gives places to write to.
    receive(|value, size| unsafe { abi::proxy_get_buffer_bytes(buffer, 0, all, value, size) })
        .unwrap_or_default()
}

/// Calls a function that Envoy has beyond the ABI.
///
/// # Errors
///
/// The status, where it is not "ok".
pub(super) fn call(function: &str, arguments: &[u8]) -> Result<Vec<u8>, u32> {
    // SAFETY: name and arguments are borrowed for the call, and `receive` gives places to write to.
    receive(|result, size| unsafe {
        abi::proxy_call_foreign_function(
            function.as_ptr(),
            function.len(),
            arguments.as_ptr(),
            arguments.len(),
            result,
            size,
        )
    })
}

/// Gives the root context at hand a number, and says whether it has it.
///
/// That is a CEL expression whose value is the number: Envoy keeps expressions by root context.
pub(super) fn number_root_context(number: u32) -> bool {
    let has_it = || root_context_number() == Ok(Some(number));
    has_it() || call("expr_create", number.to_string().as_bytes()).is_ok() && has_it()
}

/// The number of the root context at hand; `None` where it has none.
///
/// # Errors
///
/// When Envoy does not say.
pub(super) fn root_context_number() -> Result<Option<u32>, Unknown> {
    /// The token that Envoy gives to the first expression of a root context.
    const FIRST_TOKEN: [u8; 4] = 0_u32.to_le_bytes();
    let value = match call("expr_evaluate", &FIRST_TOKEN) {
        Ok(value) => value,
        Err(NOT_FOUND) => return Ok(None),
        Err(_) => return Err(Unknown),
    };
    let number = i64::from_le_bytes(value.try_into().map_err(|_| Unknown)?);
    u32::try_from(number).map(Some).map_err(|_| Unknown)
}

/// Makes a call that writes the place and the size of its answer, and takes the answer over.
///
/// # Errors
///
/// The status, where it is not "ok".
fn receive(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, u32> {
    let (mut value, mut size) = (ptr::null_mut::<u8>(), 0);
    match call(&raw mut value, &raw mut size) {
        OK if value.is_null() => return Ok(Vec::new()),
        OK => {}
        status => return Err(status),
    }
    // SAFETY: Envoy asked for exactly `size` bytes by way of the SDK's `proxy_on_memory_allocate`, which
    // took them from a `Vec<u8>` of that capacity and forgot it, and wrote all of them.
    Ok(unsafe { Vec::from_raw_parts(value, size, size) })
}

#[cfg(feature = "attempts")]
mod upstream {
    use super::{Envoy, abi, receive};
    use crate::attempts::Host;

    /// The headers of the response, among the maps of headers.
    const RESPONSE_HEADERS: u32 = 2;
    /// The clock that never goes back, among those of WASI.
    const MONOTONIC: u32 = 1;

    impl Host for Envoy {
        fn set(&self, key: &str, value: &[u8]) {
            super::set(key, value);
        }

        fn now_ms(&self) -> u64 {
            let mut nanoseconds = 0;
            // SAFETY: the place to write to is there for the call.
            let _ = unsafe { abi::clock_time_get(MONOTONIC, 1, &raw mut nanoseconds) };
            nanoseconds / 1_000_000
        }
    }

    /// The value of a response header.
    pub(in crate::wasm) fn response_header(name: &str) -> Option<Vec<u8>> {
        let (map, name, length) = (RESPONSE_HEADERS, name.as_ptr(), name.len());
        // SAFETY: the name is borrowed for the call, and `receive` gives places to write to.
        receive(|value, size| unsafe {
            abi::proxy_get_header_map_value(map, name, length, value, size)
        })
        .ok()
    }
}

#[cfg(feature = "attempts")]
pub(super) use upstream::response_header;
