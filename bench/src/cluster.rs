//! Manifests of a cluster: pods, namespaces, Telemetry objects and MeshConfig, as kubectl prints them.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::rng::Rng;

/// How many pods a namespace has.
const PODS_PER_NAMESPACE: usize = 50;

/// How large a cluster is made.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// How many pods there are.
    pub pods: usize,
    /// How many Telemetry objects.
    pub telemetries: usize,
    /// The seed of what is left to chance.
    pub seed: u64,
}

/// Writes the objects of a cluster as one `List` in JSON, as `kubectl get -o json` prints it.
///
/// # Errors
///
/// When writing fails.
pub fn write_json(size: Size, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [")?;
    for (number, object) in objects(size).enumerate() {
        out.write_all(if number > 0 { b"," } else { b"" })?;
        for line in format!("{object:#}").lines() {
            write!(out, "\n        {}{line}", &"  ".repeat(leading_blanks(line) / 2))?;
        }
    }
    let end = "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \
        \"resourceVersion\": \"\"\n    }\n}\n";
    out.write_all(end.as_bytes())
}

/// kubectl indents by four blanks, serde_json by two.
fn leading_blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Writes the same objects in YAML, as `kubectl get -o yaml` prints them.
///
/// # Errors
///
/// When writing fails.
pub fn write_yaml(size: Size, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"apiVersion: v1\nitems:\n")?;
    let mut text = String::new();
    for object in objects(size) {
        text.clear();
        append_yaml(&object, 2, &mut text);
        write!(out, "- {text}")?;
    }
    out.write_all(b"kind: List\nmetadata:\n  resourceVersion: \"\"\n")
}

fn objects(size: Size) -> impl Iterator<Item = Value> {
    let namespaces = size.pods.div_ceil(PODS_PER_NAMESPACE).max(1);
    let mut rng = Rng::new(size.seed);
    let mut also = Rng::new(!size.seed);
    std::iter::once(mesh_config())
        .chain((0..namespaces).map(namespace))
        .chain((0..size.pods).map(move |number| pod(number, &mut rng)))
        .chain((0..size.telemetries).map(move |number| telemetry(number, namespaces, &mut also)))
}

fn mesh_config() -> Value {
    let mesh = "accessLogFile: /dev/stdout\naccessLogEncoding: TEXT\n\
        defaultProviders:\n  accessLogging:\n  - envoy\n\
        extensionProviders:\n- name: json\n  envoyFileAccessLog:\n    path: /dev/stdout\n    \
        logFormat:\n      labels:\n        code: '%RESPONSE_CODE%'\n";
    json!({
        "apiVersion": "v1",
        "data": {"mesh": mesh, "meshNetworks": "networks: {}"},
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
    })
}

fn namespace(number: usize) -> Value {
    let name = format!("team-{number}");
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"istio-injection": "enabled", "kubernetes.io/metadata.name": name},
            "name": name,
        },
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

/// A Telemetry object: for a namespace, or for an application in one.
fn telemetry(number: usize, namespaces: usize, rng: &mut Rng) -> Value {
    let provider = if rng.chance(70) { "envoy" } else { "json" };
    let mut spec = json!({"accessLogging": [{"providers": [{"name": provider}]}]});
    if rng.chance(50) {
        spec["accessLogging"][0]["filter"] = json!({"expression": "response.code >= 400"});
    }
    if rng.chance(80) {
        spec["selector"] = json!({"matchLabels": {"app": app(rng.below(10))}});
    }
    json!({
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": {
            "creationTimestamp": format!("2026-02-{:02}T{:02}:00:00Z", 1 + number % 28, number % 24),
            "name": format!("logging-{number}"),
            "namespace": format!("team-{}", number % namespaces),
        },
        "spec": spec,
    })
}

fn app(number: u64) -> String {
    format!("service-{number}")
}

fn pod(number: usize, rng: &mut Rng) -> Value {
    let (hash, tail) = (rng.next() & 0xff_ffff, rng.next() & 0xf_ffff);
    let app = app(rng.below(10));
    let name = format!("{app}-v1-{hash:x}-{tail:05x}");
    let labels = json!({
        "app": app,
        "pod-template-hash": format!("{hash:x}"),
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": app,
        "service.istio.io/canonical-revision": "v1",
        "version": "v1",
    });
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": {
                "istio.io/rev": "default",
                "kubectl.kubernetes.io/default-container": "app",
                "prometheus.io/path": "/stats/prometheus",
                "prometheus.io/port": "15020",
                "sidecar.istio.io/status": STATUS,
            },
            "creationTimestamp": "2026-03-01T10:00:00Z",
            "generateName": format!("{app}-v1-{hash:x}-"),
            "labels": labels,
            "name": name,
            "namespace": format!("team-{}", number / PODS_PER_NAMESPACE),
            "ownerReferences": [{
                "apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
                "kind": "ReplicaSet", "name": format!("{app}-v1-{hash:x}"),
                "uid": "2f6d3c1e-0a2b-4c4d-8e5f-6a7b8c9d0e1f",
            }],
            "resourceVersion": format!("{}", 100_000 + number),
            "uid": format!("6f6d3c1e-0a2b-4c4d-8e5f-{number:012x}"),
        },
        "spec": {
            "containers": [application(&app), proxy(&labels)],
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": true,
            "initContainers": [init()],
            "nodeName": format!("worker-{}", number % 100),
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "serviceAccount": "default",
            "serviceAccountName": "default",
            "terminationGracePeriodSeconds": 30,
            "tolerations": [
                {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready",
                 "operator": "Exists", "tolerationSeconds": 300},
                {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable",
                 "operator": "Exists", "tolerationSeconds": 300},
            ],
            "volumes": volumes(),
        },
        "status": status(number),
    })
}

const STATUS: &str = r#"{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":["workload-socket","credential-socket","workload-certs","istio-envoy","istio-data","istio-podinfo","istio-token","istiod-ca-cert"],"imagePullSecrets":null,"revision":"default"}"#;

fn application(app: &str) -> Value {
    json!({
        "image": format!("registry.example/{app}:1.20.3"),
        "imagePullPolicy": "IfNotPresent",
        "name": "app",
        "ports": [{"containerPort": 9080, "protocol": "TCP"}],
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{"mountPath": "/tmp", "name": "tmp"}, service_account()],
    })
}

fn service_account() -> Value {
    json!({
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "name": "kube-api-access-4x9zq", "readOnly": true,
    })
}

fn proxy(labels: &Value) -> Value {
    let field = |name: &str, path: &str| json!({"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}});
    let mount = |path: &str, name: &str| json!({"mountPath": path, "name": name});
    json!({
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local",
            "--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error",
            "--log_output_level=default:info"],
        "env": [
            {"name": "PILOT_CERT_PROVIDER", "value": "istiod"},
            {"name": "CA_ADDR", "value": "istiod.istio-system.svc:15012"},
            field("POD_NAME", "metadata.name"),
            field("POD_NAMESPACE", "metadata.namespace"),
            field("INSTANCE_IP", "status.podIP"),
            field("SERVICE_ACCOUNT", "spec.serviceAccountName"),
            field("HOST_IP", "status.hostIP"),
            {"name": "PROXY_CONFIG", "value": "{}\n"},
            {"name": "ISTIO_META_POD_PORTS", "value":
                "[\n    {\"containerPort\":9080,\"protocol\":\"TCP\"}\n]"},
            {"name": "ISTIO_META_APP_CONTAINERS", "value": "app"},
            {"name": "ISTIO_META_CLUSTER_ID", "value": "Kubernetes"},
            {"name": "ISTIO_META_INTERCEPTION_MODE", "value": "REDIRECT"},
            {"name": "ISTIO_META_LABELS", "value": labels.to_string()},
            {"name": "ISTIO_META_MESH_ID", "value": "cluster.local"},
            {"name": "TRUST_DOMAIN", "value": "cluster.local"},
        ],
        "image": "registry.example/istio/proxyv2:1.31.0",
        "imagePullPolicy": "IfNotPresent",
        "name": "istio-proxy",
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "readinessProbe": {
            "failureThreshold": 4, "periodSeconds": 15, "successThreshold": 1, "timeoutSeconds": 3,
            "httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"},
        },
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"},
            "requests": {"cpu": "10m", "memory": "40Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            "privileged": false, "readOnlyRootFilesystem": true, "runAsGroup": 1337,
            "runAsNonRoot": true, "runAsUser": 1337,
        },
        "volumeMounts": [
            mount("/var/run/secrets/workload-spiffe-uds", "workload-socket"),
            mount("/var/run/secrets/credential-uds", "credential-socket"),
            mount("/var/run/secrets/workload-spiffe-credentials", "workload-certs"),
            mount("/var/run/secrets/istio", "istiod-ca-cert"),
            mount("/var/lib/istio/data", "istio-data"),
            mount("/etc/istio/proxy", "istio-envoy"),
            mount("/var/run/secrets/tokens", "istio-token"),
            mount("/etc/istio/pod", "istio-podinfo"),
            service_account(),
        ],
    })
}

fn init() -> Value {
    json!({
        "args": ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT",
            "-i", "*", "-x", "", "-b", "*", "-d", "15090,15021,15020"],
        "image": "registry.example/istio/proxyv2:1.31.0",
        "name": "istio-init",
        "securityContext": {
            "capabilities": {"add": ["NET_ADMIN", "NET_RAW"], "drop": ["ALL"]}, "runAsUser": 0,
        },
    })
}

fn volumes() -> Value {
    let empty = |name: &str| json!({"emptyDir": {}, "name": name});
    json!([
        empty("workload-socket"), empty("credential-socket"), empty("workload-certs"),
        {"emptyDir": {"medium": "Memory"}, "name": "istio-envoy"},
        empty("istio-data"),
        {"downwardAPI": {"defaultMode": 420, "items": [
            {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels"}, "path": "labels"},
            {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.annotations"},
             "path": "annotations"},
        ]}, "name": "istio-podinfo"},
        {"name": "istio-token", "projected": {"defaultMode": 420, "sources": [{
            "serviceAccountToken":
                {"audience": "istio-ca", "expirationSeconds": 43200, "path": "istio-token"},
        }]}},
        {"configMap": {"defaultMode": 420, "name": "istio-ca-root-cert"}, "name": "istiod-ca-cert"},
        empty("tmp"),
    ])
}

fn status(number: usize) -> Value {
    let condition = |kind: &str| {
        json!({"lastProbeTime": null, "lastTransitionTime": "2026-03-01T10:00:05Z",
            "status": "True", "type": kind})
    };
    let container = |name: &str| {
        json!({
            "containerID": format!("containerd://{number:064x}"), "lastState": {}, "name": name,
            "image": "registry.example/image:1", "imageID": format!("sha256:{number:064x}"),
            "ready": true, "restartCount": 0, "started": true,
            "state": {"running": {"startedAt": "2026-03-01T10:00:03Z"}},
        })
    };
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map(condition);
    let ip = format!("10.{}.{}.{}", 64 + number / 62_500, number / 250 % 250, 1 + number % 250);
    json!({
        "conditions": conditions,
        "containerStatuses": [container("app"), container("istio-proxy")],
        "hostIP": "10.0.0.7", "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}],
        "qosClass": "Burstable", "startTime": "2026-03-01T10:00:00Z",
    })
}

/// Appends a value in block style and a newline; the line it begins on is indented already.
fn append_yaml(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (number, (key, value)) in members.iter().enumerate() {
                if number > 0 {
                    out.push_str(&pad);
                }
                out.push_str(key);
                out.push(':');
                append_member(value, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push_str(&pad);
                }
                out.push_str("- ");
                append_yaml(item, indent + 2, out);
            }
        }
        // A double-quoted scalar of YAML reads as the string of JSON that it looks like.
        scalar => {
            let _ = writeln!(out, "{scalar}");
        }
    }
}

fn append_member(value: &Value, indent: usize, out: &mut String) {
    let inner = match value {
        Value::Object(members) if !members.is_empty() => indent + 2,
        // As kubectl prints them, items stand below the key and not further in.
        Value::Array(items) if !items.is_empty() => indent,
        scalar => {
            let _ = writeln!(out, " {scalar}");
            return;
        }
    };
    out.push('\n');
    out.push_str(&" ".repeat(inner));
    append_yaml(value, inner, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cluster_is_what_its_size_says() {
        let size = Size { pods: 120, telemetries: 7, seed: 1 };
        let json = written(|out| write_json(size, out));
        let list: Value = serde_json::from_str(&json).unwrap();
        let count = |kind: &str| {
            let items = list["items"].as_array().unwrap();
            items.iter().filter(|item| item["kind"] == kind).count()
        };
        assert_eq!((count("Pod"), count("Namespace"), count("Telemetry")), (120, 3, 7));
        assert_eq!(json, written(|out| write_json(size, out)));
        let yaml = written(|out| write_yaml(size, out));
        assert_eq!(yaml.matches("\n- apiVersion: ").count(), 131);
    }
}
