//! The role `attempts`: the history of a request's upstream attempts.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

use super::host::{self, Envoy};
use crate::attempts::{Attempt, Overlaps};
use crate::config::Attempts;
use crate::{Properties as _, key};

mod entry {
    #![allow(unsafe_code, reason = "the SDK's macro exports an entry point")]
    #![allow(unreachable_pub, missing_docs, reason = "the SDK's macro makes it public")]
    proxy_wasm::main! {{
        super::super::start(|_| Box::new(super::Role::default()));
    }}
}

#[derive(Default)]
struct Role {
    is_off: bool,
    overlaps: Overlaps,
}

impl Context for Role {}

impl RootContext for Role {
    /// Takes any configuration: Envoy would not start, or refuse an update, on a `false`.
    fn on_configure(&mut self, _size: usize) -> bool {
        let config = Attempts::parse(&host::configuration());
        self.is_off = config.is_err();
        match config {
            Ok(config) if config.survive_internal_redirects => outlive_redirects(),
            Ok(_) => {}
            Err(error) => super::refuse("attempts", &error),
        }
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Upstream {
            overlaps: self.overlaps.clone(),
            is_off: self.is_off,
            attempt: None,
        }))
    }
}

/// Has Envoy keep the history as long as the request of the client lasts, beyond its redirects.
fn outlive_redirects() {
    // Envoy's `DeclarePropertyArguments`: field 1 is the name, and field 5 the life span, of which 1 is
    // that of the request.
    let name = key::own(key::UPSTREAM_ATTEMPTS).as_bytes();
    let mut arguments = vec![0x0a, name.len() as u8];
    arguments.extend_from_slice(name);
    arguments.extend_from_slice(&[0x28, 1]);
    if !host::call("declare_property", &arguments) {
        log::warn!("logcollector attempts: Envoy drops the attempts before an internal redirect");
    }
}

/// The context of one attempt.
struct Upstream {
    overlaps: Overlaps,
    is_off: bool,
    attempt: Option<Attempt>,
}

impl Context for Upstream {}

impl HttpContext for Upstream {
    fn on_http_request_headers(&mut self, _count: usize, _end: bool) -> Action {
        #[cfg(feature = "trap")]
        super::trap("request");
        if !self.is_off {
            self.attempt = Attempt::begin(&Envoy, self.overlaps.clone());
        }
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _count: usize, end: bool) -> Action {
        #[cfg(feature = "trap")]
        super::trap("response");
        if let Some(attempt) = self.attempt.take() {
            let code = host::response_header(":status").and_then(|code| number(&code));
            let failure = if end && code == Some(200) { failed_call() } else { Vec::new() };
            attempt.end(&Envoy, code, &failure);
        }
        Action::Continue
    }
}

impl Drop for Upstream {
    /// Envoy drops the context at the end of an attempt, whatever became of it.
    fn drop(&mut self) {
        if let Some(attempt) = self.attempt.take() {
            let failure = Envoy.property(b"upstream\0transport_failure_reason").unwrap_or_default();
            attempt.end(&Envoy, None, &failure);
        }
    }
}

/// What a gRPC response without a body says of the call, where that failed: Envoy may retry it.
fn failed_call() -> Vec<u8> {
    match host::response_header("grpc-status") {
        Some(status) if status != b"0" => [b"grpc_status_", status.as_slice()].concat(),
        _ => Vec::new(),
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
