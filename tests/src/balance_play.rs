//! Plays requests against an Envoy that spreads them over hosts, which count what reaches them.
//!
//! A [`Stage`] has a cluster of three hosts for each load balancing policy, once without retries and
//! once with them. The first host of each answers every fifth request with 503, and all do so for a
//! request that asks for it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::config::{cluster, extension, server, socket};
use crate::envoy::Envoy;
use crate::filter_play::client::{Client, request};
use crate::filter_play::module::{Module, Role};
use crate::upstream::{Address, Upstream};

/// How many hosts a cluster has.
const HOSTS: usize = 3;

/// How many requests are sent to a cluster, and by how many clients at once.
const REQUESTS: u64 = 400;
const CLIENTS: u64 = 4;

/// Each request of this number, and its multiples, fails at every host.
const LOST: u64 = 40;

/// What the first host does to every request of this number, and its multiples, that reaches it.
const FLAKY: u64 = 5;

/// The load balancing policies, as Envoy writes them.
pub const POLICIES: [&str; 3] = ["ROUND_ROBIN", "LEAST_REQUEST", "RING_HASH"];

/// What a log is told of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// There are none.
    Nothing,
    /// How many attempts there were.
    Count,
    /// Every attempt.
    History,
}

/// What reached a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// How many requests.
    pub requests: u64,
    /// How many of them were answered with 503.
    pub errors: u64,
}

/// What was sent to a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// How many requests.
    pub requests: u64,
    /// How many of them the client saw fail.
    pub errors: u64,
}

/// A cluster with its hosts, and the listener in front of it.
struct Service {
    policy: &'static str,
    retries: bool,
    hosts: Vec<Counting>,
}

/// A server that counts.
struct Counting {
    upstream: Upstream,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    errors: AtomicU64,
}

/// The hosts and where Envoy writes.
pub struct Stage {
    dir: PathBuf,
    services: Vec<Service>,
}

impl Stage {
    /// Starts the hosts; files go into `dir`.
    pub fn create(dir: &Path) -> Self {
        let service = |(policy, retries): (&'static str, bool)| Service {
            policy,
            retries,
            hosts: (0..HOSTS).map(|number| Counting::start(number == 0)).collect(),
        };
        let kinds = POLICIES.into_iter().flat_map(|policy| [(policy, false), (policy, true)]);
        Self { dir: dir.to_owned(), services: kinds.map(service).collect() }
    }

    /// Envoy's configuration.
    pub fn bootstrap(&self) -> Value {
        let listeners: Vec<Value> = self.services.iter().map(|it| it.listener(&self.dir)).collect();
        let clusters: Vec<Value> = self.services.iter().map(Service::cluster).collect();
        json!({
            "node": {"id": "test", "cluster": "test"},
            "admin": {"address": socket("127.0.0.1", 0)},
            "static_resources": {"listeners": listeners, "clusters": clusters},
        })
    }

    /// Sends the requests of a service, and tells what the clients saw.
    pub fn play(&self, envoy: &Envoy, policy: &str, retries: bool) -> Sent {
        let address = envoy.ports()[&self.service(policy, retries).name()];
        let clients = (0..CLIENTS).map(|client| {
            thread::spawn(move || {
                let mut connection = Client::connect(address);
                let mut sent = Sent::default();
                for number in (client..REQUESTS).step_by(usize::try_from(CLIENTS).unwrap()) {
                    sent.requests += 1;
                    sent.errors += u64::from(connection.ask(&ask(number)).unwrap() >= 500);
                }
                sent
            })
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().map(|client| client.join().unwrap()).fold(Sent::default(), |all, it| {
            Sent { requests: all.requests + it.requests, errors: all.errors + it.errors }
        })
    }

    /// What reached the hosts of a service, by address; those that nothing reached left out.
    pub fn counted(&self, policy: &str, retries: bool) -> BTreeMap<String, Load> {
        let hosts = self.service(policy, retries).hosts.iter();
        let counted = hosts.map(|host| {
            let load = Load {
                requests: host.counts.requests.load(Ordering::SeqCst),
                errors: host.counts.errors.load(Ordering::SeqCst),
            };
            (host.address().to_string(), load)
        });
        counted.filter(|(_, load)| load.requests > 0).collect()
    }

    /// The log of a service that is told so much of retries.
    pub fn log(&self, policy: &str, told: Told) -> PathBuf {
        self.dir.join(format!("{policy}.{told:?}.log"))
    }

    fn service(&self, policy: &str, retries: bool) -> &Service {
        let is_it = |it: &&Service| it.policy == policy && it.retries == retries;
        self.services.iter().find(is_it).unwrap()
    }
}

/// A request, with a key for those policies that hash one.
fn ask(number: u64) -> Vec<u8> {
    let script = if number.is_multiple_of(LOST) { "503" } else { "200" };
    let headers = [("x-key", format!("key {}", number % 50)), ("x-upstream", script.to_owned())];
    request(b"/reviews", &headers)
}

impl Service {
    fn name(&self) -> String {
        format!("{}{}", self.policy, if self.retries { " with retries" } else { "" })
    }

    fn cluster_name(&self) -> String {
        let subset = if self.retries { "retried" } else { "" };
        format!("outbound|9080|{subset}|{}.shop.svc.cluster.local", self.policy.to_lowercase())
    }

    fn cluster(&self) -> Value {
        let mut cluster = cluster::cluster(&self.cluster_name(), server(&self.hosts[0].upstream));
        let endpoint = |it: &Counting| json!({"endpoint": {"address": server(&it.upstream)}});
        let endpoints: Vec<Value> = self.hosts.iter().map(endpoint).collect();
        cluster["load_assignment"]["endpoints"] = json!([{"lb_endpoints": endpoints}]);
        cluster["lb_policy"] = json!(self.policy);
        cluster["circuit_breakers"] = json!({"thresholds": [{"max_retries": 1000}]});
        cluster
    }

    fn listener(&self, dir: &Path) -> Value {
        let mut route = json!({
            "cluster": self.cluster_name(),
            "hash_policy": [{"header": {"header_name": "x-key"}}],
        });
        if self.retries {
            let back_off = json!({"base_interval": "0.001s", "max_interval": "0.002s"});
            route["retry_policy"] =
                json!({"retry_on": "5xx", "num_retries": 2, "retry_back_off": back_off});
        }
        let told: &[Told] =
            if self.retries { &[Told::Count, Told::History] } else { &[Told::Nothing] };
        let loggers: Vec<Value> = told.iter().map(|told| self.logger(dir, *told)).collect();
        let codec = extension(
            "envoy.filters.http.upstream_codec",
            "filters.http.upstream_codec.v3.UpstreamCodec",
            json!({}),
        );
        let upstream = [Module::new(Role::Attempts, "").filter(), codec];
        let router = extension(
            "envoy.filters.http.router",
            "filters.http.router.v3.Router",
            json!({"upstream_http_filters": upstream}),
        );
        let manager = json!({
            "stat_prefix": self.name(),
            "access_log": loggers,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"name": "default", "match": {"prefix": "/"}, "route": route},
            ]}]},
            "http_filters": [router],
        });
        let manager = extension(
            "envoy.filters.network.http_connection_manager",
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            manager,
        );
        json!({
            "name": self.name(),
            "address": socket("127.0.0.1", 0),
            "filter_chains": [{"filters": [manager]}],
        })
    }

    /// Istio's default format, with what tells of retries behind it.
    fn logger(&self, dir: &Path, told: Told) -> Value {
        let preset = accesslog::Preset::from_name("istio").unwrap().text().trim_end();
        let more = match told {
            Told::Nothing => "",
            Told::Count => " %UPSTREAM_REQUEST_ATTEMPT_COUNT%",
            Told::History => {
                " %UPSTREAM_REQUEST_ATTEMPT_COUNT% %FILTER_STATE(wasm.upstream_attempts:PLAIN)%"
            }
        };
        let format = json!({"text_format_source": {"inline_string": format!("{preset}{more}\n")}});
        let path = dir.join(format!("{}.{told:?}.log", self.policy));
        extension(
            "envoy.access_loggers.file",
            "access_loggers.file.v3.FileAccessLog",
            json!({"path": path, "log_format": format}),
        )
    }
}

impl Counting {
    fn start(flaky: bool) -> Self {
        let counts = Arc::<Counts>::default();
        let of_server = counts.clone();
        let upstream = Upstream::ip("127.0.0.1", move |stream| {
            drop(serve(&stream, &of_server, flaky));
        });
        Self { upstream, counts }
    }

    fn address(&self) -> SocketAddr {
        match self.upstream.address() {
            Address::Ip(address) => *address,
            Address::Unix(path) => panic!("{} is no IP address", path.display()),
        }
    }
}

/// Answers requests without a body, and counts them.
fn serve(stream: &TcpStream, counts: &Counts, flaky: bool) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut writer = stream;
    loop {
        let mut is_lost = false;
        loop {
            let line = lines.next().ok_or(io::ErrorKind::UnexpectedEof)??;
            is_lost |= line == "x-upstream: 503";
            if line.is_empty() {
                break;
            }
        }
        let number = counts.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = is_lost || (flaky && number.is_multiple_of(FLAKY));
        counts.errors.fetch_add(u64::from(fails), Ordering::SeqCst);
        let code = if fails { "503 Unavailable" } else { "200 OK" };
        writer.write_all(format!("HTTP/1.1 {code}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
    }
}
