//! Listeners with a port of their own that take more, or make something else, than it seems.

use std::collections::HashSet;

use mesh::lint::Finding;
use mesh::network::Protocol;

use super::{code, finding};
use crate::object::{ListenerPort, Sidecar};
use crate::scope::{Imported, Scope, ScopeListener};

/// Looks at the listeners of a Sidecar, with what they import in a namespace.
pub(super) fn check(sidecar: &Sidecar, scope: &Scope, found: &mut Vec<Finding>) {
    for (index, listener) in scope.listeners.iter().enumerate() {
        let Some(port) = shared_port(listener) else { continue };
        found.extend(other_protocol(sidecar, index, listener, port));
        if port.protocol.is_http() {
            found.extend(hidden(sidecar, index, port, scope));
        }
    }
}

/// The port of a listener that traffic is redirected to, if it has one.
fn shared_port(listener: &ScopeListener) -> Option<ListenerPort> {
    let declared = &listener.declared;
    let port = declared.port.filter(|port| port.number != 0)?;
    let is_captured = declared.bind.is_empty() && !declared.captures_nothing;
    (is_captured && port.protocol != Protocol::HttpProxy).then_some(port)
}

/// Whether the port of a service carries HTTP as far as it says so; `None` where it does not say.
fn is_http(imported: &Imported, number: u16) -> Option<bool> {
    let protocol = imported.service.port(number)?.protocol;
    (!matches!(protocol, Protocol::Auto | Protocol::Udp)).then_some(protocol.is_http())
}

/// The protocol of the listener counts in place of that of the services.
fn other_protocol(
    sidecar: &Sidecar,
    index: usize,
    listener: &ScopeListener,
    port: ListenerPort,
) -> Option<Finding> {
    if port.protocol == Protocol::Auto {
        return None;
    }
    let http = port.protocol.is_http();
    let other = |it: &&Imported| is_http(it, port.number) == Some(!http);
    let host = &listener.services.iter().find(other)?.service.host;
    let message = match http {
        true => format!(
            "port {} of `{host}` is not of HTTP, and the listener takes all of the port for HTTP: there is \
             no route to it",
            port.number
        ),
        false => format!(
            "port {} of `{host}` is of HTTP, and the listener takes it for TCP: no routes, no retries, no \
             requests in the access log",
            port.number
        ),
    };
    let field = format!("spec.egress[{index}].port.protocol");
    let finding = finding(&code::OTHER_PROTOCOL, sidecar, field, message);
    Some(finding.instead((!http).then(|| "protocol: HTTP".to_owned())))
}

/// A service of the same port that a listener without a port imports, too: the routes of the port are
/// those of this listener only.
fn hidden(sidecar: &Sidecar, index: usize, port: ListenerPort, scope: &Scope) -> Option<Finding> {
    let listener = scope.listeners.get(index)?;
    let routed: HashSet<&str> =
        listener.services.iter().map(|it| it.service.host.as_str()).collect();
    let others = scope.listeners.iter().filter(|other| other.declared.port.is_none());
    let is_hidden = |it: &&Imported| {
        is_http(it, port.number) == Some(true) && !routed.contains(it.service.host.as_str())
    };
    let hidden: Vec<_> = others.flat_map(|other| &other.services).filter(is_hidden).collect();
    let first = hidden.first()?;
    let more = match hidden.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "`{}`{more} is imported without a port, and gets no route on port {}: the listener of the port is \
         this one, and requests to what it does not import pass through or are blocked",
        first.service.host, port.number
    );
    let instead = format!("{}/{} here too", first.service.namespace, first.service.host);
    let field = format!("spec.egress[{index}].hosts");
    Some(finding(&code::HIDDEN_BY_PORT, sidecar, field, message).instead(Some(instead)))
}
