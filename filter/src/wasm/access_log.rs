//! The role `access_log`: fields for the access log record of a finished request.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

use super::host::{self, Envoy};
use crate::config::AccessLog;
use crate::{filter_error, key, pack};

mod entry {
    #![allow(unsafe_code, reason = "the SDK's macro exports an entry point")]
    #![allow(unreachable_pub, missing_docs, reason = "the SDK's macro makes it public")]
    proxy_wasm::main! {{
        super::super::start(|_| Box::new(super::Role::default()));
    }}
}

/// What every request is packed by: the configuration, or what stands in the object without one.
type Plan = Rc<Result<AccessLog, Vec<u8>>>;

struct Role(Plan);

impl Default for Role {
    fn default() -> Self {
        Self(Rc::new(Ok(AccessLog::default())))
    }
}

impl Context for Role {}

impl RootContext for Role {
    /// Takes any configuration: Envoy would not start, or refuse an update, on a `false`.
    fn on_configure(&mut self, _size: usize) -> bool {
        self.0 = Rc::new(AccessLog::parse(&host::configuration()).map_err(|error| {
            super::refuse("access_log", &error);
            filter_error(&error.to_string())
        }));
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request(self.0.clone())))
    }
}

struct Request(Plan);

impl Context for Request {}

impl HttpContext for Request {
    fn on_log(&mut self) {
        #[cfg(feature = "trap")]
        super::trap("log");
        let config = match &*self.0 {
            Ok(config) => config,
            Err(object) => return host::set(key::own(key::ACCESS_LOG), object),
        };
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
}
