//! Why an entry of `hosts` matches nothing, and what was probably meant.

use std::sync::Arc;

use mesh::lint::Code;

use super::code;
use super::hosts::Check;
use crate::hostname::{is_covered, is_wildcard};
use crate::registry::Service;

/// The most services of a namespace that a name is compared with.
const COMPARED: usize = 1_000;

/// An entry, `NAMESPACE/NAME`, of a listener.
pub(super) struct Entry<'e> {
    pub(super) namespace: &'e str,
    pub(super) name: &'e str,
    /// The port that services have to have.
    pub(super) port: Option<u16>,
}

/// A code, a message, and what to write instead.
type Reason = (&'static Code, String, Option<String>);

/// Why an entry imports none of the services that it names, if there are any. `None` for an entry that
/// is good without matching anything: all of the own namespace, or of the control plane's.
pub(super) fn mismatch(
    check: &Check<'_>,
    entry: &Entry<'_>,
    matching: &[&Arc<Service>],
) -> Option<Reason> {
    if let Some(service) = matching.first() {
        return Some(not_imported(check, entry, service, matching.len()));
    }
    let is_everything = entry.name == "*";
    let is_control_plane = entry.namespace == check.view.root_namespace;
    if is_everything && (matches!(entry.namespace, "*" | ".") || is_control_plane) {
        return None;
    }
    let namespaces = &check.inventory.namespaces;
    if !matches!(entry.namespace, "*" | ".") && !namespaces.contains_key(entry.namespace) {
        let known = namespaces.keys().map(String::as_str);
        let meant = mesh::closest(entry.namespace, known);
        let instead = meant.map(|meant| format!("{meant}/{}", entry.name));
        let message =
            format!("there is no namespace `{}` in the manifests", mesh::clip(entry.namespace));
        return Some((&code::UNKNOWN_NAMESPACE, message, instead));
    }
    if is_everything {
        let message = format!("the namespace `{}` has no services", entry.namespace);
        return Some((&code::HOST_MATCHES_NOTHING, message, None));
    }
    Some(
        short(check, entry)
            .or_else(|| elsewhere(check, entry))
            .or_else(|| wildcard(check, entry))
            .unwrap_or_else(|| unknown(check, entry)),
    )
}

/// The services are there and are not imported.
fn not_imported(
    check: &Check<'_>,
    entry: &Entry<'_>,
    service: &Arc<Service>,
    number: usize,
) -> Reason {
    let more = match number {
        1 => String::new(),
        number => format!(" and {} more", number - 1),
    };
    let message = match (check.sees(service, entry.namespace), entry.port) {
        (true, Some(port)) => {
            let ports: Vec<String> = service.ports.iter().map(|it| it.number.to_string()).collect();
            format!(
                "nothing is imported, as the listener is of port {port}: `{}`{more} has {}",
                service.host,
                if ports.is_empty() { "none".to_owned() } else { ports.join(", ") }
            )
        }
        _ => {
            let export = check.view.registry.export_of(service).map(ToString::to_string);
            format!(
                "`{}`{more} is exported to `{}` only, and is not seen from the namespace `{}`",
                service.host,
                export.unwrap_or_default(),
                check.namespaces.first().copied().unwrap_or_default()
            )
        }
    };
    (&code::HOST_MATCHES_NOTHING, message, None)
}

/// A name that a client could use for a Service, but that is not its full one.
fn short(check: &Check<'_>, entry: &Entry<'_>) -> Option<Reason> {
    let name = entry.name.strip_suffix('.').unwrap_or(entry.name);
    let domain = &check.view.settings.domain;
    let stem = name.strip_suffix(".svc").unwrap_or(name);
    let full = match entry.name.ends_with('.') {
        true => name.to_owned(),
        false => format!("{stem}.svc.{domain}"),
    };
    let service = check.view.registry.by_host(&full).next()?;
    let message = format!(
        "names are compared as they are, and `{}` is not the full name of the Service, which is `{full}`",
        mesh::clip(entry.name)
    );
    Some((&code::SHORT_HOST, message, Some(format!("{}/{full}", service.namespace))))
}

/// Services of that name in another namespace.
fn elsewhere(check: &Check<'_>, entry: &Entry<'_>) -> Option<Reason> {
    let registry = &check.view.registry;
    let service = match is_wildcard(entry.name) {
        true => registry.services().iter().find(|it| is_covered(&it.host, entry.name))?,
        false => registry.by_host(entry.name).next()?,
    };
    let message = format!(
        "`{}` is in the namespace `{}`: what stands before the `/` is the namespace of the {}",
        service.host,
        service.namespace,
        service.provider.as_str()
    );
    let instead = format!("{}/{}", service.namespace, entry.name);
    Some((&code::HOST_MATCHES_NOTHING, message, Some(instead)))
}

/// A name below a wildcard that only the wildcard itself imports, or the name that a wildcard is below.
fn wildcard(check: &Check<'_>, entry: &Entry<'_>) -> Option<Reason> {
    let registry = &check.view.registry;
    if let Some(above) = entry.name.strip_prefix("*.") {
        let service = registry.by_host(above).next()?;
        let message = format!("`{}` is what is below `{above}`, not that itself", entry.name);
        let instead = format!("{}/{above}", service.namespace);
        return Some((&code::HOST_MATCHES_NOTHING, message, Some(instead)));
    }
    let covers = |it: &&Arc<Service>| is_wildcard(&it.host) && is_covered(entry.name, &it.host);
    let service = registry.services().iter().find(covers)?;
    let message = format!(
        "a name without `*` does not import the ServiceEntry of `{}`, which would cover it",
        service.host
    );
    let instead = format!("{}/{}", service.namespace, service.host);
    Some((&code::HOST_MATCHES_NOTHING, message, Some(instead)))
}

/// Nothing of the name is anywhere.
fn unknown(check: &Check<'_>, entry: &Entry<'_>) -> Reason {
    let services = check.view.registry.services();
    let is_near = |it: &&Arc<Service>| match entry.namespace {
        "*" => false,
        "." => check.namespaces.contains(&it.namespace.as_str()),
        namespace => it.namespace == namespace,
    };
    let by_case = services.iter().find(|it| it.host.eq_ignore_ascii_case(entry.name));
    let meant = by_case.or_else(|| {
        let near = services.iter().filter(is_near).take(COMPARED);
        let host = mesh::closest(entry.name, near.map(|it| it.host.as_str()))?;
        check.view.registry.by_host(host).next()
    });
    let instead = meant.map(|it| format!("{}/{}", it.namespace, it.host));
    let message = format!("there is no service `{}` in the manifests", mesh::clip(entry.name));
    (&code::HOST_MATCHES_NOTHING, message, instead)
}
