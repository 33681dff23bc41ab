//! What the filter's modules export: Envoy calls every callback that there is.

#![allow(clippy::unwrap_used, reason = "a failing step is a failing test")]

use tests::filter_play::module::find;
use wasmparser::{Parser, Payload};

/// What every module has: its memory, and what the SDK does.
const COMMON: [&str; 5] = [
    "_initialize",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_memory_allocate",
];

fn exports(file: &str) -> Vec<String> {
    let module = std::fs::read(find(file)).unwrap();
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&module) {
        if let Payload::ExportSection(exports) = payload.unwrap() {
            names.extend(exports.into_iter().map(|export| export.unwrap().name.to_owned()));
        }
    }
    names.sort();
    names
}

#[test]
fn a_module_exports_the_callbacks_of_its_role_alone() {
    let access_log: &[&str] = &["proxy_on_log"];
    let attempts: &[&str] =
        &["proxy_on_delete", "proxy_on_request_headers", "proxy_on_response_headers"];
    for (role, callbacks) in [("access_log", access_log), ("attempts", attempts)] {
        let mut expected = [&COMMON, callbacks].concat();
        expected.sort_unstable();
        assert_eq!(exports(&format!("logcollector_filter_{role}.wasm")), expected);
    }
}
