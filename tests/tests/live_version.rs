//! What a Sidecar means goes by the version of the istiod that is found in the cluster.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are test code: a failing step is a failing test"
)]

use serde_json::Value;
use tests::tail_play::{Cluster, MESH, NAMESPACE};

/// Two services, and a Sidecar whose second host takes one away, or since 1.31 did not yet.
const OBJECTS: &str = "
apiVersion: v1
kind: Service
metadata: {name: reviews, namespace: shop}
spec: {clusterIP: 10.96.0.1, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: ratings, namespace: shop}
spec: {clusterIP: 10.96.0.2, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec: {egress: [{hosts: ['./*', '~/ratings.shop.svc.cluster.local']}]}
";

#[test]
fn sidecars_mean_what_the_istiod_of_the_cluster_makes_of_them() {
    let cases: [(&str, &str, &[&str], &[&str]); 5] = [
        ("1.31", "proxyv2/pilot:1.31.2", &[], &["reviews"]),
        ("1.30", "proxyv2/pilot:1.30.0-distroless", &[], &["ratings", "reviews"]),
        (
            "with a port and a digest",
            "host:5000/pilot:1.30.1@sha256:00",
            &[],
            &["ratings", "reviews"],
        ),
        ("no release", "pilot:latest", &[], &["reviews"]),
        ("asked for", "pilot:1.30.0", &["--istio-version", "1.31"], &["reviews"]),
    ];
    for (label, image, options, expected) in cases {
        let cluster = Cluster::start(MESH);
        cluster.pod("shell", "shell-5c4d-a");
        cluster.server.apply(OBJECTS);
        cluster.server.apply(&format!(
            "
apiVersion: v1
kind: Pod
metadata: {{name: istiod-1, namespace: istio-system, labels: {{app: istiod, istio.io/rev: default}}}}
spec: {{nodeName: node-1, containers: [{{name: discovery, image: '{image}'}}]}}
"
        ));
        let mut arguments = vec!["sidecar", "scope", "shell-5c4d-a", "-o", "json"];
        arguments.extend(options);
        let ended = cluster.run(&arguments);
        assert_eq!(ended.status.code(), Some(0), "{label}: {}", ended.err);
        let scope: Value = serde_json::from_str(&ended.out).unwrap();
        let hosts = scope["services"].as_array().unwrap().iter();
        let hosts: Vec<&str> = hosts.map(|it| it["host"].as_str().unwrap()).collect();
        let expected: Vec<String> =
            expected.iter().map(|name| format!("{name}.{NAMESPACE}.svc.cluster.local")).collect();
        assert_eq!(hosts, expected, "{label}");
    }
}
