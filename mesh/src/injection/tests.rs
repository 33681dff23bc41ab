//! Who gets a proxy: one row a pod.

use super::{Candidate, Injector, Policy, Template, template, verdict, webhook};
use crate::meta::Labels;
use crate::selector::Selector;

/// Labels given as `a=b c=d`; a bare `a` has no value.
fn labels(text: &str) -> Labels {
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key.to_owned(), value.to_owned())
    };
    text.split_whitespace().map(pair).collect()
}

/// A row of the table of webhooks: the namespace's labels, the pod's, and the revision and reason.
type WebhookRow = (&'static str, &'static str, &'static str);

/// Why nothing is called where nobody asks.
const NOBODY: &str = "-: no label of its namespace or its own asks for one";

/// Why the namespace's label calls the default revision.
const ENABLED: &str = "default: its namespace has the label `istio-injection=enabled`";

/// Why the namespace's label calls no revision.
const DISABLED: &str =
    "-: its namespace has the label `istio-injection` with another value than `enabled`";

/// Why the pod's label calls no revision.
const REFUSES: &str = "-: the pod has the label `sidecar.istio.io/inject=false`";

#[test]
fn labels_pick_the_webhook() {
    let rows: &[WebhookRow] = &[
        ("", "", NOBODY),
        ("team=a", "app=a", NOBODY),
        ("istio-injection=enabled", "", ENABLED),
        ("istio-injection=enabled", "sidecar.istio.io/inject=true", ENABLED),
        ("istio-injection=enabled", "sidecar.istio.io/inject=false", REFUSES),
        ("istio-injection=enabled", "sidecar.istio.io/inject=no", ENABLED),
        ("istio-injection=enabled istio.io/rev=canary", "", ENABLED),
        ("istio-injection=enabled", "istio.io/rev=canary", ENABLED),
        ("istio-injection=disabled", "", DISABLED),
        ("istio-injection=disabled", "sidecar.istio.io/inject=true", DISABLED),
        ("istio-injection=disabled", "istio.io/rev=canary", DISABLED),
        ("istio-injection=disabled istio.io/rev=canary", "", DISABLED),
        ("istio-injection", "sidecar.istio.io/inject=true", DISABLED),
        ("istio-injection=true", "", DISABLED),
        ("istio-injection=disabled", "sidecar.istio.io/inject=false", REFUSES),
        ("istio.io/rev=canary", "", "canary: its namespace has the label `istio.io/rev`"),
        ("istio.io/rev=default", "", "default: its namespace has the label `istio.io/rev`"),
        ("istio.io/rev=prod-stable", "", "prod-stable: its namespace has the label `istio.io/rev`"),
        (
            "istio.io/rev=canary",
            "istio.io/rev=old",
            "canary: its namespace has the label `istio.io/rev`",
        ),
        (
            "istio.io/rev=canary",
            "sidecar.istio.io/inject=true",
            "canary: its namespace has the label `istio.io/rev`",
        ),
        ("istio.io/rev=canary", "sidecar.istio.io/inject=false", REFUSES),
        ("istio.io/rev", "", "-: its namespace has the label `istio.io/rev`"),
        (
            "istio.io/rev",
            "sidecar.istio.io/inject=true",
            "-: its namespace has the label `istio.io/rev`",
        ),
        ("", "istio.io/rev=canary", "canary: the pod has the label `istio.io/rev`"),
        ("", "istio.io/rev=default", "default: the pod has the label `istio.io/rev`"),
        (
            "",
            "istio.io/rev=canary sidecar.istio.io/inject=true",
            "canary: the pod has the label `istio.io/rev`",
        ),
        ("", "istio.io/rev=canary sidecar.istio.io/inject=false", REFUSES),
        (
            "",
            "sidecar.istio.io/inject=true",
            "default: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        ("", "sidecar.istio.io/inject=yes", NOBODY),
        ("", "sidecar.istio.io/inject", NOBODY),
        ("istio.io/dataplane-mode=ambient", "", NOBODY),
    ];
    for (namespace, pod, expected) in rows {
        assert_eq!(picked("ns", namespace, pod, false), *expected, "`{namespace}` and `{pod}`");
    }
}

/// The webhook's revision and reason.
fn picked(namespace: &str, namespace_labels: &str, pod: &str, by_default: bool) -> String {
    let candidate = Candidate {
        namespace,
        namespace_labels: &labels(namespace_labels),
        labels: &labels(pod),
        annotations: &labels("sidecar.istio.io/inject=true"),
        host_network: false,
    };
    let found = webhook(&candidate, by_default);
    format!("{}: {}", found.revision.as_deref().unwrap_or("-"), found.rule)
}

#[test]
fn namespaces_by_default_call_the_default_revision() {
    let by_default = "default: namespaces are injected by default";
    let rows: &[(&str, &str, &str, &str)] = &[
        ("ns", "", "", by_default),
        ("ns", "", "app=a", by_default),
        ("ns", "", "sidecar.istio.io/inject=no", NOBODY),
        ("ns", "", "sidecar.istio.io/inject=false", REFUSES),
        ("ns", "istio-injection=disabled", "", DISABLED),
        ("ns", "", "istio.io/rev=canary", "canary: the pod has the label `istio.io/rev`"),
        ("kube-system", "", "", NOBODY),
        ("local-path-storage", "", "", NOBODY),
        ("istio-system", "", "", by_default),
    ];
    for (namespace, namespace_labels, pod, expected) in rows {
        let found = picked(namespace, namespace_labels, pod, true);
        assert_eq!(found, *expected, "`{namespace}`, `{namespace_labels}` and `{pod}`");
    }
}

#[test]
fn istiod_decides_by_the_first_rule_that_holds() {
    let enabled = Injector::default();
    let disabled = Injector { policy: Policy::Disabled, ..Injector::default() };
    let illegal = Injector { policy: Policy::Illegal("on".to_owned()), ..Injector::default() };
    let selectors = |never: &str, always: &str| Injector {
        never: vec![Selector::parse(never).unwrap()],
        always: vec![Selector::parse(always).unwrap()],
        ..disabled.clone()
    };
    let never_a = Injector { policy: Policy::Enabled, ..selectors("a", "b") };
    let always_b = selectors("a", "b");
    let empty = selectors("", "");
    let inject = |value: &str| format!("sidecar.istio.io/inject={value}");
    let (yes, no, odd, blank) = (inject("true"), inject("false"), inject("maybe"), inject(""));
    let rows: &[(&str, &Injector, &str, &str, &str)] = &[
        ("nothing said", &enabled, "", "", "yes: the injector's policy is `enabled`"),
        ("policy disabled", &disabled, "", "", "no: the injector's policy is `disabled`"),
        ("illegal policy", &illegal, "", "", "no: the injector's policy is none"),
        ("illegal policy, asked", &illegal, &yes, "", "no: the injector's policy is none"),
        (
            "label true",
            &enabled,
            &yes,
            "",
            "yes: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        (
            "label true, policy disabled",
            &disabled,
            &yes,
            "",
            "yes: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        (
            "label false",
            &enabled,
            &no,
            "",
            "no: the pod has the label `sidecar.istio.io/inject=false`",
        ),
        (
            "annotation true",
            &disabled,
            "",
            &yes,
            "yes: the pod has the annotation `sidecar.istio.io/inject: true`",
        ),
        (
            "annotation false",
            &enabled,
            "",
            &no,
            "no: the pod has the annotation `sidecar.istio.io/inject: false`",
        ),
        (
            "label over annotation",
            &enabled,
            &yes,
            &no,
            "yes: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        (
            "an empty label hides the annotation",
            &enabled,
            &blank,
            &no,
            "yes: the injector's policy is `enabled`",
        ),
        (
            "an odd label hides the annotation",
            &disabled,
            &odd,
            &yes,
            "no: the injector's policy is `disabled`",
        ),
        ("an odd annotation", &enabled, "", &odd, "yes: the injector's policy is `enabled`"),
        ("neverInjectSelector", &never_a, "a=1", "", "no: `neverInjectSelector` selects it"),
        ("never before always", &never_a, "a=1 b=1", "", "no: `neverInjectSelector` selects it"),
        ("alwaysInjectSelector", &always_b, "b=1", "", "yes: `alwaysInjectSelector` selects it"),
        (
            "label over neverInjectSelector",
            &never_a,
            "a=1 sidecar.istio.io/inject=true",
            "",
            "yes: the pod has the label `sidecar.istio.io/inject=true`",
        ),
        (
            "label over alwaysInjectSelector",
            &always_b,
            "b=1 sidecar.istio.io/inject=false",
            "",
            "no: the pod has the label `sidecar.istio.io/inject=false`",
        ),
        (
            "an odd label and neverInjectSelector",
            &never_a,
            "a=1 sidecar.istio.io/inject=maybe",
            "",
            "no: `neverInjectSelector` selects it",
        ),
        ("no selector matches", &never_a, "c=1", "", "yes: the injector's policy is `enabled`"),
        (
            "empty selectors select nothing",
            &empty,
            "a=1",
            "",
            "no: the injector's policy is `disabled`",
        ),
    ];
    for (label, injector, pod, annotations, expected) in rows {
        let found = decided("ns", false, pod, annotations, injector);
        assert_eq!(found, *expected, "{label}");
    }
}

#[test]
fn node_network_and_system_namespaces_are_never_injected() {
    let rows: &[(&str, bool, &str)] = &[
        ("ns", true, "no: it uses the network of its node"),
        ("kube-system", true, "no: it uses the network of its node"),
        ("kube-system", false, "no: its namespace is one of Kubernetes' own"),
        ("kube-public", false, "no: its namespace is one of Kubernetes' own"),
        ("kube-node-lease", false, "no: its namespace is one of Kubernetes' own"),
        ("local-path-storage", false, "no: its namespace is one of Kubernetes' own"),
        ("istio-system", false, "yes: the pod has the label `sidecar.istio.io/inject=true`"),
    ];
    for (namespace, host_network, expected) in rows {
        let asks = "sidecar.istio.io/inject=true";
        let found = decided(namespace, *host_network, asks, "", &Injector::default());
        assert_eq!(found, *expected, "{namespace}, {host_network}");
    }
}

/// istiod's verdict and reason.
fn decided(
    namespace: &str,
    host_network: bool,
    pod: &str,
    annotations: &str,
    injector: &Injector,
) -> String {
    let candidate = Candidate {
        namespace,
        namespace_labels: &Labels::new(),
        labels: &labels(pod),
        annotations: &labels(annotations),
        host_network,
    };
    let found = verdict(&candidate, injector);
    format!("{}: {found}", if found.inject { "yes" } else { "no" })
}

#[test]
fn annotations_name_the_template() {
    let custom = |text: &str| Template::Custom(text.to_owned());
    let rows = [
        ("", Template::Sidecar),
        ("inject.istio.io/templates=sidecar", Template::Sidecar),
        ("inject.istio.io/templates=sidecar,mine", Template::Sidecar),
        ("inject.istio.io/templates=mine,sidecar", Template::Sidecar),
        ("inject.istio.io/templates=gateway", Template::Gateway),
        ("inject.istio.io/templates=gateway,mine", Template::Gateway),
        ("inject.istio.io/templates=grpc-agent", Template::Grpc),
        ("inject.istio.io/templates=grpc-simple", Template::Grpc),
        ("inject.istio.io/templates=mine", custom("mine")),
        ("inject.istio.io/templates=", custom("")),
    ];
    for (annotations, expected) in rows {
        assert_eq!(template(&labels(annotations)), expected, "`{annotations}`");
    }
}
