//! A real kube-apiserver with its etcd, and a kubelet of our own behind it.
//!
//! `make test-kube` builds Debian's kube-apiserver 1.20 once and calls the tests that are ignored
//! otherwise. [`RealKube::start`] runs it on free ports of the loopback; everything ends with its handle,
//! or with the test process. [`crate::kube`] stands in for the kubelet, so that a test writes the logs
//! and the API server passes them on. What the kubelet says of its pods comes to the API server when a
//! test has it do so ([`RealKube::restart`]).
//!
//! Clients reach the API server through a relay, whose connections a test can cut.
//!
//! What this cannot show, because the server is of 2021:
//!
//! - rules in CEL of Istio's CustomResourceDefinitions: 1.25 is the first that checks them, and the
//!   definitions here have no schema at all;
//! - streaming lists (`sendInitialEvents`): 1.27 is the first that knows them;
//! - native sidecars: `restartPolicy` of an init container is dropped when a pod is stored;
//! - the container runtime and its log files: the kubelet is the test server's.

mod objects;
mod process;
mod relay;
mod request;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::certs::Certs;
use crate::kube::KubeServer;
use process::Process;
use relay::Relay;

pub use request::Answer;

/// Who may do everything.
const ADMIN: &str = "admin-token";
/// A user who may do everything.
pub const USER: &str = "developer";
/// A user of the group that `deploy/rbac.yaml` lets read; nothing is allowed to it otherwise.
pub const READER: &str = "reader";
/// The same who is of the group that may switch logging on, too.
pub const OPERATOR: &str = "operator";
/// The name of the node that all pods are on.
const NODE: &str = "node-1";
/// How long the servers may take to be ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// How the API server is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchCache {
    /// Watches are served from memory, as everywhere.
    On,
    /// Watches are etcd's, so that what etcd forgets they have forgotten.
    Off,
}

/// A kube-apiserver. It ends when dropped.
#[derive(Debug)]
pub struct RealKube {
    /// The kubelet of the only node; a test writes logs through it.
    pub kubelet: KubeServer,
    api: Mutex<Option<Process>>,
    api_address: SocketAddr,
    etcd_address: SocketAddr,
    relay: Relay,
    certs: Certs,
    cache: WatchCache,
    user: Mutex<&'static str>,
    dir: TempDir,
    /// The last, so that it ends when nobody asks it any more.
    _etcd: Process,
}

impl RealKube {
    /// Starts the servers, with the node and Istio's definitions.
    ///
    /// # Panics
    ///
    /// If they are not there: `make test-kube` builds them.
    pub fn start(cache: WatchCache) -> Self {
        let dir = TempDir::new().unwrap();
        let certs = Certs::create(dir.path());
        let [api_address, etcd_address, peers] = free_addresses();
        let etcd = etcd(dir.path(), etcd_address, peers);
        let tokens = [
            (ADMIN.to_owned(), "admin", "system:masters"),
            (token_of(USER), USER, "system:masters"),
            (token_of(READER), READER, "logcollector-readers"),
            (token_of(OPERATOR), OPERATOR, "logcollector-readers,logcollector-operators"),
        ]
        .map(|(token, user, groups)| format!("{token},{user},uid-of-{user},\"{groups}\"\n"))
        .concat();
        fs::write(dir.path().join("tokens.csv"), tokens).unwrap();
        let kube = Self {
            kubelet: KubeServer::start_kubelet(),
            api: Mutex::new(None),
            api_address,
            etcd_address,
            relay: Relay::start(api_address),
            certs,
            cache,
            user: Mutex::new(USER),
            dir,
            _etcd: etcd,
        };
        kube.up();
        kube.add_node();
        kube.define_kinds();
        kube
    }

    /// Starts the API server, and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it is up.
    pub fn up(&self) {
        let mut api = self.api.lock().unwrap();
        assert!(api.is_none(), "the API server is up");
        *api = Some(Process::start(self.api_server(), &self.dir.path().join("kube-apiserver.log")));
        drop(api);
        let begun = Instant::now();
        while self.request("GET", "/readyz", None).is_none_or(|answer| answer.status != 200) {
            let ended = self.api.lock().unwrap().as_mut().is_none_or(Process::has_ended);
            assert!(
                !ended && begun.elapsed() < PATIENCE,
                "kube-apiserver is not ready; it said:\n{}",
                fs::read_to_string(self.dir.path().join("kube-apiserver.log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the API server.
    ///
    /// # Panics
    ///
    /// If it is down already.
    pub fn down(&self) {
        drop(self.api.lock().unwrap().take().expect("the API server is up"));
    }

    /// Cuts all connections of clients.
    pub fn cut(&self) {
        self.relay.cut();
    }

    /// Has etcd forget everything but what is now.
    pub fn compact(&self) {
        let run = |arguments: &[&str]| {
            let output = Command::new(program("etcdctl"))
                .env("ETCDCTL_API", "3")
                .args(["--endpoints", &self.etcd_address.to_string()])
                .args(arguments)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let status = run(&["endpoint", "status", "--write-out", "json"]);
        let status: serde_json::Value = serde_json::from_slice(&status).unwrap();
        let revision = status[0]["Status"]["header"]["revision"].to_string();
        run(&["compact", &revision]);
    }

    /// Has [`Self::kubeconfig`] be of this user from now on.
    pub fn act_as(&self, user: &'static str) {
        *self.user.lock().unwrap() = user;
    }

    /// A kubeconfig of [`USER`], or of whom [`Self::act_as`] said, with this default namespace.
    pub fn kubeconfig(&self, namespace: &str) -> PathBuf {
        let user = *self.user.lock().unwrap();
        self.kubeconfig_of(user, &token_of(user), namespace)
    }

    /// A kubeconfig whose only context is of this name and bears this token.
    pub fn kubeconfig_of(&self, name: &str, token: &str, namespace: &str) -> PathBuf {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://{}", self.relay.address()),
                "certificate-authority": self.certs.ca,
            }}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {
                "cluster": "test", "user": name, "namespace": namespace,
            }}],
            "current-context": "test",
        });
        let path = self.dir.path().join(format!("kubeconfig-{name}"));
        fs::write(&path, config.to_string()).unwrap();
        path
    }

    fn api_server(&self) -> Command {
        let mut command = Command::new(program("kube-apiserver"));
        let port = self.api_address.port().to_string();
        let etcd = format!("http://{}", self.etcd_address);
        command
            .args(["--etcd-servers", &etcd])
            .args(["--bind-address", "127.0.0.1", "--secure-port", &port, "--insecure-port", "0"])
            // Nobody comes by the address that it would tell of.
            .args(["--advertise-address", "192.0.2.1", "--endpoint-reconciler-type", "none"])
            .args(["--service-cluster-ip-range", "10.96.0.0/24"])
            .arg("--tls-cert-file")
            .arg(&self.certs.server.cert)
            .arg("--tls-private-key-file")
            .arg(&self.certs.server.key)
            .arg("--token-auth-file")
            .arg(self.dir.path().join("tokens.csv"))
            .args(["--authorization-mode", "RBAC", "--anonymous-auth=false"])
            .args(["--service-account-issuer", "https://kubernetes.default.svc"])
            .arg("--service-account-key-file")
            .arg(&self.certs.server.cert)
            .arg("--service-account-signing-key-file")
            .arg(&self.certs.server.key)
            // No controller makes the account that each pod would need.
            .args(["--disable-admission-plugins", "ServiceAccount"])
            .args(["--kubelet-preferred-address-types", "InternalIP"])
            .arg("--kubelet-certificate-authority")
            .arg(self.kubelet.ca())
            .arg(format!("--watch-cache={}", self.cache == WatchCache::On))
            .current_dir(self.dir.path());
        command
    }
}

fn etcd(dir: &Path, clients: SocketAddr, peers: SocketAddr) -> Process {
    let (clients, peers) = (format!("http://{clients}"), format!("http://{peers}"));
    let mut command = Command::new(program("etcd"));
    command
        .arg("--data-dir")
        .arg(dir.join("etcd"))
        .args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients])
        .args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers])
        .args(["--initial-cluster", &format!("default={peers}")]);
    Process::start(command, &dir.join("etcd.log"))
}

/// A program that `make test-kube` has built.
fn program(name: &str) -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/kubernetes/bin");
    let path = std::env::var_os("KUBERNETES_BIN").map_or(built, PathBuf::from).join(name);
    assert!(path.exists(), "no {}: run `make test-kube`", path.display());
    path
}

fn token_of(user: &str) -> String {
    format!("token-of-{user}")
}

/// Addresses of the loopback that nobody listens at.
fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    // All at once, so that none is given twice.
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}
