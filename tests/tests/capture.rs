//! The rules that `mesh` prints for a pod, loaded into the kernel, send every flow where it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::BTreeSet;

use mesh::capture::{self, Capture, Protocol, Rule, Rules, Side};
use tests::capture::network::{Network, POD};
use tests::capture::probe::{Arrival, Probes};
use tests::capture::sets::{Caller, Flow, SETS, Set, flows};

#[test]
fn the_kernel_sends_every_flow_where_mesh_says() {
    if tests::namespaces::are_skipped() {
        return;
    }
    let network = Network::create();
    let mut probes = Probes::listen(&network);
    let flows = flows();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for set in SETS {
        let rules = rules(set, &format!("podIP: {POD}"));
        network.capture("iptables", &rules.restore(false));
        let unsaved = unsaved(&network, "iptables", &rules.ipv4);
        wrong.extend(unsaved.map(|text| format!("{}: {text}", set.name)));
        for flow in &flows {
            let arrival = probes.call(&network, flow);
            seen.insert(arrival.place);
            wrong.extend(complaint(set, &rules, flow, &arrival));
        }
    }
    println!("{} flows under each of {} sets of annotations", flows.len(), SETS.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let all = ["agent", "destination", "envoy_inbound", "envoy_outbound"];
    assert_eq!(seen, BTreeSet::from(all), "every place was reached");
}

#[test]
fn the_kernel_takes_the_rules_for_ipv6() {
    if tests::namespaces::are_skipped() {
        return;
    }
    let network = Network::create();
    for set in SETS {
        let rules = rules(set, "podIP: fd00::5");
        network.capture("ip6tables", &rules.restore(true));
        let unsaved = unsaved(&network, "ip6tables", rules.ipv6.as_deref().unwrap());
        assert_eq!(unsaved, None, "{}", set.name);
    }
}

/// The rules of a pod of this set with this status.
fn rules(set: &Set, status: &str) -> Rules {
    let Set { annotations, init, .. } = set;
    let manifests = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{namespace: kube-system, name: kube-dns}}\n\
         spec: {{clusterIP: 10.96.0.10}}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\n  annotations: {annotations}\nspec:\n  \
         containers: [{{name: istio-proxy, args: [proxy, sidecar]}}]\n  initContainers: {init}\n\
         status: {{{status}}}\n"
    );
    let mut loader = mesh::Loader::new();
    loader.add("pod.yaml", manifests.as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, [], "{}", set.name);
    match capture::of(&loaded.inventory.workloads[0], &loaded.inventory, None) {
        Ok(Capture::Rules(rules)) => *rules,
        other => panic!("{}: {other:?}", set.name),
    }
}

/// What is wrong with the way of a flow, if anything.
fn complaint(set: &Set, rules: &Rules, flow: &Flow, arrival: &Arrival) -> Option<String> {
    let side = match flow.caller {
        Caller::Outside => Side::Inbound,
        Caller::Pod { user, group } => Side::Outbound { user, group },
    };
    let protocol = if flow.udp { Protocol::Udp } else { Protocol::Tcp };
    let (destination, interface) = (flow.destination, flow.interface);
    let judgement = rules.judge(&capture::Flow { side, protocol, destination, interface });
    let sent_to = arrival.destination.unwrap_or(destination);
    if judgement.to.as_str() == arrival.place && sent_to == destination {
        return None;
    }
    let says = judgement.to.as_str();
    Some(format!("{}: {flow:?}: {arrival:?}, and mesh says {says}: {judgement:?}", set.name))
}

/// Where what the kernel has differs from what was printed, chain by chain.
fn unsaved(network: &Network, command: &str, rules: &[Rule]) -> Option<String> {
    let chains = |rules: &[String]| {
        let mut rules = rules.to_vec();
        rules.sort_by_key(|rule| rule.split(' ').nth(1).unwrap_or_default().to_owned());
        rules
    };
    for table in [capture::Table::Mangle, capture::Table::Nat, capture::Table::Raw] {
        let of_table = rules.iter().filter(|rule| rule.table == table);
        let printed: Vec<String> = of_table.map(ToString::to_string).collect();
        let (printed, saved) = (chains(&printed), chains(&network.saved(command, table.as_str())));
        if printed != saved {
            return Some(format!("printed {printed:#?}\nsaved {saved:#?}"));
        }
    }
    None
}
