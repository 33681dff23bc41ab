//! `sidecar`: what Istio's Sidecar object lets a proxy reach.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use sidecar::IstioVersion;

use super::telemetry::{AmongArgs, LintArgs, ManifestArgs, OnePodArgs};
use super::{DocumentOutput, FormatArgs, ObjectArgs};
use crate::pods::PodName;

/// Say what a proxy can reach, what its logs say it does reach, and write the Sidecar that fits
///
/// Works on a cluster, or with -f on manifests as kubectl prints them: Sidecars, Services, EndpointSlices, ServiceEntries,
/// VirtualServices, DestinationRules, pods, namespaces, and MeshConfig. Nothing is changed.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  logcollector sidecar scope productpage-v1-dffc47f64-qw4bk -n bookinfo -f cluster.yaml
  logcollector sidecar endpoints my-shell -f cluster.yaml --with new-sidecar.yaml
  logcollector sidecar check new-sidecar.yaml -f cluster.yaml access.log
  logcollector sidecar suggest -f cluster.yaml --policy REGISTRY_ONLY access.log
  logcollector sidecar lint -f manifests/ --fail-on warning
  logcollector sidecar balance access.log")]
pub(crate) enum SidecarCommand {
    /// Show the services and ports that a pod's proxy can reach, and why
    #[command(after_help = "\
Examples:
  logcollector sidecar scope my-shell -n default -f cluster.yaml
  logcollector sidecar scope my-shell -f cluster.yaml --with new-sidecar.yaml")]
    Scope(ReachArgs),
    /// Print the endpoints that a pod's proxy holds, as istioctl proxy-config endpoint does
    #[command(after_help = "\
Examples:
  logcollector sidecar endpoints my-shell -n default -f cluster.yaml
  logcollector sidecar endpoints my-shell -f cluster.yaml --with new-sidecar.yaml")]
    Endpoints(ReachArgs),
    Check(CheckArgs),
    Suggest(SuggestArgs),
    Lint(SidecarLintArgs),
    Balance(BalanceArgs),
}

/// What is in no object.
#[derive(Debug, Args)]
pub(crate) struct IstioArgs {
    /// The version of Istio, as far as Sidecars mean another thing in another version
    /// [default: that of the cluster's istiod, else 1.31]
    #[arg(long, value_name = "VERSION", help_heading = "Manifests")]
    pub(crate) istio_version: Option<IstioVersion>,
}

/// One pod's proxy, as it is and perhaps as it would be.
#[derive(Debug, Args)]
pub(crate) struct ReachArgs {
    #[command(flatten)]
    pub(crate) pod: OnePodArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    #[command(flatten)]
    pub(crate) istio: IstioArgs,

    /// Show before and after, as if these manifests were applied; may be repeated
    #[arg(long = "with", value_name = "FILE|DIR", help_heading = "Manifests")]
    pub(crate) with: Vec<PathBuf>,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Judge every destination in the logs by a changed Sidecar: what stays, what would break
///
/// Made for the CI of a pull request. The logs' lines belong to the pods that kubectl's --prefix, the
/// names of log files or --pod tell, else to those whose address is in them. Exit code: 1 when
/// anything would break.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector sidecar check new-sidecar.yaml -f cluster.yaml access.log
  kubectl logs -l app=reviews --prefix -c istio-proxy | logcollector sidecar check new.yaml -f cluster.yaml")]
pub(crate) struct CheckArgs {
    /// The changed objects: a file or a folder
    #[arg(value_name = "NEW")]
    pub(crate) new: PathBuf,

    #[command(flatten)]
    pub(crate) logs: LogsArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    #[command(flatten)]
    pub(crate) istio: IstioArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Write the smallest Sidecars that keep every observed call as it was
///
/// One for each namespace, or with --workload for each workload. Evidence stands in comments, what is
/// outside of the mesh becomes drafts of ServiceEntries, and the result is checked against the same
/// logs before it is printed. Exit code: 1 when a call could not be kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector sidecar suggest -f cluster.yaml access.log > sidecars.yaml
  logcollector sidecar suggest -f cluster.yaml --workload --policy REGISTRY_ONLY access.log
  logcollector sidecar suggest -f cluster.yaml --merge sidecars.yaml later.log")]
pub(crate) struct SuggestArgs {
    #[command(flatten)]
    pub(crate) logs: LogsArgs,

    /// One Sidecar for each workload, with a selector, in place of one for each namespace
    #[arg(long)]
    pub(crate) workload: bool,

    /// The policy for traffic to what is not in a Sidecar [default: as it is now]
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) policy: Option<PolicyArg>,

    /// Sidecars that stay as they are, and get what is missing
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) merge: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    #[command(flatten)]
    pub(crate) istio: IstioArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,

    /// How to print: pretty is YAML to apply [default: pretty]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Find what is wrong with Sidecars: refused, ignored, without effect, or not what they seem
///
/// Finds what Istio's own tools report, and what they do not: a policy or hosts thought to be
/// inherited, a policy that blocks without saying so, hosts that match nothing, and hosts that leave
/// out a VirtualService. Needs the whole mesh to tell what is not there. Exit code: 1 when there is a
/// finding at the severity of --fail-on or above.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl get pods,namespaces,services,serviceentries,virtualservices,sidecars,cm -A -o yaml | logcollector sidecar lint -f -
  logcollector sidecar lint -f manifests/ -n shop --fail-on warning -o json")]
pub(crate) struct SidecarLintArgs {
    #[command(flatten)]
    pub(crate) lint: LintArgs,

    /// Sidecars that can apply to pods with these labels, as `app=reviews,version!=v1`
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,

    #[command(flatten)]
    pub(crate) istio: IstioArgs,
}

/// Show how the load on each service is spread over its upstream hosts
///
/// Counts requests, errors and latency of each host from the logs of clients, and says how even the
/// load is. With manifests hosts have the names of their pods, and endpoints without requests count.
/// Retries are told apart where the format has %UPSTREAM_REQUEST_ATTEMPT_COUNT%, and placed where the
/// filter's history is in it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl logs deploy/productpage-v1 -c istio-proxy | logcollector sidecar balance
  logcollector sidecar balance -f cluster.yaml -n bookinfo -l app=productpage access.log
  logcollector sidecar balance access.log -o json | jq '.services[] | {cluster, spread}'")]
pub(crate) struct BalanceArgs {
    #[command(flatten)]
    pub(crate) logs: LogsArgs,

    #[command(flatten)]
    pub(crate) manifests: ManifestArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// The logs that tell of calls.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Logs to read; `-` or none is standard input
    #[arg(value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,

    /// The pod that wrote the lines, where they and the file's name do not tell
    #[arg(long, value_name = "[NAMESPACE/]POD", value_parser = PodName::parse)]
    #[arg(help_heading = "Reading")]
    pub(crate) pod: Option<PodName>,

    #[command(flatten)]
    pub(crate) among: AmongArgs,
}

/// A policy for unknown traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyArg {
    /// It is blocked
    #[value(name = "REGISTRY_ONLY")]
    RegistryOnly,
    /// It passes through
    #[value(name = "ALLOW_ANY")]
    AllowAny,
}
