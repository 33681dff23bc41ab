//! The rights of `deploy/rbac.yaml` are enough, and none of them is too much.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use std::collections::BTreeSet;

use tests::tail_play::{Cluster, NAMESPACE, SILENT_MESH, line};

const RBAC: &str = include_str!("../../deploy/rbac.yaml");

/// A cluster whose user is in these groups and may do nothing else.
fn cluster(groups: &[&str]) -> Cluster {
    let cluster = Cluster::start(SILENT_MESH);
    cluster.deployment("reviews");
    cluster.pod("reviews", "reviews-5c4d-a").line(line("/there", 1));
    let mut rights = RBAC.to_owned();
    for group in groups {
        let of_group = format!("kind: Group, name: {group}}}");
        assert!(rights.contains(&of_group), "{group}");
        rights = rights.replace(&of_group, &format!("kind: User, name: {}}}", tests::kube::USER));
    }
    cluster.server.allow_only(&rights);
    cluster
}

/// The commands that read, each with a part of what it prints.
const READING: &[(&[&str], &str)] = &[
    (&["tail", "deploy/reviews", "--no-follow"], "/there"),
    (&["tail", "reviews-5c4d-a", "--no-follow", "--enrich"], "/there"),
    (&["telemetry", "who"], "reviews-5c4d-a"),
    (&["telemetry", "explain", "reviews-5c4d-a"], "reviews-5c4d-a"),
    (&["telemetry", "render", "reviews-5c4d-a"], "{"),
    (&["telemetry", "lint"], "[]"),
    (&["mesh", "inject"], "reviews-5c4d-a"),
    (&["mesh", "capture", "reviews-5c4d-a", "--rules"], "ISTIO_REDIRECT"),
    (&["sidecar", "scope", "reviews-5c4d-a"], "reviews-5c4d-a"),
    (&["sidecar", "endpoints", "reviews-5c4d-a"], "["),
    (&["sidecar", "lint"], "["),
];

#[test]
fn reading_needs_what_it_is_given() {
    let cluster = cluster(&["logcollector-readers"]);
    for (arguments, expected) in READING {
        let ended = cluster.run(arguments);
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {}", ended.err);
        assert!(ended.out.contains(expected), "{arguments:?}: {}", ended.out);
        assert!(!ended.err.contains("not allowed"), "{arguments:?}: {}", ended.err);
    }
    let log = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(log.path(), line("/there", 1)).unwrap();
    let (log, pod) = (log.path().to_str().unwrap(), format!("{NAMESPACE}/reviews-5c4d-a"));
    let suggested = cluster.run(&["sidecar", "suggest", "--pod", &pod, log]);
    assert!(suggested.out.contains("kind: Sidecar"), "{}{}", suggested.out, suggested.err);
    assert!(!suggested.err.contains("not allowed"), "{}", suggested.err);
    let new = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(new.path(), &suggested.out).unwrap();
    let new = new.path().to_str().unwrap();
    let checked = cluster.run(&["sidecar", "check", new, "--pod", &pod, log]);
    assert!(!checked.out.is_empty() && !checked.err.contains("not allowed"), "{}", checked.err);
    let tail = cluster.tail(&["deploy/reviews"]);
    tail.wait_out(1);
    let ended = tail.end();
    assert!(!ended.err.contains("forbidden"), "{}", ended.err);
    let switched = cluster.run(&["tail", "deploy/reviews", "--enable", "--yes"]);
    assert_eq!(switched.status.code(), Some(2), "{}", switched.err);
    assert!(switched.err.contains("cannot create"), "{}", switched.err);
    unused(&cluster, &["logcollector-enable"]);
}

#[test]
fn switching_on_needs_what_it_is_given() {
    let cluster = cluster(&["logcollector-readers", "logcollector-operators"]);
    let tail = cluster.tail(&["deploy/reviews", "--enable", "--yes"]);
    tail.wait_err("switched on");
    let ended = tail.end();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    assert!(cluster.server.list("Telemetry").is_empty(), "{}", ended.err);
}

/// Sees that each right was used; a right that nothing uses is one too many. Those of `beside` are not
/// looked at.
fn unused(cluster: &Cluster, beside: &[&str]) {
    let used: BTreeSet<String> =
        cluster.server.requests().iter().map(|it| format!("{} {}", it.path, it.query)).collect();
    for document in serde_saphyr::from_multiple::<serde_json::Value>(RBAC).unwrap() {
        let name = document["metadata"]["name"].as_str().unwrap();
        if beside.contains(&name) {
            continue;
        }
        for rule in document["rules"].as_array().into_iter().flatten() {
            for resource in rule["resources"].as_array().unwrap() {
                let plural = resource.as_str().unwrap().rsplit('/').next().unwrap();
                let is_used = used.iter().any(|it| it.contains(&format!("/{plural}")));
                assert!(is_used, "{name}: nothing asks for {resource}");
            }
        }
    }
    assert!(used.iter().any(|it| it.contains(NAMESPACE)));
}

#[test]
fn a_pod_of_the_cluster_needs_no_kubeconfig() {
    if tests::namespaces::are_skipped() {
        return;
    }
    let cluster = cluster(&[]);
    let rights = RBAC.replace(
        "kind: Group, name: logcollector-readers}",
        "kind: User, name: 'system:serviceaccount:shop:logs'}",
    );
    cluster.server.allow_only(&rights);
    let account = cluster.server.service_account(NAMESPACE, "logs");
    let address = cluster.server.address();
    // As the kubelet would mount it, for this process alone.
    let script = "mount -t tmpfs tmpfs \"$(readlink -f /var/run)\" && \
                  mkdir -p /var/run/secrets/kubernetes.io/serviceaccount && \
                  cp \"$ACCOUNT\"/* /var/run/secrets/kubernetes.io/serviceaccount && \
                  exec \"$@\"";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(tests::tail_play::binary())
        .args(["tail", "deploy/reviews", "--no-follow"])
        .env("ACCOUNT", account)
        .env("HOME", "/nonexistent")
        .env_remove("KUBECONFIG")
        .env("KUBERNETES_SERVICE_HOST", address.ip().to_string())
        .env("KUBERNETES_SERVICE_PORT", address.port().to_string())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("/there"), "{said}");
}
