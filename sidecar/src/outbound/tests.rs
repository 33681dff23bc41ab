//! The listeners, clusters and routes of the bookinfo mesh, against what a real istiod sent.

use std::collections::BTreeMap;
use std::fmt::Write;

use mesh::Loader;

use super::*;
use crate::scope::Target;
use crate::view::Settings;

const CLUSTER: &str = include_str!("../../tests/bookinfo/cluster.yaml");
const OF_THE_NAMESPACE: &str = include_str!("../../tests/bookinfo/sidecar-of-the-namespace.yaml");
const ISTIOD: &str = include_str!("../../tests/bookinfo/istiod.txt");

/// What a proxy is sent, as lines like those of the fixture.
fn sent(objects: &[&str], pod: &str) -> String {
    let mut loader = Loader::new();
    for text in objects {
        loader.add("bookinfo.yaml", text.as_bytes());
    }
    let inventory = loader.finish().inventory;
    let view = View::new(&inventory, Settings::default());
    let workload = inventory.workloads.iter().find(|it| it.meta.name.starts_with(pod)).unwrap();
    let scope = Scope::of(&view, &Target::of(workload));
    let outbound = Outbound::new(&view, &scope);
    let mut text = String::new();
    let mut listeners = Vec::new();
    let mut routes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, listener) in outbound.listeners.all() {
        let address = key.address.map_or("0.0.0.0".to_owned(), |address| address.to_string());
        listeners.push(format!("listener {address}_{}", key.port));
        match &listener.http {
            Some(RouteName::Shared(port)) => {
                for (host, domains) in outbound.table(*port).unwrap().by_host() {
                    let name = format!("{port} {host}:{port}");
                    routes.entry(name).or_default().extend(domains);
                }
            }
            Some(RouteName::Service(host, port)) => {
                assert!(outbound.table(*port).unwrap().of_service(host).is_some());
                let name = format!("{host}:{port} {host}:{port}");
                routes.entry(name).or_default().push("*".to_owned());
            }
            None => {}
        }
    }
    let mut clusters = Vec::new();
    for it in &scope.services {
        let ports = it.ports.iter().filter(|it| it.protocol != mesh::network::Protocol::Udp);
        clusters.extend(
            ports.map(|port| format!("cluster outbound|{}||{}", port.number, it.service.host)),
        );
    }
    listeners.sort();
    clusters.sort();
    for line in listeners.iter().chain(&clusters) {
        writeln!(text, "{line}").unwrap();
    }
    let mut lines: Vec<String> = routes
        .into_iter()
        .map(|(name, mut domains)| {
            domains.sort();
            domains.dedup();
            format!("route {name} {}", domains.join(" "))
        })
        .collect();
    lines.sort();
    text + &lines.join("\n")
}

#[test]
fn a_real_istiod_sent_the_same() {
    let mut proxies = ISTIOD.split("\nproxy ").skip(1);
    for (name, objects, pod) in [
        ("my-shell without a Sidecar", vec![CLUSTER], "my-shell"),
        ("my-shell under a Sidecar", vec![CLUSTER, OF_THE_NAMESPACE], "my-shell"),
        ("productpage", vec![CLUSTER], "productpage"),
    ] {
        let (title, expected) = proxies.next().unwrap().split_once('\n').unwrap();
        assert_eq!(title, name);
        let mut expected: Vec<&str> = expected.trim().lines().collect();
        let found = sent(&objects, pod);
        let mut found: Vec<&str> = found.lines().collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
    }
}
