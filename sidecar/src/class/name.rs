//! The names that Istio gives to clusters and to the server names of mTLS.

/// Which way traffic goes through a sidecar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Into the workload.
    Inbound,
    /// Out of the workload.
    Outbound,
}

/// The name of a cluster that stands for a port of a service: `outbound|9080|v1|reviews.bookinfo`.
///
/// Follows `BuildSubsetKey` of Istio's `pilot/pkg/model/push_context.go`. Clusters of the proxy
/// itself, such as `PassthroughCluster`, have no such name.
///
/// ```
/// use sidecar::{ClusterName, Direction};
///
/// let name = ClusterName::parse("outbound|9080|v1|reviews.bookinfo.svc.cluster.local").unwrap();
/// assert_eq!(name.direction, Direction::Outbound);
/// assert_eq!((name.port, name.subset), (9080, "v1"));
/// assert_eq!(name.host, "reviews.bookinfo.svc.cluster.local");
/// assert_eq!(name.namespace(), Some("bookinfo"));
/// // `%UPSTREAM_CLUSTER%` prints the name for statistics, which ends in a semicolon.
/// assert_eq!(ClusterName::parse("inbound|9080||;"), ClusterName::parse("inbound|9080||"));
/// assert_eq!(ClusterName::parse("PassthroughCluster"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClusterName<'a> {
    /// `outbound` or `inbound`.
    pub direction: Direction,
    /// Outbound, the port of the service; inbound, that of the workload (before Istio 1.8 that of
    /// the service).
    pub port: u16,
    /// The subset of the DestinationRule; empty when there is none. Before Istio 1.8 the port's
    /// name when the cluster is inbound.
    pub subset: &'a str,
    /// The host of the service, which may start with `*.`; empty when the cluster is inbound.
    pub host: &'a str,
}

impl<'a> ClusterName<'a> {
    /// Reads a name, as `%UPSTREAM_CLUSTER_RAW%` or `%UPSTREAM_CLUSTER%` prints it.
    ///
    /// `None` when it is not of this form, which is so for the proxy's own clusters and for names
    /// under `outboundClusterStatName` and `inboundClusterStatName` of the mesh configuration.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.strip_suffix(';').unwrap_or(text);
        let mut parts = text.split('|');
        let direction = match parts.next()? {
            "outbound" => Direction::Outbound,
            "inbound" => Direction::Inbound,
            _ => return None,
        };
        let port = port(parts.next()?)?;
        let (subset, host) = (parts.next()?, parts.next()?);
        let is_complete =
            parts.next().is_none() && (direction == Direction::Inbound || !host.is_empty());
        is_complete.then_some(Self { direction, port, subset, host })
    }

    /// The namespace of a Kubernetes service; see [`namespace_of`].
    pub fn namespace(&self) -> Option<&'a str> {
        namespace_of(self.host)
    }
}

/// The server name that sidecars ask each other for: `outbound_.9080_.v1_.reviews.bookinfo`.
///
/// Follows `BuildDNSSrvSubsetKey` of Istio's `pilot/pkg/model/push_context.go`. It tells the server
/// which service its client meant.
///
/// ```
/// use sidecar::MeshServerName;
///
/// let name = MeshServerName::parse("outbound_.9080_._.reviews.bookinfo.svc.cluster.local").unwrap();
/// assert_eq!((name.port, name.subset), (9080, ""));
/// assert_eq!(name.host, "reviews.bookinfo.svc.cluster.local");
/// assert_eq!(MeshServerName::parse("www.wikipedia.org"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MeshServerName<'a> {
    /// The port of the service.
    pub port: u16,
    /// The subset of the DestinationRule; empty when there is none.
    pub subset: &'a str,
    /// The host of the service.
    pub host: &'a str,
}

impl<'a> MeshServerName<'a> {
    /// Reads a server name; `None` when no sidecar would ask for it.
    pub fn parse(text: &'a str) -> Option<Self> {
        // A host may hold `_.` itself, so it is all that is left.
        let (number, rest) = text.strip_prefix("outbound_.")?.split_once("_.")?;
        let (subset, host) = rest.split_once("_.")?;
        Some(Self { port: port(number)?, subset, host }).filter(|name| !name.host.is_empty())
    }

    /// The namespace of a Kubernetes service; see [`namespace_of`].
    pub fn namespace(&self) -> Option<&'a str> {
        namespace_of(self.host)
    }
}

/// The namespace of a Kubernetes service by its host, `NAME.NAMESPACE.svc.DOMAIN`.
///
/// `None` for every other host: which namespace its ServiceEntry is in, its name does not say.
///
/// ```
/// use sidecar::namespace_of;
///
/// assert_eq!(namespace_of("reviews.bookinfo.svc.cluster.local"), Some("bookinfo"));
/// assert_eq!(namespace_of("www.wikipedia.org"), None);
/// assert_eq!(namespace_of("*.bookinfo.svc.cluster.local"), None);
/// ```
pub fn namespace_of(host: &str) -> Option<&str> {
    let mut labels = host.splitn(4, '.');
    let (name, namespace) = (labels.next()?, labels.next()?);
    let is_service = labels.next()? == "svc" && !labels.next()?.is_empty();
    (is_service && !matches!(name, "" | "*") && !namespace.is_empty()).then_some(namespace)
}

/// A port in digits only: `u16::from_str` takes `+80` as well.
fn port(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_names() {
        let host = "reviews.bookinfo.svc.cluster.local";
        let (outbound, inbound) = (Direction::Outbound, Direction::Inbound);
        let service = |port, subset| Some((outbound, port, subset, host));
        let cases = [
            ("outbound|9080||reviews.bookinfo.svc.cluster.local", service(9080, "")),
            ("outbound|9080||reviews.bookinfo.svc.cluster.local;", service(9080, "")),
            ("outbound|80|v-1|reviews.bookinfo.svc.cluster.local", service(80, "v-1")),
            ("outbound|443||*.wikipedia.org", Some((outbound, 443, "", "*.wikipedia.org"))),
            ("inbound|9080||", Some((inbound, 9080, "", ""))),
            ("inbound|9080||;", Some((inbound, 9080, "", ""))),
            (
                "inbound|9080|http|reviews.bookinfo.svc.cluster.local",
                Some((inbound, 9080, "http", host)),
            ),
            ("outbound|9080||", None),
            ("outbound|9080|", None),
            ("outbound|http||a.b", None),
            ("outbound|+80||a.b", None),
            ("outbound|70000||a.b", None),
            ("outbound|80||a|b", None),
            ("inbound-vip|80|http|a.b", None),
            ("outbound_.80_._.a.b", None),
            ("PassthroughCluster", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = ClusterName::parse(text);
            let found = found.map(|name| (name.direction, name.port, name.subset, name.host));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn server_names_of_the_mesh() {
        let host = "reviews.bookinfo.svc.cluster.local";
        let cases = [
            ("outbound_.9080_._.reviews.bookinfo.svc.cluster.local", Some((9080, "", host))),
            ("outbound_.80_.v1_.reviews.bookinfo.svc.cluster.local", Some((80, "v1", host))),
            ("outbound_.80_._.odd_.name", Some((80, "", "odd_.name"))),
            ("outbound_.80_._.", None),
            ("outbound_.80_.v1", None),
            ("outbound_.http_._.a.b", None),
            ("inbound_.80_._.a.b", None),
            ("www.wikipedia.org", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let found = MeshServerName::parse(text);
            assert_eq!(found.map(|name| (name.port, name.subset, name.host)), expected, "{text}");
        }
    }

    #[test]
    fn namespaces() {
        let cases = [
            ("reviews.bookinfo.svc.cluster.local", Some("bookinfo")),
            ("reviews.bookinfo.svc.clusterset.local", Some("bookinfo")),
            ("reviews.bookinfo.svc.my.own.domain", Some("bookinfo")),
            ("db-0.db.bookinfo.svc.cluster.local", None),
            ("*.bookinfo.svc.cluster.local", None),
            ("reviews.bookinfo.svc", None),
            ("reviews.bookinfo.svc.", None),
            ("reviews.bookinfo", None),
            ("reviews..svc.cluster.local", None),
            (".bookinfo.svc.cluster.local", None),
            ("www.wikipedia.org", None),
            ("", None),
        ];
        for (host, expected) in cases {
            assert_eq!(namespace_of(host), expected, "{host}");
        }
    }
}
