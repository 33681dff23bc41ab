//! ServiceEntries for what calls passed through to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

use serde::Serialize;

use super::shrink::Group;
use super::{Confidence, Evidence};
use crate::class::{Class, Protocol};
use crate::observed::Observed;
use crate::outbound::host_of;
use crate::view::View;

/// A ServiceEntry for a destination outside of the mesh.
///
/// The address that an application asks for stays the endpoint (`resolution: NONE`), so that traffic
/// goes where it went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Its namespace, to which alone it is exported.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its host; made up of the address where only that is known.
    pub host: String,
    /// Its addresses; empty where the host is known.
    pub addresses: BTreeSet<String>,
    /// Its ports.
    pub ports: BTreeSet<DraftPort>,
    /// How many calls went there.
    pub calls: u64,
    /// How sure it is that it will be needed; an address may be another tomorrow.
    pub confidence: Confidence,
    #[serde(skip)]
    pub(super) evidence: Evidence,
}

/// A port of a [`Draft`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct DraftPort {
    /// The number.
    pub number: u16,
    /// The protocol: `HTTP`, `TLS` or `TCP`.
    pub protocol: &'static str,
}

impl Draft {
    /// Adds what is known of the same destination from elsewhere.
    fn merge(&mut self, other: Self) {
        self.addresses.extend(other.addresses);
        self.ports.extend(other.ports);
        self.calls += other.calls;
        self.evidence.calls += other.evidence.calls;
        self.evidence.last_seen = self.evidence.last_seen.max(other.evidence.last_seen);
        self.evidence.workloads.extend(other.evidence.workloads);
        self.confidence = self.confidence.max(other.confidence);
    }
}

/// The drafts for a group: one a host, or an address that has no name.
pub(super) fn drafts(view: &View, group: &Group<'_>) -> Vec<Draft> {
    let mut found: BTreeMap<String, Draft> = BTreeMap::new();
    for member in &group.members {
        for destination in &member.workload.destinations {
            let Some((host, address, port)) = outside(view, group, &destination.observed) else {
                continue;
            };
            let draft = found.entry(host.clone()).or_insert_with(|| Draft {
                namespace: group.namespace.clone(),
                // A name may have dots, so that no two hosts have one.
                name: format!("external-{host}"),
                host,
                addresses: BTreeSet::new(),
                ports: BTreeSet::new(),
                calls: 0,
                confidence: Confidence::Low,
                evidence: Evidence::default(),
            });
            draft.addresses.extend(address.map(|address| address.to_string()));
            draft.ports.insert(port);
            draft.evidence.add(destination.count, destination.last, &member.workload.name);
        }
    }
    let mut drafts: Vec<Draft> = found.into_values().collect();
    for draft in &mut drafts {
        draft.calls = draft.evidence.calls;
        let by_name = draft.addresses.is_empty();
        draft.confidence = if by_name { draft.evidence.confidence() } else { Confidence::Low };
    }
    drafts
}

/// The host, address and port of a ServiceEntry for a call that passed through; `None` for others,
/// and where the record says too little.
fn outside(
    view: &View,
    group: &Group<'_>,
    observed: &Observed,
) -> Option<(String, Option<IpAddr>, DraftPort)> {
    if observed.class != Class::OutboundPassthrough {
        return None;
    }
    let address = observed.destination.map(|at| at.ip());
    let number = observed.destination.map(|at| at.port()).or(observed.port)?;
    let known = |address: IpAddr| {
        view.registry
            .by_address(address)
            .any(|it| it.port(number).is_some() && view.registry.is_seen(it, &group.namespace))
    };
    let port = |protocol| DraftPort { number, protocol };
    let name = |text: &str| Some(host_of(text)).filter(|host| is_dns_name(host));
    // Another object with the host of one would hide it.
    let is_taken = |host: &String| view.registry.by_host(host).next().is_some();
    let server_name = observed.server_name.as_deref().and_then(name);
    let server_name = server_name.filter(|host| !is_taken(host));
    match (observed.protocol, &observed.authority, server_name) {
        (Protocol::Http, Some(authority), _) => match name(authority) {
            Some(host) if is_taken(&host) => None,
            Some(host) => Some((host, None, port("HTTP"))),
            None => {
                let address = host_of(authority).parse().ok().filter(|it| !known(*it))?;
                Some((made_up(address), Some(address), port("HTTP")))
            }
        },
        (Protocol::Tcp, _, Some(host)) => Some((host, None, port("TLS"))),
        // A service that is merely out of sight needs no other object.
        _ => address
            .filter(|address| !known(*address))
            .map(|address| (made_up(address), Some(address), port("TCP"))),
    }
}

/// A host for an address that has none.
fn made_up(address: IpAddr) -> String {
    format!("{}.external", address.to_string().replace(['.', ':'], "-"))
}

/// Whether a name can be the host of a ServiceEntry: one with dots, and no address.
fn is_dns_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.parse::<IpAddr>().is_err()
        && host.len() <= 200
        && host.contains('.')
        && host.split('.').all(is_label)
}

/// The drafts of several groups, one an object.
pub(super) fn merged(drafts: impl IntoIterator<Item = Draft>) -> Vec<Draft> {
    let mut all: BTreeMap<(String, String), Draft> = BTreeMap::new();
    for draft in drafts {
        let key = (draft.namespace.clone(), draft.name.clone());
        match all.get_mut(&key) {
            Some(there) => there.merge(draft),
            None => {
                all.insert(key, draft);
            }
        }
    }
    all.into_values().collect()
}

/// The drafts as objects.
pub(super) fn yaml(drafts: &[Draft]) -> String {
    drafts.iter().map(object).collect()
}

/// A draft as an object, behind its evidence.
pub(super) fn object(draft: &Draft) -> String {
    let mut text = String::new();
    let seen = super::yaml::seen(&draft.evidence);
    // Writing to a String takes everything.
    let _ = writeln!(text, "---\n# Draft: {seen}.");
    let _ = writeln!(text, "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata:");
    let _ = writeln!(
        text,
        "  namespace: {}\n  name: {}",
        quoted(&draft.namespace),
        quoted(&draft.name)
    );
    let _ = writeln!(text, "spec:\n  exportTo: [\".\"]\n  hosts: [{}]", quoted(&draft.host));
    if !draft.addresses.is_empty() {
        let addresses: Vec<String> = draft.addresses.iter().map(|it| quoted(it)).collect();
        let _ = writeln!(text, "  addresses: [{}]", addresses.join(", "));
    }
    let _ = writeln!(text, "  location: MESH_EXTERNAL\n  resolution: NONE\n  ports:");
    for DraftPort { number, protocol } in &draft.ports {
        let name = format!("{}-{number}", protocol.to_ascii_lowercase());
        let _ = writeln!(text, "  - {{number: {number}, name: {name}, protocol: {protocol}}}");
    }
    text
}

/// A text as YAML, which takes strings as JSON writes them.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
