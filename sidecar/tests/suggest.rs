//! Suggested Sidecars: what they look like, and that they are the smallest that keep every call.

#![allow(clippy::unwrap_used, clippy::panic, reason = "this is a test")]

#[path = "cases/notation.rs"]
mod notation;

use mesh::{Inventory, Labels, Loader, ProxyKind};
use notation::{load, observed};
use proptest::prelude::*;
use sidecar::{
    Calls, Checker, Grouping, Observed, Outbound, PolicyMode, Reason, Scope, Settings, Speech,
    SuggestOptions, Suggestion, Target, View, suggest,
};

/// The call that an application makes, and what its record tells under a view.
fn record(view: &View, namespace: &str, call: &sidecar::Call<'_>) -> Option<Observed> {
    let labels = Labels::new();
    let target = Target { namespace, labels: &labels, kind: ProxyKind::Sidecar };
    let scope = Scope::of(view, &target);
    let outcome = Outbound::new(view, &scope).call(call);
    // A request without a route leaves a record of no class.
    let has_class = !matches!(outcome.fate, sidecar::Fate::NoRoute { .. });
    has_class.then(|| observed(call, &outcome))
}

fn suggested(inventory: &Inventory, calls: &Calls, options: &SuggestOptions) -> Suggestion {
    let labels = |_: &str, name: &str| Labels::from([("app".to_owned(), name.to_owned())]);
    suggest(inventory, &Settings::default(), calls, labels, labels, options)
}

fn http<'c>(address: &str, authority: &'c str) -> sidecar::Call<'c> {
    let (address, port) = address.rsplit_once(':').unwrap();
    let speech = Speech::Http { authority };
    sidecar::Call { address: address.parse().unwrap(), port: port.parse().unwrap(), speech }
}

const MESH: &str = "
    service shop/cart ip=10.0.0.1 http:80; service shop/db ip=10.0.0.2 tcp:5432;
    service pay/api ip=10.0.0.3 http:80; service pay/api-v2 ip=10.0.0.4 http:80;
    vs pay/api api.pay.svc.cluster.local to=api-v2:80;
    vs shop/cart cart to=cart:80;
    service istio-system/istiod ip=10.0.0.9 grpc-xds:15010;
    service other/unused ip=10.0.0.10 http:80";

/// Three calls of one workload, one of another.
fn shop_calls(view: &View) -> Calls {
    let mut calls = Calls::new();
    let front = calls.workload("shop", "front");
    let time = "2026-11-25T18:00:00Z".parse().ok();
    for (count, call) in [
        (25, http("10.0.0.3:80", "api.pay")),
        (4, http("10.0.0.1:80", "cart")),
        (1, http("192.0.2.1:80", "example.com")),
    ] {
        let seen = record(view, "shop", &call).unwrap();
        for _ in 0..count {
            calls.note(front, &seen.as_ref(), time, b"a line");
        }
    }
    let jobs = calls.workload("shop", "jobs");
    let db =
        sidecar::Call { address: "10.0.0.2".parse().unwrap(), port: 5432, speech: Speech::Other };
    calls.note(jobs, &record(view, "shop", &db).unwrap().as_ref(), time, b"a line");
    calls
}

#[test]
fn a_namespace_under_allow_any() {
    let inventory = load(MESH);
    let view = View::new(&inventory, Settings::default());
    let suggestion = suggested(&inventory, &shop_calls(&view), &SuggestOptions::default());
    assert_eq!(
        suggestion.to_string(),
        r#"# From 31 records between 2026-11-25T18:00:00Z and 2026-11-25T18:00:00Z.
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata:
  namespace: "shop"
  name: "default"
spec:
  egress:
  - hosts:
    - "./db.shop.svc.cluster.local"    # 1 call, last at 2026-11-25T18:00:00Z, by jobs; confidence low
    - "./cart.shop.svc.cluster.local"  # 5 calls, last at 2026-11-25T18:00:00Z, by front; confidence medium
    - "pay/api.pay.svc.cluster.local"  # 25 calls, last at 2026-11-25T18:00:00Z, by front; confidence high
    - "istio-system/*"                 # kept by rule: the control plane's namespace
"#
    );
    assert_eq!(suggestion.check.broken, 0);
}

#[test]
fn a_workload_under_registry_only() {
    let inventory = load(MESH);
    let view = View::new(&inventory, Settings::default());
    let options = SuggestOptions {
        grouping: Grouping::Workload,
        policy: Some(PolicyMode::RegistryOnly),
        ..SuggestOptions::default()
    };
    let suggestion = suggested(&inventory, &shop_calls(&view), &options);
    assert_eq!(
        suggestion.to_string(),
        r#"# From 31 records between 2026-11-25T18:00:00Z and 2026-11-25T18:00:00Z.
---
# Draft: 1 call, last at 2026-11-25T18:00:00Z, by front.
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  namespace: "shop"
  name: "external-example.com"
spec:
  exportTo: ["."]
  hosts: ["example.com"]
  location: MESH_EXTERNAL
  resolution: NONE
  ports:
  - {number: 80, name: http-80, protocol: HTTP}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata:
  namespace: "shop"
  name: "front"
spec:
  "workloadSelector": {"labels":{"app":"front"}}
  "outboundTrafficPolicy": {"mode":"REGISTRY_ONLY"}
  egress:
  - hosts:
    - "./example.com"                  # 1 call, last at 2026-11-25T18:00:00Z, by front; confidence low
    - "./cart.shop.svc.cluster.local"  # 5 calls, last at 2026-11-25T18:00:00Z, by front; confidence medium
    - "pay/api.pay.svc.cluster.local"  # 25 calls, last at 2026-11-25T18:00:00Z, by front; confidence high
    - "istio-system/*"                 # kept by rule: the control plane's namespace
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata:
  namespace: "shop"
  name: "jobs"
spec:
  "workloadSelector": {"labels":{"app":"jobs"}}
  "outboundTrafficPolicy": {"mode":"REGISTRY_ONLY"}
  egress:
  - hosts:
    - "./db.shop.svc.cluster.local"  # 1 call, last at 2026-11-25T18:00:00Z, by jobs; confidence low
    - "istio-system/*"               # kept by rule: the control plane's namespace
"#
    );
    assert_eq!(suggestion.check.broken, 0);
}

#[test]
fn what_is_merged_with_stays() {
    let inventory = load(MESH);
    let view = View::new(&inventory, Settings::default());
    let existing = load("sidecar shop/default 5432/TCP=./* other/*,pay/*");
    let options = SuggestOptions { merge: existing.objects.clone(), ..SuggestOptions::default() };
    let suggestion = suggested(&inventory, &shop_calls(&view), &options);
    let text = suggestion.to_string();
    let spec = text.split_once("spec:\n").unwrap().1;
    assert_eq!(
        spec,
        r#"  egress:
  - {"hosts":["./*"],"port":{"number":5432,"protocol":"TCP","name":"out"}}
  - hosts:
    - "./cart.shop.svc.cluster.local"  # 5 calls, last at 2026-11-25T18:00:00Z, by front; confidence medium
    - "istio-system/*"                 # kept by rule: the control plane's namespace
    - "other/*"                        # was there
    - "pay/*"                          # was there
"#
    );
    assert_eq!(suggestion.check.broken, 0);
}

#[test]
fn names_from_records_cannot_leave_their_place() {
    let inventory = load("service a/x ip=10.0.0.1 http:80");
    let mut calls = Calls::new();
    let workload = calls.workload("default", "evil\n  name: other # ");
    let call = Observed {
        class: sidecar::Class::OutboundMatched,
        protocol: sidecar::Protocol::Http,
        host: Some("x\"\n    - '*/*'"),
        subset: None,
        port: Some(80),
        destination: None,
        authority: Some("y\n---\nkind: Secret"),
        server_name: None,
    };
    calls.note(workload, &call, None, b"\xff\n");
    let suggestion = suggested(&inventory, &calls, &SuggestOptions::default());
    let mut loader = Loader::new();
    loader.add("suggested", suggestion.to_string().as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, []);
    assert_eq!(loaded.inventory.objects.len(), 1);
    assert_eq!(suggestion.sidecars[0].hosts.len(), 2);
    assert_eq!(suggestion.check.unresolved + suggestion.check.broken, 1);
}

/// A request whose record names a cluster, at an address that no object has.
fn to_cluster<'c>(host: &'c str, subset: Option<&'c str>) -> Observed<&'c str> {
    Observed {
        class: sidecar::Class::OutboundMatched,
        protocol: sidecar::Protocol::Http,
        host: Some(host),
        subset,
        port: Some(80),
        destination: "192.0.2.9:4444".parse().ok(),
        authority: Some("somebody:80"),
        server_name: None,
    }
}

#[test]
fn clusters_count_where_the_objects_do_not_explain_the_records() {
    // label, objects, cluster, its subset, the entry and why it is there, calls that are unresolved
    let objects = "service shop/cart ip=10.0.0.1 http:80; service pay/api ip=10.0.0.3 http:80";
    let redirected = format!("{objects}; vs shop/v api.pay.svc.cluster.local to=cart:80");
    let sees_nothing = format!("{objects}; sidecar shop/default ~/*");
    let (called, host) = (Reason::Called, "api.pay.svc.cluster.local");
    let cases = [
        ("another address", objects, host, None, ("pay/api.pay.svc.cluster.local", called), 0),
        ("a subset", objects, host, Some("v1"), ("pay/api.pay.svc.cluster.local", called), 0),
        ("led away", &redirected, host, None, ("pay/api.pay.svc.cluster.local", called), 1),
        (
            "out of scope",
            &sees_nothing,
            host,
            None,
            ("pay/api.pay.svc.cluster.local", Reason::OutOfScope),
            1,
        ),
        ("of no object", objects, "gone.pay", None, ("*/gone.pay", Reason::UnknownHost), 1),
    ];
    for (label, objects, host, subset, (entry, reason), unresolved) in cases {
        let inventory = load(objects);
        let mut calls = Calls::new();
        let workload = calls.workload("shop", "front");
        calls.note(workload, &to_cluster(host, subset), None, b"a line");
        let suggestion = suggested(&inventory, &calls, &SuggestOptions::default());
        let [made] = &suggestion.sidecars[..] else { panic!("{label}: {suggestion}") };
        let found = made.hosts.iter().find(|it| it.entry == entry).map(|it| it.reason);
        assert_eq!(found, Some(reason), "{label}: {suggestion}");
        assert_eq!(made.unresolved.len(), unresolved, "{label}: {suggestion}");
        assert_eq!(suggestion.check.broken, 0, "{label}: {suggestion}");
    }
}

/// A random mesh in the notation: namespaces a, b and c, services x0.. in them.
fn meshes() -> impl Strategy<Value = String> {
    let namespace = || prop::sample::select(vec!["a", "b", "c"]);
    let port = prop::sample::select(vec![
        "http:80",
        "http:81",
        "tcp:90",
        ":91",
        "tls:443",
        "http:80 tcp:90",
    ]);
    let service = (namespace(), port, prop::sample::select(vec!["", "exportTo=.", "exportTo=a"]));
    let services = prop::collection::vec(service, 1..7);
    let entry = (
        namespace(),
        prop::sample::select(vec!["e0.example", "e1.example", "*.wild.example"]),
        prop::sample::select(vec!["HTTP:80", "TLS:443", "TCP:92", "TCP:90 addresses=198.51.100.7"]),
    );
    let entries = prop::collection::vec(entry, 0..3);
    let routing = (namespace(), 0..6_usize, 0..6_usize, prop::bool::ANY);
    let routings = prop::collection::vec(routing, 0..3);
    let policy = prop::sample::select(vec!["", "mesh policy=REGISTRY_ONLY;"]);
    (services, entries, routings, policy).prop_map(|(services, entries, routings, policy)| {
        let mut text = policy.to_owned();
        for (index, (namespace, ports, export)) in services.iter().enumerate() {
            let ip = index + 1;
            text += &format!("service {namespace}/x{index} ip=10.0.0.{ip} {export} {ports};");
        }
        for (index, (namespace, host, rest)) in entries.iter().enumerate() {
            text += &format!("entry {namespace}/e{index} {host} {rest};");
        }
        for (index, (namespace, from, to, tcp)) in routings.iter().enumerate() {
            let host = |index: &usize| {
                let (own, ..) = services.get(index % services.len()).unwrap();
                format!("x{}.{own}.svc.cluster.local", index % services.len())
            };
            let tcp = if *tcp { "tcp" } else { "" };
            text += &format!("vs {namespace}/v{index} {} to={} {tcp};", host(from), host(to));
        }
        text
    })
}

/// What an application does: an address, a port, and what it speaks.
fn dials() -> impl Strategy<Value = Vec<(u8, u16, String, u8)>> {
    let address = prop::sample::select(vec![1_u8, 2, 3, 4, 5, 6, 100, 200]);
    let port = prop::sample::select(vec![80_u16, 81, 90, 91, 92, 443, 8080]);
    let authority = prop::sample::select(vec![
        "x0.a",
        "x1.b",
        "x2.c",
        "x3.a.svc.cluster.local",
        "x0",
        "e0.example",
        "e1.example",
        "www.wild.example",
        "unknown.example",
        "10.0.0.1",
        "192.0.2.200:80",
    ]);
    prop::collection::vec((address, port, authority.prop_map(str::to_owned), 0..3_u8), 1..8)
}

fn dial<'c>(dial: &'c (u8, u16, String, u8)) -> sidecar::Call<'c> {
    let (address, port, authority, speech) = dial;
    let network = if *address < 100 { [10, 0, 0] } else { [192, 0, 2] };
    let [one, two, three] = network;
    sidecar::Call {
        address: [one, two, three, *address].into(),
        port: *port,
        speech: match speech {
            0 => Speech::Http { authority },
            // No client asks for an address.
            1 => Speech::Tls {
                server_name: Some(authority.as_str())
                    .filter(|it| !it.starts_with(|c: char| c.is_ascii_digit())),
            },
            _ => Speech::Other,
        },
    }
}

/// Whether no object can make a call known that passes through, so that it cannot be kept where
/// unknown calls are blocked.
fn is_inexpressible(
    view: &View,
    dials: &[(u8, u16, String, u8)],
    one: &(u8, u16, String, u8),
    seen: &Observed,
) -> bool {
    if seen.class == sidecar::Class::OutboundMatched {
        return false;
    }
    let known = view.registry.by_address(dial(one).address).any(|it| it.port(one.1).is_some());
    let name = one.2.split(':').next().unwrap();
    let is_address = name.parse::<std::net::IpAddr>().is_ok();
    match &seen.authority {
        // A name without dots, one that a service has on other ports, and the address of one.
        Some(_) => {
            !name.contains('.')
                || view.registry.by_host(name).next().is_some()
                || (is_address && known)
        }
        None if seen
            .server_name
            .as_ref()
            .is_some_and(|it| it.contains('.') && view.registry.by_host(it).next().is_none()) =>
        {
            false
        }
        // Bytes to an address and port that also take requests.
        None => {
            known
                || dials.iter().any(|other| {
                    (other.0, other.1) == (one.0, one.1) && (other.3 == 0) != (one.3 == 0)
                })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_suggestion_breaks_nothing_and_has_nothing_to_spare(
        mesh in meshes(),
        dials in dials(),
        by_workload in any::<bool>(),
        policy in prop::sample::select(vec![None, Some(PolicyMode::RegistryOnly), Some(PolicyMode::AllowAny)]),
    ) {
        let inventory = load(&mesh);
        let before = View::new(&inventory, Settings::default());
        let mut calls = Calls::new();
        for (index, one) in dials.iter().enumerate() {
            let namespace = ["a", "b"][index % 2];
            let workload = calls.workload(namespace, ["w", "v"][index / 2 % 2]);
            let Some(seen) = record(&before, namespace, &dial(one)) else { continue };
            if is_inexpressible(&before, &dials, one, &seen) {
                continue;
            }
            calls.note(workload, &seen.as_ref(), None, b"a line");
        }
        let grouping = if by_workload { Grouping::Workload } else { Grouping::Namespace };
        let options = SuggestOptions { grouping, policy, merge: Vec::new() };
        let suggestion = suggested(&inventory, &calls, &options);
        let text = suggestion.to_string();
        let broken = |text: &str| {
            let mut loader = Loader::new();
            loader.add("suggested", text.as_bytes());
            let loaded = loader.finish();
            assert_eq!(loaded.errors, [], "{text}");
            let after = View::new(&inventory.with(loaded.inventory), Settings::default());
            let checker = Checker { before: &before, after: &after };
            let labels = |_: &str, name: &str| Labels::from([("app".to_owned(), name.to_owned())]);
            checker.check(&calls, labels)
        };
        let check = broken(&text);
        prop_assert_eq!(check.broken, 0, "{}\n{}\n{:#?}", mesh, text, check);
        prop_assert_eq!(suggestion.check.broken, 0);
        for sidecar in &suggestion.sidecars {
            for host in sidecar.hosts.iter().filter(|host| host.reason == Reason::Called) {
                // The lines of one Sidecar, without this host.
                let head = format!("kind: Sidecar\nmetadata:\n  namespace: \"{}\"\n  name: \"{}\"\n", sidecar.namespace, sidecar.name);
                let (start, own) = text.split_once(&head).unwrap();
                let entry = format!("    - \"{}\" ", host.entry);
                let line = own.lines().find(|line| line.starts_with(&entry)).unwrap();
                let without = format!("{start}{head}{}", own.replacen(&format!("{line}\n"), "", 1));
                prop_assert!(broken(&without).broken > 0, "{} could go\n{}\n{}", host.entry, mesh, text);
            }
        }
    }
}
