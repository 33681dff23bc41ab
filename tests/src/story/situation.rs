//! The cluster in the situations of the page.

use std::path::{Path, PathBuf};

use crate::kube::{KubeServer, USER};
use crate::tail_play::{MESH, SILENT_MESH};

/// The namespace of bookinfo.
const NAMESPACE: &str = "bookinfo";
/// The pod that calls, and one that is called.
const CALLER: &str = "productpage-v1-dffc47f64-qw4bk";
const CALLED: &str = "reviews-v1-5c4d6d447c-qwmbv";
/// What `reviews-v3` has in place of a proxy.
const NO_PROXY: &str = "sidecar.istio.io/inject: \"false\"";

/// A cluster, and the lines that are to come in it.
#[derive(Debug)]
pub struct Situation {
    server: KubeServer,
    pod: &'static str,
    lines: Vec<String>,
    is_switched_on: bool,
}

impl Situation {
    /// The situation of this name.
    ///
    /// # Panics
    ///
    /// If there is none of the name.
    pub fn of(name: &str) -> Self {
        let (mesh, lines, is_switched_on) = match name {
            "silent" => (SILENT_MESH, "", false),
            "broken" => (SILENT_MESH, "productpage-errors.log", true),
            "mended" => (SILENT_MESH, "productpage-mended.log", true),
            "blocked" => (MESH, "productpage-blocked.log", false),
            "called" => (MESH, "reviews.log", false),
            "left over" | "read only" => (SILENT_MESH, "", false),
            _ => panic!("there is no situation `{name}`"),
        };
        let server = KubeServer::start();
        server.apply(mesh);
        let mut bookinfo = fixture("bookinfo.yaml");
        if name == "mended" {
            bookinfo = mended(&bookinfo);
        }
        server.apply(&bookinfo);
        match name {
            "blocked" => server.apply(&fixture("registry-only.yaml")),
            "left over" => server.apply(&fixture("left-over.yaml")),
            "read only" => server.allow_only(&readers()),
            _ => {}
        }
        let lines = match lines {
            "" => Vec::new(),
            file => fixture(file).lines().map(str::to_owned).collect(),
        };
        let pod = if name == "called" { CALLED } else { CALLER };
        let situation = Self { server, pod, lines, is_switched_on };
        if !is_switched_on {
            situation.write();
        }
        situation
    }

    /// The kubeconfig of its user.
    pub fn kubeconfig(&self) -> PathBuf {
        self.server.kubeconfig_of(USER, NAMESPACE)
    }

    /// Whether lines come only when access logging is switched on.
    pub fn is_switched_on(&self) -> bool {
        self.is_switched_on
    }

    /// Whether access logging is switched on by an object now.
    pub fn has_object(&self) -> bool {
        !self.server.list("Telemetry").is_empty()
    }

    /// Lets the lines come that are not there yet; says how many there are.
    pub fn come(&self) -> usize {
        if self.is_switched_on {
            self.write();
        }
        self.lines.len()
    }

    fn write(&self) {
        let log = self.server.log(NAMESPACE, self.pod, "istio-proxy");
        self.lines.iter().for_each(|line| log.line(line));
    }
}

/// A file of the page.
pub fn fixture(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Where the files of the page are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/troubleshooting")
}

/// The manifests with a proxy in the pod that had none.
fn mended(bookinfo: &str) -> String {
    assert!(bookinfo.contains(NO_PROXY));
    let proxy = "  - {name: istio-proxy, image: 'docker.io/istio/proxyv2:1.31.0', \
                 args: [proxy, sidecar]}\n";
    let none = "  # no proxy\n";
    assert!(bookinfo.contains(none));
    let with_proxy = bookinfo.replace(&format!(", {NO_PROXY}"), "").replace(none, proxy);
    // What comes from a changed template is a new pod.
    with_proxy.replace("f68f94645-lm7zd", "7d5b9f6c8-wk4t2").replace("10.244.1.47", "10.244.1.52")
}

/// The rights of readers, for the user.
fn readers() -> String {
    let rights = include_str!("../../../deploy/rbac.yaml");
    let group = "kind: Group, name: logcollector-readers}";
    assert!(rights.contains(group));
    rights.replace(group, &format!("kind: User, name: {USER}}}"))
}
