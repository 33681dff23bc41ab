//! The calls, and what each pod is to log of them.

use accesslog::Preset;
use serde_json::{Value, json};

use super::app::Words;
use super::config::Policy;

/// One call of the client's workload.
#[derive(Debug)]
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// Under which policy of the client's sidecar.
    pub policy: Policy,
    /// The address that is called.
    pub to: &'static str,
    /// What is said.
    pub words: Words,
    /// What the client's sidecar logs.
    pub client: Vec<Line>,
    /// What the server's sidecar logs.
    pub server: Vec<Line>,
}

/// The traffic that a log line tells of.
#[derive(Debug, Clone)]
pub struct Line {
    traffic: Value,
    doubt: Doubt,
}

/// What a line cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// Nothing.
    None,
    /// The class, in any format; without the pod's address the direction neither.
    Class,
    /// The class, where the format has no route.
    WithoutRoute,
    /// That the cluster is an `egressProxy`, where the format has no route.
    EgressWithoutRoute,
    /// The class, where the format has no details and the pod's address is not known.
    WithoutDetails,
    /// The class, where the format has the cluster's name for statistics and the pod's address is
    /// not known.
    NameForStatistics,
    /// The same, where the format has no route either.
    NameForStatisticsWithoutRoute,
}

impl Line {
    fn new(class: &str, direction: &str, protocol: &str) -> Self {
        let traffic = json!({"class": class, "direction": direction, "protocol": protocol});
        Self { traffic, doubt: Doubt::None }
    }

    fn port(mut self, port: u16) -> Self {
        self.traffic["port"] = json!(port);
        self
    }

    fn service(mut self, name: &str, namespace: &str) -> Self {
        self.traffic["host"] = json!(format!("{name}.{namespace}.svc.cluster.local"));
        self.traffic["namespace"] = json!(namespace);
        self
    }

    fn doubt(mut self, doubt: Doubt) -> Self {
        self.doubt = doubt;
        self
    }

    /// The traffic as JSON that a line in `format` tells of, with the pod's address or without.
    pub fn expected(&self, format: &Preset, pod_is_known: bool) -> Value {
        let has = |operator| format.text().contains(operator);
        let has_route = has("%ROUTE_NAME%");
        let has_name_for_statistics = has("%UPSTREAM_CLUSTER%");
        let is_unknown = match self.doubt {
            Doubt::None => false,
            Doubt::Class => true,
            Doubt::WithoutRoute => !has_route,
            Doubt::WithoutDetails => !has("%RESPONSE_CODE_DETAILS%") && !pod_is_known,
            Doubt::NameForStatistics => has_name_for_statistics && !pod_is_known,
            Doubt::NameForStatisticsWithoutRoute => {
                has_name_for_statistics && !has_route && !pod_is_known
            }
            Doubt::EgressWithoutRoute if !has_route => return egress("http").traffic,
            Doubt::EgressWithoutRoute => false,
        };
        if !is_unknown {
            return self.traffic.clone();
        }
        let mut unknown = json!({"class": "unknown", "protocol": self.traffic["protocol"]});
        if pod_is_known {
            unknown["direction"] = self.traffic["direction"].clone();
        }
        unknown
    }
}

fn matched(protocol: &str, name: &str, namespace: &str, port: u16) -> Line {
    Line::new("outbound-matched", "outbound", protocol).service(name, namespace).port(port)
}

fn entry(host: &str, port: u16) -> Line {
    let mut line = Line::new("outbound-matched", "outbound", "tcp").port(port);
    line.traffic["host"] = json!(host);
    line
}

fn egress(protocol: &str) -> Line {
    matched(protocol, "egress", "istio-system", 8080)
}

fn reviews() -> Line {
    matched("http", "reviews", "bookinfo", 9080)
}

fn passthrough(protocol: &str, port: u16) -> Line {
    Line::new("outbound-passthrough", "outbound", protocol).port(port)
}

fn blocked(protocol: &str, port: u16) -> Line {
    Line::new("outbound-blocked", "outbound", protocol).port(port)
}

fn lost(protocol: &str) -> Line {
    Line::new("unknown", "outbound", protocol).doubt(Doubt::Class)
}

fn inbound(protocol: &str, port: u16) -> Line {
    Line::new("inbound", "inbound", protocol).port(port)
}

fn unserved(protocol: &str, port: u16) -> Line {
    Line::new("inbound-passthrough", "inbound", protocol).port(port)
}

fn rejected(port: u16) -> Line {
    Line::new("inbound-rejected", "inbound", "tcp").port(port).doubt(Doubt::WithoutDetails)
}

/// What the calls are like, of one policy.
struct Table {
    policy: Policy,
    scenarios: Vec<Scenario>,
}

impl Table {
    fn add(
        &mut self,
        name: &'static str,
        to: &'static str,
        words: Words,
        client: impl IntoIterator<Item = Line>,
        server: impl IntoIterator<Item = Line>,
    ) {
        self.scenarios.push(Scenario {
            name,
            policy: self.policy,
            to,
            words,
            client: client.into_iter().collect(),
            server: server.into_iter().collect(),
        });
    }
}

/// All of them, grouped by policy.
pub fn all() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for (policy, fill) in [
        (Policy::AllowAny, &[services, failures, unmatched, strangers][..]),
        (Policy::RegistryOnly, &[registry_only]),
        (Policy::EgressProxy, &[egress_proxy]),
        (Policy::DynamicDns, &[dynamic_dns]),
    ] {
        let mut table = Table { policy, scenarios };
        fill.iter().for_each(|fill: &fn(&mut Table)| fill(&mut table));
        scenarios = table.scenarios;
    }
    scenarios
}

/// Calls to services that answer.
#[rustfmt::skip]
fn services(t: &mut Table) {
    use Words::{Http, Tcp, Tls};
    t.add("HTTP to a service", "10.96.0.10:9080", Http("reviews.bookinfo", "/"),
        [reviews()], [inbound("http", 9080)]);
    let mut by_subset = reviews();
    by_subset.traffic["subset"] = json!("v1");
    t.add("HTTP to a subset", "10.96.0.10:9080", Http("reviews.bookinfo", "/v1"),
        [by_subset], [inbound("http", 9080)]);
    t.add("HTTP to a service with another target port", "10.96.0.12:80", Http("web.shop", "/"),
        [matched("http", "web", "shop", 80)], [inbound("http", 8080)]);
    t.add("HTTP with the Host of one service to the VIP of another", "10.96.0.18:9080", Http("reviews.bookinfo", "/"),
        [reviews()], [inbound("http", 9080)]);
    t.add("HTTP without mTLS", "10.96.0.18:9080", Http("plain.bookinfo", "/"),
        [matched("http", "plain", "bookinfo", 9080)], [inbound("http", 9080)]);
    t.add("HTTP to a STRICT workload", "10.96.0.13:9081", Http("strict.bookinfo", "/"),
        [matched("http", "strict", "bookinfo", 9081)], [inbound("http", 9081)]);
    t.add("HTTP to the own VIP", "10.96.0.11:9080", Http("client.bookinfo", "/"),
        [inbound("http", 9080), matched("http", "client", "bookinfo", 9080)], []);
    t.add("TCP to a service", "10.96.0.30:3306", Tcp,
        [matched("tcp", "mysql", "shop", 3306)], [inbound("tcp", 3306)]);
    t.add("TCP without mTLS", "10.96.0.34:3306", Tcp,
        [matched("tcp", "mysql-plain", "shop", 3306)], [inbound("tcp", 3306)]);
    t.add("TLS to a ServiceEntry", "10.96.0.40:443", Tls("secure.example"),
        [entry("secure.example", 443)], []);
    t.add("TLS to a wildcard ServiceEntry", "203.0.113.9:8443", Tls("a.wild.example"),
        [entry("*.wild.example", 8443)], []);
}

/// Calls to services that fail.
#[rustfmt::skip]
fn failures(t: &mut Table) {
    use Words::{Http, Tcp, Tls};
    t.add("HTTP, connection refused", "10.96.0.19:9080", Http("refused.bookinfo", "/"),
        [matched("http", "refused", "bookinfo", 9080)], []);
    t.add("TCP, connection refused", "10.96.0.35:3309", Tcp,
        [matched("tcp", "refused", "shop", 3309)], []);
    t.add("HTTP, no healthy upstream", "10.96.0.17:9080", Http("empty.bookinfo", "/"),
        [matched("http", "empty", "bookinfo", 9080)], []);
    t.add("TCP, no healthy upstream", "10.96.0.33:3308", Tcp,
        [matched("tcp", "empty", "shop", 3308)], []);
    t.add("HTTP, the workload is down", "10.96.0.15:9083", Http("down.bookinfo", "/"),
        [matched("http", "down", "bookinfo", 9083)], [inbound("http", 9083)]);
    t.add("HTTP, denied by a policy", "10.96.0.14:9082", Http("guarded.bookinfo", "/"),
        [matched("http", "guarded", "bookinfo", 9082)], [inbound("http", 9082)]);
    t.add("TCP, denied by a policy", "10.96.0.31:3307", Tcp,
        [matched("tcp", "guarded", "shop", 3307)], [inbound("tcp", 3307)]);
    t.add("HTTP, aborted by a fault", "10.96.0.10:9080", Http("reviews.bookinfo", "/abort"),
        [reviews()], []);
    t.add("HTTP, answered by a route with 502", "10.96.0.10:9080", Http("reviews.bookinfo", "/closed"),
        [lost("http")], []);
    t.add("HTTP, cluster not found", "10.96.0.10:9080", Http("reviews.bookinfo", "/gone"),
        [lost("http")], []);
    t.add("HTTP, no route", "10.96.0.10:9080", Http("nowhere.bookinfo.svc.cluster.local", "/"),
        [lost("http")], []);
    t.add("TLS, no filter chain outbound", "10.96.0.40:443", Tls("other.example"),
        [lost("tcp")], []);
}

/// Calls to what is no service.
#[rustfmt::skip]
fn unmatched(t: &mut Table) {
    use Words::{Http, Tcp, Tls};
    t.add("HTTP to an unknown host on a known port", "203.0.113.9:9080", Http("unknown.example", "/"),
        [passthrough("http", 9080)], []);
    t.add("HTTP to an unknown host, refused", "203.0.113.9:9081", Http("unknown.example", "/"),
        [passthrough("http", 9081).doubt(Doubt::NameForStatisticsWithoutRoute)], []);
    t.add("HTTP on an unknown port", "203.0.113.9:8081", Http("unknown.example", "/"),
        [passthrough("tcp", 8081)], []);
    t.add("TLS on a known port of HTTP", "203.0.113.9:9080", Tls("unknown.example"),
        [passthrough("tcp", 9080)], []);
    t.add("TLS of an unknown host on a known port of TLS", "203.0.113.9:8443", Tls("unknown.example"),
        [passthrough("tcp", 8443)], []);
    t.add("TCP on an unknown port", "203.0.113.9:5432", Tcp,
        [passthrough("tcp", 5432)], []);
    t.add("TCP on an unknown port, refused", "203.0.113.9:1", Tcp,
        [passthrough("tcp", 1).doubt(Doubt::NameForStatistics)], []);
}

/// Calls that a server does not expect.
#[rustfmt::skip]
fn strangers(t: &mut Table) {
    use Words::{Http, Tcp};
    t.add("HTTP to a pod by its address", "10.244.2.7:9080", Http("10.244.2.7:9080", "/"),
        [passthrough("http", 9080)], [inbound("http", 9080)]);
    t.add("TCP to a port of HTTP", "10.244.2.7:9080", Tcp,
        [passthrough("tcp", 9080)], [Line::new("unknown", "inbound", "http").doubt(Doubt::Class)]);
    t.add("HTTP in plain text to a STRICT workload", "10.244.2.7:9081", Http("10.244.2.7:9081", "/"),
        [passthrough("http", 9081)], [rejected(9081)]);
    t.add("TCP in plain text to a STRICT workload", "10.244.2.7:9081", Tcp,
        [passthrough("tcp", 9081)], [rejected(9081)]);
    t.add("HTTP with mTLS to a port without a service", "10.96.0.16:7072", Http("extra.bookinfo", "/"),
        [matched("http", "extra", "bookinfo", 7072)], [unserved("http", 7072)]);
    t.add("TCP with mTLS to a port without a service", "10.96.0.32:7070", Tcp,
        [matched("tcp", "extra", "shop", 7070)], [unserved("tcp", 7070)]);
    t.add("HTTP in plain text to a port without a service", "10.244.2.7:7071", Http("10.244.2.7:7071", "/"),
        [passthrough("tcp", 7071)], [unserved("http", 7071)]);
    t.add("TCP in plain text to a port without a service", "10.244.2.7:7070", Tcp,
        [passthrough("tcp", 7070)], [unserved("tcp", 7070)]);
    t.add("TCP to a port on which nobody listens", "10.244.2.7:7079", Tcp,
        [passthrough("tcp", 7079)], [unserved("tcp", 7079).doubt(Doubt::NameForStatistics)]);
}

#[rustfmt::skip]
fn registry_only(t: &mut Table) {
    use Words::{Http, Tcp, Tls};
    t.add("HTTP to a service, others blocked", "10.96.0.10:9080", Http("reviews.bookinfo", "/"),
        [reviews()], [inbound("http", 9080)]);
    t.add("HTTP to an unknown host on a known port, blocked", "203.0.113.9:9080", Http("unknown.example", "/"),
        [blocked("http", 9080).doubt(Doubt::WithoutRoute)], []);
    t.add("HTTP to a pod by its address, blocked", "10.244.2.7:9080", Http("10.244.2.7:9080", "/"),
        [blocked("http", 9080).doubt(Doubt::WithoutRoute)], []);
    t.add("HTTP on an unknown port, blocked", "203.0.113.9:8081", Http("unknown.example", "/"),
        [blocked("tcp", 8081)], []);
    t.add("TLS on a known port of HTTP, blocked", "203.0.113.9:9080", Tls("unknown.example"),
        [blocked("tcp", 9080)], []);
    t.add("TLS of an unknown host on a known port of TLS, blocked", "203.0.113.9:8443", Tls("unknown.example"),
        [blocked("tcp", 8443)], []);
    t.add("TCP on an unknown port, blocked", "203.0.113.9:5432", Tcp,
        [blocked("tcp", 5432)], []);
}

#[rustfmt::skip]
fn egress_proxy(t: &mut Table) {
    use Words::{Http, Tcp};
    t.add("HTTP to an unknown host by an egressProxy", "203.0.113.9:9080", Http("unknown.example", "/"),
        [passthrough("http", 9080).doubt(Doubt::EgressWithoutRoute)], []);
    // Nothing in the record tells this from a call to the proxy's service.
    t.add("TCP on an unknown port by an egressProxy", "203.0.113.9:5432", Tcp,
        [egress("tcp")], []);
}

#[rustfmt::skip]
fn dynamic_dns(t: &mut Table) {
    use Words::{Http, Tcp};
    // An address needs no server of names.
    t.add("HTTP to an unknown host by dynamic DNS", "203.0.113.9:9080", Http("203.0.113.9:9080", "/"),
        [passthrough("http", 9080)], []);
    t.add("TCP on an unknown port beside dynamic DNS", "203.0.113.9:5432", Tcp,
        [passthrough("tcp", 5432)], []);
}
