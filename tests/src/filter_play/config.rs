//! Envoy's configuration for the filter: listeners, the routes of all of them, and the clusters.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::module::Module;
use super::{Scene, line};
use crate::config::listener::{filter_state, metadata_from_header};
use crate::config::{SOON, cluster, extension, pipe, server, socket};

/// The most KiB of headers that Envoy can be told to take.
const MAX_HEADERS_KIB: u32 = 8192;

/// A listener.
#[derive(Debug, Clone)]
pub struct Listener<'a> {
    name: &'a str,
    kind: Kind,
    logs: Logs,
    access_log: Option<Module>,
    attempts: Option<Module>,
}

/// Where a listener logs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// To its files.
    Files,
    /// To no file that stays.
    Nowhere,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    /// The edge of a mesh, which traces nothing.
    Edge,
    /// What the edge sends to; it traces everything.
    Inner,
    Tcp,
}

impl<'a> Listener<'a> {
    /// An HTTP listener without the filter.
    pub fn http(name: &'a str) -> Self {
        Self { name, kind: Kind::Http, logs: Logs::Files, access_log: None, attempts: None }
    }

    /// An HTTP listener that makes the request ids, and sends what begins with `/inner` to
    /// [`Self::inner`].
    pub fn edge(name: &'a str) -> Self {
        Self { kind: Kind::Edge, ..Self::http(name) }
    }

    /// The HTTP listener behind [`Self::edge`].
    pub fn inner(name: &'a str) -> Self {
        Self { kind: Kind::Inner, ..Self::http(name) }
    }

    /// A TCP listener.
    pub fn tcp(name: &'a str) -> Self {
        Self { kind: Kind::Tcp, ..Self::http(name) }
    }

    /// The listener with a module for the role `access_log`.
    pub fn access_log(self, module: Module) -> Self {
        Self { access_log: Some(module), ..self }
    }

    /// The listener with a module for the role `attempts`.
    pub fn attempts(self, module: Module) -> Self {
        Self { attempts: Some(module), ..self }
    }

    /// The listener, logging elsewhere.
    pub fn logs(self, logs: Logs) -> Self {
        Self { logs, ..self }
    }

    fn config(&self, scene: &Scene) -> Value {
        let address = match self.kind {
            Kind::Inner => pipe(&scene.inner_socket()),
            _ => socket("127.0.0.1", 0),
        };
        let filter = match self.kind {
            Kind::Tcp => self.tcp_proxy(scene),
            _ => self.manager(scene),
        };
        json!({"name": self.name, "address": address, "filter_chains": [{"filters": [filter]}]})
    }

    fn tcp_proxy(&self, scene: &Scene) -> Value {
        extension(
            "envoy.filters.network.tcp_proxy",
            "filters.network.tcp_proxy.v3.TcpProxy",
            json!({"stat_prefix": self.name, "cluster": "echo", "access_log": self.loggers(scene)}),
        )
    }

    fn manager(&self, scene: &Scene) -> Value {
        let mut config = json!({
            "stat_prefix": self.name,
            "use_remote_address": self.kind == Kind::Edge,
            "max_request_headers_kb": MAX_HEADERS_KIB,
            "access_log": self.loggers(scene),
            "route_config": {"validate_clusters": false, "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": routes()},
            ]},
            "http_filters": self.filters(),
        });
        let traced = match self.kind {
            Kind::Edge => Some(0),
            Kind::Inner => Some(100),
            _ => None,
        };
        if let Some(share) = traced {
            config["tracing"] = json!({"random_sampling": {"value": share}});
        }
        extension(
            "envoy.filters.network.http_connection_manager",
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            config,
        )
    }

    fn filters(&self) -> Vec<Value> {
        let mut router = json!({});
        if let Some(module) = &self.attempts {
            let codec = extension(
                "envoy.filters.http.upstream_codec",
                "filters.http.upstream_codec.v3.UpstreamCodec",
                json!({}),
            );
            router["upstream_http_filters"] = json!([module.filter(), codec]);
        }
        let router =
            extension("envoy.filters.http.router", "filters.http.router.v3.Router", router);
        let access_log = self.access_log.iter().map(Module::filter);
        access_log.chain([metadata_from_header(), filter_state(), router]).collect()
    }

    /// All records in JSON; those that the keep decision does not drop; the filter's values in text.
    fn loggers(&self, scene: &Scene) -> [Value; 3] {
        let json = json!({"json_format": line::format()});
        let text = json!({"text_format_source": {"inline_string": line::TEXT_FORMAT}});
        let mut kept = self.logger(scene.kept_log(self.name), &json);
        kept["filter"] = telemetry::cel_filter(filter::KEEP_EXPRESSION);
        let all = self.logger(scene.log(self.name), &json);
        [all, kept, self.logger(scene.text_log(self.name), &text)]
    }

    fn logger(&self, file: PathBuf, format: &Value) -> Value {
        let path = match self.logs {
            Logs::Files => file,
            Logs::Nowhere => PathBuf::from("/dev/null"),
        };
        extension(
            "envoy.access_loggers.file",
            "access_loggers.file.v3.FileAccessLog",
            json!({"path": path, "log_format": format}),
        )
    }
}

pub(super) fn bootstrap(scene: &Scene, listeners: &[Listener<'_>]) -> Value {
    let listeners: Vec<Value> = listeners.iter().map(|l| l.config(scene)).collect();
    json!({
        "node": {"id": "test", "cluster": "test"},
        "admin": {"address": socket("127.0.0.1", 0)},
        "static_resources": {"listeners": listeners, "clusters": clusters(scene)},
    })
}

fn routes() -> Vec<Value> {
    let retries = |on: &str, mut policy: Value| {
        policy["retry_on"] = json!(on);
        policy["num_retries"] = json!(2);
        policy["retry_back_off"] = json!({"base_interval": "0.001s", "max_interval": "0.002s"});
        json!({"retry_policy": policy})
    };
    let failing = "5xx,reset,connect-failure";
    let next = extension(
        "envoy.retry_priorities.previous_priorities",
        "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        json!({"update_frequency": 1}),
    );
    let mut hedged = retries(failing, json!({"per_try_timeout": SOON}));
    hedged["hedge_policy"] = json!({"hedge_on_per_try_timeout": true});
    let mut routes = vec![
        to("up", "/ok", json!({})),
        to("up", "/retry", retries(failing, json!({}))),
        to("refused_first", "/refused-first", retries(failing, json!({"retry_priority": next}))),
        to("refused", "/refused", retries(failing, json!({}))),
        to("up", "/impatient", retries("5xx", json!({"per_try_timeout": SOON}))),
        to("up", "/hedged", hedged),
        to("full", "/full", json!({})),
        to("pending", "/pending", json!({})),
        to("empty", "/empty", json!({})),
        to("missing", "/missing", json!({})),
        to("up", "/redirect", json!({"internal_redirect_policy": {}})),
        to("spaced", "/spaced", json!({})),
        to("inner", "/inner", json!({"prefix_rewrite": "/ok"})),
        json!({"match": {"prefix": "/direct"}, "direct_response": {"status": 203}}),
    ];
    let calls = super::GRPC.iter();
    routes
        .extend(calls.map(|(id, _)| to(id, &format!("/{id}/"), retries("unavailable", json!({})))));
    routes
}

fn to(cluster: &str, prefix: &str, mut action: Value) -> Value {
    action["cluster"] = json!(cluster);
    json!({"match": {"prefix": prefix}, "route": action})
}

fn clusters(scene: &Scene) -> Vec<Value> {
    // Nothing listens on port 1 of the loopback interface.
    let nobody = || socket("127.0.0.1", 1);
    let first = || server(&scene.hosts[0]);
    let endpoints = |priority: u32, hosts: Vec<Value>| {
        let endpoint = |address| json!({"endpoint": {"address": address}});
        let hosts: Vec<Value> = hosts.into_iter().map(endpoint).collect();
        json!({"priority": priority, "lb_endpoints": hosts})
    };
    let mut refused_first = cluster::cluster("refused_first", nobody());
    refused_first["load_assignment"]["endpoints"] =
        json!([endpoints(0, vec![nobody()]), endpoints(1, vec![first()])]);
    let mut up = cluster::cluster("up", first());
    let hosts = scene.hosts.iter().map(server).collect();
    up["load_assignment"]["endpoints"] = json!([endpoints(0, hosts)]);
    let mut pending = cluster::cluster("pending", first());
    pending["circuit_breakers"] = json!({"thresholds": [{"max_pending_requests": 0}]});
    let mut clusters = vec![
        pending,
        cluster::empty(),
        unlimited(up),
        refused_first,
        cluster::cluster("refused", nobody()),
        cluster::full(cluster::cluster("full", first())),
        cluster::cluster("spaced", server(&scene.spaced)),
        cluster::cluster("echo", server(&scene.echo)),
        cluster::cluster("inner", pipe(Path::new(&scene.inner_socket()))),
    ];
    let grpc = scene.grpc.iter();
    clusters.extend(grpc.map(|(id, up)| cluster::http2(cluster::cluster(id, server(up)))));
    clusters
}

/// The cluster without the limit of three retries at a time.
fn unlimited(mut cluster: Value) -> Value {
    cluster["circuit_breakers"] = json!({"thresholds": [{"max_retries": 1000}]});
    cluster
}
