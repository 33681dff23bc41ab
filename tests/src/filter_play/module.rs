//! The filter's modules, and how Envoy is told to run one.

use std::env;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::config::extension;

/// What a module is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The history of upstream attempts; an upstream HTTP filter.
    Attempts,
    /// Packed fields and the keep decision; a downstream HTTP filter.
    AccessLog,
}

/// What Envoy does after a module has trapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTrap {
    /// Goes on without it, for ever.
    FailOpen,
    /// Loads it anew for the next request.
    Reload,
    /// Loads it anew an hour after it was loaded before.
    ReloadLater,
}

/// A module with its configuration.
#[derive(Debug, Clone)]
pub struct Module {
    role: Role,
    trap: Option<OnTrap>,
    configuration: String,
}

impl Module {
    /// A module that is not expected to trap: if it did, its requests would fail.
    pub fn new(role: Role, configuration: &str) -> Self {
        Self { role, trap: None, configuration: configuration.to_owned() }
    }

    /// A module that traps where the request header `x-trap` says so.
    pub fn trapping(role: Role, configuration: &str, on_trap: OnTrap) -> Self {
        Self { trap: Some(on_trap), ..Self::new(role, configuration) }
    }

    /// The HTTP filter that runs the module.
    pub fn filter(&self) -> Value {
        let name = format!("logcollector_filter_{}", self.role.as_str());
        let file = match self.trap {
            Some(_) => format!("trap_{}.wasm", self.role.as_str()),
            None => format!("{name}.wasm"),
        };
        let mut config = json!({
            "name": name,
            "vm_config": {
                "vm_id": format!("{file} {:?}", self.trap),
                "runtime": "envoy.wasm.runtime.v8",
                "code": {"local": {"filename": find(&file)}},
            },
            "configuration": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": self.configuration,
            },
        });
        match self.trap {
            Some(OnTrap::FailOpen) => config["fail_open"] = json!(true),
            // Envoy divides by half the milliseconds: of one it would die.
            Some(OnTrap::Reload) => reload(&mut config, "0.002s"),
            Some(OnTrap::ReloadLater) => reload(&mut config, "3600s"),
            None => {}
        }
        extension(&name, "filters.http.wasm.v3.Wasm", json!({"config": config}))
    }
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::AccessLog => "access_log",
        }
    }
}

/// Has Envoy load the module anew after a trap, but not sooner than `interval` after the last time.
fn reload(config: &mut Value, interval: &str) {
    config["failure_policy"] = json!("FAIL_RELOAD");
    config["reload_config"] = json!({"backoff": {"base_interval": interval}});
}

/// A module in `LOGCOLLECTOR_FILTER_DIR`, else where `make filter` puts it.
pub fn find(file: &str) -> PathBuf {
    let built = || env::var_os("CARGO_TARGET_DIR").map(|dir| Path::new(&dir).join("filter"));
    let dir = env::var_os("LOGCOLLECTOR_FILTER_DIR").map(PathBuf::from).or_else(built);
    let checkout = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/filter");
    let path = dir.unwrap_or_else(checkout).join(file);
    assert!(path.exists(), "no {}: run `make filter filter-traps`", path.display());
    path
}
