//! How the requests of each service are spread over its endpoints, as the client side logs it.
//!
//! What is kept grows with the upstream hosts, not with the records, and not beyond a limit.

mod histogram;
mod report;
mod spread;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use accesslog::{Record, ResponseFlags, Value, WellKnown};
use jiff::Timestamp;

use crate::calls::{earlier, later, start_time};
use crate::class::{Class, Traffic};
use histogram::Histogram;
pub use report::{BalanceReport, HostReport, Latency, Pods, ServiceLoad};
pub use spread::{Evenness, Spread};

/// The most upstream hosts and services that are kept, together.
pub const MOST_HOSTS: usize = 10_000;

/// The longest name of a cluster or a host that is kept, in bytes.
const LONGEST: usize = 512;

/// Response flags that mean that the request failed, whatever its code.
///
/// Those of the client's side are not among them: a client that leaves (`DC`, `DR`) is no failure of an
/// upstream host.
pub const FAILURE_FLAGS: [&str; 14] =
    ["UH", "UF", "UO", "URX", "UT", "LR", "UR", "UC", "UPE", "UMSDR", "DF", "DO", "UDO", "OM"];

/// The load on services and their hosts.
#[derive(Debug, Default)]
pub struct Balance {
    records: u64,
    other: u64,
    beyond_limit: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    services: Vec<Service>,
    by_cluster: HashMap<String, usize>,
    /// How many hosts and services are kept.
    kept: usize,
}

/// An attempt to reach an upstream host, as the history of our filter tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The host's address; `None` where there was none.
    pub host: Option<&'a str>,
    /// Whether it ended with a code of 500 or more, or without one; an open one has not failed.
    pub failed: bool,
    /// Milliseconds to the headers of the response; `None` where none came.
    pub latency_ms: Option<u64>,
}

/// The load on one upstream cluster.
#[derive(Debug, Default)]
struct Service {
    cluster: String,
    requests: u64,
    errors: u64,
    /// `None` while no record told of attempts.
    retries: Option<u64>,
    /// Attempts whose host no record names.
    unplaced: u64,
    latency: Histogram,
    hosts: Vec<Host>,
    by_address: HashMap<String, usize>,
}

/// The load on one upstream host.
#[derive(Debug, Default)]
struct Host {
    address: String,
    requests: u64,
    errors: u64,
    retries: u64,
    latency: Histogram,
}

impl Balance {
    /// No load.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records were not counted, as too many hosts are kept already.
    pub fn beyond_limit(&self) -> u64 {
        self.beyond_limit
    }

    /// How many records there were, and how many of them are not about a service: inbound traffic, what
    /// passed through or was blocked, and what names no cluster.
    pub fn records(&self) -> (u64, u64) {
        (self.records, self.other)
    }

    /// Adds a record, with the history of its attempts if it has one.
    ///
    /// Without a history the last host is known, and how many attempts there were if the format has
    /// `%UPSTREAM_REQUEST_ATTEMPT_COUNT%`.
    pub fn add(
        &mut self,
        traffic: &Traffic<'_>,
        record: &Record<'_>,
        history: Option<&[Attempt<'_>]>,
    ) {
        self.records += 1;
        let time = start_time(record);
        self.first = earlier(self.first, time);
        self.last = later(self.last, time);
        let Some(cluster) = cluster(traffic, record) else {
            self.other += 1;
            return;
        };
        let count = number(record, WellKnown::AttemptCount);
        let failed = has_failed(record);
        let whole = latency(record);
        let is_retried = count.is_some_and(|count| count > 1);
        // The time of a retried request is that of all its attempts together.
        let latency_ms = whole.filter(|_| !is_retried);
        let host = text(record, WellKnown::UpstreamHost);
        let last = host.map(|host| Attempt { host: Some(host), failed, latency_ms });
        let attempts = history.unwrap_or(last.as_slice());
        let known = u64::try_from(attempts.len()).unwrap_or(u64::MAX);
        let told = history.map(|_| known).max(count);
        let Some(at) = self.service(cluster) else { return };
        let mut room = MOST_HOSTS.saturating_sub(self.kept);
        let Some(service) = self.services.get_mut(at) else { return };
        service.requests += 1;
        service.errors += u64::from(failed);
        whole.into_iter().for_each(|whole| service.latency.add(whole));
        if let Some(told) = told {
            service.told(told, told.saturating_sub(known));
        }
        let before = room;
        let mut is_lost = false;
        for (number, attempt) in attempts.iter().enumerate() {
            let is_retry = number > 0 || (history.is_none() && is_retried);
            is_lost |= !service.place(attempt, is_retry, &mut room);
        }
        self.kept += before - room;
        self.beyond_limit += u64::from(is_lost);
    }

    /// The place of a cluster, which is added if it is new and there is room.
    fn service(&mut self, cluster: &str) -> Option<usize> {
        if let Some(at) = self.by_cluster.get(cluster) {
            return Some(*at);
        }
        if self.kept >= MOST_HOSTS || cluster.len() > LONGEST {
            self.beyond_limit += 1;
            return None;
        }
        self.kept += 1;
        let at = self.services.len();
        self.services.push(Service { cluster: cluster.to_owned(), ..Service::default() });
        self.by_cluster.insert(cluster.to_owned(), at);
        Some(at)
    }
}

impl Service {
    /// Counts how many attempts a request took, and at how many of them no host is known. The number is
    /// what a line says, and may be any.
    fn told(&mut self, attempts: u64, unplaced: u64) {
        let retries = self.retries.unwrap_or_default();
        self.retries = Some(retries.saturating_add(attempts.saturating_sub(1)));
        self.unplaced = self.unplaced.saturating_add(unplaced);
    }

    /// Counts an attempt for its host; whether that had room.
    fn place(&mut self, attempt: &Attempt<'_>, is_retry: bool, room: &mut usize) -> bool {
        let Some(address) = attempt.host else {
            self.unplaced = self.unplaced.saturating_add(1);
            return true;
        };
        let at = match self.by_address.get(address) {
            Some(at) => *at,
            None if *room == 0 || address.len() > LONGEST => return false,
            None => {
                *room -= 1;
                let at = self.hosts.len();
                self.hosts.push(Host { address: address.to_owned(), ..Host::default() });
                self.by_address.insert(address.to_owned(), at);
                at
            }
        };
        if let Some(host) = self.hosts.get_mut(at) {
            host.requests += 1;
            host.errors += u64::from(attempt.failed);
            host.retries += u64::from(is_retry);
            attempt.latency_ms.into_iter().for_each(|latency| host.latency.add(latency));
        }
        true
    }
}

/// The cluster whose hosts a request was spread over; none for traffic that the sidecar did not spread.
fn cluster<'r>(traffic: &Traffic<'r>, record: &Record<'r>) -> Option<&'r str> {
    if !matches!(traffic.class, Class::OutboundMatched | Class::Unknown) {
        return None;
    }
    let name = text(record, WellKnown::UpstreamCluster)?;
    Some(name.strip_suffix(';').unwrap_or(name))
}

/// Whether a request or connection failed: by its code, or by its flags.
fn has_failed(record: &Record<'_>) -> bool {
    let by_code = number(record, WellKnown::ResponseCode).is_some_and(|code| code >= 500);
    let flags =
        text(record, WellKnown::ResponseFlags).map(|text| ResponseFlags::new(text.as_bytes()));
    by_code || flags.is_some_and(|flags| FAILURE_FLAGS.iter().any(|flag| flags.contains(flag)))
}

/// The milliseconds that an answer took: those that Envoy counts for the upstream where the format has
/// them, else all of the request. A connection has no answer to wait for.
fn latency(record: &Record<'_>) -> Option<u64> {
    number(record, WellKnown::ResponseCode).filter(|code| *code != 0)?;
    let of_upstream = number(record, WellKnown::UpstreamServiceTime);
    of_upstream.or_else(|| number(record, WellKnown::Duration))
}

fn text<'r>(record: &Record<'r>, field: WellKnown) -> Option<&'r str> {
    let Value::Text(text) = record.well_known(field)? else { return None };
    std::str::from_utf8(text).ok().filter(|text| !matches!(*text, "" | "-"))
}

fn number(record: &Record<'_>, field: WellKnown) -> Option<u64> {
    match record.well_known(field)? {
        Value::Number(text) | Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}
