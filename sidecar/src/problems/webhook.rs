//! What Istio's webhook refuses in a Sidecar, and what it warns of.
//!
//! Follows `ValidateSidecar` in `pkg/config/validation/validation.go` at istio/istio 86c9f01f. Values
//! of the wrong type are passed over: the schema refuses them.

use std::collections::{BTreeMap, BTreeSet};

use mesh::lint::SELECTOR_WITHOUT_LABELS;
use mesh::{clip, describe, network::Protocol};
use serde_json::Value;

use super::Found;
use super::names::{is_address, is_default_endpoint, is_label, is_name, is_socket, wrong_host};
use crate::lint::code;

/// What a Unix domain socket's address begins with.
const UNIX: &str = "unix://";

/// The longest value of a label, in bytes.
const LONGEST_VALUE: usize = 63;

/// Checks a Sidecar of a namespace.
pub(super) fn check(spec: &Value, namespace: &str, found: &mut Found) {
    selector(&spec["workloadSelector"], found);
    let is_there = |name: &str| match &spec[name] {
        Value::Array(items) => !items.is_empty(),
        value => !value.is_null(),
    };
    let fields = ["egress", "ingress", "outboundTrafficPolicy", "inboundConnectionPool"];
    if !fields.into_iter().any(is_there) && (spec.is_null() || spec.is_object()) {
        let expected = "expected one of `egress`, `ingress`, `outboundTrafficPolicy` and \
                        `inboundConnectionPool`, found none";
        found.error("spec", expected);
    }
    let mut ports = BTreeSet::new();
    for (value, path) in items(&spec["ingress"], "spec.ingress") {
        ingress(value, &path, &mut ports, found);
    }
    egress(&spec["egress"], namespace, found);
    policy(&spec["outboundTrafficPolicy"], found);
}

/// The items of a list with their paths; none of what is no list.
fn items<'v>(value: &'v Value, path: &str) -> impl Iterator<Item = (&'v Value, String)> {
    let items = value.as_array().into_iter().flatten().enumerate();
    items.map(move |(index, item)| (item, format!("{path}[{index}]")))
}

fn selector(selector: &Value, found: &mut Found) {
    let path = "spec.workloadSelector.labels";
    let labels = &selector["labels"];
    for (key, value) in labels.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if key.is_empty() || key.contains('*') || value.contains('*') {
            let label = clip(&format!("{key}={value}"));
            found.error(path, format!("expected keys, and no `*` in a label, found `{label}`"));
        }
        if value.len() > LONGEST_VALUE {
            found
                .error(path, format!("expected values of at most 63 bytes, found {}", value.len()));
        }
    }
    let is_empty = labels.is_null() || labels.as_object().is_some_and(serde_json::Map::is_empty);
    if selector.is_object() && is_empty {
        found.warning(
            &SELECTOR_WITHOUT_LABELS,
            path,
            "there are no labels: the Sidecar is for all pods of its namespace",
        );
    }
}

/// Checks what all ports of listeners have, and gives the number; `None` where it is wrong.
fn port(port: &Value, path: &str, found: &mut Found) -> Option<u16> {
    let text = |name: &str| port[name].as_str().filter(|text| !text.is_empty());
    if let Some(name) = text("name").filter(|name| !is_label(name)) {
        found.error(&format!("{path}.name"), format!("expected a name, found `{}`", clip(name)));
    }
    if let Some(name) = text("protocol").filter(|it| Protocol::parse(it) == Protocol::Auto) {
        let message =
            format!("expected a protocol such as `HTTP` or `TCP`, found `{}`", clip(name));
        found.error(&format!("{path}.protocol"), message);
    }
    if port["targetPort"].as_u64().is_some_and(|number| number > 0) {
        found.error(&format!("{path}.targetPort"), "expected none, as a Sidecar has no use for it");
    }
    let number = &port["number"];
    let of = number.as_i64().map_or_else(|| number.is_null().then_some(0), Some);
    match of.map(u16::try_from) {
        Some(Ok(number)) => Some(number),
        Some(Err(_)) => {
            let message = format!("expected a port from 1 to 65535, found {}", describe(number));
            found.error(&format!("{path}.number"), message);
            None
        }
        None => None,
    }
}

fn bound(bind: &Value, path: &str, found: &mut Found) {
    let bind = bind.as_str().unwrap_or_default();
    if !bind.is_empty() && !is_address(bind) {
        let message = format!("expected an IP address, found `{}`", clip(bind));
        found.error(&format!("{path}.bind"), message);
    }
}

fn ingress(value: &Value, path: &str, ports: &mut BTreeSet<u16>, found: &mut Found) {
    if !value["port"].is_object() {
        return;
    }
    let at = format!("{path}.port");
    match port(&value["port"], &at, found) {
        Some(0) => found.error(&format!("{at}.number"), "expected a port from 1 to 65535"),
        Some(number) if !ports.insert(number) => {
            let message = format!("expected a port of its own, found {number} again");
            found.error(&format!("{at}.number"), message);
        }
        _ => {}
    }
    bound(&value["bind"], path, found);
    let endpoint = value["defaultEndpoint"].as_str().unwrap_or_default();
    if !endpoint.is_empty() && !is_default_endpoint(endpoint) {
        let message = format!(
            "expected `127.0.0.1:PORT`, `0.0.0.0:PORT`, `[::1]:PORT`, `[::]:PORT` or \
             `unix:///PATH`, found `{}`",
            clip(endpoint)
        );
        found.error(&format!("{path}.defaultEndpoint"), message);
    }
    let protocol = Protocol::parse(value["port"]["protocol"].as_str().unwrap_or_default());
    tls(&value["tls"], protocol, &format!("{path}.tls"), found);
    if value["connectionPool"]["http"].is_object() && !protocol.is_http() {
        let path = format!("{path}.connectionPool.http");
        found.warning(
            &code::POOL_WITHOUT_HTTP,
            &path,
            "the port is not of HTTP: only `tcp` counts",
        );
    }
}

fn tls(tls: &Value, protocol: Protocol, path: &str, found: &mut Found) {
    if !tls.is_object() {
        return;
    }
    let unsupported = [
        "subjectAltNames",
        "httpsRedirect",
        "credentialName",
        "credentialNames",
        "tlsCertificates",
    ];
    for name in unsupported {
        let is_set = match &tls[name] {
            Value::Array(items) => !items.is_empty(),
            Value::String(text) => !text.is_empty(),
            value => *value == true,
        };
        if is_set {
            found.error(
                &format!("{path}.{name}"),
                "expected none, as a Sidecar does not support it",
            );
        }
    }
    if let Some(mode @ ("ISTIO_MUTUAL" | "AUTO_PASSTHROUGH")) = tls["mode"].as_str() {
        let message = format!("expected a mode that a Sidecar supports, found `{mode}`");
        found.error(&format!("{path}.mode"), message);
    }
    if !matches!(protocol, Protocol::Https | Protocol::Tls) {
        found.error(path, "expected none, as the port is not of HTTPS or TLS");
    }
}

fn egress(egress: &Value, namespace: &str, found: &mut Found) {
    let count = egress.as_array().map_or(0, Vec::len);
    let (mut ports, mut sockets) = (BTreeSet::new(), BTreeSet::new());
    for (index, (value, path)) in items(egress, "spec.egress").enumerate() {
        let at = format!("{path}.port");
        if value.is_object() && value["port"].is_null() && index + 1 < count {
            found.error(&at, "only the last listener, and no other, can be without a port");
        }
        if value["port"].is_object() {
            match port(&value["port"], &at, found) {
                Some(0) => socket(value, &path, &mut sockets, found),
                Some(number) => {
                    if !ports.insert(number) {
                        let message = format!("expected a port of its own, found {number} again");
                        found.error(&format!("{at}.number"), message);
                    }
                    bound(&value["bind"], &path, found);
                }
                None => {}
            }
        }
        hosts(&value["hosts"], &format!("{path}.hosts"), namespace, found);
    }
}

/// Checks a listener with port 0.
fn socket<'v>(value: &'v Value, path: &str, sockets: &mut BTreeSet<&'v str>, found: &mut Found) {
    let bind = value["bind"].as_str().unwrap_or_default();
    let at = format!("{path}.bind");
    if !bind.strip_prefix(UNIX).is_some_and(is_socket) {
        let message = format!("expected `unix:///PATH` for a port of 0, found `{}`", clip(bind));
        found.error(&at, message);
    } else if !sockets.insert(bind) {
        found.error(&at, format!("expected a socket of its own, found `{}` again", clip(bind)));
    }
    if value["captureMode"] == "IPTABLES" {
        let message = "expected `DEFAULT` or `NONE` for a socket, found `IPTABLES`";
        found.error(&format!("{path}.captureMode"), message);
    }
}

fn hosts(hosts: &Value, path: &str, namespace: &str, found: &mut Found) {
    if hosts.as_array().is_some_and(Vec::is_empty) {
        found.error(path, "expected a host at least, found none");
    }
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (value, path) in items(hosts, path) {
        let Some(entry) = value.as_str() else { continue };
        if let Some(expected) = wrong_host(entry) {
            found.error(&path, format!("expected {expected}, found `{}`", clip(entry)));
        }
        let Some((of, dns)) = entry.split_once('/').filter(|(of, _)| !of.starts_with('~')) else {
            continue;
        };
        let there = known.entry(if of == "." { namespace } else { of }).or_default();
        let again = match dns {
            "*" => !there.is_empty(),
            dns => there.contains(dns) || there.contains("*"),
        };
        if again {
            found.warning(
                &code::DUPLICATE_HOST,
                &path,
                format!("`{}` is there twice", clip(entry)),
            );
        }
        there.insert(dns);
    }
    if known.len() > 1 && known.get("*").is_some_and(|names| names.contains("*")) {
        found.warning(
            &code::HOSTS_BESIDE_ALL,
            path,
            "`*/*` imports everything: the other hosts add nothing",
        );
    }
}

fn policy(policy: &Value, found: &mut Found) {
    let proxy = &policy["egressProxy"];
    if !proxy.is_object() {
        return;
    }
    let path = "spec.outboundTrafficPolicy.egressProxy";
    if policy["mode"] != "ALLOW_ANY" {
        found.error(path, "expected none, as the `mode` is not `ALLOW_ANY`");
        return;
    }
    if let Some(host) = proxy["host"].as_str().filter(|host| !is_name(host)) {
        let message = format!("expected a DNS name, found `{}`", clip(host));
        found.error(&format!("{path}.host"), message);
    }
    if let Some(subset) = proxy["subset"].as_str().filter(|it| !it.is_empty() && !is_label(it)) {
        let message = format!("expected a subset's name, found `{}`", clip(subset));
        found.error(&format!("{path}.subset"), message);
    }
    let at = format!("{path}.port");
    match &proxy["port"] {
        Value::Null => found.error(&at, "is missing"),
        value => {
            if port(value, &at, found) == Some(0) {
                found.error(&format!("{at}.number"), "expected a port from 1 to 65535");
            }
        }
    }
}
