//! The table of findings: what triggers each code and how it is told, and a near miss that does not.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use mesh::lint::Finding;
use mesh::{Loader, Selector};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sidecar::{CODES, LintOptions, lint};

use crate::notation::load;

const TABLE: &str = include_str!("lint.txt");

/// A case: a code, objects, the finding, and objects of a near miss.
struct Case {
    code: &'static str,
    hit: String,
    told: &'static str,
    miss: String,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut common = "";
    let mut lines =
        TABLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    while let Some(line) = lines.next() {
        if let Some(objects) = line.strip_prefix("mesh:") {
            common = objects;
            continue;
        }
        let [code, hit, miss] = line.splitn(3, '|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("a cell is missing: {line}");
        };
        let told = lines.next().and_then(|line| line.strip_prefix("-> "));
        let told = told.unwrap_or_else(|| panic!("no finding below: {line}"));
        let of = |objects: &str| format!("{common}; {objects}");
        cases.push(Case { code, hit: of(hit), told, miss: of(miss) });
    }
    cases
}

fn findings(objects: &str) -> Vec<Finding> {
    let mut options = LintOptions::default();
    let mut manifests = String::new();
    for object in objects.split(';').map(str::trim) {
        match object.split_once(' ') {
            Some(("istio", version)) => options.version = version.parse().unwrap(),
            Some(("revision", name)) => options.revision = Some(name.to_owned()),
            Some(("only", labels)) => options.selector = Some(Selector::parse(labels).unwrap()),
            _ => write!(manifests, "{object};").unwrap(),
        }
    }
    lint(&load(&manifests), &options)
}

fn told(finding: &Finding) -> String {
    let instead = finding.instead.as_ref().map(|instead| format!(" => {instead}"));
    let Finding { object, field, message, .. } = finding;
    format!("{object} {field}: {message}{}", instead.unwrap_or_default())
}

#[test]
fn every_finding_has_a_hit_and_a_near_miss() {
    let mut wrong = String::new();
    for Case { code, hit, told: expected, miss } in cases() {
        let of_code = |objects: &str| -> Vec<String> {
            findings(objects).iter().filter(|it| it.code == code).map(told).collect()
        };
        let found = of_code(&hit);
        if !found.iter().any(|it| it == expected) {
            writeln!(wrong, "{code}\n   not -> {expected}\n   but {found:#?} of {hit}").unwrap();
        }
        let near = of_code(&miss);
        if !near.is_empty() {
            writeln!(wrong, "{code}\n   the near miss has {near:#?}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_to_write_instead_of_a_host_is_right() {
    const CODES: [&str; 4] =
        ["invalid-object", "short-host", "unknown-namespace", "host-matches-nothing"];
    let mut tried = 0;
    for Case { code, hit, .. } in cases().iter().filter(|case| CODES.contains(&case.code)) {
        let found = findings(hit);
        let finding = found.iter().find(|it| it.code == *code).unwrap();
        let Some(instead) = &finding.instead else { continue };
        assert_eq!(finding.field, "spec.egress[0].hosts[0]", "{hit}");
        let objects = load(hit).objects;
        let sidecar = objects.iter().find(|object| object.kind == "Sidecar").unwrap();
        let host = sidecar.spec["egress"][0]["hosts"][0].as_str().unwrap();
        let better = hit.replace(&format!(" {host}"), &format!(" {instead}"));
        assert_ne!(better, *hit);
        let left: Vec<_> = findings(&better).into_iter().filter(|it| it.code == *code).collect();
        assert_eq!(left, [], "{better}");
        tried += 1;
    }
    assert!(tried >= 12, "{tried} were tried");
}

#[test]
fn every_code_has_a_case() {
    let with_case: BTreeSet<&str> = cases().into_iter().map(|case| case.code).collect();
    let codes: BTreeSet<&str> = CODES.iter().map(|code| code.name).collect();
    assert_eq!(codes, with_case);
    assert_eq!(CODES.len(), codes.len(), "a code is twice");
}

#[test]
fn a_clean_mesh_has_no_findings() {
    let found = findings(
        "namespace shop; namespace istio-system; pod shop/p ip=10.0.0.1 labels=app:cart; \
         service shop/cart http:80; service istio-system/istiod http:15014; \
         sidecar istio-system/default ./*; sidecar shop/default ./*,istio-system/*; \
         sidecar shop/cart ./*,istio-system/* selects=app:cart policy=REGISTRY_ONLY",
    );
    assert_eq!(found, []);
}

#[test]
fn what_is_refused_comes_first_and_counts_for_nothing() {
    let found = findings(
        "service a/x http:80; sidecar a/blocks ./* policy={}; sidecar a/refused ./nothing policy={}",
    );
    let told: Vec<_> = found.iter().map(|it| (it.code, it.object.as_str())).collect();
    let expected =
        [("invalid-object", "Sidecar/a/refused"), ("policy-without-mode", "Sidecar/a/blocks")];
    assert_eq!(told, expected);
}

#[test]
fn labels_choose_among_sidecars() {
    let mesh = "pod a/p ip=10.0.0.1 labels=app:one; pod b/p ip=10.0.0.2 labels=app:two; \
                sidecar a/one ./* policy={} selects=app:one; sidecar a/two ./* policy={} selects=app:two; \
                sidecar b/all ./* policy={}; sidecar istio-system/all ./* policy={}; \
                json {\"apiVersion\":\"networking.istio.io/v1\",\"kind\":\"DestinationRule\",\
                \"metadata\":{\"name\":\"r\",\"namespace\":\"a\"},\"spec\":{}}";
    let objects = |only: &str| -> BTreeSet<String> {
        findings(&format!("{mesh}; {only}")).into_iter().map(|it| it.object).collect()
    };
    let of = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|&it| it.into()).collect() };
    assert_eq!(
        objects(""),
        of(&[
            "DestinationRule/a/r",
            "Sidecar/a/one",
            "Sidecar/a/two",
            "Sidecar/b/all",
            "Sidecar/istio-system/all"
        ])
    );
    assert_eq!(objects("only app=one"), of(&["Sidecar/a/one", "Sidecar/istio-system/all"]));
    assert_eq!(objects("only app=two"), of(&["Sidecar/b/all", "Sidecar/istio-system/all"]));
}

fn key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 17] = [
        "egress",
        "ingress",
        "hosts",
        "port",
        "number",
        "protocol",
        "name",
        "bind",
        "captureMode",
        "outboundTrafficPolicy",
        "mode",
        "egressProxy",
        "workloadSelector",
        "labels",
        "app",
        "http",
        "destination",
    ];
    prop_oneof![8 => proptest::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => ".{0,3}"]
}

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[.*~a-c]{0,2}/[*.a-c]{0,5}",
        "shop/cart\\.shop\\.svc\\.cluster\\.local",
        "HTTP",
        "ALLOW_ANY",
        "one",
        ".{0,8}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..70_000).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_object_can_be_looked_at(
        fields in vec((key(), value()), 0..4),
        hosts in vec("([.*~]|[a-c]|shop|istio-system)/([*.a-c]{1,5}|cart.shop.svc.cluster.local)", 1..6),
        kind in proptest::sample::select(vec!["Sidecar", "VirtualService", "DestinationRule"]),
        port in 0..100,
    ) {
        let object = |kind: &str, namespace: &str, name: &str, spec: Value| json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": kind,
            "metadata": { "name": name, "namespace": namespace },
            "spec": spec,
        });
        let spec = Value::from(fields.into_iter().collect::<Map<_, _>>());
        let plain = json!({ "egress": [
            { "port": { "number": port, "protocol": "HTTP" }, "bind": "", "hosts": hosts },
            { "hosts": hosts },
        ] });
        let objects = [
            object(kind, "shop", "any", spec),
            object("Sidecar", "shop", "hosts", plain.clone()),
            object("Sidecar", "istio-system", "hosts", plain),
        ];
        let objects: Vec<String> = objects.iter().map(Value::to_string).collect();
        let mut loader = Loader::new();
        loader.add("objects", objects.join("\n---\n").as_bytes());
        let manifests = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\n\
                         spec: {ports: [{name: http, port: 80}]}\n---\napiVersion: v1\nkind: Pod\n\
                         metadata: {name: p, namespace: shop, labels: {app: one}}\n";
        loader.add("others", manifests.as_bytes());
        let found = lint(&loader.finish().inventory, &LintOptions::default());
        prop_assert!(found.is_sorted_by_key(|it| it.severity));
        prop_assert!(found.iter().all(|it| CODES.iter().any(|code| code.name == it.code)));
    }
}
