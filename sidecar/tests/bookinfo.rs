//! Bookinfo, called from a shell in another namespace: before a Sidecar, under one, and blocked.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use mesh::{Inventory, Labels, Loader, ProxyKind};
use sidecar::{
    Calls, Checker, Class, EndpointChange, EndpointTable, Observed, PolicyMode, Protocol, Scope,
    ScopeChange, Settings, SuggestOptions, Target, Verdict, View, endpoints, suggest,
};

const CLUSTER: &str = include_str!("bookinfo/cluster.yaml");
const SLICES: &str = include_str!("bookinfo/endpoint-slices.yaml");
const OF_THE_NAMESPACE: &str = include_str!("bookinfo/sidecar-of-the-namespace.yaml");
const OF_A_WORKLOAD: &str = include_str!("bookinfo/sidecar-of-a-workload.yaml");
const REGISTRY_ONLY: &str = include_str!("bookinfo/registry-only.yaml");
const BEFORE: &str = include_str!("bookinfo/endpoints-before.txt");
const AFTER: &str = include_str!("bookinfo/endpoints-after.txt");

fn load(texts: &[&str]) -> Inventory {
    let mut loader = Loader::new();
    for text in texts {
        loader.add("bookinfo.yaml", text.as_bytes());
    }
    let loaded = loader.finish();
    assert_eq!(loaded.errors, []);
    loaded.inventory
}

/// The view, and the scope of a pod in it.
fn scope(inventory: &Inventory, pod: &str) -> (View, Scope) {
    let view = View::new(inventory, Settings::default());
    let workload = inventory.workloads.iter().find(|it| it.meta.name == pod).unwrap();
    let scope = Scope::of(&view, &Target::of(workload));
    (view, scope)
}

fn table(inventory: &Inventory, pod: &str) -> EndpointTable {
    let (view, scope) = scope(inventory, pod);
    endpoints(&view, &scope, &[])
}

#[test]
fn the_endpoints_of_my_shell() {
    for (label, objects, expected) in [
        ("no Sidecar", vec![], BEFORE),
        ("a Sidecar of the namespace", vec![OF_THE_NAMESPACE], AFTER),
        ("a Sidecar of another workload", vec![OF_A_WORKLOAD], BEFORE),
        ("REGISTRY_ONLY", vec![REGISTRY_ONLY], BEFORE),
        ("REGISTRY_ONLY with a Sidecar", vec![REGISTRY_ONLY, OF_THE_NAMESPACE], AFTER),
    ] {
        let base = load(&[CLUSTER, SLICES]);
        let with = base.with(load(&objects));
        assert_eq!(table(&with, "my-shell").to_string(), expected, "{label}");
        let pods_only = load(&[CLUSTER]).with(load(&objects));
        assert_eq!(table(&pods_only, "my-shell").to_string(), expected, "{label}, without slices");
    }
}

#[test]
fn the_endpoints_of_others_are_untouched() {
    let before = load(&[CLUSTER, SLICES]);
    let after = before.with(load(&[OF_THE_NAMESPACE]));
    for pod in ["productpage-v1-dffc47f64-qw4bk", "reviews-v1-5c4d6d447c-qwmbv"] {
        assert_eq!(table(&before, pod), table(&after, pod), "{pod}");
        assert_eq!(table(&after, pod).to_string(), BEFORE, "{pod}");
    }
}

#[test]
fn a_real_envoy_held_the_same() {
    // What it printed: endpoint, status and cluster, with the path of Unix domain sockets left out.
    for (file, objects) in [
        (include_str!("bookinfo/endpoints-before.real-envoy.txt"), vec![CLUSTER]),
        (include_str!("bookinfo/endpoints-after.real-envoy.txt"), vec![CLUSTER, OF_THE_NAMESPACE]),
    ] {
        let table = table(&load(&objects), "my-shell");
        let mut rows: Vec<String> = Vec::new();
        for row in &table.rows {
            let endpoint = row.endpoint();
            let endpoint = match endpoint.starts_with("unix://") {
                true => "unix://(path)",
                false => endpoint.as_str(),
            };
            rows.push(format!("{endpoint} {} {}", row.status.as_str(), row.cluster));
        }
        let mut expected: Vec<&str> = file.lines().collect();
        expected.sort_unstable();
        rows.sort_unstable();
        assert_eq!(rows, expected);
    }
}

#[test]
fn the_difference_is_what_the_sidecar_takes_away() {
    let before = load(&[CLUSTER]);
    let after = before.with(load(&[OF_THE_NAMESPACE]));
    let change =
        EndpointChange { before: table(&before, "my-shell"), after: table(&after, "my-shell") };
    assert!(change.added().is_empty());
    let removed: Vec<&str> = change.removed().iter().map(|row| row.cluster.as_str()).collect();
    assert_eq!(removed.len(), 10);
    assert!(removed.iter().all(|it| it.contains(".bookinfo.") || it.contains(".kube-system.")));
}

#[test]
fn the_scope_as_json() {
    let inventory = load(&[CLUSTER, OF_THE_NAMESPACE]);
    let (_, scope) = scope(&inventory, "my-shell");
    let json = serde_json::to_string_pretty(&scope.report("my-shell")).unwrap();
    assert_eq!(json, include_str!("bookinfo/scope-after.json").trim_end());
}

#[test]
fn the_scope_before_and_after() {
    let before = load(&[CLUSTER]);
    let after = before.with(load(&[OF_THE_NAMESPACE, REGISTRY_ONLY]));
    let report = |inventory| scope(inventory, "my-shell").1.report("my-shell");
    let change = ScopeChange { before: report(&before), after: report(&after) };
    let json = serde_json::to_value(&change).unwrap();
    assert_eq!(json["before"]["sidecar"], serde_json::Value::Null);
    assert_eq!(json["before"]["outbound_traffic_policy"], "ALLOW_ANY");
    assert_eq!(json["before"]["services"].as_array().unwrap().len(), 9);
    assert_eq!(json["after"]["sidecar"], "default/default");
    assert_eq!(json["after"]["outbound_traffic_policy"], "REGISTRY_ONLY");
    assert_eq!(json["after"]["services"].as_array().unwrap().len(), 4);
}

#[test]
fn gateways_ignore_sidecars() {
    let root_wide = OF_THE_NAMESPACE.replace("namespace: default", "namespace: istio-system");
    let inventory = load(&[CLUSTER, &root_wide]);
    let (view, scope) = scope(&inventory, "istio-ingressgateway-7f57bc66bb-4x9jd");
    assert_eq!(scope.report("gateway").outbound_traffic_policy, None);
    assert_eq!(scope.services.len(), 9);
    assert_eq!(endpoints(&view, &scope, &[]).to_string(), BEFORE);
    // A sidecar is bound by the same object.
    let labels = Labels::new();
    let target = Target { namespace: "bookinfo", labels: &labels, kind: ProxyKind::Sidecar };
    assert_eq!(Scope::of(&view, &target).mode(), PolicyMode::AllowAny);
    assert_eq!(Scope::of(&view, &target).services.len(), 7);
}

/// A call to reviews, as my-shell's proxy logs it without a Sidecar.
fn shell_2() -> Calls {
    let call = Observed {
        class: Class::OutboundMatched,
        protocol: Protocol::Http,
        host: Some("reviews.bookinfo.svc.cluster.local"),
        subset: None,
        port: Some(9080),
        destination: Some("10.96.209.151:9080".parse().unwrap()),
        authority: Some("10.96.209.151:9080"),
        server_name: None,
    };
    let mut calls = Calls::new();
    let workload = calls.workload("default", "my-shell");
    calls.note(workload, &call, None, b"a line");
    calls
}

#[test]
fn what_becomes_of_the_call_of_shell_2() {
    let before = load(&[CLUSTER]);
    let calls = shell_2();
    for (label, objects, verdict, after) in [
        (
            "nothing",
            vec![],
            Verdict::StaysMatched,
            "HTTP to outbound|9080||reviews.bookinfo.svc.cluster.local",
        ),
        (
            "a Sidecar of the namespace: passed on as it is",
            vec![OF_THE_NAMESPACE],
            Verdict::BecomesUnmatched,
            "TCP passed through",
        ),
        (
            "a Sidecar for others",
            vec![OF_A_WORKLOAD],
            Verdict::StaysMatched,
            "HTTP to outbound|9080||reviews.bookinfo.svc.cluster.local",
        ),
        (
            "REGISTRY_ONLY",
            vec![REGISTRY_ONLY],
            Verdict::StaysMatched,
            "HTTP to outbound|9080||reviews.bookinfo.svc.cluster.local",
        ),
        (
            "REGISTRY_ONLY, a Sidecar of the namespace",
            vec![REGISTRY_ONLY, OF_THE_NAMESPACE],
            Verdict::BecomesBlocked,
            "TCP blocked (BlackHoleCluster)",
        ),
    ] {
        let views = [
            View::new(&before, Settings::default()),
            View::new(&before.with(load(&objects)), Settings::default()),
        ];
        let checker = Checker { before: &views[0], after: &views[1] };
        let report =
            checker.check(&calls, |_, _| Labels::from([("run".into(), "my-shell".into())]));
        let destination = &report.workloads[0].destinations[0];
        assert_eq!(destination.verdict, verdict, "{label}");
        assert_eq!(destination.after.as_deref(), Some(after), "{label}");
        assert_eq!(report.broken, usize::from(verdict.breaks()), "{label}");
    }
}

#[test]
fn the_sidecar_that_my_shell_needs() {
    let inventory = load(&[CLUSTER]);
    let calls = shell_2();
    let labels = |_: &str, _: &str| Labels::new();
    let options = SuggestOptions::default();
    let suggestion = suggest(&inventory, &Settings::default(), &calls, labels, labels, &options);
    let hosts: Vec<&str> =
        suggestion.sidecars[0].hosts.iter().map(|it| it.entry.as_str()).collect();
    assert_eq!(hosts, ["bookinfo/reviews.bookinfo.svc.cluster.local", "istio-system/*"]);
}
