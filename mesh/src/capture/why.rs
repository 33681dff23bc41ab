//! Why a rule is there, in words.

use std::fmt;

/// Why Istio sets a rule, and so why a flow goes where the rule sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// `excludeInterfaces`.
    ExcludedInterface,
    /// Interfaces of virtual machines: all that the ranges do not hold.
    VirtualInterface,
    /// Interfaces of virtual machines: what comes in there counts as outbound.
    Rerouted,
    /// The tunnel of ambient mode.
    TunnelPort,
    /// `excludeInboundPorts`, and the ports of the proxy.
    ExcludedInboundPort(u16),
    /// `includeInboundPorts` names the port.
    IncludedInboundPort,
    /// `includeInboundPorts` is `*`.
    AllInbound,
    /// Under `TPROXY`: what the proxy sends to the application.
    ProxyToApplication,
    /// `excludeOutboundPorts`.
    ExcludedOutboundPort,
    /// What the inbound listener passes through to the application.
    InboundPassthrough,
    /// The proxy calls its own pod.
    ProxyToItself,
    /// The application calls its own pod.
    OwnPod,
    /// The proxy's user or group.
    Proxy,
    /// `ISTIO_OUTBOUND_OWNER_GROUPS` or `ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE`.
    OwnerGroup,
    /// DNS is captured.
    Dns,
    /// `localhost`.
    Localhost,
    /// `excludeOutboundIPRanges`.
    ExcludedRange,
    /// `includeOutboundPorts`.
    IncludedOutboundPort,
    /// `includeOutboundIPRanges` names the range.
    IncludedRange,
    /// `includeOutboundIPRanges` is `*`.
    AllOutbound,
    /// It brings a flow to other rules.
    Way,
}

impl fmt::Display for Why {
    /// The reason, as the end of a sentence about a flow.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExcludedInterface => "`excludeInterfaces` names its interface",
            Self::VirtualInterface => {
                "its interface is one of a virtual machine, and `includeOutboundIPRanges` does not \
                 hold its destination"
            }
            Self::Rerouted => {
                "its interface is one of a virtual machine, whose calls count as outbound"
            }
            Self::TunnelPort => "port 15008 is that of tunnels, where Envoy listens itself",
            Self::ExcludedInboundPort(15020) => "port 15020 is the agent's, for status and metrics",
            Self::ExcludedInboundPort(15021) => "port 15021 is the proxy's, for health checks",
            Self::ExcludedInboundPort(15090) => "port 15090 is Envoy's, for metrics",
            Self::ExcludedInboundPort(_) => {
                "`excludeInboundPorts` names the port, or it is the status port"
            }
            Self::IncludedInboundPort => "`includeInboundPorts` names the port",
            Self::AllInbound => "all inbound ports are captured that nothing excludes",
            Self::ProxyToApplication => "it is a packet from the proxy to the application",
            Self::ExcludedOutboundPort => "`excludeOutboundPorts` names the port",
            Self::InboundPassthrough => "it comes from 127.0.0.6, the proxy's inbound side",
            Self::ProxyToItself => "the proxy calls its own pod, which is an inbound call",
            Self::OwnPod => "the application calls its own pod, by localhost or the pod's address",
            Self::Proxy => "the process runs as the proxy's user or group",
            Self::OwnerGroup => "the process runs as a group whose calls are not captured",
            Self::Dns => "the agent answers DNS, and logs nothing",
            Self::Localhost => "its destination is localhost",
            Self::ExcludedRange => "`excludeOutboundIPRanges` holds its destination",
            Self::IncludedOutboundPort => "`includeOutboundPorts` names the port",
            Self::IncludedRange => "`includeOutboundIPRanges` holds its destination",
            Self::AllOutbound => "all outbound TCP is captured that nothing excludes",
            Self::Way => "a rule sends it on",
        })
    }
}
