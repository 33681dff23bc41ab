//! `telemetry`: what Istio's Telemetry API decides about access logs.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::{DocumentOutput, FlowArgs, FormatArgs, KubeArgs, ObjectArgs, TargetArgs};
use crate::manifests::Among;
use crate::pods::PodName;

/// Say which proxies write access logs, where, in which format, under which filter, and why
///
/// Works on a cluster, or with -f on manifests as kubectl prints them: Telemetry objects, pods or
/// their controllers, namespaces, and MeshConfig. Only `enable` and `disable` change a cluster.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  logcollector telemetry who -n bookinfo
  kubectl get pods,namespaces,telemetries,cm -A -o yaml | logcollector telemetry who -f -
  logcollector telemetry explain productpage-v1-dffc47f64-qw4bk -n bookinfo
  logcollector telemetry lint -f manifests/ --fail-on warning
  logcollector telemetry replay --filter 'response.code >= 500' access.log")]
pub(crate) enum TelemetryCommand {
    Who(WhoArgs),
    Explain(ExplainArgs),
    Lint(LintArgs),
    Render(RenderArgs),
    Replay(ReplayArgs),
    Enable(EnableArgs),
    Disable(DisableArgs),
}

/// Where the objects come from.
#[derive(Debug, Args)]
pub(crate) struct ManifestArgs {
    /// Manifests: a file, a folder, or `-` for standard input; may be repeated
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR", help_heading = "Manifests")]
    pub(crate) files: Vec<PathBuf>,

    /// Look into the folders inside of a folder, too
    #[arg(short = 'R', long, help_heading = "Manifests")]
    pub(crate) recursive: bool,

    /// MeshConfig: a bare one, Istio's ConfigMap, Helm values or an IstioOperator; it counts in place
    /// of the ConfigMaps among the manifests
    #[arg(long, value_name = "FILE", help_heading = "Manifests")]
    pub(crate) mesh_config: Option<PathBuf>,

    /// Decide as if the istiod of this revision served every pod
    #[arg(long, value_name = "REVISION", help_heading = "Manifests")]
    pub(crate) revision: Option<String>,
}

impl ManifestArgs {
    /// All that is to be read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.iter().chain(&self.mesh_config)
    }
}

/// Which pods are meant.
#[derive(Debug, Args)]
pub(crate) struct PodArgs {
    /// Pods by name, or controllers without their pods as deploy/NAME [default: all]
    #[arg(value_name = "POD")]
    pub(crate) pods: Vec<String>,

    #[command(flatten)]
    pub(crate) among: AmongArgs,
}

/// Among which pods is chosen.
#[derive(Debug, Args)]
pub(crate) struct AmongArgs {
    /// Pods of this namespace [default: every namespace in the manifests]
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Pods of every namespace, as without --namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,

    /// Pods with these labels, as `app=reviews,version!=v1` or `app in (reviews, ratings)`
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
}

impl AmongArgs {
    /// Whose pods are looked at in a cluster.
    pub(crate) fn place(&self) -> Among<'_> {
        Among::of(self.namespace.as_deref(), self.all_namespaces)
    }
}

/// One pod.
#[derive(Debug, Args)]
pub(crate) struct OnePodArgs {
    /// The pod, or a controller without its pods as deploy/NAME
    #[arg(value_name = "POD")]
    pub(crate) pod: String,

    /// Its namespace; needed where several have a pod of the name
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Look in every namespace, as without --namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,
}

impl OnePodArgs {
    /// Whose pods are looked at in a cluster.
    pub(crate) fn place(&self) -> Among<'_> {
        Among::of(self.namespace.as_deref(), self.all_namespaces)
    }
}

/// Show for each pod whether its proxy logs, through which provider and under which filter
///
/// A row a pod: client side (calls that the pod makes), server side (calls that it takes), and what
/// decided. Waypoints have a row for each service.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl get pods,namespaces,telemetries,cm -A -o yaml | logcollector telemetry who -f -
  logcollector telemetry who -f manifests/ -n bookinfo -l app=reviews
  logcollector telemetry who -f cluster.yaml -o json | jq '.[] | select(.client.emits | not) | .pod'")]
pub(crate) struct WhoArgs {
    #[command(flatten)]
    pub(crate) pods: PodArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Tell why a pod's proxy logs or does not, object by object, and the one change that would turn it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector telemetry explain productpage-v1-dffc47f64-qw4bk -n bookinfo -f cluster.yaml
  logcollector telemetry explain deploy/reviews -f manifests/ --mesh-config mesh.yaml
  logcollector telemetry explain my-shell -f cluster.yaml --to 10.96.12.7:9080")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    pub(crate) pod: OnePodArgs,

    #[command(flatten)]
    pub(crate) flow: FlowArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Find what is wrong with Telemetry objects: refused, ignored, without effect, or harmful
///
/// Finds what Istio's own tools report, and what they do not: above all, filters that the API server
/// accepts and Envoy refuses to load, with the whole listener. Exit code: 1 when there is a finding
/// at the severity of --fail-on or above.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector telemetry lint -f manifests/
  logcollector telemetry lint -f manifests/ --fail-on warning -o json")]
pub(crate) struct LintArgs {
    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    /// Objects of this namespace [default: every namespace in the manifests]
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Objects of every namespace, as without --namespace
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    pub(crate) all_namespaces: bool,

    /// Exit with 1 at this severity
    #[arg(long, value_enum, default_value_t = SeverityArg::Error, value_name = "SEVERITY")]
    pub(crate) fail_on: SeverityArg,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Switch access logging on for pods, for a time
///
/// Creates a Telemetry object for exactly these workloads, after showing what it would do. Refuses
/// where it would change anything else, such as a logger that is there. Exit code: 1 when the pods log
/// as asked already.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector telemetry enable deploy/reviews -n bookinfo --filter 'response.code >= 500'
  logcollector telemetry enable deploy/reviews -n bookinfo --for 15m --yes
  logcollector telemetry disable deploy/reviews -n bookinfo")]
pub(crate) struct EnableArgs {
    /// Pods by name, by TYPE/NAME such as deploy/reviews, or by a regular expression on their names
    #[arg(value_name = "TARGET", required_unless_present = "selector")]
    pub(crate) pods: Option<String>,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// Log only what this filter keeps, a CEL expression
    #[arg(long, value_name = "CEL")]
    pub(crate) filter: Option<String>,

    /// Wait for so long, and then switch it off again [default: leave it on, to expire in 1 hour]
    #[arg(long = "for", value_name = "DURATION", value_parser = super::tail::duration)]
    pub(crate) duration: Option<std::time::Duration>,

    /// Do not ask
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) kube: KubeArgs,

    /// How to print what is done [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Switch off what `telemetry enable` or `tail --enable` has switched on
///
/// Removes only objects that were made by these commands and that nobody has changed since. Exit
/// code: 1 when there was none, or when one is left.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector telemetry disable deploy/reviews -n bookinfo
  logcollector telemetry disable --expired -A")]
pub(crate) struct DisableArgs {
    /// Pods by name, by TYPE/NAME such as deploy/reviews, or by a regular expression on their names
    #[arg(value_name = "TARGET")]
    pub(crate) pods: Option<String>,

    #[command(flatten)]
    pub(crate) target: TargetArgs,

    /// What has expired, whatever pods it is for
    #[arg(long, conflicts_with_all = ["pods", "selector"])]
    pub(crate) expired: bool,

    #[command(flatten)]
    pub(crate) kube: KubeArgs,
}

/// How severe a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SeverityArg {
    /// Something is broken or refused
    Error,
    /// Something does not do what it seems to
    Warning,
    /// Something to know
    Info,
}

/// Print the access-log configuration that Envoy is given for a pod
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  logcollector telemetry render productpage-v1-dffc47f64-qw4bk -n bookinfo -f cluster.yaml")]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    pub(crate) pod: OnePodArgs,

    #[command(flatten)]
    pub(crate) objects: ObjectArgs,

    /// How to print: pretty is indented [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}

/// Say what a filter, or a change of Telemetry objects, would have kept of recorded logs
///
/// Counts lines and bytes kept by response code class, response flags and cluster, the errors that
/// would have been lost, and the lines that do not tell. With -f and --pod, the manifests with the
/// change in them decide as Istio would for that pod.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["filter", "files"])))]
#[command(after_help = "\
Examples:
  logcollector telemetry replay --filter 'response.code >= 500' access.log
  kubectl logs deploy/reviews -c istio-proxy | logcollector telemetry replay --filter 'response.code >= 400 || !has(response.code)'
  logcollector telemetry replay -f cluster.yaml -f new-telemetry.yaml --pod bookinfo/reviews-v1-x access.log")]
pub(crate) struct ReplayArgs {
    /// Logs to read; `-` or none is standard input
    #[arg(value_name = "LOG")]
    pub(crate) logs: Vec<PathBuf>,

    /// The filter, a CEL expression as in a Telemetry object's `filter.expression`
    #[arg(long, value_name = "CEL")]
    #[arg(conflicts_with_all = ["files", "recursive", "mesh_config", "revision"])]
    pub(crate) filter: Option<String>,

    /// The pod that wrote the logs
    #[arg(long, value_name = "[NAMESPACE/]POD", value_parser = PodName::parse)]
    #[arg(requires = "files", required_unless_present = "filter")]
    pub(crate) pod: Option<PodName>,

    #[command(flatten)]
    pub(crate) manifests: ManifestArgs,

    #[command(flatten)]
    pub(crate) format: FormatArgs,

    /// How to print [default: pretty on a terminal, json otherwise]
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<DocumentOutput>,
}
