//! The options of every command that reaches a cluster.

use std::path::PathBuf;

use clap::Args;

use super::telemetry::ManifestArgs;

/// Which cluster, and as whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct KubeArgs {
    /// The context of the kubeconfig [default: its current one]
    #[arg(long, value_name = "CONTEXT", help_heading = "Cluster")]
    pub(crate) context: Option<String>,

    /// The kubeconfig [default: $KUBECONFIG, ~/.kube/config, or what a pod is given]
    #[arg(long, value_name = "FILE", help_heading = "Cluster")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The user to act as
    #[arg(long = "as", value_name = "USER", help_heading = "Cluster")]
    pub(crate) user: Option<String>,

    /// The namespace of istiod
    #[arg(
        long,
        value_name = "NAMESPACE",
        default_value = "istio-system",
        help_heading = "Cluster"
    )]
    pub(crate) istio_namespace: String,
}

/// Where objects come from: files, or without any the cluster.
#[derive(Debug, Args)]
pub(crate) struct ObjectArgs {
    #[command(flatten)]
    pub(crate) manifests: ManifestArgs,

    #[command(flatten)]
    pub(crate) kube: KubeArgs,
}
