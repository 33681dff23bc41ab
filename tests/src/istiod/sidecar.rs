//! The listeners of a sidecar, written after what istiod 1.31 sends.
//!
//! Istio's own filters are left out, since stock Envoy has none of them. Listeners bind free ports of
//! loopback, and clusters have fixed endpoints, since no traffic is captured here.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::config::{extension, socket};

/// A sidecar with one HTTP service to call, and an application of its own.
#[derive(Debug, Clone)]
pub struct Sidecar {
    /// The endpoints of the service, which are tried in turn.
    pub endpoints: Vec<SocketAddr>,
    /// What stands behind everything that is passed through.
    pub outside: SocketAddr,
    /// The access loggers of Telemetry or of the mesh.
    pub logs: Vec<Value>,
}

/// The cluster of the service.
const SERVICE: &str = "outbound|9080||reviews.bookinfo.svc.cluster.local";
const INBOUND: &str = "inbound|9080||";
const PASSTHROUGH: &str = "PassthroughCluster";

impl Sidecar {
    /// The listeners `0.0.0.0_9080`, `virtualOutbound` and `virtualInbound`.
    pub fn listeners(&self) -> Vec<Value> {
        let http_only = json!({
            "application_protocols": ["http/1.1", "h2c"],
            "transport_protocol": "raw_buffer",
        });
        let service = json!({
            "filter_chain_match": http_only,
            "filters": [self.manager("outbound_0.0.0.0_9080", SERVICE)],
        });
        let mut outbound = self.listener("0.0.0.0_9080", "OUTBOUND", vec![service]);
        outbound["default_filter_chain"] =
            json!({"name": "PassthroughFilterChain", "filters": [self.proxy(PASSTHROUGH)]});
        let other_port = json!({
            "filter_chain_match": {"destination_port": 1},
            "filters": [self.proxy("BlackHoleCluster")],
        });
        let mut catchall = self.listener("virtualOutbound", "OUTBOUND", vec![other_port]);
        let no_route = json!({"response_flag_filter": {"flags": ["NR"]}});
        let filtered = |log: &Value| {
            let mut log = log.clone();
            log["filter"] = no_route.clone();
            log
        };
        catchall["access_log"] = self.logs.iter().map(filtered).collect();
        let own = json!({"filters": [self.manager("inbound_0.0.0.0_9080", INBOUND)]});
        let mut inbound = self.listener("virtualInbound", "INBOUND", vec![own]);
        inbound["access_log"] = catchall["access_log"].clone();
        vec![outbound, catchall, inbound]
    }

    /// The configuration that an Envoy starts with; its listeners come from a file in `dir`.
    pub fn bootstrap(&self, listeners: &[Value], dir: &Path) -> Value {
        let path = dir.join("listeners.json");
        let resource = |listener: &Value| {
            let mut listener = listener.clone();
            listener["@type"] = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
            listener
        };
        let resources: Vec<Value> = listeners.iter().map(resource).collect();
        std::fs::write(&path, json!({"resources": resources}).to_string()).expect("a file");
        json!({
            "node": {"id": "sidecar~10.0.0.1~client.bookinfo~bookinfo.svc.cluster.local", "cluster": "client"},
            "admin": {"address": socket("127.0.0.1", 0)},
            "dynamic_resources": {"lds_config": {"path_config_source": {"path": path}}},
            "static_resources": {"clusters": [
                cluster(SERVICE, &self.endpoints),
                cluster(INBOUND, &self.endpoints),
                cluster(PASSTHROUGH, &[self.outside]),
                cluster("BlackHoleCluster", &[]),
            ]},
        })
    }

    fn listener(&self, name: &str, direction: &str, chains: Vec<Value>) -> Value {
        json!({
            "name": name,
            "traffic_direction": direction,
            "address": socket("127.0.0.1", 0),
            "listener_filters": [
                extension(
                    "envoy.filters.listener.tls_inspector",
                    "filters.listener.tls_inspector.v3.TlsInspector",
                    json!({}),
                ),
                extension(
                    "envoy.filters.listener.http_inspector",
                    "filters.listener.http_inspector.v3.HttpInspector",
                    json!({}),
                ),
            ],
            "listener_filters_timeout": "0s",
            "continue_on_listener_filters_timeout": true,
            "filter_chains": chains,
        })
    }

    fn manager(&self, prefix: &str, cluster: &str) -> Value {
        let http = |name: &str, kind: &str, config| {
            extension(name, &format!("filters.http.{kind}"), config)
        };
        let route = json!({
            "name": "default",
            "match": {"prefix": "/"},
            "route": {
                "cluster": cluster,
                "timeout": "0s",
                "retry_policy": {
                    "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
                    "retriable_status_codes": [503],
                    "num_retries": 2,
                    "host_selection_retry_max_attempts": "5",
                    "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.002s"},
                },
            },
        });
        let config = json!({
            "stat_prefix": prefix,
            "access_log": self.logs,
            "route_config": {"virtual_hosts": [{
                "name": "reviews.bookinfo.svc.cluster.local:9080",
                "domains": ["*"],
                "include_request_attempt_count": true,
                "routes": [route],
            }]},
            "http_filters": [
                http("envoy.filters.http.grpc_stats", "grpc_stats.v3.FilterConfig", json!({"emit_filter_state": true})),
                http("envoy.filters.http.fault", "fault.v3.HTTPFault", json!({})),
                http("envoy.filters.http.cors", "cors.v3.Cors", json!({})),
                http("envoy.filters.http.router", "router.v3.Router", json!({})),
            ],
        });
        extension(
            "envoy.filters.network.http_connection_manager",
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            config,
        )
    }

    fn proxy(&self, cluster: &str) -> Value {
        let config = json!({"stat_prefix": cluster, "cluster": cluster, "access_log": self.logs});
        extension(
            "envoy.filters.network.tcp_proxy",
            "filters.network.tcp_proxy.v3.TcpProxy",
            config,
        )
    }
}

/// A file access logger with a text format, as the mesh's is.
pub fn logger(path: &Path, format: &str) -> Value {
    let config = json!({
        "path": path,
        "log_format": {"text_format_source": {"inline_string": format}},
    });
    extension("envoy.access_loggers.file", "access_loggers.file.v3.FileAccessLog", config)
}

fn cluster(name: &str, endpoints: &[SocketAddr]) -> Value {
    let endpoint = |address: &SocketAddr| json!({"endpoint": {"address": self::address(*address)}});
    let endpoints: Vec<Value> = endpoints.iter().map(endpoint).collect();
    json!({
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    })
}

fn address(address: SocketAddr) -> Value {
    socket(&address.ip().to_string(), address.port())
}
