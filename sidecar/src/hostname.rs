//! Hostnames, and names with a `*` as their first label.
//!
//! Follows `pkg/config/host/name.go` at istio/istio 86c9f01f.

/// Whether a name begins with `*`.
pub(crate) fn is_wildcard(name: &str) -> bool {
    name.starts_with('*')
}

/// Whether `name` is covered by `of`: equal, or below its `*`. A wildcard is never covered by a name
/// without one.
pub(crate) fn is_covered(name: &str, of: &str) -> bool {
    match (name.strip_prefix('*'), of.strip_prefix('*')) {
        (None, None) => name == of,
        (None, Some(suffix)) => name.ends_with(suffix),
        (Some(_), None) => false,
        (Some(own), Some(suffix)) => own.len() >= suffix.len() && own.ends_with(suffix),
    }
}

/// Whether two names cover each other in either direction.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    is_covered(one, other) || is_covered(other, one)
}

/// A name as Istio takes one in a VirtualService or a DestinationRule: one without dots is a Service
/// in the object's own namespace.
pub(crate) fn fully_qualified(name: &str, namespace: &str, domain: &str) -> String {
    if name.is_empty() || name == "*" || name.contains(['.', ':']) {
        return name.to_owned();
    }
    kubernetes_host(name, namespace, domain)
}

/// The host of a Kubernetes Service.
pub(crate) fn kubernetes_host(name: &str, namespace: &str, domain: &str) -> String {
    format!("{name}.{namespace}.svc.{domain}")
}

/// The entry whose name covers `host` most closely: the very name, else the longest wildcard.
pub(crate) fn most_specific<'e, T>(
    host: &str,
    entries: impl IntoIterator<Item = (&'e str, T)>,
) -> Option<T> {
    let mut best: Option<(bool, usize, T)> = None;
    for (name, value) in entries {
        let rank = (name == host, name.len());
        let better = best.as_ref().is_none_or(|best| rank > (best.0, best.1));
        if is_covered(host, name) && better {
            best = Some((rank.0, rank.1, value));
        }
    }
    best.map(|best| best.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cover_names() {
        for (label, name, of, covered, overlapping) in [
            ("equal", "foo.com", "foo.com", true, true),
            ("other", "foo.com", "bar.com", false, false),
            ("below a wildcard", "a.foo.com", "*.foo.com", true, true),
            ("at any depth", "a.b.foo.com", "*.foo.com", true, true),
            ("not the name itself", "foo.com", "*.foo.com", false, false),
            ("everything", "foo.com", "*", true, true),
            ("a wildcard below another", "*.b.foo.com", "*.foo.com", true, true),
            ("a wildcard above another", "*.foo.com", "*.b.foo.com", false, true),
            ("a wildcard is not covered by a name", "*.foo.com", "a.foo.com", false, true),
            ("by case", "FOO.com", "foo.com", false, false),
            ("empty", "", "*.x", false, false),
        ] {
            assert_eq!(is_covered(name, of), covered, "{label}");
            assert_eq!(overlap(name, of), overlapping, "{label}");
        }
    }

    #[test]
    fn short_names_are_services_of_the_namespace() {
        for (name, full) in [
            ("reviews", "reviews.bookinfo.svc.cluster.local"),
            ("a.b", "a.b"),
            ("*", "*"),
            ("", ""),
            ("::1", "::1"),
        ] {
            assert_eq!(fully_qualified(name, "bookinfo", "cluster.local"), full);
        }
    }

    #[test]
    fn the_closest_name_wins() {
        let names = ["*", "*.com", "*.foo.com", "a.foo.com"];
        let entries = || names.into_iter().map(|name| (name, name));
        for (host, found) in [
            ("a.foo.com", "a.foo.com"),
            ("b.foo.com", "*.foo.com"),
            ("bar.com", "*.com"),
            ("bar.org", "*"),
        ] {
            assert_eq!(most_specific(host, entries()), Some(found), "{host}");
        }
        assert_eq!(most_specific("x", [("y", ())]), None);
    }
}
