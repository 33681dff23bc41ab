//! Which proxy each workload has, and which controllers have a row.

use super::{Loaded, Loader};
use crate::WorkloadKind;

/// Loads one file without errors.
fn load(text: &str) -> Loaded {
    let mut loader = Loader::new();
    loader.add("f", text.as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, [], "{text}");
    loaded
}

/// Each workload as `NAME KIND REVISION: REASON`.
fn proxies(text: &str) -> Vec<String> {
    let loaded = load(text);
    let line = |it: &crate::Workload| {
        let proxy = &it.proxy;
        let kind = proxy.kind.as_str();
        format!("{} {kind} {}: {}", it.display_name(), proxy.revision, proxy.because)
    };
    loaded.inventory.workloads.iter().map(line).collect()
}

/// A pod `a` in the namespace `ns`, with metadata and a spec in YAML's braces.
fn pod(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: ns, {metadata}}}\n\
         spec: {{{spec}}}\n---\n"
    )
}

/// A Deployment `a` in the namespace `ns`, with metadata and a spec of its pods.
fn deployment(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a, namespace: ns}}\n\
         spec:\n  template:\n    metadata: {{{metadata}}}\n    spec: {{{spec}}}\n---\n"
    )
}

/// The namespace `ns`.
fn namespace(labels: &str) -> String {
    format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: ns, labels: {{{labels}}}}}\n---\n")
}

#[test]
fn the_proxy_of_a_pod_is_seen_in_it() {
    let proxy = |role: &str| {
        format!("containers: [{{name: istio-proxy, args: [proxy, {role}, --domain, x]}}]")
    };
    let status = |text: &str| format!("annotations: {{sidecar.istio.io/status: '{text}'}}");
    let env = |name: &str, value: &str| {
        format!(
            "containers: [{{name: istio-proxy, args: [proxy, sidecar], env: [{{name: {name}, value: '{value}'}}]}}]"
        )
    };
    let rev = "labels: {istio.io/rev: of-pod}";
    let sidecar = "its container `istio-proxy` is a sidecar";
    let rows: &[(&str, String, String)] = &[
        ("no proxy", pod("", "containers: [{name: app}]"), "none default: it has no container `istio-proxy`".into()),
        ("no spec", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}".into(), "none default: it has no container `istio-proxy`".into()),
        ("a sidecar", pod("", &proxy("sidecar")), format!("sidecar default: {sidecar}")),
        ("a router", pod("", &proxy("router")), "router default: its container `istio-proxy` is a router".into()),
        ("a waypoint", pod("", &proxy("waypoint")), "waypoint default: its container `istio-proxy` is a waypoint".into()),
        ("ztunnel", pod("", &proxy("ztunnel")), "none default: its container `istio-proxy` runs `ztunnel`, which is no Envoy".into()),
        ("no arguments", pod("", "containers: [{name: istio-proxy}]"), format!("sidecar default: {sidecar}")),
        ("no role", pod("", "containers: [{name: istio-proxy, args: [proxy, --x]}]"), format!("sidecar default: {sidecar}")),
        (
            "no arguments, made for a waypoint",
            pod("labels: {gateway.istio.io/managed: istio.io-mesh-controller}", "containers: [{name: istio-proxy}]"),
            "waypoint default: its container `istio-proxy` is a waypoint".into(),
        ),
        (
            "no arguments, made for a gateway",
            pod("labels: {gateway.istio.io/managed: istio.io-gateway-controller}", "containers: [{name: istio-proxy}]"),
            "router default: its container `istio-proxy` is a router".into(),
        ),
        (
            "a native sidecar",
            pod("", "initContainers: [{name: istio-proxy, restartPolicy: Always, args: [proxy, sidecar]}], containers: [{name: app}]"),
            "sidecar default: its init container `istio-proxy` is a sidecar".into(),
        ),
        (
            "an init container that ends",
            pod("", "initContainers: [{name: istio-proxy}], containers: [{name: app}]"),
            "none default: it has no container `istio-proxy`".into(),
        ),
        ("proxyless gRPC", pod("", &env("ISTIO_META_GENERATOR", "grpc")), "none default: its proxy container runs no Envoy: it has `ISTIO_META_GENERATOR=grpc`".into()),
        ("Envoy off", pod("", &env("DISABLE_ENVOY", "true")), "none default: its proxy container runs no Envoy: it has `DISABLE_ENVOY=true`".into()),
        ("Envoy not off", pod("", &env("DISABLE_ENVOY", "false")), format!("sidecar default: {sidecar}")),
        ("an image still to fill in", pod("", "containers: [{name: istio-proxy, image: auto}]"), "none default: its container `istio-proxy` has the image `auto`: no injector filled it in".into()),
        ("agentgateway", pod("", "containers: [{name: agentgateway}]"), "none default: its gateway is agentgateway, not Envoy".into()),
        ("the node's network", pod("", "hostNetwork: true, containers: [{name: app}]"), "none default: it uses the network of its node, and is never injected".into()),
        ("the node's network, a sidecar", pod("", &format!("hostNetwork: true, {}", proxy("sidecar"))), "none default: it uses the network of its node, where Istio runs no sidecar".into()),
        ("the node's network, a gateway", pod("", &format!("hostNetwork: true, {}", proxy("router"))), "router default: its container `istio-proxy` is a router".into()),
        ("an ambient namespace", namespace("istio.io/dataplane-mode: ambient") + &pod("", "containers: [{name: app}]"), "none default: it is in ambient mode, where waypoints log".into()),
        ("an ambient pod", pod("labels: {istio.io/dataplane-mode: ambient}", ""), "none default: it is in ambient mode, where waypoints log".into()),
        (
            "a pod that is not ambient",
            namespace("istio.io/dataplane-mode: ambient") + &pod("labels: {istio.io/dataplane-mode: none}", ""),
            "none default: it has no container `istio-proxy`".into(),
        ),
        ("a sidecar in an ambient namespace", namespace("istio.io/dataplane-mode: ambient") + &pod("", &proxy("sidecar")), format!("sidecar default: {sidecar}")),
        ("a pod older than its namespace's label", namespace("istio-injection: enabled") + &pod("", ""), "none default: it has no container `istio-proxy`".into()),
        ("the revision that the injector noted", namespace("istio.io/rev: of-ns") + &pod(&format!("{rev}, {}", status(r#"{"revision":"noted"}"#)), &proxy("sidecar")), format!("sidecar noted: {sidecar}")),
        ("the pod's revision", namespace("istio.io/rev: of-ns") + &pod(rev, &proxy("sidecar")), format!("sidecar of-pod: {sidecar}")),
        ("the namespace's revision", namespace("istio.io/rev: of-ns") + &pod("", &proxy("sidecar")), format!("sidecar of-ns: {sidecar}")),
        ("a note without a revision", pod(&format!("{rev}, {}", status("{}")), &proxy("sidecar")), format!("sidecar of-pod: {sidecar}")),
        ("a note with an empty revision", pod(&format!("{rev}, {}", status(r#"{"revision":""}"#)), &proxy("sidecar")), format!("sidecar of-pod: {sidecar}")),
        ("a note that is no JSON", pod(&format!("{rev}, {}", status("{")), &proxy("sidecar")), format!("sidecar of-pod: {sidecar}")),
        ("an empty revision", pod("labels: {istio.io/rev: ''}", &proxy("sidecar")), format!("sidecar default: {sidecar}")),
    ];
    for (label, text, expected) in rows {
        assert_eq!(proxies(text), [format!("a {expected}")], "{label}");
    }
}

#[test]
fn the_proxy_of_a_controller_follows_from_injection() {
    let app = "containers: [{name: app}]";
    let enabled = namespace("istio-injection: enabled");
    let ask = "labels: {sidecar.istio.io/inject: 'true'}";
    let gateway = "labels: {sidecar.istio.io/inject: 'true'}, annotations: {inject.istio.io/templates: gateway}";
    let injector = |name: &str, config: &str, values: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: istio-system}}\n\
             data:\n  config: '{config}'\n  values: '{values}'\n---\n"
        )
    };
    let rows: &[(&str, String, &str)] = &[
        (
            "nothing asks",
            deployment("", app),
            "none default: no proxy is injected: no label of its namespace or its own asks for one",
        ),
        (
            "the namespace asks",
            enabled.clone() + &deployment("", app),
            "sidecar default: a sidecar is injected: its namespace has the label `istio-injection=enabled`",
        ),
        (
            "the pods ask",
            deployment(ask, app),
            "sidecar default: a sidecar is injected: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        (
            "an annotation alone asks",
            deployment("annotations: {sidecar.istio.io/inject: 'true'}", app),
            "none default: no proxy is injected: no label of its namespace or its own asks for one",
        ),
        (
            "an annotation refuses",
            enabled.clone() + &deployment("annotations: {sidecar.istio.io/inject: 'false'}", app),
            "none default: no proxy is injected: the pod has the annotation `sidecar.istio.io/inject: false`",
        ),
        (
            "a revision",
            namespace("istio.io/rev: canary") + &deployment("", app),
            "sidecar canary: a sidecar is injected: its namespace has the label `istio.io/rev`",
        ),
        (
            "the namespace's label beats the pods' revision",
            enabled.clone() + &deployment("labels: {istio.io/rev: canary}", app),
            "sidecar default: a sidecar is injected: its namespace has the label `istio-injection=enabled`",
        ),
        (
            "kube-inject in an unlabelled namespace",
            deployment(
                "annotations: {sidecar.istio.io/status: '{\"revision\":\"noted\"}'}",
                "containers: [{name: app}, {name: istio-proxy, image: proxyv2, args: [proxy, sidecar]}]",
            ),
            "sidecar noted: its container `istio-proxy` is a sidecar",
        ),
        (
            "a gateway's own Deployment",
            deployment(
                "",
                "containers: [{name: istio-proxy, image: proxyv2, args: [proxy, router]}]",
            ),
            "router default: its container `istio-proxy` is a router",
        ),
        (
            "gateway injection",
            deployment(gateway, "containers: [{name: istio-proxy, image: auto}]"),
            "router default: a gateway is injected: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        (
            "gateway injection that nothing asks for",
            deployment(
                "annotations: {inject.istio.io/templates: gateway}",
                "containers: [{name: istio-proxy, image: auto}]",
            ),
            "none default: no proxy is injected: no label of its namespace or its own asks for one",
        ),
        (
            "proxyless gRPC",
            enabled.clone()
                + &deployment("annotations: {inject.istio.io/templates: grpc-agent}", app),
            "none default: it is injected for proxyless gRPC",
        ),
        (
            "a template of the user's own",
            enabled.clone() + &deployment("annotations: {inject.istio.io/templates: mine}", app),
            "none default: it is injected with `mine`, not known to hold an Envoy",
        ),
        (
            "the node's network",
            enabled.clone() + &deployment("", "hostNetwork: true, containers: [{name: app}]"),
            "none default: no proxy is injected: it uses the network of its node",
        ),
        (
            "ambient",
            namespace("istio.io/dataplane-mode: ambient") + &deployment("", app),
            "none default: it is in ambient mode, where waypoints log",
        ),
        (
            "the injector's policy",
            injector("istio-sidecar-injector", "policy: disabled", "{}")
                + &enabled
                + &deployment("", app),
            "none default: no proxy is injected: the injector's policy is `disabled`",
        ),
        (
            "the policy of another revision",
            injector("istio-sidecar-injector-canary", "policy: disabled", "{}")
                + &enabled
                + &deployment("", app),
            "sidecar default: a sidecar is injected: its namespace has the label `istio-injection=enabled`",
        ),
        (
            "neverInjectSelector",
            injector(
                "istio-sidecar-injector",
                "neverInjectSelector: [{matchLabels: {app: x}}]",
                "{}",
            ) + &enabled
                + &deployment("labels: {app: x}", app),
            "none default: no proxy is injected: `neverInjectSelector` selects it",
        ),
        (
            "namespaces by default",
            injector(
                "istio-sidecar-injector",
                "policy: enabled",
                r#"{"sidecarInjectorWebhook":{"enableNamespacesByDefault":true}}"#,
            ) + &deployment("", app),
            "sidecar default: a sidecar is injected: namespaces are injected by default",
        ),
        (
            "no template",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}".to_owned(),
            "none default: no proxy is injected: no label of its namespace or its own asks for one",
        ),
        (
            "no replicas",
            enabled.clone()
                + "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: ns}\n\
                   spec: {replicas: 0, template: {spec: {containers: [{name: app}]}}}",
            "sidecar default: a sidecar is injected: its namespace has the label `istio-injection=enabled`",
        ),
    ];
    for (label, text, expected) in rows {
        assert_eq!(proxies(text), [format!("deploy/a {expected}")], "{label}");
    }
}

/// An object with a name and an owner, `Kind/name` or none.
fn owned(head: &str, name: &str, labels: &str, owner: &str) -> String {
    let (version, kind) = head.rsplit_once(' ').unwrap();
    let owners = owner.split_once('/').map_or(String::new(), |(kind, name)| {
        format!("ownerReferences: [{{apiVersion: x/v1, uid: u, controller: true, kind: {kind}, name: {name}}}]")
    });
    format!(
        "apiVersion: {version}\nkind: {kind}\n\
         metadata: {{name: {name}, namespace: ns, labels: {{{labels}}}, {owners}}}\n---\n"
    )
}

#[test]
fn controllers_have_a_row_where_they_have_no_pod() {
    let of = |kind: &str, owner: &str| owned(&format!("apps/v1 {kind}"), "c", "", owner);
    let job = |owner: &str| owned("batch/v1 Job", "j", "", owner);
    let cron = owned("batch/v1 CronJob", "c", "", "");
    let pod = |labels: &str, owner: &str| owned("v1 Pod", "a", labels, owner);
    let hash = "pod-template-hash: '5f6'";
    let rows: &[(&str, String, &[&str])] = &[
        ("a lone Deployment", of("Deployment", ""), &["deploy/c"]),
        ("a lone StatefulSet", of("StatefulSet", ""), &["sts/c"]),
        ("a lone DaemonSet", of("DaemonSet", ""), &["ds/c"]),
        ("a lone Job", job(""), &["job/j"]),
        ("a lone CronJob", cron.clone(), &["cronjob/c"]),
        ("a lone ReplicaSet", of("ReplicaSet", ""), &[]),
        ("a StatefulSet with its pod", of("StatefulSet", "") + &pod("", "StatefulSet/c"), &["a"]),
        ("a DaemonSet with its pod", of("DaemonSet", "") + &pod("", "DaemonSet/c"), &["a"]),
        ("a pod before its controller", pod("", "DaemonSet/c") + &of("DaemonSet", ""), &["a"]),
        ("a pod of another kind", of("StatefulSet", "") + &pod("", "DaemonSet/c"), &["a", "sts/c"]),
        ("a pod of another name", of("DaemonSet", "") + &pod("", "DaemonSet/d"), &["a", "ds/c"]),
        ("a pod without an owner", of("Deployment", "") + &pod(hash, ""), &["a", "deploy/c"]),
        (
            "a Deployment by a ReplicaSet that was read",
            of("Deployment", "")
                + &owned("apps/v1 ReplicaSet", "set", "", "Deployment/c")
                + &pod("", "ReplicaSet/set"),
            &["a"],
        ),
        ("a Deployment by the hash", of("Deployment", "") + &pod(hash, "ReplicaSet/c-5f6"), &["a"]),
        (
            "the hash of another",
            of("Deployment", "") + &pod(hash, "ReplicaSet/c-777"),
            &["a", "deploy/c"],
        ),
        ("no hash", of("Deployment", "") + &pod("", "ReplicaSet/c-5f6"), &["a", "deploy/c"]),
        (
            "a ReplicaSet without a Deployment",
            of("Deployment", "")
                + &owned("apps/v1 ReplicaSet", "c-5f6", "", "")
                + &pod(hash, "ReplicaSet/c-5f6"),
            &["a", "deploy/c"],
        ),
        ("a Job with its pod", job("") + &pod("", "Job/j"), &["a"]),
        ("a CronJob through its Job", cron.clone() + &job("CronJob/c") + &pod("", "Job/j"), &["a"]),
        (
            "a Job without its pod, and its CronJob",
            cron.clone() + &job("CronJob/c"),
            &["cronjob/c", "job/j"],
        ),
        (
            "a CronJob whose Job was not read",
            cron.clone() + &pod("", "Job/c-123"),
            &["a", "cronjob/c"],
        ),
        (
            "the same name in another namespace",
            of("DaemonSet", "")
                + &pod("", "DaemonSet/c").replace("namespace: ns", "namespace: other"),
            &["ds/c", "a"],
        ),
        ("a pod that has ended", pod("", "") + "", &["a"]),
    ];
    for (label, text, expected) in rows {
        let loaded = load(text);
        let found: Vec<_> =
            loaded.inventory.workloads.iter().map(crate::Workload::display_name).collect();
        assert_eq!(found, *expected, "{label}");
    }
}

#[test]
fn labels_that_istiod_adds_are_there_where_they_are_known() {
    let node = "apiVersion: v1\nkind: Node\n\
                metadata: {name: n1, labels: {topology.kubernetes.io/zone: z, other: o}}\n---\n";
    let rows: &[(&str, String, &str)] = &[
        ("none", pod("labels: {app: x}", ""), "app=x"),
        ("the node's name", pod("", "nodeName: n1"), "kubernetes.io/hostname=n1"),
        (
            "the node's zone",
            node.to_owned() + &pod("", "nodeName: n1"),
            "kubernetes.io/hostname=n1 topology.kubernetes.io/zone=z",
        ),
        (
            "the namespace's network",
            namespace("topology.istio.io/network: net") + &pod("", ""),
            "topology.istio.io/network=net",
        ),
        (
            "the pod's own network",
            namespace("topology.istio.io/network: net")
                + &pod("labels: {topology.istio.io/network: own}", ""),
            "topology.istio.io/network=own",
        ),
        ("a controller's pods", deployment("labels: {app: x}", ""), "app=x"),
    ];
    for (label, text, expected) in rows {
        let loaded = load(text);
        let labels = &loaded.inventory.workloads[0].labels;
        let found: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(found.join(" "), *expected, "{label}");
    }
}

#[test]
fn workloads_come_sorted_whatever_the_order_of_the_input() {
    let objects = [
        owned("v1 Pod", "b", "", ""),
        owned("apps/v1 StatefulSet", "a", "", ""),
        owned("apps/v1 Deployment", "a", "", ""),
        owned("v1 Pod", "a", "", ""),
    ];
    let forward = load(&objects.concat());
    let backward = load(&objects.iter().rev().cloned().collect::<String>());
    let shown = |loaded: &Loaded| -> Vec<_> {
        loaded.inventory.workloads.iter().map(|it| (it.display_name(), it.kind)).collect()
    };
    assert_eq!(shown(&forward), shown(&backward));
    assert_eq!(shown(&forward)[0], ("a".to_owned(), WorkloadKind::Pod));
}
