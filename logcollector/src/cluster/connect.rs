//! The connection to a cluster.

use std::time::Duration;

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use tokio::runtime::Runtime;

use super::answer::{Failure, chain};
use crate::cli::KubeArgs;
use crate::error::Error;

/// How long a connection may be silent.
const READ_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection to a cluster.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) kube: kube::Client,
    /// The namespace that the context stands in.
    pub(crate) namespace: String,
    /// The namespace of istiod.
    pub(crate) istio_namespace: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// A runtime for a command that asks the cluster a few things and ends.
///
/// # Errors
///
/// When the system gives none.
pub(crate) fn runtime() -> Result<Runtime, Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Start)
}

impl Client {
    /// Connects as the options say; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When there is no usable kubeconfig, or not the context that was named.
    pub(crate) async fn connect(args: &KubeArgs) -> Result<Self, Failure> {
        let options =
            KubeConfigOptions { context: args.context.clone(), ..KubeConfigOptions::default() };
        let mut config = match &args.kubeconfig {
            Some(path) => {
                let file = Kubeconfig::read_from(path).map_err(failed)?;
                Config::from_custom_kubeconfig(file, &options).await.map_err(failed)?
            }
            None if args.context.is_some() => {
                Config::from_kubeconfig(&options).await.map_err(failed)?
            }
            None => match Config::from_kubeconfig(&options).await {
                Ok(config) => config,
                // No kubeconfig: perhaps this is a pod. One that is wrong is never passed over.
                Err(error @ (KubeconfigError::ReadConfig(..) | KubeconfigError::FindPath)) => {
                    Config::incluster().map_err(|_| failed(error))?
                }
                Err(error) => return Err(failed(error)),
            },
        };
        // A connection that is dead without a word is noticed; a log that is quiet goes on where it was.
        config.read_timeout = Some(READ_TIMEOUT);
        config.reset_reader_on_write = true;
        if let Some(user) = &args.user {
            config.auth_info.impersonate = Some(user.clone());
        }
        let namespace = config.default_namespace.clone();
        let kube = kube::Client::try_from(config)?;
        Ok(Self { kube, namespace, istio_namespace: args.istio_namespace.clone() })
    }
}

/// Why there is no usable kubeconfig.
fn failed(error: KubeconfigError) -> Failure {
    Failure::Config(match error {
        KubeconfigError::ReadConfig(error, path) => format!("{}: {error}", path.display()),
        error => chain(&error),
    })
}
