//! The scenes on the test server; `real_kube.rs` plays the same on a real kube-apiserver.

use tests::tail_play::{Cluster, MESH, NAMESPACE};
use tests::tail_scenes as scenes;

fn cluster() -> Cluster {
    Cluster::start(MESH)
}

#[test]
fn pods_come_and_go() {
    scenes::pods_come_and_go(&cluster());
}

#[test]
fn a_container_restarts() {
    scenes::a_container_restarts(&cluster());
}

#[test]
fn connections_are_cut() {
    scenes::connections_are_cut(&cluster());
}

#[test]
fn logs_are_cut_within_a_line() {
    scenes::logs_are_cut_within_a_line(&cluster());
}

#[test]
fn the_past_is_forgotten() {
    scenes::the_past_is_forgotten(&cluster());
}

#[test]
fn the_api_server_goes_and_comes() {
    scenes::the_api_server_goes_and_comes(&cluster());
}

#[test]
fn the_format_changes() {
    scenes::the_format_changes(&cluster());
}

#[test]
fn many_pods_are_replaced() {
    scenes::many_pods_are_replaced(&cluster());
}

#[test]
fn who_is_live() {
    scenes::who_is_live(&cluster());
}

#[test]
fn since_counts_seconds() {
    scenes::since_counts_seconds(&cluster());
}

#[test]
fn logging_is_switched_on_and_off() {
    let cluster = cluster();
    scenes::logging_is_switched_on_and_off(&cluster, || cluster.server.list("Telemetry"));
}

#[test]
fn formats_may_not_be_read() {
    let cluster = cluster();
    cluster.server.allow_only(
        "{kind: Role, metadata: {name: r, namespace: shop}, rules: [
           {apiGroups: [''], resources: [pods], verbs: [get, list, watch]},
           {apiGroups: [''], resources: [pods/log], verbs: [get]}]}",
    );
    let config = cluster.server.kubeconfig_of("reader", NAMESPACE);
    scenes::formats_may_not_be_read(&cluster, &config);
}
