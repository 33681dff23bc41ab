//! A rule of iptables, as far as Istio uses them: what it matches, and how it is printed.

use std::fmt;
use std::net::IpAddr;

use super::prefix::Prefix;
use super::why::Why;

/// All bits of the marks of packets and connections.
const WHOLE_MARKS: &str = "--nfmask 0xffffffff --ctmask 0xffffffff";

/// A rule of iptables.
///
/// It prints as `iptables-save` prints it, which `iptables-restore` reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The table that it stands in.
    pub table: Table,
    /// The chain that it stands in.
    pub chain: &'static str,
    /// Why Istio sets it.
    pub why: Why,
    pub(super) matches: Vec<Match>,
    pub(super) target: Target,
}

/// A table of iptables, in the order in which Istio's init container writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Marks packets, and redirects those of `TPROXY`.
    Mangle,
    /// Redirects connections.
    Nat,
    /// Puts DNS in conntrack zones.
    Raw,
}

/// The protocols that rules tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// One condition of a rule; a rule has them in the order in which `iptables-save` prints them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    Source(Prefix),
    Destination { not: bool, prefix: Prefix },
    In(String),
    Out(String),
    Protocol(Protocol),
    ToPort { not: bool, protocol: Protocol, port: u16 },
    FromPort(u16),
    ToPorts { not: bool, ports: [u16; 2] },
    User { not: bool, id: u32 },
    Group { not: bool, name: String },
    Mark { not: bool, mark: u32 },
    ConnectionMark(u32),
    State(&'static str),
}

/// What becomes of a packet that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Return,
    Accept,
    Drop,
    Jump(&'static str),
    Redirect(u16),
    TransparentProxy(u16),
    SetMark(u32),
    SaveMark,
    RestoreMark,
    Zone(u16),
}

/// A packet that begins a flow, on its way through the chains.
#[derive(Debug, Clone)]
pub(super) struct Packet<'f> {
    pub(super) source: Option<IpAddr>,
    pub(super) destination: IpAddr,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    /// The interface by which it comes in; `None` on its way out.
    pub(super) incoming: Option<&'f str>,
    /// The interface by which it goes out; `None` on its way in.
    pub(super) outgoing: Option<&'f str>,
    /// User and group of the process; `None` for what comes in.
    pub(super) owner: Option<(u32, u32)>,
    pub(super) mark: u32,
}

impl Rule {
    /// Whether the rule matches a packet.
    pub(super) fn matches(&self, packet: &Packet<'_>) -> bool {
        self.matches.iter().all(|it| it.holds(packet))
    }
}

impl Match {
    fn holds(&self, packet: &Packet<'_>) -> bool {
        match self {
            Self::Source(prefix) => packet.source.is_some_and(|ip| prefix.contains(ip)),
            Self::Destination { not, prefix } => *not != prefix.contains(packet.destination),
            Self::In(name) => packet.incoming.is_some_and(|it| is_interface(name, it)),
            Self::Out(name) => packet.outgoing.is_some_and(|it| is_interface(name, it)),
            Self::Protocol(protocol) => *protocol == packet.protocol,
            Self::ToPort { not, port, .. } => *not != (*port == packet.port),
            // A call never comes from the port of a server.
            Self::FromPort(_) => false,
            Self::ToPorts { not, ports } => *not != ports.contains(&packet.port),
            Self::User { not, id } => packet.owner.is_some_and(|(user, _)| *not != (user == *id)),
            Self::Group { not, name } => {
                packet.owner.is_some_and(|(_, group)| *not != (name.parse() == Ok::<u32, _>(group)))
            }
            Self::Mark { not, mark } => *not != (packet.mark == *mark),
            // The first packet of a flow has no mark of its connection, and no state but `NEW`.
            Self::ConnectionMark(_) | Self::State(_) => false,
        }
    }
}

/// Whether `found` is the interface `name`, or one of those that `name+` means.
fn is_interface(name: &str, found: &str) -> bool {
    match name.strip_suffix('+') {
        Some(start) => found.starts_with(start),
        None => found == name,
    }
}

impl Table {
    /// The table's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mangle => "mangle",
            Self::Nat => "nat",
            Self::Raw => "raw",
        }
    }
}

impl Protocol {
    /// The protocol's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-A {}", self.chain)?;
        self.matches.iter().try_for_each(|it| it.fmt(f))?;
        self.target.fmt(f)
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let no = |not: bool| if not { " !" } else { "" };
        match self {
            Self::Source(prefix) => write!(f, " -s {prefix}"),
            // Every address is in it, so iptables does not note it.
            Self::Destination { not: false, prefix } if prefix.is_all() => Ok(()),
            Self::Destination { not, prefix } => write!(f, "{} -d {prefix}", no(*not)),
            Self::In(name) => write!(f, " -i {name}"),
            Self::Out(name) => write!(f, " -o {name}"),
            Self::Protocol(protocol) => write!(f, " -p {}", protocol.as_str()),
            Self::ToPort { not, protocol, port } => {
                write!(f, " -m {}{} --dport {port}", protocol.as_str(), no(*not))
            }
            Self::FromPort(port) => write!(f, " -m udp --sport {port}"),
            Self::ToPorts { not, ports: [one, other] } => {
                write!(f, " -m multiport{} --dports {one},{other}", no(*not))
            }
            Self::User { not, id } => write!(f, " -m owner{} --uid-owner {id}", no(*not)),
            Self::Group { not, name } => write!(f, " -m owner{} --gid-owner {name}", no(*not)),
            Self::Mark { not, mark } => write!(f, " -m mark{} --mark {mark:#x}", no(*not)),
            Self::ConnectionMark(mark) => write!(f, " -m connmark --mark {mark:#x}"),
            Self::State(states) => write!(f, " -m conntrack --ctstate {states}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Return => f.write_str(" -j RETURN"),
            Self::Accept => f.write_str(" -j ACCEPT"),
            Self::Drop => f.write_str(" -j DROP"),
            Self::Jump(chain) => write!(f, " -j {chain}"),
            Self::Redirect(port) => write!(f, " -j REDIRECT --to-ports {port}"),
            Self::TransparentProxy(port) => {
                write!(f, " -j TPROXY --on-port {port} --tproxy-mark 0x539/0xffffffff")
            }
            Self::SetMark(mark) => write!(f, " -j MARK --set-xmark {mark:#x}/0xffffffff"),
            Self::SaveMark => write!(f, " -j CONNMARK --save-mark {WHOLE_MARKS}"),
            Self::RestoreMark => write!(f, " -j CONNMARK --restore-mark {WHOLE_MARKS}"),
            Self::Zone(zone) => write!(f, " -j CT --zone {zone}"),
        }
    }
}
