//! The access logs of the page, made by a real Envoy.
//!
//! It stands for the proxy of productpage, in a network namespace that has the addresses of the cluster:
//! [`make`] writes the fixtures, and only who asks for it gets new ones.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use crate::certs::Certs;
use crate::config::{extension, socket};
use crate::envoy::Envoy;
use crate::filter_play::module::{Module, Role};
use crate::sidecar_pair::network::Namespace;
use crate::upstream::Upstream;

/// The pod that calls, productpage.
const CALLER: &str = "10.244.0.12";
/// The address of the service reviews.
const SERVICE: &str = "10.96.20.7";
/// The pods of reviews: v1, v2 and v3.
const PODS: [&str; 3] = ["10.244.1.31", "10.244.2.31", "10.244.1.47"];
/// The pod of v3 that comes when its Deployment is mended.
const MENDED: &str = "10.244.1.52";
/// An address outside of the mesh.
const OUTSIDE: &str = "203.0.113.9";
/// The cluster of the service.
const CLUSTER: &str = "outbound|9080||reviews.bookinfo.svc.cluster.local";

/// What the proxy writes beside Istio's default format.
const ATTEMPTS: &str =
    " %UPSTREAM_REQUEST_ATTEMPT_COUNT% %FILTER_STATE(wasm.upstream_attempts:PLAIN)%";

/// A run of the proxy.
struct Run {
    /// Whether the third pod speaks TLS.
    is_whole: bool,
    /// Whether routes have Istio's default retries, and lines what the filter tells of them.
    retries: bool,
    /// How many requests are sent to reviews.
    requests: usize,
    /// The file.
    file: &'static str,
    /// What is kept of the lines; `None` for all.
    filter: Option<&'static str>,
}

const RUNS: [Run; 3] = [
    Run {
        is_whole: false,
        retries: false,
        requests: 18,
        file: "productpage-errors.log",
        filter: Some("response.code >= 500"),
    },
    Run {
        is_whole: true,
        retries: false,
        requests: 9,
        file: "productpage-mended.log",
        filter: None,
    },
    Run {
        is_whole: false,
        retries: true,
        requests: 6,
        file: "productpage-retries.log",
        filter: None,
    },
];

/// Makes the logs anew, in this folder.
pub fn make(folder: &Path) {
    let namespace = Namespace::create();
    for address in [CALLER, SERVICE, OUTSIDE, MENDED].iter().chain(&PODS) {
        namespace.ip(&format!("address add {address}/32 dev lo"));
    }
    namespace.within(|| {
        for run in &RUNS {
            run.play(folder);
        }
        blocked(folder);
    });
}

impl Run {
    fn play(&self, folder: &Path) {
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(dir.path());
        let pods = self.pods();
        let [v1, v2, v3] = pods;
        let mut servers = vec![Upstream::tls_at(v1, 9080, &certs)];
        servers.push(Upstream::tls_at(v2, 9080, &certs));
        servers.push(match self.is_whole {
            true => Upstream::tls_at(v3, 9080, &certs),
            false => Upstream::plain_at(v3, 9080),
        });
        let more = if self.retries { ATTEMPTS } else { "" };
        let loggers = [logger(&dir.path().join(self.file), more, self.filter)];
        let listener = listener(SERVICE, 9080, &[self.manager(&loggers)]);
        let envoy = Envoy::start(&bootstrap(&[listener], &[reviews(&certs, &pods)]), dir.path());
        for number in 0..self.requests {
            call((SERVICE, 9080), "reviews:9080", &format!("/reviews/{}", number % 4));
            // As people click.
            sleep(Duration::from_millis(300));
        }
        envoy.stop();
        fs::copy(dir.path().join(self.file), folder.join(self.file)).unwrap();
    }

    fn pods(&self) -> [&'static str; 3] {
        let [v1, v2, v3] = PODS;
        [v1, v2, if self.is_whole { MENDED } else { v3 }]
    }

    fn manager(&self, loggers: &[Value]) -> Value {
        let mut route = json!({"cluster": CLUSTER, "timeout": "0s"});
        let mut router = json!({});
        if self.retries {
            route["retry_policy"] = retries();
            let codec = extension(
                "envoy.filters.http.upstream_codec",
                "filters.http.upstream_codec.v3.UpstreamCodec",
                json!({}),
            );
            router["upstream_http_filters"] =
                json!([Module::new(Role::Attempts, "").filter(), codec]);
        }
        let routes = json!([{"name": "default", "match": {"prefix": "/"}, "route": route}]);
        manager(&routes, router, loggers)
    }
}

/// The retries of a route of Istio's that says nothing of retries.
fn retries() -> Value {
    let predicate = extension(
        "envoy.retry_host_predicates.previous_hosts",
        "retry.host.previous_hosts.v3.PreviousHostsPredicate",
        json!({}),
    );
    json!({
        "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
        "retriable_status_codes": [503],
        "num_retries": 2,
        "retry_host_predicate": [predicate],
        "host_selection_retry_max_attempts": 5,
    })
}

/// A call that no route takes, and those that `REGISTRY_ONLY` keeps from leaving, in HTTP and in TLS.
fn blocked(folder: &Path) {
    let dir = tempfile::tempdir().unwrap();
    let file = "productpage-blocked.log";
    let loggers = [logger(&dir.path().join(file), "", None)];
    let routes = json!([{
        "name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502},
    }]);
    let nowhere = extension(
        "envoy.filters.network.tcp_proxy",
        "filters.network.tcp_proxy.v3.TcpProxy",
        json!({"stat_prefix": "BlackHoleCluster", "cluster": "BlackHoleCluster", "access_log": loggers}),
    );
    let known = json!([{
        "name": "default", "match": {"prefix": "/reviews/"}, "direct_response": {"status": 200},
    }]);
    let listeners = [
        listener(SERVICE, 9080, &[manager(&known, json!({}), &loggers)]),
        listener(OUTSIDE, 80, &[manager(&routes, json!({}), &loggers)]),
        listener(OUTSIDE, 443, &[nowhere]),
    ];
    let hole = json!({"name": "BlackHoleCluster", "type": "STATIC", "connect_timeout": "10s"});
    let envoy = Envoy::start(&bootstrap(&listeners, &[hole]), dir.path());
    call((SERVICE, 9080), "reviews:9080", "/review/1");
    call((OUTSIDE, 80), "payments.example.com", "/charge");
    call((OUTSIDE, 443), "payments.example.com", "/charge");
    envoy.stop();
    fs::copy(dir.path().join(file), folder.join(file)).unwrap();
}

fn bootstrap(listeners: &[Value], clusters: &[Value]) -> Value {
    json!({
        "node": {"id": "productpage", "cluster": "productpage"},
        "admin": {"address": socket("127.0.0.1", 0)},
        "static_resources": {"listeners": listeners, "clusters": clusters},
    })
}

fn listener(address: &str, port: u16, filters: &[Value]) -> Value {
    json!({
        "name": format!("{address}_{port}"),
        "address": socket(address, port),
        "filter_chains": [{"filters": filters}],
    })
}

fn manager(routes: &Value, router: Value, loggers: &[Value]) -> Value {
    let router = extension("envoy.filters.http.router", "filters.http.router.v3.Router", router);
    let manager = json!({
        "stat_prefix": "outbound",
        "access_log": loggers,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [router],
    });
    extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        manager,
    )
}

/// The cluster of reviews as the DestinationRule has it: mTLS, whatever the pods speak.
fn reviews(certs: &Certs, pods: &[&str]) -> Value {
    let endpoint = |ip: &&str| json!({"endpoint": {"address": socket(ip, 9080)}});
    let endpoints: Vec<Value> = pods.iter().map(endpoint).collect();
    let context = json!({
        "sni": "outbound_.9080_._.reviews.bookinfo.svc.cluster.local",
        "common_tls_context": certs.client.tls(&certs.ca, &["istio"]),
    });
    json!({
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": "10s",
        "upstream_bind_config": {"source_address": {"address": CALLER, "port_value": 0}},
        "load_assignment": {"cluster_name": CLUSTER, "endpoints": [{"lb_endpoints": endpoints}]},
        "transport_socket": extension(
            "envoy.transport_sockets.tls",
            "transport_sockets.tls.v3.UpstreamTlsContext",
            context,
        ),
    })
}

/// Istio's default format, with more behind it.
fn logger(path: &Path, more: &str, filter: Option<&str>) -> Value {
    let preset = accesslog::Preset::from_name("istio").unwrap().text().trim_end();
    let format = json!({"text_format_source": {"inline_string": format!("{preset}{more}\n")}});
    let mut logger = extension(
        "envoy.access_loggers.file",
        "access_loggers.file.v3.FileAccessLog",
        json!({"path": path, "log_format": format}),
    );
    if let Some(expression) = filter {
        logger["filter"] = telemetry::cel_filter(expression);
    }
    logger
}

/// Sends a request from productpage, over a connection of its own, and reads to the end of the answer.
fn call((ip, port): (&str, u16), host: &str, path: &str) {
    let address = |ip: &str, port| SocketAddr::from((ip.parse::<Ipv4Addr>().unwrap(), port));
    let mut socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&address(CALLER, 0).into()).unwrap();
    socket.connect(&address(ip, port).into()).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: python-requests/2.31.0\r\n\
         connection: close\r\n\r\n"
    );
    // A black hole hangs up at once.
    let _answered =
        socket.write_all(request.as_bytes()).and_then(|()| socket.read_to_end(&mut Vec::new()));
}
