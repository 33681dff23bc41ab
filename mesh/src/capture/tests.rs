//! Which flows are captured: one row a flow, in a pod at 10.244.1.5 (see `cases.txt`).

use std::net::SocketAddr;

use super::{Capture, Flow, Protocol, Rules, Side};
use crate::{Inventory, Loader};

/// The rows: `# SET`, its lines of YAML, and its flows. See [`Set::all`].
const CASES: &str = include_str!("cases.txt");

/// How many rows there are at least.
const ROWS: usize = 100;

/// A set of annotations, and flows under it.
#[derive(Debug, Default)]
struct Set<'t> {
    name: &'t str,
    /// The lines of YAML, by the part of the manifest that they belong to.
    annotations: String,
    init: String,
    flows: Vec<(&'t str, &'t str)>,
}

impl<'t> Set<'t> {
    /// The sets of the file: a line `# NAME` begins one; `key: value` is an annotation, `init: ...` the
    /// init containers in place of `istio-validation`, and `FLOW -> EXPECTED` a row.
    fn all() -> Vec<Self> {
        let mut sets: Vec<Self> = Vec::new();
        for line in CASES.lines().filter(|line| !line.trim().is_empty()) {
            if let Some(name) = line.strip_prefix("# ") {
                sets.push(Self { name, ..Self::default() });
                continue;
            }
            let set = sets.last_mut().unwrap();
            if let Some((flow, expected)) = line.split_once(" -> ") {
                set.flows.push((flow.trim(), expected.trim()));
            } else if let Some(init) = line.strip_prefix("init: ") {
                set.init = init.to_owned();
            } else {
                set.annotations += &format!("    {line}\n");
            }
        }
        sets
    }

    /// A Deployment under the injector's values, or a pod with the init container of the set.
    fn manifest(&self) -> String {
        let annotations = &self.annotations;
        let init = &self.init;
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations:\n    a: b\n{annotations}\
             spec:\n  containers: [{{name: app}}, {{name: istio-proxy, args: [proxy, sidecar]}}]\n  \
             initContainers: [{}]\nstatus: {{podIP: 10.244.1.5}}\n",
            if init.is_empty() { "{name: istio-validation}" } else { init }
        )
    }
}

/// `[in] tcp|udp IP:PORT [uid=N] [gid=N] [if=NAME]`.
fn flow(text: &str) -> Flow<'_> {
    let mut user = 1000;
    let mut group = 1000;
    let mut inbound = false;
    let mut flow = Flow {
        side: Side::Inbound,
        protocol: Protocol::Tcp,
        destination: SocketAddr::from(([0, 0, 0, 0], 0)),
        interface: "eth0",
    };
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("uid", id)) => user = id.parse().unwrap(),
            Some(("gid", id)) => group = id.parse().unwrap(),
            Some(("if", name)) => flow.interface = name,
            _ if word == "in" => inbound = true,
            _ if word == "tcp" => flow.protocol = Protocol::Tcp,
            _ if word == "udp" => flow.protocol = Protocol::Udp,
            _ => flow.destination = word.parse().unwrap(),
        }
    }
    if !inbound {
        flow.side = Side::Outbound { user, group };
    }
    flow
}

fn capture(manifest: &str) -> Result<Capture, String> {
    let inventory = inventory(manifest);
    super::of(&inventory.workloads[0], &inventory, None).map_err(|error| error.to_string())
}

fn inventory(manifest: &str) -> Inventory {
    let mut loader = Loader::new();
    loader.add("pod.yaml", manifest.as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, [], "{manifest}");
    loaded.inventory
}

fn rules(manifest: &str) -> Rules {
    match capture(manifest) {
        Ok(Capture::Rules(rules)) => *rules,
        other => panic!("{other:?}\n{manifest}"),
    }
}

/// Where a flow goes, and the rule that says so.
fn outcome(capture: &Result<Capture, String>, text: &str) -> String {
    match capture {
        Err(error) => format!("error: {error}"),
        Ok(Capture::None(because)) => format!("none: {because}"),
        Ok(Capture::Rules(rules)) => {
            let judgement = rules.judge(&flow(text));
            let because = &judgement.because;
            let rule = judgement.rule.map_or(format!("({because})"), ToString::to_string);
            format!("{} {rule}", judgement.to.as_str())
        }
    }
}

#[test]
fn every_row_goes_where_it_says() {
    let mut rows = 0;
    let mut wrong = Vec::new();
    for set in Set::all() {
        let capture = capture(&set.manifest());
        for (text, expected) in &set.flows {
            rows += 1;
            let found = outcome(&capture, text);
            if found != *expected {
                wrong.push(format!("# {}\n{text} -> {found}\n   not {expected}", set.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= ROWS, "{rows} rows");
}

/// What injection would set for a Deployment: annotations of its template, values of the injector,
/// `data.mesh`, a flow, and where it goes.
const INJECTED: &[(&str, &str, &str, &str, &str)] = &[
    ("", "", "", "tcp 10.1.2.3:80", "envoy_outbound -A ISTIO_OUTPUT -j ISTIO_REDIRECT"),
    (
        "",
        "",
        "",
        "in tcp 10.9.9.9:15020",
        "destination -A ISTIO_INBOUND -p tcp -m tcp --dport 15020 -j RETURN",
    ),
    (
        "status.sidecar.istio.io/port: '0'",
        "",
        "",
        "in tcp 10.9.9.9:15020",
        "envoy_inbound -A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT",
    ),
    (
        "status.sidecar.istio.io/port: '16020'",
        "",
        "",
        "in tcp 10.9.9.9:16020",
        "destination -A ISTIO_INBOUND -p tcp -m tcp --dport 16020 -j RETURN",
    ),
    (
        "status.sidecar.istio.io/port: none",
        "",
        "",
        "in tcp 10.9.9.9:80",
        "error: `status.sidecar.istio.io/port`: expected a port from 0 to 65535, found `none`",
    ),
    (
        "traffic.sidecar.istio.io/excludeInboundPorts: '15020,8080'",
        "",
        "",
        "in tcp 10.9.9.9:8080",
        "destination -A ISTIO_INBOUND -p tcp -m tcp --dport 8080 -j RETURN",
    ),
    (
        "",
        "{global: {proxy: {excludeIPRanges: 10.1.0.0/16}}}",
        "",
        "tcp 10.1.2.3:80",
        "destination -A ISTIO_OUTPUT -d 10.1.0.0/16 -j RETURN",
    ),
    (
        "traffic.sidecar.istio.io/excludeOutboundIPRanges: ''",
        "{global: {proxy: {excludeIPRanges: 10.1.0.0/16}}}",
        "",
        "tcp 10.1.2.3:80",
        "envoy_outbound -A ISTIO_OUTPUT -j ISTIO_REDIRECT",
    ),
    (
        "",
        "{global: {proxy: {excludeOutboundPorts: 3306, statusPort: 0}}}",
        "",
        "tcp 10.1.2.3:3306",
        "destination -A ISTIO_OUTPUT -p tcp -m tcp --dport 3306 -j RETURN",
    ),
    (
        "",
        "{global: {proxy: {includeInboundPorts: '8080'}}}",
        "",
        "in tcp 10.9.9.9:80",
        "destination (`includeInboundPorts` does not name its port)",
    ),
    (
        "",
        "{global: {proxy: {includeIPRanges: ''}}}",
        "",
        "tcp 10.1.2.3:80",
        "destination (neither `includeOutboundIPRanges` nor `includeOutboundPorts` names its \
         destination)",
    ),
    (
        "",
        "{pilot: {cni: {enabled: true}}, global: {proxy: {excludeIPRanges: 10.1.0.0/16}}}",
        "",
        "tcp 10.1.2.3:80",
        "envoy_outbound -A ISTIO_OUTPUT -j ISTIO_REDIRECT",
    ),
    (
        "",
        "",
        "{defaultConfig: {interceptionMode: TPROXY}}",
        "in tcp 10.9.9.9:80",
        "envoy_inbound -A ISTIO_INBOUND -p tcp -j ISTIO_TPROXY",
    ),
    (
        "sidecar.istio.io/interceptionMode: REDIRECT",
        "",
        "{defaultConfig: {interceptionMode: NONE}}",
        "in tcp 10.9.9.9:80",
        "envoy_inbound -A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT",
    ),
    (
        "",
        "",
        "{defaultConfig: {interceptionMode: NONE}}",
        "in tcp 10.9.9.9:80",
        "none: its interception mode is `NONE`: no rules are set",
    ),
    (
        "proxy.istio.io/config: '{interceptionMode: NONE}'",
        "",
        "",
        "in tcp 10.9.9.9:80",
        "none: its interception mode is `NONE`: no rules are set",
    ),
    (
        "proxy.istio.io/config: '{interceptionMode: []}'",
        "",
        "",
        "in tcp 10.9.9.9:80",
        "error: `proxy.istio.io/config`: expected a ProxyConfig, found `{interceptionMode: []}`",
    ),
    (
        "",
        "",
        "{defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}}",
        "udp 10.96.0.10:53",
        "agent -A ISTIO_OUTPUT_DNS -d 10.96.0.10/32 -p udp -m udp --dport 53 -j REDIRECT \
         --to-ports 15053",
    ),
    (
        "",
        "",
        "{defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}}",
        "udp 8.8.8.8:53",
        "destination (only TCP is redirected to Envoy)",
    ),
    (
        "",
        "",
        "{defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}}",
        "tcp 8.8.8.8:53",
        "envoy_outbound -A ISTIO_OUTPUT -j ISTIO_REDIRECT",
    ),
    (
        "proxy.istio.io/config: '{proxyMetadata: {ISTIO_META_DNS_CAPTURE: \"false\"}}'",
        "",
        "{defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}}",
        "udp 10.96.0.10:53",
        "destination (only TCP is redirected to Envoy)",
    ),
    (
        "",
        "{pilot: {cni: {enabled: true}}}",
        "{defaultConfig: {proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true'}}}",
        "udp 8.8.8.8:53",
        "agent -A ISTIO_OUTPUT_DNS -p udp -m udp --dport 53 -j REDIRECT --to-ports 15053",
    ),
    (
        "",
        "",
        "{proxyListenPort: 16001, proxyInboundListenPort: 16006}",
        "tcp 10.1.2.3:80",
        "envoy_outbound -A ISTIO_OUTPUT -j ISTIO_REDIRECT",
    ),
    ("", "", "", "tcp [fd00::1]:80", "envoy_outbound -A ISTIO_OUTPUT -j ISTIO_REDIRECT"),
    (
        "traffic.sidecar.istio.io/excludeOutboundIPRanges: fd00::/8,10.0.0.0/8",
        "",
        "",
        "tcp [fd00::1]:80",
        "destination -A ISTIO_OUTPUT -d fd00::/8 -j RETURN",
    ),
    (
        "inject.istio.io/templates: gateway",
        "",
        "",
        "tcp 10.1.2.3:80",
        "none: it is a router, whose Envoy listens itself: nothing is redirected to it",
    ),
    (
        "sidecar.istio.io/inject: 'false'",
        "",
        "",
        "tcp 10.1.2.3:80",
        "none: no proxy is injected: the pod has the annotation `sidecar.istio.io/inject: false`",
    ),
];

/// The manifests of a row of [`INJECTED`].
fn injected(annotation: &str, values: &str, mesh: &str) -> String {
    let [values, mesh] = [values, mesh].map(|text| if text.is_empty() { "{}" } else { text });
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: ns, labels: {{istio-injection: enabled}}}}\n\
         ---\napiVersion: v1\nkind: Service\nmetadata: {{namespace: kube-system, name: kube-dns}}\n\
         spec: {{clusterIP: 10.96.0.10}}\n\
         ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{namespace: istio-system, name: istio}}\n\
         data:\n  mesh: |\n    {mesh}\n\
         ---\napiVersion: v1\nkind: ConfigMap\n\
         metadata: {{namespace: istio-system, name: istio-sidecar-injector}}\n\
         data:\n  values: |\n    {values}\n\
         ---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{namespace: ns, name: a}}\nspec:\n  \
         template:\n    metadata:\n      annotations:\n        a: b\n        {annotation}\n    \
         spec: {{containers: [{{name: app}}]}}\n"
    )
}

#[test]
fn what_injection_would_set() {
    for (annotation, values, mesh, text, expected) in INJECTED {
        let found = outcome(&capture(&injected(annotation, values, mesh)), text);
        assert_eq!(found, *expected, "`{annotation}`, `{values}`, `{mesh}`: {text}");
    }
}

#[test]
fn the_rules_of_an_injected_deployment() {
    let manifest = include_str!("../../../tests/fixtures/manifests/nginx-injected.yaml");
    let expected = "\
*nat
:ISTIO_INBOUND - [0:0]
:ISTIO_IN_REDIRECT - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
-A PREROUTING -p tcp -j ISTIO_INBOUND
-A OUTPUT -j ISTIO_OUTPUT
-A ISTIO_INBOUND -p tcp -m tcp --dport 15008 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15090 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15021 -j RETURN
-A ISTIO_INBOUND -p tcp -m tcp --dport 15020 -j RETURN
-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT
-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 15006
-A ISTIO_OUTPUT -s 127.0.0.6/32 -o lo -j RETURN
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m tcp ! --dport 15008 -m owner --gid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -o lo -m owner ! --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -m owner --gid-owner 1337 -j RETURN
-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN
-A ISTIO_OUTPUT -j ISTIO_REDIRECT
-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001
COMMIT
";
    assert_eq!(rules(manifest).restore(false), expected);
}

#[test]
fn remarks() {
    let pod = |init: &str, annotation: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, annotations: {{{annotation}}}}}\n\
             spec: {{initContainers: [{init}], \
             containers: [{{name: istio-proxy, args: [proxy, sidecar]}}]}}\n"
        )
    };
    let dns = "env: [{name: ISTIO_META_DNS_CAPTURE, value: 'true'}]";
    let rows = [
        (pod("{name: istio-init}", ""), ""),
        (pod("{name: migrate}", "sidecar.istio.io/status: ''"), "if the CNI plugin does not"),
        (pod("{name: istio-init, args: [--native-nftables]}", ""), "nft list ruleset"),
        (pod(&format!("{{name: istio-init, {dns}}}"), ""), "DNS servers are not known"),
    ];
    for (manifest, expected) in rows {
        let remarks = rules(&manifest).remarks;
        assert_eq!(remarks.len(), usize::from(!expected.is_empty()), "{remarks:?}");
        assert!(remarks.concat().contains(expected), "{expected}: {remarks:?}");
    }
}

#[test]
fn lists_and_rules_have_bounds() {
    let ports = "1,".repeat(5000);
    let error = capture(&injected(
        &format!("traffic.sidecar.istio.io/excludeOutboundPorts: '{ports}'"),
        "",
        "",
    ));
    assert_eq!(
        error.unwrap_err(),
        "`excludeOutboundPorts`: expected at most 4096 items, found `5000 items`"
    );
    let interfaces = "a,".repeat(3000);
    let ranges = "10.0.0.0/8,".repeat(3000);
    let both = format!(
        "istio.io/reroute-virtual-interfaces: '{}'\n        \
         traffic.sidecar.istio.io/includeOutboundIPRanges: '{}'",
        interfaces.trim_end_matches(','),
        ranges.trim_end_matches(','),
    );
    assert_eq!(
        capture(&injected(&both, "", "")).unwrap_err(),
        "`reroute-virtual-interfaces`: expected at most 65536 rules, found `9003000 rules`"
    );
}

/// All tables at once, in the order in which `istio-iptables` sets them.
#[test]
fn the_rules_of_every_table() {
    let manifest = "\
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  dnsConfig: {nameservers: [127.0.0.53]}
  initContainers:
  - name: istio-init
    args: [istio-iptables, -m, TPROXY, -b, '*', -i, 9.9.0.0/16, -x, 1.1.0.0/16, -c, net1, -k, vm0]
    env: [{name: ISTIO_META_DNS_CAPTURE, value: 'true'}, {name: INVALID_DROP, value: 'true'}]
  containers: [{name: istio-proxy, args: [proxy, sidecar]}]
";
    assert_eq!(rules(manifest).restore(false), include_str!("every-table.rules"));
}
