//! The rules that bring DNS to the agent.

use super::super::prefix::Prefix;
use super::super::rule::{Match, Protocol, Table, Target};
use super::super::settings::Dns;
use super::super::why::Why;
use super::{Builder, INBOUND, OUTPUT};

/// The port that the agent answers DNS on.
pub(in crate::capture) const DNS_PORT: u16 = 15053;

const OUTPUT_DNS: &str = "ISTIO_OUTPUT_DNS";

const UDP: Match = Match::Protocol(Protocol::Udp);

impl Builder<'_> {
    pub(super) fn dns_is_captured(&self) -> bool {
        match &self.settings.dns {
            Dns::Off => false,
            Dns::All => true,
            Dns::Servers(servers) => !servers.is_empty(),
        }
    }

    pub(super) fn dns(&mut self) {
        if !self.dns_is_captured() {
            return;
        }
        let servers: Vec<Option<Prefix>> = match &self.settings.dns {
            Dns::Off => return,
            Dns::All => vec![None],
            Dns::Servers(servers) => {
                let own = servers.iter().filter(|it| it.is_ipv4() == self.ipv4);
                own.map(|it| Some(Prefix::of(*it))).collect()
            }
        };
        let to = |prefix: &Option<Prefix>| {
            prefix.map(|prefix| Match::Destination { not: false, prefix })
        };
        let from = |prefix: &Option<Prefix>| prefix.map(Match::Source);
        self.rule(Table::Raw, "OUTPUT", vec![], Target::Jump(OUTPUT_DNS), Why::Way);
        if !servers.is_empty() {
            self.nat(OUTPUT, vec![], Target::Jump(OUTPUT_DNS), Why::Way);
        }
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for server in &servers {
                let port = Match::ToPort { not: false, protocol, port: 53 };
                let matches = to(server).into_iter().chain([Match::Protocol(protocol), port]);
                let target = Target::Redirect(DNS_PORT);
                self.nat(OUTPUT_DNS, matches.collect(), target, Why::Dns);
            }
        }
        self.zones_of_proxy();
        if !servers.is_empty() {
            self.rule(Table::Raw, "PREROUTING", vec![], Target::Jump(INBOUND), Why::Way);
        }
        for server in &servers {
            let question = to(server).into_iter().chain([UDP, to_dns()]).collect();
            self.rule(Table::Raw, OUTPUT_DNS, question, Target::Zone(2), Why::Dns);
            let answer = from(server).into_iter().chain([UDP, Match::FromPort(53)]).collect();
            self.rule(Table::Raw, INBOUND, answer, Target::Zone(1), Why::Dns);
        }
    }

    /// The agent's own questions and answers have conntrack zones of their own.
    fn zones_of_proxy(&mut self) {
        let users = self.settings.users.iter().map(|&id| Match::User { not: false, id });
        let groups = self.settings.groups.iter();
        let groups = groups.map(|id| Match::Group { not: false, name: id.to_string() });
        for owner in users.chain(groups).collect::<Vec<_>>() {
            let question = vec![UDP, to_dns(), owner.clone()];
            self.rule(Table::Raw, OUTPUT_DNS, question, Target::Zone(1), Why::Dns);
            let answer = vec![UDP, Match::FromPort(DNS_PORT), owner];
            self.rule(Table::Raw, OUTPUT_DNS, answer, Target::Zone(2), Why::Dns);
        }
    }
}

fn to_dns() -> Match {
    Match::ToPort { not: false, protocol: Protocol::Udp, port: 53 }
}
