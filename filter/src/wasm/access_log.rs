//! The role `access_log`: fields for the access log record of a finished request.

use std::cell::RefCell;

use super::host::{self, Envoy};
use crate::config::AccessLog;
use crate::configurations::Configurations;
use crate::{filter_error, key, pack};

mod entry {
    #![allow(unsafe_code, reason = "what Envoy calls is exported")]

    #[unsafe(no_mangle)]
    extern "C" fn role_on_log(_context_id: u32) {
        super::on_log();
    }
}

/// The configuration, or what stands in the object without a usable one.
type Plan = Result<AccessLog, Vec<u8>>;

thread_local! {
    static PLANS: RefCell<Configurations<Plan>> = const { RefCell::new(Configurations::new()) };
}

pub(super) fn configure() {
    let plan = AccessLog::parse(&host::configuration()).map_err(|error| {
        super::refuse("access_log", &error);
        filter_error(&error.to_string())
    });
    PLANS.with_borrow_mut(|plans| super::remember(plans, plan));
}

fn on_log() {
    #[cfg(feature = "trap")]
    super::trap("log");
    PLANS.with_borrow(|plans| match plans.get(host::root_context_number) {
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
