//! What a workload has and would get: one row a workload.

use super::Injection;
use crate::Loader;

/// The namespace `team` with these labels, and a workload in it.
fn report(labels: &str, kind: &str, metadata: &str, spec: &str) -> Injection {
    let namespace = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: team, labels: {{{labels}}}}}\n---\n"
    );
    let workload = match kind {
        "Pod" => format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: team, name: a, {metadata}}}\n\
             spec: {{{spec}}}\n"
        ),
        _ => format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{namespace: team, name: a}}\n\
             spec: {{template: {{metadata: {{{metadata}}}, spec: {{{spec}}}}}}}\n"
        ),
    };
    let mut loader = Loader::new();
    loader.add("a.yaml", (namespace + &workload).as_bytes());
    let loaded = loader.finish();
    assert_eq!(loaded.errors, []);
    Injection::of(&loaded.inventory.workloads[0], &loaded.inventory, None)
}

const APP: &str = "containers: [{name: app}]";
const SIDECAR: &str = "containers: [{name: app}, {name: istio-proxy, args: [proxy, sidecar]}], \
                       initContainers: [{name: istio-init}]";
const NATIVE: &str = "containers: [{name: app}], initContainers: [{name: istio-validation}, \
                      {name: istio-proxy, restartPolicy: Always, args: [proxy, sidecar]}]";
const GATEWAY: &str = "containers: [{name: istio-proxy, args: [proxy, router]}]";
const GRPC: &str = "containers: [{name: app}, {name: istio-proxy, args: [proxy, sidecar], \
                    env: [{name: DISABLE_ENVOY, value: 'true'}]}]";
const AUTO: &str = "containers: [{name: istio-proxy, image: auto}]";
const HOST: &str = "hostNetwork: true, containers: [{name: app}]";
const NOTED: &str = "annotations: {sidecar.istio.io/status: '{\"revision\": \"canary\"}'}";
const ENABLED: &str = "istio-injection: enabled";

#[test]
fn what_a_workload_has_and_would_get() {
    // Labels of the namespace, kind, metadata, spec; then proxy, injected, revision, what it shows,
    // and whether a new pod is injected.
    let rows: &[(&str, &str, &str, &str, &str)] = &[
        ("", "Pod", "", APP, "none no - [] new: no"),
        (ENABLED, "Pod", "", APP, "none no - [] new: yes"),
        (ENABLED, "Pod", "", SIDECAR, "sidecar yes default [istio_init] new: yes"),
        (ENABLED, "Pod", "", NATIVE, "sidecar yes default [native_sidecar, cni] new: yes"),
        ("", "Pod", NOTED, SIDECAR, "sidecar yes canary [istio_init] new: no"),
        ("", "Pod", "", GATEWAY, "router yes default [gateway] new: no"),
        (ENABLED, "Pod", "", GRPC, "none yes default [proxyless] new: yes"),
        (ENABLED, "Pod", "", HOST, "none no - [host_network] new: no"),
        (ENABLED, "Pod", "", AUTO, "none no - [] new: yes"),
        ("", "Deployment", "", APP, "none no - [] new: no"),
        (ENABLED, "Deployment", "", APP, "sidecar yes default [] new: yes"),
        (ENABLED, "StatefulSet", "", HOST, "none no - [host_network] new: no"),
        ("istio.io/rev: canary", "Deployment", "", APP, "sidecar yes canary [] new: yes"),
        (
            "",
            "Deployment",
            NOTED,
            SIDECAR,
            "sidecar yes canary [istio_init, kube_injected] new: no",
        ),
        (
            ENABLED,
            "Deployment",
            "annotations: {inject.istio.io/templates: gateway}",
            AUTO,
            "router yes default [gateway] new: yes",
        ),
        (
            ENABLED,
            "Deployment",
            "annotations: {inject.istio.io/templates: grpc-agent}",
            APP,
            "none yes default [] new: yes",
        ),
        (
            ENABLED,
            "Deployment",
            "labels: {sidecar.istio.io/inject: 'false'}",
            APP,
            "none no - [] new: no",
        ),
    ];
    for (labels, kind, metadata, spec, expected) in rows {
        let it = report(labels, kind, metadata, spec);
        let yes = |yes| if yes { "yes" } else { "no" };
        let found = format!(
            "{} {} {} [{}] new: {}",
            it.proxy,
            yes(it.injected),
            it.revision.as_deref().unwrap_or("-"),
            it.shows.join(", "),
            yes(it.template.is_some()),
        );
        assert_eq!(found, *expected, "{labels} {kind} {metadata} {spec}");
        assert_eq!(it.why_no_envoy().is_some(), it.proxy == "none", "{labels} {kind} {spec}");
    }
}

#[test]
fn why_there_is_no_envoy() {
    let rows = [
        (
            report("", "Pod", "", APP),
            "it has no container `istio-proxy`; no webhook is called: no label of its namespace or \
             its own asks for one",
        ),
        (
            report(ENABLED, "Pod", "", APP),
            "it has no container `istio-proxy`; the webhook of revision `default` is called: its \
             namespace has the label `istio-injection=enabled`; istiod injects: the injector's \
             policy is `enabled`; it would get a proxy if it were created now: pods are injected \
             when they are created, so restart it",
        ),
        (
            report(ENABLED, "DaemonSet", "", HOST),
            "the webhook of revision `default` is called: its namespace has the label \
             `istio-injection=enabled`; istiod does not inject: it uses the network of its node",
        ),
    ];
    for (report, expected) in rows {
        assert_eq!(report.why_no_envoy().as_deref(), Some(expected));
    }
}

#[test]
fn an_annotation_that_istiod_refuses() {
    let annotations = "annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: mysql}";
    let because = report(ENABLED, "Deployment", annotations, APP).because;
    assert_eq!(
        because.last().unwrap().effect,
        "istiod refuses the pod for an annotation, and none is created: `excludeOutboundPorts`: \
         expected a port from 0 to 65535, found `mysql`"
    );
}
