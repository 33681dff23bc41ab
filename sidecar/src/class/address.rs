//! Addresses of records and of pods.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses of one pod: an IPv4 one, an IPv6 one, or both.
///
/// ```
/// use sidecar::PodAddress;
///
/// let pod = PodAddress::from_iter(["10.244.1.5".parse()?, "fd00::5".parse()?]);
/// assert!(pod.contains("::ffff:10.244.1.5".parse()?));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PodAddress {
    v4: Option<Ipv4Addr>,
    v6: Option<Ipv6Addr>,
}

impl PodAddress {
    /// Whether this is an address of the pod; IPv4 addresses may be mapped into IPv6.
    pub fn contains(&self, ip: IpAddr) -> bool {
        match ip.to_canonical() {
            IpAddr::V4(ip) => self.v4 == Some(ip),
            IpAddr::V6(ip) => self.v6 == Some(ip),
        }
    }
}

impl From<IpAddr> for PodAddress {
    fn from(ip: IpAddr) -> Self {
        Self::from_iter([ip])
    }
}

/// The first address of each family, as in the `podIPs` of a pod's status.
impl FromIterator<IpAddr> for PodAddress {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        let mut pod = Self::default();
        for address in addresses {
            match address.to_canonical() {
                IpAddr::V4(ip) => pod.v4 = pod.v4.or(Some(ip)),
                IpAddr::V6(ip) => pod.v6 = pod.v6.or(Some(ip)),
            }
        }
        pod
    }
}

/// An address with a port, as Envoy prints it; `None` for sockets and internal listeners.
///
/// Envoy prints port 0 with an address that it took from a header, which any client may set: such
/// an address says nothing of the connection, and is `None` as well.
pub(super) fn parse(text: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let address: SocketAddr = text.strip_prefix("tcp://").unwrap_or(text).parse().ok()?;
    let ip = address.ip().to_canonical();
    (address.port() != 0).then(|| SocketAddr::new(ip, address.port()))
}

/// Whether this is the address that sidecars bind to when they call their own workload:
/// `127.0.0.6` or `::6`.
pub(super) fn is_inbound_source(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip == Ipv4Addr::new(127, 0, 0, 6),
        IpAddr::V6(ip) => ip == Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let cases = [
            ("10.0.0.1:80", Some("10.0.0.1:80")),
            ("tcp://10.0.0.1:80", Some("10.0.0.1:80")),
            ("[fd00::1]:443", Some("[fd00::1]:443")),
            ("[::ffff:10.0.0.1]:80", Some("10.0.0.1:80")),
            ("10.0.0.1:0", None),
            ("10.0.0.1", None),
            ("/run/socket", None),
            ("envoy://internal/1", None),
            ("10.0.0.1:99999", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(parse(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(parse(b"\xff\xfe:80"), None);
    }

    #[test]
    fn a_pod_has_an_address_of_each_family() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let pod = PodAddress::from_iter([ip("10.0.0.1"), ip("fd00::1"), ip("10.0.0.2")]);
        assert!(pod.contains(ip("10.0.0.1")) && pod.contains(ip("fd00::1")));
        assert!(!pod.contains(ip("10.0.0.2")));
        assert!(PodAddress::from(ip("::ffff:10.0.0.1")).contains(ip("10.0.0.1")));
        assert!(!PodAddress::default().contains(ip("0.0.0.0")));
    }
}
