//! Envoy configurations, built as JSON.
//!
//! [`bootstrap`] puts together what the modules below make: listeners with every way in, routes
//! that fail in every way, the clusters behind them, and the access loggers.

pub(crate) mod cluster;
pub(crate) mod listener;
mod logger;
mod route;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::certs::Certs;
use crate::upstream::{Address, Upstream};

pub use logger::{Logger, Template};

/// A time limit that cases run into: long enough that under load the others do not.
pub(crate) const SOON: &str = "0.25s";

/// The servers behind Envoy.
#[derive(Debug)]
pub struct Servers {
    http: Upstream,
    http_v6: Upstream,
    unix: Upstream,
    tls: Upstream,
    grpc_ok: Upstream,
    grpc_error: Upstream,
    echo: Upstream,
    resetting: Upstream,
}

/// Everything that a configuration refers to.
#[derive(Debug)]
pub struct World {
    /// Where sockets, logs and certificates are.
    pub dir: PathBuf,
    /// The certificates.
    pub certs: Certs,
    /// The servers behind Envoy.
    pub servers: Servers,
}

impl World {
    /// Starts the servers and makes the certificates, everything in `dir`.
    pub fn create(dir: &Path) -> Self {
        let certs = Certs::create(dir);
        let not_found =
            &[("grpc-status", "5"), ("grpc-message", "no \"such\" thing: a b"), ("x-last", "1 2")];
        let servers = Servers {
            http: Upstream::http("127.0.0.1"),
            http_v6: Upstream::http("::1"),
            unix: Upstream::unix(&dir.join("up.sock")),
            tls: Upstream::tls(&certs),
            grpc_ok: Upstream::grpc(&[("grpc-status", "0")]),
            grpc_error: Upstream::grpc(not_found),
            echo: Upstream::echo(),
            resetting: Upstream::resetting(),
        };
        std::fs::write(dir.join("content.txt"), "file content, \"quoted\"").unwrap();
        Self { dir: dir.to_owned(), certs, servers }
    }

    /// The socket of the listener `unix`.
    pub fn unix_listener(&self) -> PathBuf {
        self.dir.join("in.sock")
    }
}

/// The whole configuration: every listener logs to all of `loggers`.
pub fn bootstrap(world: &World, loggers: &[Logger]) -> Value {
    let logs: Vec<Value> = loggers.iter().map(|logger| logger.config(world)).collect();
    json!({
        "node": {"id": "test", "cluster": "test", "locality": {"zone": "z1"}},
        "admin": {"address": socket("127.0.0.1", 0)},
        "bootstrap_extensions": [extension(
            "envoy.bootstrap.internal_listener",
            "bootstrap.internal_listener.v3.InternalListener",
            json!({}),
        )],
        "static_resources": {
            "listeners": listener::all(world, &logs),
            "clusters": cluster::all(world),
            "secrets": [secret()],
        },
    })
}

/// The least configuration with access loggers: one listener that answers by itself.
pub fn minimal(world: &World, loggers: &[Logger]) -> Value {
    let logs: Vec<Value> = loggers.iter().map(|logger| logger.config(world)).collect();
    json!({
        "admin": {"address": socket("127.0.0.1", 0)},
        "static_resources": {
            "listeners": [listener::minimal("minimal", &logs)],
            "secrets": [secret()],
        },
    })
}

/// A configuration whose listeners come from a file, one for each of `loggers` and named by its
/// index, so that Envoy accepts or refuses each by itself. None of them binds a port.
pub fn one_by_one(world: &World, loggers: &[Logger]) -> Value {
    let listener = |(index, logger): (usize, &Logger)| {
        let mut listener = listener::minimal(&index.to_string(), &[logger.config(world)]);
        listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
        listener["address"] = pipe(Path::new(&format!("@never-bound-{index}")));
        listener["bind_to_port"] = json!(false);
        listener
    };
    let resources: Vec<Value> = loggers.iter().enumerate().map(listener).collect();
    let path = world.dir.join("listeners.json");
    let file = json!({"version_info": "1", "resources": resources});
    std::fs::write(&path, file.to_string()).unwrap();
    json!({
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": socket("127.0.0.1", 0)},
        "dynamic_resources": {"lds_config": {"path_config_source": {"path": path}}},
        "static_resources": {"secrets": [secret()]},
    })
}

/// What `%SECRET(token)%` prints.
fn secret() -> Value {
    json!({"name": "token", "generic_secret": {"secret": {"inline_string": "not so secret"}}})
}

pub(crate) fn socket(address: &str, port: u16) -> Value {
    json!({"socket_address": {"address": address, "port_value": port}})
}

pub(crate) fn pipe(path: &Path) -> Value {
    json!({"pipe": {"path": path}})
}

pub(crate) fn server(upstream: &Upstream) -> Value {
    match upstream.address() {
        Address::Ip(address) => socket(&address.ip().to_string(), address.port()),
        Address::Unix(path) => pipe(path),
    }
}

/// An extension by name; `kind` is its type without the common prefix.
pub(crate) fn extension(name: &str, kind: &str, config: Value) -> Value {
    json!({"name": name, "typed_config": typed(kind, config)})
}

/// A typed configuration; `kind` is its type without the common prefix.
pub(crate) fn typed(kind: &str, mut config: Value) -> Value {
    config["@type"] = json!(format!("type.googleapis.com/envoy.extensions.{kind}"));
    config
}
