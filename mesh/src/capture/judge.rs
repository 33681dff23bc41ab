//! Where the rules send a flow: they are walked as the kernel walks them.

use std::net::{IpAddr, SocketAddr};

use super::Rules;
use super::build::dns::DNS_PORT;
use super::rule::{Packet, Protocol, Rule, Table, Target};

/// A flow: the first packet of a TCP connection, or a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow<'f> {
    /// Who calls.
    pub side: Side,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Where to: the address and port that the caller gives.
    pub destination: SocketAddr,
    /// The interface of the pod, but for what stays on `lo`.
    pub interface: &'f str,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A process in the pod, by its user and group.
    Outbound {
        /// The user's number.
        user: u32,
        /// The group's number.
        group: u32,
    },
    /// Another pod, or another host.
    Inbound,
}

/// Where a flow goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// To Envoy's outbound listener.
    EnvoyOutbound,
    /// To Envoy's inbound listener.
    EnvoyInbound,
    /// To the agent, which answers DNS; no Envoy sees it.
    Agent,
    /// Where it was sent.
    Destination,
}

/// What becomes of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement<'r> {
    /// Where it goes.
    pub to: To,
    /// The rule that says so; `None` where no rule is about the flow.
    pub rule: Option<&'r Rule>,
    /// Why, as the end of a sentence about the flow.
    pub because: String,
}

/// How a walk through a chain ends.
enum End<'r> {
    /// The chain has no more rules.
    Through,
    /// A rule sends the packet back to the chain before.
    Returned(&'r Rule),
    /// A rule redirects the packet to a port.
    Redirected(u16, &'r Rule),
    /// A rule lets the packet through the whole table, or drops it.
    Done(&'r Rule),
}

impl To {
    /// Whether Envoy sees the flow.
    pub fn is_envoy(self) -> bool {
        matches!(self, Self::EnvoyOutbound | Self::EnvoyInbound)
    }

    /// The place as it is printed: `envoy_outbound`, `envoy_inbound`, `agent` or `destination`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvoyOutbound => "envoy_outbound",
            Self::EnvoyInbound => "envoy_inbound",
            Self::Agent => "agent",
            Self::Destination => "destination",
        }
    }
}

impl Rule {
    /// The chain of Istio's that the rule jumps to.
    pub(super) fn jump(&self) -> Option<&'static str> {
        match self.target {
            Target::Jump(chain) => Some(chain),
            _ => None,
        }
    }
}

impl Rules {
    /// Where the rules send a flow.
    pub fn judge(&self, flow: &Flow<'_>) -> Judgement<'_> {
        let rules = match flow.destination.ip() {
            IpAddr::V4(_) => &self.ipv4,
            IpAddr::V6(_) => match &self.ipv6 {
                Some(rules) => rules,
                None => return no_rules(),
            },
        };
        let mut packet = self.packet(flow);
        let mut said = None;
        for &(table, chain) in way(&packet) {
            if chain == "PREROUTING" && packet.outgoing.is_some() {
                // On `lo`, what goes out comes in at once.
                packet.incoming = packet.outgoing.take();
                packet.owner = None;
            }
            match walk(rules, table, chain, &mut packet) {
                End::Redirected(port, rule) => {
                    return Judgement {
                        to: self.to(port),
                        rule: Some(rule),
                        because: rule.why.to_string(),
                    };
                }
                // Marks are no answer, where what they are for was not reached.
                End::Returned(rule) | End::Done(rule) if table == Table::Nat => said = Some(rule),
                End::Returned(rule) | End::Done(rule) => {
                    if flow.side == Side::Inbound || said.is_none() && is_named(rule) {
                        said = Some(rule);
                    }
                }
                End::Through => {}
            }
        }
        Judgement {
            to: To::Destination,
            rule: said,
            because: said.map_or_else(|| self.nothing(flow), |rule| rule.why.to_string()),
        }
    }

    fn packet<'f>(&self, flow: &Flow<'f>) -> Packet<'f> {
        let ip = flow.destination.ip();
        let stays = ip.is_loopback() || self.ips.contains(&ip);
        let (incoming, outgoing, owner) = match flow.side {
            Side::Inbound => (Some(flow.interface), None, None),
            Side::Outbound { user, group } => {
                (None, Some(if stays { "lo" } else { flow.interface }), Some((user, group)))
            }
        };
        Packet {
            source: None,
            destination: ip,
            port: flow.destination.port(),
            protocol: flow.protocol,
            incoming,
            outgoing,
            owner,
            mark: 0,
        }
    }

    fn to(&self, port: u16) -> To {
        if port == self.outbound_port {
            To::EnvoyOutbound
        } else if port == self.inbound_port {
            To::EnvoyInbound
        } else if port == DNS_PORT {
            To::Agent
        } else {
            To::Destination
        }
    }

    /// Why a flow goes its way that no rule is about.
    fn nothing(&self, flow: &Flow<'_>) -> String {
        if flow.protocol == Protocol::Udp {
            return "only TCP is redirected to Envoy".to_owned();
        }
        match flow.side {
            Side::Inbound => "`includeInboundPorts` does not name its port".to_owned(),
            Side::Outbound { .. } => "neither `includeOutboundIPRanges` nor \
                                      `includeOutboundPorts` names its destination"
                .to_owned(),
        }
    }
}

/// The chains that a packet passes, in the kernel's order. What goes out on `lo` comes in again,
/// but its address was translated for good on the way out.
fn way(packet: &Packet<'_>) -> &'static [(Table, &'static str)] {
    match packet.outgoing {
        None => &[(Table::Mangle, "PREROUTING"), (Table::Nat, "PREROUTING")],
        Some("lo") => {
            &[(Table::Mangle, "OUTPUT"), (Table::Nat, "OUTPUT"), (Table::Mangle, "PREROUTING")]
        }
        Some(_) => &[(Table::Mangle, "OUTPUT"), (Table::Nat, "OUTPUT")],
    }
}

fn no_rules() -> Judgement<'static> {
    Judgement {
        to: To::Destination,
        rule: None,
        because: "the pod's first address is of IPv4, so no rules are set for IPv6".to_owned(),
    }
}

/// Whether a rule tells a user more than that a packet goes on.
fn is_named(rule: &Rule) -> bool {
    rule.why != super::Why::Way && rule.why != super::Why::ProxyToApplication
}

/// Walks a chain. Chains jump only to chains that jump no further, or to two more at most.
fn walk<'r>(
    rules: &'r [Rule],
    table: Table,
    chain: &'static str,
    packet: &mut Packet<'_>,
) -> End<'r> {
    let mut returned = None;
    for rule in rules.iter().filter(|it| it.table == table && it.chain == chain) {
        if !rule.matches(packet) {
            continue;
        }
        match rule.target {
            Target::Return if chain.starts_with("ISTIO_") => return End::Returned(rule),
            Target::Return | Target::Accept | Target::Drop => return End::Done(rule),
            Target::Redirect(port) | Target::TransparentProxy(port) => {
                return End::Redirected(port, rule);
            }
            Target::SetMark(mark) => packet.mark = mark,
            Target::SaveMark | Target::RestoreMark | Target::Zone(_) => {}
            Target::Jump(next) => match walk(rules, table, next, packet) {
                // The rule that chose the redirection says more than the one that does it.
                End::Redirected(port, by) => {
                    let by = if by.why == super::Why::Way { rule } else { by };
                    return End::Redirected(port, by);
                }
                End::Done(by) => return End::Done(by),
                End::Returned(by) => returned = Some(by),
                End::Through => {}
            },
        }
    }
    returned.map_or(End::Through, End::Returned)
}
