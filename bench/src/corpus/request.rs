//! Requests and TCP connections, as a proxy knows them when they end.

use super::words;
use crate::rng::Rng;

/// What a proxy knows of a request. `None` is what it prints `-` for.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// Milliseconds since midnight of the corpus's day.
    pub(super) time: u64,
    pub(super) method: Option<&'static str>,
    pub(super) path: Option<String>,
    pub(super) protocol: Option<&'static str>,
    pub(super) code: u16,
    pub(super) flags: Option<&'static str>,
    pub(super) details: Option<&'static str>,
    pub(super) failure_reason: Option<&'static str>,
    pub(super) bytes_received: u64,
    pub(super) bytes_sent: u64,
    pub(super) duration: u64,
    pub(super) service_time: Option<u64>,
    pub(super) forwarded_for: Option<String>,
    pub(super) user_agent: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) authority: Option<String>,
    pub(super) upstream_host: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) upstream_local: Option<String>,
    pub(super) downstream_local: Option<String>,
    pub(super) downstream_remote: Option<String>,
    pub(super) server_name: Option<String>,
    pub(super) route: Option<&'static str>,
    pub(super) attempts: u64,
}

/// Requests without an end.
#[derive(Debug)]
pub(super) struct Requests {
    rng: Rng,
    time: u64,
}

impl Requests {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), time: 0 }
    }

    /// The next request: 93 in a hundred reach the upstream, 4 fail, 3 are TCP connections.
    pub(super) fn next(&mut self) -> Request {
        self.time += self.rng.below(12);
        let rng = &mut self.rng;
        let mut request = match rng.below(100) {
            0..3 => tcp(rng),
            3..7 => failed(rng),
            _ => http(rng),
        };
        request.time = self.time;
        request
    }
}

fn tcp(rng: &mut Rng) -> Request {
    let host = rng.choose(words::EXTERNAL);
    let remote = format!("93.184.{}.{}:443", rng.below(256), rng.below(256));
    Request {
        bytes_received: rng.skewed(16),
        bytes_sent: rng.skewed(20),
        duration: rng.skewed(16),
        upstream_host: Some(remote.clone()),
        cluster: Some(format!("outbound|443||{host}")),
        upstream_local: Some(client(rng)),
        downstream_local: Some(remote),
        downstream_remote: Some(client(rng)),
        server_name: Some(host.to_owned()),
        ..Request::default()
    }
}

fn http(rng: &mut Rng) -> Request {
    let (service, port) = rng.choose(words::SERVICES);
    let inbound = rng.chance(40);
    let duration = 1 + rng.skewed(11);
    let name = format!("{service}.svc.cluster.local");
    Request {
        method: rng.pick(words::METHODS),
        path: Some(words::path(rng)),
        protocol: rng.pick(words::PROTOCOLS),
        code: rng.pick(words::CODES).unwrap_or(200),
        details: Some("via_upstream"),
        bytes_received: if rng.chance(70) { 0 } else { rng.skewed(14) },
        bytes_sent: rng.skewed(18),
        duration,
        service_time: Some(duration - rng.below(2)),
        forwarded_for: forwarded_for(rng),
        user_agent: words::user_agent(rng),
        request_id: Some(uuid(rng)),
        authority: Some(format!("{service}:{port}")),
        upstream_host: Some(format!("{}:{port}", pod(rng))),
        cluster: Some(cluster(rng, inbound, &name, port)),
        upstream_local: Some(if inbound { "127.0.0.6:48611".to_owned() } else { client(rng) }),
        downstream_local: Some(format!("10.96.{}.{}:{port}", rng.below(64), rng.below(256))),
        downstream_remote: Some(client(rng)),
        server_name: inbound.then(|| format!("outbound_.{port}_._.{name}")),
        route: Some("default"),
        attempts: 1 + u64::from(rng.chance(2)),
        ..Request::default()
    }
}

fn failed(rng: &mut Rng) -> Request {
    let request = http(rng);
    let Some(failure) = rng.pick(words::FAILURES) else { return request };
    let flags = failure.flags.unwrap_or_default();
    let reached = matches!(flags, "UC" | "UT" | "DC" | "URX,UF");
    let routed = flags != "NR";
    Request {
        code: failure.code,
        flags: failure.flags,
        details: Some(failure.details),
        failure_reason: failure.reason,
        bytes_sent: if failure.code == 0 { 0 } else { 19 + rng.below(140) },
        service_time: None,
        upstream_host: request.upstream_host.filter(|_| reached),
        cluster: request.cluster.filter(|_| routed),
        upstream_local: None,
        route: request.route.filter(|_| routed),
        attempts: if flags.starts_with("URX") { 3 } else { u64::from(reached) },
        ..request
    }
}

fn cluster(rng: &mut Rng, inbound: bool, name: &str, port: u16) -> String {
    if inbound {
        return format!("inbound|{port}||");
    }
    let subset = rng.pick(&[(7, ""), (2, "v1"), (1, "canary")]).unwrap_or_default();
    format!("outbound|{port}|{subset}|{name}")
}

fn forwarded_for(rng: &mut Rng) -> Option<String> {
    if rng.chance(48) {
        return None;
    }
    let outer = format!("{}.{}.{}.{}", 1 + rng.below(223), rng.below(256), rng.below(256), 7);
    Some(if rng.chance(50) { format!("{outer},{}", pod(rng)) } else { outer })
}

fn pod(rng: &mut Rng) -> String {
    format!("10.244.{}.{}", rng.below(256), 1 + rng.below(254))
}

fn client(rng: &mut Rng) -> String {
    format!("{}:{}", pod(rng), 32768 + rng.below(28232))
}

fn uuid(rng: &mut Rng) -> String {
    let (high, low) = (rng.next(), rng.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 50),
        low & 0xffff_ffff_ffff,
    )
}
