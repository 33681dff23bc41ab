//! `mesh capture`: whether a flow passes Envoy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mesh::Workload;
use mesh::capture::{self, Capture, Flow, Protocol, Rule, Side, Source, To};
use serde::Serialize;

use crate::cli::{CaptureArgs, DocumentOutput, FamilyArg, FlowArgs};
use crate::cluster::Topic;
use crate::command::document::json;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::visible;

/// What becomes of a flow, as `mesh capture -o json` prints it.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<'a> {
    namespace: &'a str,
    workload: String,
    direction: &'static str,
    protocol: &'static str,
    /// The address and port that are called; of an unknown pod, the port alone.
    destination: String,
    /// The user and the group that call; `None` for a call from outside.
    user: Option<u32>,
    group: Option<u32>,
    interface: &'a str,
    /// Whether an Envoy sees it.
    captured: bool,
    to: &'static str,
    /// The rule that decides; `None` where no rule is about the flow.
    rule: Option<String>,
    table: Option<&'static str>,
    because: String,
    /// Who sets the rules; `None` where there are none.
    rules_by: Option<&'static str>,
    remarks: &'a [String],
    #[serde(skip)]
    place: To,
    #[serde(skip)]
    source: Option<Source>,
    #[serde(skip)]
    command: &'static str,
}

/// The rules, as `mesh capture --rules -o json` prints them.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    namespace: &'a str,
    workload: String,
    rules_by: &'static str,
    ipv4: Vec<RuleRow>,
    /// `None` where none are set for IPv6.
    ipv6: Option<Vec<RuleRow>>,
    remarks: &'a [String],
}

#[derive(Debug, Serialize)]
struct RuleRow {
    table: &'static str,
    chain: &'static str,
    rule: String,
    because: String,
}

/// Runs `mesh capture`.
pub(crate) fn run(args: &CaptureArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let manifests = Manifests::of(&args.objects, Topic::Telemetry, args.pod.place(), &notes)?;
    let workload = manifests.workloads().one(&args.pod)?;
    let capture = capture_of(&manifests, workload)?;
    let outcome = match args.rules {
        Some(family) => rules(args, workload, &capture, family, &notes),
        None => flow(args, workload, &capture, &notes),
    }?;
    Ok(manifests.outcome(outcome))
}

/// Prints the rules.
fn rules(
    args: &CaptureArgs,
    workload: &Workload,
    capture: &Capture,
    family: FamilyArg,
    notes: &Notes,
) -> Result<Outcome, Error> {
    let rules = match capture {
        Capture::Rules(rules) => rules,
        Capture::None(because) => {
            notes.print(&visible::lines(&format!("no rules: {because}")));
            return Ok(Outcome::No);
        }
    };
    if args.output == Some(DocumentOutput::Json) {
        let rows = |rules: &[Rule]| rules.iter().map(row).collect();
        return print(&json(&Listed {
            namespace: &workload.meta.namespace,
            workload: workload.display_name(),
            rules_by: rules.source.as_str(),
            ipv4: rows(&rules.ipv4),
            ipv6: rules.ipv6.as_deref().map(rows),
            remarks: &rules.remarks,
        })?);
    }
    rules.remarks.iter().for_each(|remark| notes.say(&visible::lines(remark)));
    let text = rules.restore(family == FamilyArg::Ipv6);
    if text.is_empty() {
        notes.print("no rules: the pod's first address is of IPv4, so none are set for IPv6");
        return Ok(Outcome::No);
    }
    print(visible::lines(&text).as_bytes())
}

fn row(rule: &Rule) -> RuleRow {
    RuleRow {
        table: rule.table.as_str(),
        chain: rule.chain,
        rule: rule.to_string(),
        because: rule.why.to_string(),
    }
}

/// Prints what becomes of a flow.
fn flow(
    args: &CaptureArgs,
    workload: &Workload,
    capture: &Capture,
    notes: &Notes,
) -> Result<Outcome, Error> {
    let answer = answer(&args.flow, workload, capture);
    match pretty(args.output) {
        Some(_) => {
            answer.remarks.iter().for_each(|remark| notes.say(&visible::lines(remark)));
            print(answer.text().as_bytes())?;
        }
        None => {
            print(&json(&answer)?)?;
        }
    }
    Ok(if answer.captured { Outcome::Done } else { Outcome::No })
}

/// What becomes of the flow that the options mean.
pub(crate) fn answer<'a>(
    args: &'a FlowArgs,
    workload: &'a Workload,
    capture: &'a Capture,
) -> Answer<'a> {
    let rules = match capture {
        Capture::Rules(rules) => Some(&**rules),
        Capture::None(_) => None,
    };
    let flow = asked(args, workload, rules.map(|rules| rules.application));
    let (to, rule, because) = match capture {
        Capture::Rules(rules) => {
            let judgement = rules.judge(&flow);
            (judgement.to, judgement.rule, judgement.because)
        }
        Capture::None(because) => (To::Destination, None, because.clone()),
    };
    let (direction, user, group) = match flow.side {
        Side::Inbound => ("inbound", None, None),
        Side::Outbound { user, group } => ("outbound", Some(user), Some(group)),
    };
    let is_known = !flow.destination.ip().is_unspecified();
    let port = || format!(":{}", flow.destination.port());
    Answer {
        namespace: &workload.meta.namespace,
        workload: workload.display_name(),
        direction,
        protocol: flow.protocol.as_str(),
        destination: if is_known { flow.destination.to_string() } else { port() },
        user,
        group,
        interface: flow.interface,
        captured: to.is_envoy(),
        to: to.as_str(),
        rule: rule.map(ToString::to_string),
        table: rule.map(|rule| rule.table.as_str()),
        because,
        rules_by: rules.map(|rules| rules.source.as_str()),
        remarks: rules.map_or(&[], |rules| &rules.remarks),
        place: to,
        source: rules.map(|rules| rules.source),
        command: if flow.destination.is_ipv4() { "iptables" } else { "ip6tables" },
    }
}

/// The traffic capture of a workload.
///
/// # Errors
///
/// When no rules can be set by its annotations or arguments.
pub(crate) fn capture_of(manifests: &Manifests, workload: &Workload) -> Result<Capture, Error> {
    let revision = manifests.revision.as_deref();
    capture::of(workload, &manifests.inventory, revision).map_err(|error| {
        let workload = format!("{}/{}", workload.meta.namespace, workload.display_name());
        Error::Capture { workload, error }
    })
}

/// The flow that the options mean.
fn asked<'a>(args: &'a FlowArgs, workload: &Workload, application: Option<(u32, u32)>) -> Flow<'a> {
    let (user, group) = application.unwrap_or_default();
    let own = Side::Outbound { user: args.uid.unwrap_or(user), group: args.gid.unwrap_or(group) };
    let (side, destination) = match (args.to, args.from) {
        (Some(to), _) => (own, to),
        (None, from) => {
            let from = from.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
            let side = if is_own(workload, from.ip()) { own } else { Side::Inbound };
            (side, SocketAddr::new(address(workload, from.ip()), from.port()))
        }
    };
    let protocol = if args.udp { Protocol::Udp } else { Protocol::Tcp };
    Flow { side, protocol, destination, interface: &args.interface }
}

/// Whether an address is the pod's own: such a call does not come from outside.
fn is_own(workload: &Workload, ip: IpAddr) -> bool {
    ip.is_loopback() || workload.ips.contains(&ip)
}

/// The pod's address that a caller of this address calls; unspecified where it is not known.
fn address(workload: &Workload, caller: IpAddr) -> IpAddr {
    let own = workload.ips.iter().find(|ip| ip.is_ipv4() == caller.is_ipv4());
    let unknown = match caller {
        IpAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    own.copied().unwrap_or(unknown)
}

impl Answer<'_> {
    /// The answer for a person.
    /// Whether an Envoy sees the flow.
    pub(crate) fn is_captured(&self) -> bool {
        self.captured
    }

    /// Whether the pod makes the call, and does not take it.
    pub(crate) fn is_outbound(&self) -> bool {
        self.direction == "outbound"
    }

    pub(crate) fn text(&self) -> String {
        let Self { namespace, workload, direction, protocol, destination, .. } = self;
        let owner = match (self.user, self.group) {
            (Some(user), Some(group)) if self.source.is_some() => {
                format!(", as user {user} and group {group}")
            }
            _ => String::new(),
        };
        let captured = match self.place {
            To::EnvoyOutbound => "yes, it goes to Envoy's outbound listener",
            To::EnvoyInbound => "yes, it goes to Envoy's inbound listener",
            To::Agent => "no, it goes to the agent's DNS, and is in no access log",
            To::Destination => "no, it goes past Envoy, and is in no access log",
        };
        let mut text = format!(
            "{namespace}/{workload}: {direction} {protocol} to {destination}{owner}\n\
             captured: {captured}\nbecause: {}\n",
            self.because
        );
        for (rule, table) in self.rule.iter().zip(self.table) {
            text.push_str(&format!("rule: {} -t {table} {rule}\n", self.command));
        }
        if let Some(by) = &self.source {
            text.push_str(&format!("rules by: {by}\n"));
        }
        visible::lines(&text)
    }
}
