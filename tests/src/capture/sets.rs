//! The annotations whose rules are tried, and the flows that are tried under each.

use std::net::SocketAddr;

use super::network::{POD, SECOND};

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A process in the pod.
    Pod {
        /// Its user.
        user: u32,
        /// Its group.
        group: u32,
    },
    /// A host outside of the pod.
    Outside,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// Who calls.
    pub caller: Caller,
    /// Whether it is a datagram, and no connection.
    pub udp: bool,
    /// Whom.
    pub destination: SocketAddr,
    /// The pod's interface on the way, unless it stays in the pod.
    pub interface: &'static str,
}

/// A pod's manifest below `metadata`, and a name for it.
#[derive(Debug, Clone, Copy)]
pub struct Set {
    /// What it shows.
    pub name: &'static str,
    /// The annotations, as a YAML mapping.
    pub annotations: &'static str,
    /// The init containers, as a YAML list.
    pub init: &'static str,
}

const CNI: &str = "[{name: istio-validation}]";

const fn annotated(name: &'static str, annotations: &'static str) -> Set {
    Set { name, annotations, init: CNI }
}

const fn init(name: &'static str, init: &'static str) -> Set {
    Set { name, annotations: "{}", init }
}

/// The sets.
pub const SETS: &[Set] = &[
    annotated("no annotations", "{}"),
    annotated("excludeOutboundPorts", "{traffic.sidecar.istio.io/excludeOutboundPorts: '3306,53'}"),
    annotated(
        "excludeOutboundIPRanges",
        "{traffic.sidecar.istio.io/excludeOutboundIPRanges: '10.1.0.0/16,203.0.113.9/24,::ffff:0:0/96,fd00::/8'}",
    ),
    annotated(
        "includeOutboundIPRanges",
        "{traffic.sidecar.istio.io/includeOutboundIPRanges: '10.96.0.0/12,fd00:1::7/32'}",
    ),
    annotated("no range", "{traffic.sidecar.istio.io/includeOutboundIPRanges: ''}"),
    annotated(
        "every range by its length",
        "{traffic.sidecar.istio.io/includeOutboundIPRanges: 0.0.0.0/0}",
    ),
    annotated(
        "ranges with localhost",
        "{traffic.sidecar.istio.io/includeOutboundIPRanges: '127.0.0.1/8,10.0.0.0/8'}",
    ),
    annotated(
        "ranges, ports and exclusions",
        "{traffic.sidecar.istio.io/includeOutboundIPRanges: 10.0.0.0/8, \
         traffic.sidecar.istio.io/excludeOutboundIPRanges: 10.1.0.0/16, \
         traffic.sidecar.istio.io/includeOutboundPorts: '443,3306', \
         traffic.sidecar.istio.io/excludeOutboundPorts: '3306'}",
    ),
    annotated("excludeInboundPorts", "{traffic.sidecar.istio.io/excludeInboundPorts: '8080,22'}"),
    annotated(
        "includeInboundPorts, which hides excludeInboundPorts",
        "{traffic.sidecar.istio.io/includeInboundPorts: '8080,15020', \
         traffic.sidecar.istio.io/excludeInboundPorts: '8080'}",
    ),
    annotated("no inbound port", "{traffic.sidecar.istio.io/includeInboundPorts: ''}"),
    annotated("excludeInterfaces", "{traffic.sidecar.istio.io/excludeInterfaces: net1}"),
    annotated(
        "excludeInterfaces by a beginning",
        "{traffic.sidecar.istio.io/excludeInterfaces: eth+}",
    ),
    annotated("kubevirtInterfaces", "{traffic.sidecar.istio.io/kubevirtInterfaces: net1}"),
    annotated(
        "reroute-virtual-interfaces with ranges",
        "{istio.io/reroute-virtual-interfaces: 'net1,net2', \
         traffic.sidecar.istio.io/includeOutboundIPRanges: 203.0.113.0/24}",
    ),
    annotated("TPROXY", "{sidecar.istio.io/interceptionMode: TPROXY}"),
    annotated(
        "TPROXY, ports and interfaces",
        "{sidecar.istio.io/interceptionMode: TPROXY, \
         traffic.sidecar.istio.io/includeInboundPorts: '8080', \
         traffic.sidecar.istio.io/excludeInterfaces: net1}",
    ),
    init(
        "the status port 0",
        "[{name: istio-init, args: [istio-iptables, -i, '*', -b, '*', -d, '15090,15021,16020']}]",
    ),
    init(
        "other users and groups",
        "[{name: istio-init, args: [istio-iptables, -u, '1000,2000', -g, '1337', -i, '*', -b, '*']}]",
    ),
    init(
        "DNS to the cluster's server",
        "[{name: istio-init, args: [istio-iptables, -i, '*', -b, '*'], \
         env: [{name: ISTIO_META_DNS_CAPTURE, value: 'true'}]}]",
    ),
    init(
        "all DNS",
        "[{name: istio-init, args: [istio-iptables, -i, '*', -b, '*'], \
         env: [{name: ISTIO_META_DNS_CAPTURE, value: 'true'}, {name: CAPTURE_ALL_DNS, value: 'true'}]}]",
    ),
    init(
        "all DNS but for an excluded port",
        "[{name: istio-init, args: [istio-iptables, -i, '*', -o, '53'], \
         env: [{name: ISTIO_META_DNS_CAPTURE, value: 'true'}, {name: CAPTURE_ALL_DNS, value: 'true'}]}]",
    ),
    init(
        "the calls of some groups",
        "[{name: istio-init, args: [istio-iptables, -i, '*'], \
         env: [{name: ISTIO_OUTBOUND_OWNER_GROUPS, value: '1000,1001'}]}]",
    ),
    init(
        "the calls of all but a group",
        "[{name: istio-init, args: [istio-iptables, -i, '*'], \
         env: [{name: ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE, value: '1000'}]}]",
    ),
    init(
        "another loopback range, and invalid packets dropped",
        "[{name: istio-init, args: [istio-iptables, -i, '*', -b, '*'], \
         env: [{name: ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR, value: 127.0.0.0/8}, \
         {name: INVALID_DROP, value: 'true'}]}]",
    ),
    init("an init container without arguments", "[{name: istio-init, args: [istio-iptables]}]"),
];

/// Users and groups of the processes that call: the application, the proxy, and either half.
const OWNERS: [(u32, u32); 4] = [(1000, 1000), (1337, 1337), (1000, 1337), (1337, 1000)];

/// Where the pod's processes connect to.
const CONNECTED: [&str; 13] = [
    "10.1.2.3:80",
    "10.1.2.3:22",
    "10.1.2.3:3306",
    "10.1.2.3:443",
    "10.96.0.10:80",
    "10.96.0.10:53",
    "203.0.113.9:443",
    "203.0.113.9:3306",
    "127.0.0.1:8080",
    "127.0.0.2:8080",
    "127.0.0.1:53",
    "10.244.1.5:8080",
    "10.244.1.5:15008",
];

/// Where the pod's processes send datagrams to.
const SENT: [&str; 6] = [
    "10.1.2.3:80",
    "10.1.2.3:3306",
    "10.96.0.10:53",
    "203.0.113.9:53",
    "127.0.0.1:53",
    "10.244.1.5:53",
];

/// The ports of the pod that are called.
const CALLED: [u16; 10] = [22, 80, 8080, 8081, 3306, 15008, 15020, 15021, 15090, 16020];

/// The flows.
pub fn flows() -> Vec<Flow> {
    let mut flows = Vec::new();
    for (user, group) in OWNERS {
        let caller = Caller::Pod { user, group };
        let mut add = |udp, destination: &str, interface| {
            let destination = destination.parse().unwrap();
            flows.push(Flow { caller, udp, destination, interface });
        };
        CONNECTED.iter().for_each(|to| add(false, to, "eth0"));
        SENT.iter().for_each(|to| add(true, to, "eth0"));
        add(false, "10.99.0.1:80", "net1");
        add(true, "10.99.0.1:53", "net1");
    }
    let caller = Caller::Outside;
    for port in CALLED {
        let destination = SocketAddr::new(POD.parse().unwrap(), port);
        flows.push(Flow { caller, udp: false, destination, interface: "eth0" });
    }
    for (udp, port) in [(false, 8080), (false, 8081), (true, 8080)] {
        let destination = SocketAddr::new(SECOND.parse().unwrap(), port);
        flows.push(Flow { caller, udp, destination, interface: "net1" });
    }
    for port in [8080, 53] {
        let destination = SocketAddr::new(POD.parse().unwrap(), port);
        flows.push(Flow { caller, udp: true, destination, interface: "eth0" });
    }
    flows
}
