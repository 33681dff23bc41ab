//! The rules, in the order in which `istio-iptables` sets them.
//!
//! Follows `tools/istio-iptables/pkg/capture/run.go` at istio/istio 86c9f01f.

pub(super) mod dns;
mod transparent;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::CaptureError;
use super::prefix::Prefix;
use super::rule::{Match, Protocol, Rule, Table, Target};
use super::settings::Settings;
use super::why::Why;

/// The port of tunnels.
const TUNNEL_PORT: u16 = 15008;
/// The most rules that are made.
const MOST_RULES: usize = 65_536;

const INBOUND: &str = "ISTIO_INBOUND";
const OUTPUT: &str = "ISTIO_OUTPUT";
const REDIRECT: &str = "ISTIO_REDIRECT";
const IN_REDIRECT: &str = "ISTIO_IN_REDIRECT";
const TPROXY: &str = "ISTIO_TPROXY";
const DROP: &str = "ISTIO_DROP";

/// Conditions that come up often.
const TCP: Match = Match::Protocol(Protocol::Tcp);

/// The rules of one family of addresses.
pub(super) fn rules(settings: &Settings, ipv4: bool) -> Result<Vec<Rule>, CaptureError> {
    let ranges = settings.include_ranges.as_ref().map_or(1, Vec::len);
    let rerouted = settings.reroute_interfaces.len().saturating_mul(ranges + 1);
    if rerouted > MOST_RULES {
        let found = format!("{rerouted} rules");
        return Err(CaptureError::new("reroute-virtual-interfaces", "at most 65536 rules", &found));
    }
    let mut builder = Builder { settings, ipv4, front: Vec::new(), rules: Vec::new() };
    builder.build();
    // What was inserted in front stands there in reverse.
    let mut rules: Vec<Rule> = builder.front.into_iter().rev().collect();
    rules.extend(builder.rules);
    Ok(rules)
}

struct Builder<'s> {
    settings: &'s Settings,
    ipv4: bool,
    /// The rules inserted at the start of `PREROUTING`, in the order of insertion.
    front: Vec<Rule>,
    rules: Vec<Rule>,
}

impl Builder<'_> {
    fn build(&mut self) {
        self.excluded_interfaces();
        for name in &self.settings.reroute_interfaces {
            let matches = vec![Match::In(name.clone())];
            self.insert(matches, Target::Return, Why::VirtualInterface);
        }
        self.invalid();
        self.tunnel_and_redirects();
        self.inbound();
        self.outbound_before_owners();
        self.owners();
        self.groups();
        self.dns();
        self.outbound_after_owners();
        if self.settings.transparent {
            self.marks();
        }
    }

    fn rule(
        &mut self,
        table: Table,
        chain: &'static str,
        matches: Vec<Match>,
        target: Target,
        why: Why,
    ) {
        self.rules.push(Rule { table, chain, why, matches, target });
    }

    fn nat(&mut self, chain: &'static str, matches: Vec<Match>, target: Target, why: Why) {
        self.rule(Table::Nat, chain, matches, target, why);
    }

    fn mangle(&mut self, chain: &'static str, matches: Vec<Match>, target: Target, why: Why) {
        self.rule(Table::Mangle, chain, matches, target, why);
    }

    fn insert(&mut self, matches: Vec<Match>, target: Target, why: Why) {
        let (table, chain) = (Table::Nat, "PREROUTING");
        self.front.push(Rule { table, chain, why, matches, target });
    }

    /// The address that Envoy's inbound side calls the application from.
    fn passthrough(&self) -> Prefix {
        Prefix::of(if self.ipv4 {
            IpAddr::from(Ipv4Addr::new(127, 0, 0, 6))
        } else {
            IpAddr::from(Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6))
        })
    }

    fn loopback(&self) -> Prefix {
        if self.ipv4 { self.settings.loopback } else { Prefix::of(Ipv6Addr::LOCALHOST.into()) }
    }

    fn not_loopback(&self) -> Match {
        Match::Destination { not: true, prefix: self.loopback() }
    }

    fn excluded_interfaces(&mut self) {
        let tables = if self.settings.transparent {
            [Table::Nat, Table::Mangle].as_slice()
        } else {
            [Table::Nat].as_slice()
        };
        for table in tables {
            for name in &self.settings.exclude_interfaces {
                let (incoming, outgoing) = (Match::In(name.clone()), Match::Out(name.clone()));
                let why = Why::ExcludedInterface;
                self.rule(*table, "PREROUTING", vec![incoming], Target::Return, why.clone());
                self.rule(*table, "OUTPUT", vec![outgoing], Target::Return, why);
            }
        }
    }

    fn invalid(&mut self) {
        if self.settings.drop_invalid {
            let invalid = vec![Match::State("INVALID")];
            self.mangle("PREROUTING", invalid, Target::Jump(DROP), Why::Way);
            self.mangle(DROP, vec![], Target::Drop, Why::Way);
        }
    }

    fn tunnel_and_redirects(&mut self) {
        let tunnel = vec![TCP, to_port(TUNNEL_PORT)];
        self.nat(INBOUND, tunnel, Target::Return, Why::TunnelPort);
        let Settings { outbound_port, inbound_port, .. } = *self.settings;
        self.nat(REDIRECT, vec![TCP], Target::Redirect(outbound_port), Why::Way);
        self.nat(IN_REDIRECT, vec![TCP], Target::Redirect(inbound_port), Why::Way);
    }

    fn inbound(&mut self) {
        let settings = self.settings;
        if settings.transparent {
            self.before_transparent();
        }
        if settings.include_inbound_ports.as_ref().is_some_and(Vec::is_empty) {
            return;
        }
        let (table, capture) = if settings.transparent {
            self.transparent();
            (Table::Mangle, TPROXY)
        } else {
            (Table::Nat, IN_REDIRECT)
        };
        self.rule(table, "PREROUTING", vec![TCP], Target::Jump(INBOUND), Why::Way);
        let Some(ports) = &settings.include_inbound_ports else {
            for &port in &settings.exclude_inbound_ports {
                let why = Why::ExcludedInboundPort(port);
                self.rule(table, INBOUND, vec![TCP, to_port(port)], Target::Return, why);
            }
            self.established(&[TCP]);
            self.rule(table, INBOUND, vec![TCP], Target::Jump(capture), Why::AllInbound);
            return;
        };
        for &port in ports {
            let matches = [TCP, to_port(port)];
            self.established(&matches);
            let why = Why::IncludedInboundPort;
            self.rule(table, INBOUND, matches.to_vec(), Target::Jump(capture), why);
        }
    }

    fn outbound_before_owners(&mut self) {
        self.nat("OUTPUT", vec![], Target::Jump(OUTPUT), Why::Way);
        for &port in &self.settings.exclude_outbound_ports {
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let to = Match::ToPort { not: false, protocol, port };
                let matches = vec![Match::Protocol(protocol), to];
                self.nat(OUTPUT, matches, Target::Return, Why::ExcludedOutboundPort);
            }
        }
        let matches = vec![Match::Source(self.passthrough()), lo()];
        self.nat(OUTPUT, matches, Target::Return, Why::InboundPassthrough);
    }

    /// The proxy's own calls, and calls of a pod to itself; by user, then by group.
    fn owners(&mut self) {
        let dns = self.dns_is_captured();
        for &id in &self.settings.users {
            self.owner(|not| Match::User { not, id }, dns, dns);
        }
        for id in &self.settings.groups {
            let name = id.to_string();
            self.owner(|not| Match::Group { not, name: name.clone() }, dns, false);
        }
    }

    fn owner(&mut self, owner: impl Fn(bool) -> Match, dns: bool, skips_dns: bool) {
        let port = if skips_dns {
            Match::ToPorts { not: true, ports: [53, TUNNEL_PORT] }
        } else {
            Match::ToPort { not: true, protocol: Protocol::Tcp, port: TUNNEL_PORT }
        };
        let to_itself = vec![self.not_loopback(), lo(), TCP, port, owner(false)];
        self.nat(OUTPUT, to_itself, Target::Jump(IN_REDIRECT), Why::ProxyToItself);
        let ranges = self.settings.include_ranges.iter().flatten();
        // Who includes the loopback interface wants such calls captured.
        if !ranges.into_iter().any(Prefix::is_loopback) {
            let not_dns = Match::ToPort { not: true, protocol: Protocol::Tcp, port: 53 };
            let own_pod =
                if dns { vec![lo(), TCP, not_dns, owner(true)] } else { vec![lo(), owner(true)] };
            self.nat(OUTPUT, own_pod, Target::Return, Why::OwnPod);
        }
        self.nat(OUTPUT, vec![owner(false)], Target::Return, Why::Proxy);
    }

    /// The groups of the application whose calls are captured, or are not.
    fn groups(&mut self) {
        let settings = self.settings;
        let group = |not, name: &String| Match::Group { not, name: name.clone() };
        match &settings.include_groups {
            Some(names) => {
                let none_of = names.iter().map(|name| group(true, name)).collect();
                self.nat(OUTPUT, none_of, Target::Return, Why::OwnerGroup);
            }
            None => {
                for name in &settings.exclude_groups {
                    self.nat(OUTPUT, vec![group(false, name)], Target::Return, Why::OwnerGroup);
                }
            }
        }
    }

    fn outbound_after_owners(&mut self) {
        let settings = self.settings;
        let to = |prefix| Match::Destination { not: false, prefix };
        self.nat(OUTPUT, vec![to(self.loopback())], Target::Return, Why::Localhost);
        let ipv4 = self.ipv4;
        let own = move |prefix: &&Prefix| prefix.is_ipv4() == ipv4;
        for &prefix in settings.exclude_ranges.iter().filter(own) {
            self.nat(OUTPUT, vec![to(prefix)], Target::Return, Why::ExcludedRange);
        }
        for &port in &settings.include_outbound_ports {
            let matches = vec![TCP, to_port(port)];
            self.nat(OUTPUT, matches, Target::Jump(REDIRECT), Why::IncludedOutboundPort);
        }
        let redirect = Target::Jump(REDIRECT);
        let Some(ranges) = &settings.include_ranges else {
            self.nat(OUTPUT, vec![], redirect, Why::AllOutbound);
            for name in &settings.reroute_interfaces {
                self.insert(vec![Match::In(name.clone())], redirect, Why::Rerouted);
            }
            return;
        };
        for &prefix in ranges.iter().filter(own) {
            for name in &settings.reroute_interfaces {
                let matches = vec![to(prefix), Match::In(name.clone())];
                self.insert(matches, redirect, Why::Rerouted);
            }
            self.nat(OUTPUT, vec![to(prefix)], redirect, Why::IncludedRange);
        }
    }
}

fn lo() -> Match {
    Match::Out("lo".to_owned())
}

fn to_port(port: u16) -> Match {
    Match::ToPort { not: false, protocol: Protocol::Tcp, port }
}
