//! The role `access_log`: fields for the access log record of a finished request.

use std::cell::RefCell;

use proxy_wasm::traits::{Context, RootContext};

use super::host::{self, Envoy};
use crate::config::AccessLog;
use crate::roots::Roots;
use crate::{filter_error, key, pack};

mod entry {
    #![allow(unsafe_code, reason = "what Envoy calls is exported")]

    #[unsafe(no_mangle)]
    extern "C" fn role_on_log(_request: u32) {
        super::on_log();
    }
}

thread_local! {
    /// What requests are packed by: the configuration, or what stands in the object without one.
    static PLANS: RefCell<Roots<Result<AccessLog, Vec<u8>>>> = const { RefCell::new(Roots::new()) };
}

pub(super) struct Role(pub(super) u32);

impl Context for Role {}

impl RootContext for Role {
    /// Takes any configuration: Envoy would not start, or refuse an update, on a `false`.
    fn on_configure(&mut self, _size: usize) -> bool {
        let plan = AccessLog::parse(&host::configuration()).map_err(|error| {
            super::refuse("access_log", &error);
            filter_error(&error.to_string())
        });
        PLANS.with_borrow_mut(|plans| plans.set(self.0, plan, || host::mark_root(self.0)));
        true
    }
}

fn on_log() {
    #[cfg(feature = "trap")]
    super::trap("log");
    PLANS.with_borrow(|plans| match plans.get(host::marked_root) {
        Some(Ok(config)) => leave(config),
        Some(Err(object)) => host::set(key::own(key::ACCESS_LOG), object),
        None => {}
    });
}

/// Leaves what a configuration asks for in the filter state.
fn leave(config: &AccessLog) {
    let packed = pack(config, &Envoy);
    if let Some(object) = packed.object {
        host::set(key::own(key::ACCESS_LOG), &object);
    }
    if let Some(keep) = packed.keep {
        host::set(key::own(key::KEEP), if keep { b"1" } else { b"0" });
    }
    if let Some(count) = packed.attempt_count {
        host::set(key::own(key::ATTEMPT_COUNT), &count);
    }
}
