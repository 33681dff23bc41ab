//! `mesh`: which pods get a proxy, and which of their traffic it sees.

use std::net::SocketAddr;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::telemetry::{OnePodArgs, PodArgs};
use super::{DocumentOutput, ObjectArgs};

/// Say which pods get a proxy, and which of their traffic it sees
///
/// What has no proxy, and what is not brought to it, is in no access log. Works on a cluster, or
/// with -f on manifests as kubectl prints them: pods or their controllers, namespaces, and Istio's
/// ConfigMaps.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  kubectl get pods,namespaces,cm -A -o yaml | logcollector mesh inject -f -
  logcollector mesh inject deploy/nginx -n web -f nginx.yaml
  logcollector mesh capture reviews-v1-5c4d6d447c-qwmbv -f cluster.yaml --to 10.96.12.7:9080
  logcollector mesh capture deploy/nginx -f nginx-injected.yaml --rules")]
pub(crate) enum MeshCommand {
    Inject(InjectArgs),
    Capture(CaptureArgs),
}

/// Say which pods have a proxy, or would get one, from which revision, and what decides
///
/// A row a workload: what it has, and what its next pod would get. Two stages decide: the API server
/// calls a webhook by labels, and istiod judges the pod. With a name, the reasons are told one by
/// one. Exit code: 0 done, 1 when one that is named has no Envoy, or would get none, 2 when something
/// could not be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl get pods,namespaces,cm -A -o yaml | logcollector mesh inject -f -
  logcollector mesh inject deploy/nginx -n web -f nginx.yaml
  logcollector mesh inject -f cluster.yaml -o json | jq -r '.[] | select(.injected | not) | .workload'")]
pub(crate) struct InjectArgs {
    #[command(flatten)]
    pub(crate) pods: PodArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Say whether a flow of a pod passes its Envoy, and which rule decides
///
/// The rules are those of the pod's init container, of Istio's CNI plugin, or those that injection
/// would set: by annotations, arguments, the injector's values and MeshConfig. Exit code: 0 done, 1
/// when Envoy does not see the flow, 2 when something could not be read.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
#[command(after_help = "\
Examples:
  logcollector mesh capture my-shell -f cluster.yaml --to 10.96.12.7:9080
  logcollector mesh capture my-shell -f cluster.yaml --to 10.96.0.10:53 --udp
  logcollector mesh capture my-shell -f cluster.yaml --to 203.0.113.9:443 --uid 1337
  logcollector mesh capture my-shell -f cluster.yaml --from 10.244.2.7:8080
  logcollector mesh capture my-shell -f cluster.yaml --rules | iptables-restore --test")]
pub(crate) struct CaptureArgs {
    #[command(flatten)]
    pub(crate) pod: OnePodArgs,

    #[command(flatten)]
    pub(crate) flow: FlowArgs,

    /// Print the rules as iptables-restore, or ip6tables-restore, reads them
    #[arg(
        long,
        value_name = "FAMILY",
        value_enum,
        group = "what",
        conflicts_with_all = ["uid", "gid", "udp", "interface"],
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "ipv4"
    )]
    pub(crate) rules: Option<FamilyArg>,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    /// How to print [default: pretty on a terminal, json otherwise; the rules pretty]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// A call.
#[derive(Debug, Args)]
pub(crate) struct FlowArgs {
    /// A call that the pod makes, to this address and port
    #[arg(long, value_name = "IP:PORT", group = "what", help_heading = "Call")]
    pub(crate) to: Option<SocketAddr>,

    /// A call that the pod takes: the address that calls, and the port of the pod that is called
    #[arg(long, value_name = "IP:PORT", group = "what", help_heading = "Call")]
    pub(crate) from: Option<SocketAddr>,

    /// The user that calls [default: that of the pod's first container, else 0]
    #[arg(long, value_name = "N", conflicts_with = "from", help_heading = "Call")]
    pub(crate) uid: Option<u32>,

    /// The group that calls [default: that of the pod's first container, else 0]
    #[arg(long, value_name = "N", conflicts_with = "from", help_heading = "Call")]
    pub(crate) gid: Option<u32>,

    /// A datagram of UDP instead of a connection of TCP
    #[arg(long, help_heading = "Call")]
    pub(crate) udp: bool,

    /// The pod's interface, for calls that leave or enter the pod
    #[arg(long, value_name = "NAME", default_value = "eth0", help_heading = "Call")]
    pub(crate) interface: String,
}

/// A family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FamilyArg {
    /// The rules for IPv4
    Ipv4,
    /// The rules for IPv6
    Ipv6,
}
