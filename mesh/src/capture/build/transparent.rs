//! The rules of the interception mode `TPROXY`, which redirects inbound connections by marks.

use super::super::rule::{Match, Target};
use super::super::why::Why;
use super::{Builder, INBOUND, TCP, TPROXY, lo};

/// The mark of packets that `TPROXY` sends to Envoy, and of those that Envoy sends for a client.
const INBOUND_MARK: u32 = 1337;
/// The mark of packets from Envoy to its own pod.
const OUTBOUND_MARK: u32 = 1338;

const DIVERT: &str = "ISTIO_DIVERT";

impl Builder<'_> {
    /// Packets of connections that are there go to Envoy, too.
    pub(super) fn established(&mut self, matches: &[Match]) {
        if self.settings.transparent {
            let mut matches = matches.to_vec();
            matches.push(Match::State("RELATED,ESTABLISHED"));
            self.mangle(INBOUND, matches, Target::Jump(DIVERT), Why::AllInbound);
        }
    }

    /// The chains that `TPROXY` needs.
    pub(super) fn transparent(&mut self) {
        self.mangle(DIVERT, vec![], Target::SetMark(INBOUND_MARK), Why::Way);
        self.mangle(DIVERT, vec![], Target::Accept, Why::Way);
        let target = Target::TransparentProxy(self.settings.inbound_port);
        self.mangle(TPROXY, vec![self.not_loopback(), TCP], target, Why::Way);
    }

    /// What is inserted in front of the inbound rules under `TPROXY`.
    pub(super) fn before_transparent(&mut self) {
        let mark = |not, mark| Match::Mark { not, mark };
        let lo = || Match::In("lo".to_owned());
        let why = Why::ProxyToApplication;
        self.mangle(INBOUND, vec![TCP, mark(false, INBOUND_MARK)], Target::Return, why);
        let source = vec![Match::Source(self.passthrough()), lo(), TCP];
        self.mangle(INBOUND, source, Target::Return, Why::InboundPassthrough);
        let own = vec![lo(), TCP, mark(true, OUTBOUND_MARK)];
        self.mangle(INBOUND, own, Target::Return, Why::OwnPod);
    }

    /// The marks by which `TPROXY` tells the packets of the proxy.
    pub(super) fn marks(&mut self) {
        let marked = || Match::Mark { not: false, mark: INBOUND_MARK };
        let of_connection = || Match::ConnectionMark(INBOUND_MARK);
        self.mangle("PREROUTING", vec![TCP, marked()], Target::SaveMark, Why::Way);
        self.mangle("OUTPUT", vec![lo(), TCP, marked()], Target::Return, Why::ProxyToApplication);
        let users = self.settings.users.iter().map(|&id| Match::User { not: false, id });
        let groups = self.settings.groups.iter();
        let groups = groups.map(|id| Match::Group { not: false, name: id.to_string() });
        for owner in users.chain(groups).collect::<Vec<_>>() {
            let matches = vec![self.not_loopback(), lo(), TCP, owner];
            self.mangle("OUTPUT", matches, Target::SetMark(OUTBOUND_MARK), Why::Way);
        }
        self.mangle("OUTPUT", vec![TCP, of_connection()], Target::RestoreMark, Why::Way);
    }
}
