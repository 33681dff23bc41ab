//! The names by which requests ask for a service.
//!
//! Follows `generateVirtualHostDomains` of `pilot/pkg/networking/core/httproute.go` at istio/istio
//! 86c9f01f.

use crate::registry::{Provider, Resolution};
use crate::scope::Imported;

/// The names of a service for a proxy of `namespace`, `*.NAME` among them. They have no port: routes
/// do not look at that of a request.
pub(super) fn of_service(
    it: &Imported,
    addresses: &[String],
    namespace: &str,
    domain: &str,
) -> Vec<String> {
    let service = &it.service;
    let mut names = Vec::new();
    let hosts = std::iter::once(&service.host).chain(it.aliases.iter().map(|alias| &alias.host));
    for host in hosts {
        let host = host.to_ascii_lowercase();
        names.extend(short_names(&host, namespace, domain));
        if host.parse::<std::net::IpAddr>().is_err() {
            names.push(format!("{host}."));
        }
        names.push(host);
    }
    let is_headless = service.resolution == Resolution::Passthrough;
    if is_headless && service.provider == Provider::Kubernetes {
        let below: Vec<String> = names.iter().map(|name| format!("*.{name}")).collect();
        names.extend(below);
    }
    names.extend(addresses.iter().cloned());
    names
}

/// The shorter names of a Kubernetes host: with its namespace, and without it in its own.
fn short_names(host: &str, namespace: &str, domain: &str) -> Vec<String> {
    let suffix = format!(".svc.{domain}");
    let Some(short) = host.strip_suffix(&suffix) else { return Vec::new() };
    let mut names = vec![format!("{short}.svc"), short.to_owned()];
    if let Some((name, own)) = short.rsplit_once('.')
        && own == namespace
    {
        names.push(name.to_owned());
    }
    names
}

/// The host of an authority: without its port, in lower case.
pub(crate) fn host_of(authority: &str) -> String {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            // A colon in an IPv6 address without brackets is no port's.
            if host.contains(':') && !host.ends_with(']') { authority } else { host }
        }
        _ => authority,
    };
    host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_authorities() {
        for (authority, host) in [
            ("reviews:9080", "reviews"),
            ("Reviews.bookinfo", "reviews.bookinfo"),
            ("reviews.", "reviews."),
            ("10.0.0.1:80", "10.0.0.1"),
            ("[fd00::1]:80", "fd00::1"),
            ("fd00::1", "fd00::1"),
            ("", ""),
            (":", ""),
        ] {
            assert_eq!(host_of(authority), host, "{authority}");
        }
    }

    #[test]
    fn short_names_of_hosts() {
        let names = |host, namespace| short_names(host, namespace, "cluster.local");
        let host = "reviews.bookinfo.svc.cluster.local";
        assert_eq!(names(host, "default"), ["reviews.bookinfo.svc", "reviews.bookinfo"]);
        assert_eq!(
            names(host, "bookinfo"),
            ["reviews.bookinfo.svc", "reviews.bookinfo", "reviews"]
        );
        assert!(names("example.com", "bookinfo").is_empty());
    }
}
