//! `logcollector` on a real kube-apiserver. What it is, and what it cannot show, stands in
//! [`tests::real_kube`].

use std::path::PathBuf;

use tests::real_kube::{OPERATOR, READER, RealKube, WatchCache};
use tests::tail_play::NAMESPACE;
use tests::tail_scenes as scenes;

fn kube() -> RealKube {
    RealKube::start(WatchCache::On)
}

#[test]
#[ignore = "needs make test-kube"]
fn pods_come_and_go() {
    scenes::pods_come_and_go(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn a_container_restarts() {
    scenes::a_container_restarts(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn connections_are_cut() {
    scenes::connections_are_cut(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn logs_are_cut_within_a_line() {
    scenes::logs_are_cut_within_a_line(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn the_past_is_forgotten() {
    for cache in [WatchCache::On, WatchCache::Off] {
        scenes::the_past_is_forgotten(&RealKube::start(cache));
    }
}

#[test]
#[ignore = "needs make test-kube"]
fn the_api_server_goes_and_comes() {
    scenes::the_api_server_goes_and_comes(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn the_format_changes() {
    scenes::the_format_changes(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn many_pods_are_replaced() {
    scenes::many_pods_are_replaced(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn who_is_live() {
    scenes::who_is_live(&kube());
}

#[test]
#[ignore = "needs make test-kube"]
fn since_counts_seconds() {
    let kube = kube();
    scenes::since_counts_seconds(&kube);
    let asked = kube.kubelet.requests();
    let whole = |query: &str| query.contains("sinceTime=2026-01-02T03%3A04%3A05Z");
    assert!(asked.iter().any(|request| whole(&request.query)), "{asked:?}");
}

#[test]
#[ignore = "needs make test-kube"]
fn logging_is_switched_on_and_off() {
    let kube = kube();
    let telemetries = || kube.list("telemetry.istio.io/v1", "Telemetry", NAMESPACE);
    scenes::logging_is_switched_on_and_off(&kube, telemetries);
}

/// The kubeconfig of a service account that these roles are bound to.
fn account(kube: &RealKube, roles: &str) -> PathBuf {
    kube.apply(roles);
    let token = kube.service_account_token("default", "reader");
    kube.kubeconfig_of("reader", &token, NAMESPACE)
}

#[test]
#[ignore = "needs make test-kube"]
fn formats_may_not_be_read() {
    let kube = kube();
    let config = account(
        &kube,
        "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get, list, watch]}
- {apiGroups: [''], resources: [pods/log], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: default}]
",
    );
    scenes::formats_may_not_be_read(&kube, &config);
}

/// The rights that are handed out to users.
const RIGHTS: &str = include_str!("../../deploy/rbac.yaml");

fn with_least_rights(user: &'static str) -> RealKube {
    let kube = kube();
    kube.apply(RIGHTS);
    kube.act_as(user);
    kube
}

#[test]
#[ignore = "needs make test-kube"]
fn least_rights_suffice_to_follow() {
    scenes::pods_come_and_go(&with_least_rights(READER));
}

#[test]
#[ignore = "needs make test-kube"]
fn least_rights_suffice_to_see_a_format_change() {
    scenes::the_format_changes(&with_least_rights(READER));
}

#[test]
#[ignore = "needs make test-kube"]
fn least_rights_suffice_to_switch_on() {
    let kube = with_least_rights(OPERATOR);
    let telemetries = || kube.list("telemetry.istio.io/v1", "Telemetry", NAMESPACE);
    scenes::logging_is_switched_on_and_off(&kube, telemetries);
}
