//! What of a pod's traffic is brought to its Envoy: the rules that Istio's init container, or its CNI
//! plugin, sets in the pod, and where they send a flow.
//!
//! [`of`] makes the rules of a workload; [`Rules::judge`] follows a flow through the very rules that
//! [`Rules::restore`] prints. What is not captured is in no access log.
//!
//! Follows `tools/istio-iptables` and `cni/pkg/plugin` at istio/istio 86c9f01f. What a pod does
//! before its rules are set, and what it sets itself, is not known here.

mod build;
mod error;
mod judge;
mod pod;
mod prefix;
mod rule;
mod settings;
mod source;
#[cfg(test)]
mod tests;
mod why;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

pub use error::CaptureError;
pub use judge::{Flow, Judgement, Side, To};
pub(crate) use pod::PodSetup;
pub use rule::{Protocol, Rule, Table};
pub use source::Source;
pub use why::Why;

use crate::inventory::Inventory;
use crate::workload::{ProxyKind, Workload};

/// What becomes of a workload's traffic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Capture {
    /// Rules send it to Envoy, or do not.
    Rules(Box<Rules>),
    /// Nothing of it is captured, and why.
    None(String),
}

/// The rules of a workload's pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Who sets them, and what by.
    pub source: Source,
    /// The rules for IPv4, table by table in the order in which they are set.
    pub ipv4: Vec<Rule>,
    /// The rules for IPv6; `None` where none are set.
    pub ipv6: Option<Vec<Rule>>,
    /// Whether it is known that the pod has an IPv6 address.
    pub has_ipv6: bool,
    /// What the rules do not tell, in sentences.
    pub remarks: Vec<String>,
    /// User and group of the application, by its first container; root where the pod says nothing.
    pub application: (u32, u32),
    outbound_port: u16,
    inbound_port: u16,
    ips: Vec<IpAddr>,
}

/// The traffic capture of a workload.
///
/// For a pod, it is what its containers show; for a controller, what the injector of `revision`, if
/// not that of the workload's own, would make of its pods.
///
/// # Errors
///
/// When an annotation, or an argument of the init container, is none that rules can be set by.
pub fn of(
    workload: &Workload,
    inventory: &Inventory,
    revision: Option<&str>,
) -> Result<Capture, CaptureError> {
    let revision = revision.unwrap_or(&workload.proxy.revision);
    match workload.proxy.kind {
        ProxyKind::Sidecar => source::capture(workload, inventory, revision),
        ProxyKind::Router | ProxyKind::Waypoint => Ok(Capture::None(format!(
            "it is a {}, whose Envoy listens itself: nothing is redirected to it",
            workload.proxy.kind.as_str()
        ))),
        ProxyKind::None => Ok(Capture::None(workload.proxy.because.clone())),
    }
}

impl Rules {
    /// The rules for one family of addresses as `iptables-restore` reads them, table by table; empty
    /// where none are set.
    pub fn restore(&self, ipv6: bool) -> String {
        let rules = if ipv6 { self.ipv6.as_deref().unwrap_or_default() } else { &self.ipv4 };
        let mut text = String::new();
        for table in [Table::Mangle, Table::Nat, Table::Raw] {
            let mut rules: Vec<&Rule> = rules.iter().filter(|rule| rule.table == table).collect();
            if rules.is_empty() {
                continue;
            }
            rules.sort_by_key(|rule| order(rule.chain));
            // Writing to a string does not fail.
            let _ = writeln!(text, "*{}", table.as_str());
            let mut said = BTreeSet::new();
            let jumped = rules.iter().filter_map(|rule| rule.jump());
            said.extend(rules.iter().map(|rule| rule.chain).chain(jumped));
            for chain in said.iter().filter(|chain| chain.starts_with("ISTIO_")) {
                let _ = writeln!(text, ":{chain} - [0:0]");
            }
            for rule in rules {
                let _ = writeln!(text, "{rule}");
            }
            text.push_str("COMMIT\n");
        }
        text
    }
}

/// The order of chains in `iptables-save`: the kernel's own in the order in which packets pass them,
/// then the others by name.
fn order(chain: &'static str) -> (usize, &'static str) {
    let own = ["PREROUTING", "OUTPUT"];
    (own.iter().position(|it| *it == chain).unwrap_or(own.len()), chain)
}
