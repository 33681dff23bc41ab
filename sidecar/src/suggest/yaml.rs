//! A suggestion as YAML.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

use super::draft::quoted;
use super::{Evidence, Reason, SuggestedHost, SuggestedSidecar, Suggestion, draft};
use crate::because::count;
use crate::check::Checked;
use crate::object::OutboundTrafficPolicy;

/// The most lines of calls that are listed apart.
const LISTED: usize = 20;

/// Writes a suggestion.
pub(super) fn write(suggestion: &Suggestion, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let period = &suggestion.period;
    write!(f, "# From {} records", period.records)?;
    if let (Some(first), Some(last)) = (period.first, period.last) {
        write!(f, " between {first} and {last}")?;
    }
    f.write_str(".\n")?;
    if period.unclassified > 0 {
        writeln!(f, "# {} of them do not say where their traffic went.", period.unclassified)?;
    }
    if period.beyond_limit > 0 {
        writeln!(f, "# {} calls to too many destinations were left out.", period.beyond_limit)?;
    }
    for entry in &suggestion.service_entries {
        f.write_str(&draft::object(entry))?;
    }
    for one in &suggestion.sidecars {
        f.write_str(&sidecar(one))?;
    }
    Ok(())
}

/// A Sidecar with its evidence.
pub(super) fn sidecar(it: &SuggestedSidecar) -> String {
    let mut text = String::from("---\n");
    list(&mut text, "Could not be kept as they were", &it.broken);
    list(&mut text, "Could not be resolved", &it.unresolved);
    let mut spec = match &it.merged {
        Some(object) => object.spec.as_object().cloned().unwrap_or_default(),
        None => Map::new(),
    };
    if let Some(labels) = &it.workload_selector {
        spec.insert("workloadSelector".to_owned(), serde_json::json!({ "labels": labels }));
    }
    if let Some(policy) = &it.policy {
        spec.insert("outboundTrafficPolicy".to_owned(), outbound_traffic_policy(policy));
    }
    let egress = spec.shift_remove("egress").unwrap_or_default();
    let listeners = egress.as_array().cloned().unwrap_or_default();
    // Writing to a String takes everything.
    let _ = writeln!(text, "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata:");
    let _ = writeln!(
        text,
        "  namespace: {}\n  name: {}\nspec:",
        quoted(&it.namespace),
        quoted(&it.name)
    );
    for (key, value) in &spec {
        let _ = writeln!(text, "  {}: {value}", quoted(key));
    }
    text.push_str("  egress:\n");
    let mut is_written = false;
    for mut listener in listeners {
        if listener["port"].is_object() {
            let _ = writeln!(text, "  - {listener}");
            continue;
        }
        let rest = listener.as_object_mut().map(std::mem::take).unwrap_or_default();
        hosts(&mut text, &it.hosts, &rest);
        is_written = true;
    }
    if !is_written {
        hosts(&mut text, &it.hosts, &Map::new());
    }
    text
}

/// A policy as an object has it.
fn outbound_traffic_policy(policy: &OutboundTrafficPolicy) -> Value {
    let mut value = serde_json::json!({ "mode": policy.mode.as_str() });
    if let Some(proxy) = &policy.egress_proxy {
        let mut to = serde_json::json!({ "host": proxy.host, "port": { "number": proxy.port } });
        if !proxy.subset.is_empty() {
            to["subset"] = proxy.subset.as_str().into();
        }
        value["egressProxy"] = to;
    }
    value
}

/// The hosts of the listener without a port, which may say more.
fn hosts(text: &mut String, hosts: &[SuggestedHost], rest: &Map<String, Value>) {
    let width = hosts.iter().map(|host| quoted(&host.entry).len()).max().unwrap_or_default();
    text.push_str("  - hosts:\n");
    for host in hosts {
        let _ = writeln!(text, "    - {:width$}  # {}", quoted(&host.entry), why(host));
    }
    for (key, value) in rest.iter().filter(|(key, _)| *key != "hosts") {
        let _ = writeln!(text, "    {}: {value}", quoted(key));
    }
}

/// Why a host is there, and how sure that is.
fn why(host: &SuggestedHost) -> String {
    let seen = seen(&Evidence {
        calls: host.calls,
        last_seen: host.last_seen,
        workloads: host.workloads.clone(),
    });
    match host.reason {
        Reason::Called => {
            let confidence = format!("{:?}", host.confidence).to_lowercase();
            format!("{seen}; confidence {confidence}")
        }
        Reason::ControlPlane => "kept by rule: the control plane's namespace".to_owned(),
        Reason::ExtensionProvider => "kept by rule: an extension provider".to_owned(),
        Reason::VirtualService => format!("kept by rule: a VirtualService there; {seen}"),
        Reason::KnownAddress => format!("kept by rule: passed through to a known address; {seen}"),
        Reason::OutOfScope => format!("kept by rule: called, though out of scope; {seen}"),
        Reason::UnknownHost => format!("kept by rule: no object has this host; {seen}"),
        Reason::Existing => "was there".to_owned(),
    }
}

/// What was seen, in words.
pub(super) fn seen(evidence: &Evidence) -> String {
    /// The most workloads that are named.
    const NAMED: usize = 3;
    let calls = usize::try_from(evidence.calls).unwrap_or(usize::MAX);
    let mut text = count(calls, "call");
    if let Some(last) = evidence.last_seen {
        let _ = write!(text, ", last at {last}");
    }
    let names: Vec<&str> = evidence.workloads.iter().take(NAMED).map(String::as_str).collect();
    if !names.is_empty() {
        let _ = write!(text, ", by {}", comment(&names.join(", ")));
    }
    if let Some(more) = evidence.workloads.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// Calls as comments.
fn list(text: &mut String, title: &str, calls: &[Checked]) {
    if calls.is_empty() {
        return;
    }
    let _ = writeln!(text, "# {title}:");
    for it in calls.iter().take(LISTED) {
        let observed = &it.observed;
        let name = observed.host.as_deref().or(observed.authority.as_deref());
        let at = observed.destination.map(|at| at.to_string());
        let name = name.or(observed.server_name.as_deref()).or(at.as_deref()).unwrap_or("?");
        let calls = count(usize::try_from(it.count).unwrap_or(usize::MAX), "call");
        let after = it.after.as_deref().unwrap_or("nothing can be said");
        let _ =
            writeln!(text, "# - {}: {}, {}: {after}", comment(name), calls, it.verdict.as_str());
    }
    if let Some(more) = calls.len().checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = writeln!(text, "# - and {more} more");
    }
}

/// A text that stays in its comment.
fn comment(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
