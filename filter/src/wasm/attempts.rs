//! The role `attempts`: the history of a request's upstream attempts.

use std::cell::RefCell;

use super::host::{self, Envoy};
use crate::attempts::OpenAttempts;
use crate::config::Attempts;
use crate::configurations::Configurations;
use crate::{Properties as _, key};

mod entry {
    #![allow(unsafe_code, reason = "what Envoy calls is exported")]

    /// To go on with the request or the response.
    const CONTINUE: u32 = 0;

    #[unsafe(no_mangle)]
    extern "C" fn role_on_request_headers(context_id: u32, _count: usize, _end: bool) -> u32 {
        super::on_request_headers(context_id);
        CONTINUE
    }

    #[unsafe(no_mangle)]
    extern "C" fn role_on_response_headers(context_id: u32, _count: usize, end: bool) -> u32 {
        super::on_response_headers(context_id, end);
        CONTINUE
    }

    #[unsafe(no_mangle)]
    extern "C" fn role_on_delete(context_id: u32) {
        super::on_delete(context_id);
    }
}

thread_local! {
    /// Whether attempts are noted: they are not under a wrong configuration.
    static IS_ON: RefCell<Configurations<bool>> = const { RefCell::new(Configurations::new()) };
    static OPEN: OpenAttempts = const { OpenAttempts::new() };
}

pub(super) fn configure() {
    let config = Attempts::parse(&host::configuration());
    let is_on = config.is_ok();
    match config {
        Ok(config) if config.survive_internal_redirects => outlive_redirects(),
        Ok(_) => {}
        Err(error) => super::refuse("attempts", &error),
    }
    IS_ON.with_borrow_mut(|configurations| super::remember(configurations, is_on));
}

/// Has Envoy keep the history as long as the request of the client lasts, beyond its redirects.
fn outlive_redirects() {
    // Envoy's `DeclarePropertyArguments`: field 1 is the name, and field 5 the life span, of which 1 is
    // that of the request.
    let name = key::own(key::UPSTREAM_ATTEMPTS).as_bytes();
    let mut arguments = vec![0x0a, name.len() as u8];
    arguments.extend_from_slice(name);
    arguments.extend_from_slice(&[0x28, 1]);
    if host::call("declare_property", &arguments).is_err() {
        log::warn!("logcollector attempts: Envoy drops the attempts before an internal redirect");
    }
}

fn on_request_headers(context_id: u32) {
    #[cfg(feature = "trap")]
    super::trap("request");
    let is_on = IS_ON.with_borrow(|it| it.get(host::root_context_number) == Some(&true));
    if is_on {
        OPEN.with(|open| open.begin(&Envoy, context_id));
    }
}

fn on_response_headers(context_id: u32, end: bool) {
    #[cfg(feature = "trap")]
    super::trap("response");
    let outcome = || {
        let code = host::response_header(":status").and_then(|code| number(&code));
        let failure = if end && code == Some(200) { failed_call() } else { Vec::new() };
        (code, failure)
    };
    OPEN.with(|open| open.end(&Envoy, context_id, outcome));
}

/// Envoy drops the context at the end of an attempt, whatever became of it.
fn on_delete(context_id: u32) {
    let failure = || Envoy.property(b"upstream\0transport_failure_reason").unwrap_or_default();
    OPEN.with(|open| open.end(&Envoy, context_id, || (None, failure())));
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
