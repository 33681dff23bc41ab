//! A server that speaks the Kubernetes API over TLS, as far as kube and kubectl use it here.
//!
//! [`KubeServer::start`] listens on a free port with a certificate of its own authority, and writes a
//! kubeconfig. A script fills it ([`KubeServer::apply`], [`KubeServer::log`]), lets things go wrong
//! ([`KubeServer::cut_logs`], [`KubeServer::fail`], [`KubeServer::down`] and so on), and looks at what
//! came ([`KubeServer::requests`]). What the script does passes no access control and no webhook.
//!
//! It answers as kube-apiserver 1.31 without optional features does:
//!
//! - list (selectors, chunks), get, watch (bookmarks, 410 as an event or a status), create, replace,
//!   delete with preconditions, dry runs, merge patches, access reviews, impersonation of a user;
//! - `pods/log` with the kubelet's ways: `sinceTime` counts whole seconds, so that lines before it in
//!   its second come again; `tailLines` counts from the end of the file before times are looked at; a
//!   rotation hides earlier lines from new requests, not from those who follow; a restart ends a follow;
//! - failures as `Status` objects in the words of the API server.
//!
//! What it does not do:
//!
//! - streaming lists: `sendInitialEvents` is answered by 422, as by a server without them;
//! - tables: `kubectl get` makes its own of the objects (name and age only);
//! - schemas in its OpenAPI document, which says of every kind that its patches can be dry;
//! - protobuf, aggregated discovery, JSON patches, deletion of collections, `status` and `scale`;
//! - validation, defaulting and conversion: versions of a kind share their content;
//! - field ownership: server-side apply is a merge that names its manager, without conflicts; a
//!   strategic merge patch replaces lists;
//! - graceful deletion, finalizers, owners: what is deleted is gone, and nothing else with it;
//! - old versions: a list shows what is, whatever version or chunk it asks for;
//! - partial lines of the container runtime: a long line is one line.

mod body;
mod discovery;
mod follow;
pub(crate) mod kinds;
mod kubelet;
mod logs;
mod openapi;
mod read;
mod review;
mod route;
mod rules;
mod script;
mod select;
mod serve;
mod shared;
mod status;
mod store;
mod watch;
mod write;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch as signal;
use tokio::task::JoinHandle;

use crate::certs::Certs;
use serve::Role;
use shared::Shared;

pub use body::Cut;
pub use rules::Rule;
pub use script::LogHandle;
pub use shared::Request;

/// The user of [`KubeServer::kubeconfig`].
pub const USER: &str = "developer";

/// A server of the Kubernetes API. It ends when dropped.
#[derive(Debug)]
pub struct KubeServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    tls: Arc<ServerConfig>,
    role: Role,
    down: signal::Sender<()>,
    /// Runs while the server is up.
    listening: Mutex<Option<JoinHandle<()>>>,
    dir: TempDir,
    ca: PathBuf,
    runtime: Option<Runtime>,
}

impl KubeServer {
    /// Starts a server on a free port of the loopback, with the namespaces `default` and `kube-system`.
    pub fn start() -> Self {
        Self::start_as(Role::ApiServer)
    }

    /// Starts a server that answers as a kubelet, from whom a real kube-apiserver has the logs. The pods
    /// of its node are those that a test applies to it.
    pub fn start_kubelet() -> Self {
        Self::start_as(Role::Kubelet)
    }

    fn start_as(role: Role) -> Self {
        let dir = TempDir::new().unwrap();
        let certs = Certs::create(dir.path());
        let tls = serve::tls(&certs.server);
        let shared = Arc::new(Shared::new());
        for namespace in ["default", "kube-system"] {
            shared.store.lock().unwrap().ensure_namespace(namespace);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("kube-server")
            .enable_all()
            .build()
            .unwrap();
        let down = signal::Sender::new(());
        let (address, listening) = runtime.block_on(serve::listen(
            ([127, 0, 0, 1], 0).into(),
            tls.clone(),
            shared.clone(),
            role,
            down.subscribe(),
        ));
        let server = Self {
            shared,
            address,
            tls,
            role,
            down,
            listening: Mutex::new(Some(listening)),
            ca: certs.ca.clone(),
            dir,
            runtime: Some(runtime),
        };
        server.kubeconfig_of(USER, "default");
        server
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The kubeconfig of [`USER`], with the namespace `default`.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of(USER, "default")
    }

    /// A kubeconfig whose only context is this user's, with this default namespace.
    pub fn kubeconfig_of(&self, user: &str, namespace: &str) -> PathBuf {
        use base64::prelude::{BASE64_STANDARD, Engine};
        let ca = BASE64_STANDARD.encode(fs::read(&self.ca).unwrap());
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://{}", self.address), "certificate-authority-data": ca,
            }}],
            "users": [{"name": user, "user": {"token": self.token(user)}}],
            "contexts": [{"name": "test", "context": {
                "cluster": "test", "user": user, "namespace": namespace,
            }}],
            "current-context": "test",
        });
        let path =
            self.dir.path().join(format!("kubeconfig-{}-{namespace}", user.replace(':', ".")));
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    /// A folder with what a pod's service account is given: `token`, `ca.crt` and `namespace`.
    ///
    /// Clients in a cluster look for it at `/var/run/secrets/kubernetes.io/serviceaccount`, and for the
    /// server in `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`.
    pub fn service_account(&self, namespace: &str, name: &str) -> PathBuf {
        let dir = self.dir.path().join(format!("serviceaccount-{namespace}-{name}"));
        fs::create_dir_all(&dir).unwrap();
        let token = self.token(&format!("system:serviceaccount:{namespace}:{name}"));
        fs::write(dir.join("token"), token).unwrap();
        fs::write(dir.join("namespace"), namespace).unwrap();
        fs::copy(&self.ca, dir.join("ca.crt")).unwrap();
        dir
    }

    /// The authority's certificate, PEM.
    pub fn ca(&self) -> &Path {
        &self.ca
    }

    /// A token that is this user's.
    fn token(&self, user: &str) -> String {
        let token = format!("token-of-{}", user.replace(':', "."));
        self.shared.tokens.lock().unwrap().insert(token.clone(), user.to_owned());
        token
    }

    /// Closes the listener and drops all connections, as a machine does that ends.
    ///
    /// # Panics
    ///
    /// If it is down already.
    pub fn down(&self) {
        let listening = self.listening.lock().unwrap().take().expect("the server is up");
        self.down.send_replace(());
        self.runtime().block_on(listening).unwrap();
    }

    /// Listens again, on the same port.
    ///
    /// # Panics
    ///
    /// If it is up.
    pub fn up(&self) {
        let (tls, shared) = (self.tls.clone(), self.shared.clone());
        let serving = serve::listen(self.address, tls, shared, self.role, self.down.subscribe());
        let (_, listening) = self.runtime().block_on(serving);
        *self.listening.lock().unwrap() = Some(listening);
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }
}

impl Drop for KubeServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
