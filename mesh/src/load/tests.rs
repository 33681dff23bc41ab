//! What is read from files, and what is said of what cannot be.

use super::{Loaded, Loader};
use crate::{ProxyKind, WorkloadKind};

/// Loads files given as names and texts.
fn load(files: &[(&str, &str)]) -> Loaded {
    let mut loader = Loader::new();
    for (file, text) in files {
        loader.add(file, text.as_bytes());
    }
    loader.finish()
}

/// The errors of one file, as they are printed.
fn errors(text: &str) -> Vec<String> {
    load(&[("f", text)]).errors.iter().map(ToString::to_string).collect()
}

/// The names of all workloads.
fn names(loaded: &Loaded) -> Vec<String> {
    loaded.inventory.workloads.iter().map(crate::Workload::display_name).collect()
}

/// A pod in JSON.
fn pod(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"ns"}},"spec":{{"containers":[{{"name":"istio-proxy","args":["proxy","sidecar"]}}]}}}}"#
    )
}

#[test]
fn every_form_of_manifest_is_read() {
    let a = pod("a");
    let b = pod("b");
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns}\n";
    let rows: &[(&str, String, &[&str])] = &[
        ("JSON", a.clone(), &["a"]),
        ("JSON objects one behind the other", format!("{a}\n{b}"), &["a", "b"]),
        ("JSON between markers", format!("{a}\n---\n{b}"), &["a", "b"]),
        (
            "a JSON List as kubectl prints it",
            format!(r#"{{"apiVersion":"v1","items":[{a},{b}],"kind":"List","metadata":{{}}}}"#),
            &["a", "b"],
        ),
        (
            "a PodList whose items do not say what they are",
            r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}"#
                .to_owned(),
            &["a"],
        ),
        ("an empty List", r#"{"kind":"List","apiVersion":"v1","items":[]}"#.to_owned(), &[]),
        ("a List of null", r#"{"kind":"List","apiVersion":"v1","items":null}"#.to_owned(), &[]),
        ("YAML", yaml.to_owned(), &["a"]),
        ("YAML in braces", "{apiVersion: v1, kind: Pod, metadata: {name: a}}".to_owned(), &["a"]),
        ("YAML with a marker first", format!("---\n{yaml}"), &["a"]),
        ("YAML and JSON", format!("{yaml}---\n{b}"), &["a", "b"]),
        ("a YAML List", format!("apiVersion: v1\nitems:\n- {a}\n- {b}\nkind: List\n"), &["a", "b"]),
        (
            "a YAML List whose items are indented",
            format!("apiVersion: v1\nitems:\n  - {a}\n  - {b}\nkind: List\n"),
            &["a", "b"],
        ),
        (
            "a YAML List with an anchor",
            format!(
                "items:\n- metadata: &m {{name: a}}\n  kind: Pod\n  apiVersion: v1\n- {b}\nkind: List\n"
            ),
            &["a", "b"],
        ),
        (
            "a PodList in YAML whose items do not say what they are",
            "apiVersion: v1\nitems:\n- metadata: {name: b}\n- metadata: {name: a}\nkind: PodList\n"
                .to_owned(),
            &["a", "b"],
        ),
        ("comments only", "# nothing\n".to_owned(), &[]),
        ("null", "null".to_owned(), &[]),
        (
            "a kind that does not matter",
            "apiVersion: v1\nkind: Secret\nmetadata: {}".to_owned(),
            &[],
        ),
        ("a key twice: the last counts", format!("{yaml}kind: Pod\n"), &["a"]),
    ];
    for (label, text, expected) in rows {
        let loaded = load(&[("f", text)]);
        assert_eq!(loaded.errors, [], "{label}");
        assert_eq!(names(&loaded), *expected, "{label}");
    }
}

#[test]
fn a_pod_keeps_what_matters() {
    let text = r#"
apiVersion: v1
kind: Pod
metadata:
  name: a
  creationTimestamp: "2026-01-02T03:04:05Z"
  labels: {app: x}
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: "{}"
    sidecar.istio.io/status: '{"revision":"canary"}'
spec:
  nodeName: node1
  containers: [{name: app}, {name: istio-proxy, args: [proxy, router]}]
status: {podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}
"#;
    let loaded = load(&[("f", text)]);
    assert_eq!(loaded.errors, []);
    let pod = &loaded.inventory.workloads[0];
    assert_eq!(pod.kind, WorkloadKind::Pod);
    assert_eq!(pod.meta.namespace, "default");
    assert_eq!(pod.meta.created, Some("2026-01-02T03:04:05Z".parse().unwrap()));
    assert_eq!(pod.meta.annotations.len(), 1);
    assert_eq!(pod.labels["kubernetes.io/hostname"], "node1");
    assert_eq!(
        pod.ips,
        ["10.0.0.1".parse::<std::net::IpAddr>().unwrap(), "fd00::1".parse().unwrap()]
    );
    assert_eq!((pod.proxy.kind, pod.proxy.revision.as_str()), (ProxyKind::Router, "canary"));
    assert!(!loaded.inventory.namespaces["default"].declared);
}

#[test]
fn errors_say_where_and_what() {
    let deep = format!("a: {}1{}", "[".repeat(200), "]".repeat(200));
    let deep_json = format!("{{\"a\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n\
                c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n\
                e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n";
    let no_kind = "expected a Kubernetes object, found one without";
    let no_object = "expected an object with `apiVersion` and `kind`, found";
    let rows: &[(&str, &str, &[&str])] = &[
        (
            "broken YAML",
            "apiVersion: v1\nkind: [",
            &["f, document 1: line 2, column 7: unclosed bracket '['"],
        ),
        (
            "broken YAML beside a good document",
            "apiVersion: v1\nkind: Secret\n---\n\nb: [\n---\na: b: c\n",
            &[
                "f, document 2: line 5, column 4: unclosed bracket '['",
                "f, document 3: line 7, column 5: mapping values are not allowed in this context",
            ],
        ),
        (
            "broken JSON",
            "\n{\"apiVersion\": \"v1\",",
            &["f, document 1: line 2, column 20: EOF while parsing a value"],
        ),
        (
            "a List that has none",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":7}",
            &["f, document 1: line 1, column 42: invalid type: integer `7`, expected a list of \
               objects in `items`"],
        ),
        ("text", "just text", &[&format!("f, document 1: {no_object} the string `just text`")]),
        ("a list", "- a\n- b", &[&format!("f, document 1: {no_object} a list")]),
        ("a number", "7", &[&format!("f, document 1: {no_object} the number `7`")]),
        ("no apiVersion", "kind: Pod", &[&format!("f, document 1: Pod: {no_kind} `apiVersion`")]),
        (
            "Helm values among the objects",
            "meshConfig: {accessLogFile: /dev/stdout}",
            &[
                "f, document 1: expected a Kubernetes object, found a mesh configuration: it counts \
                 where it is given as one, with --mesh-config",
            ],
        ),
        ("no kind", "apiVersion: v1", &[&format!("f, document 1: {no_kind} `kind`")]),
        (
            "a kind that is none",
            "apiVersion: v1\nkind: 7",
            &[&format!("f, document 1: {no_kind} `kind`")],
        ),
        (
            "no name",
            "apiVersion: v1\nkind: Pod\nmetadata: {}",
            &["f, document 1: Pod: `metadata.name`: is missing"],
        ),
        (
            "a label that is a number",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns, labels: {version: 1.10}}",
            &["f, document 1: Pod/ns/a: `metadata.labels.version`: invalid type: floating point \
               `1.1`, expected a string"],
        ),
        (
            "a label that is a boolean",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {version: y}}",
            &["f, document 1: Pod/a: `metadata.labels.version`: invalid type: boolean `true`, \
               expected a string; YAML takes unquoted words such as `n`, `on` and `yes` for booleans"],
        ),
        (
            "a wrong type deep inside",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n\
             spec: {containers: [{name: a, ports: [{containerPort: http}]}]}",
            &["f, document 1: Pod/a: `spec.containers[0].ports[0].containerPort`: invalid type: \
               string \"http\", expected i32"],
        ),
        (
            "an API version that Kubernetes no longer has",
            "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: a}\nspec: {}",
            &["f, document 1: CronJob/a: invalid value: string \"batch/v1beta1\", \
               expected batch/v1"],
        ),
        (
            "bad items in a List",
            "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[7,\
             {\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":7}}]}",
            &[
                &format!("f, document 1, item 1: {no_object} the number `7`"),
                "f, document 1, item 2: Pod: `metadata.name`: invalid type: integer `7`, expected \
                 a string",
            ],
        ),
        (
            "a wrong ServiceEntry",
            "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a}\n\
             spec: {hosts: a.com}",
            &[
                "f, document 1: ServiceEntry/a: `spec.hosts`: invalid type: string \"a.com\", expected \
               a sequence",
            ],
        ),
        (
            "a broken item in a YAML List",
            "---\n\nitems:\n- kind: Secret\n  apiVersion: v1\n- b: [\n- 7\nkind: List\n",
            &[
                "f, document 1, item 2: line 6, column 6: unclosed bracket '['",
                &format!("f, document 1, item 3: {no_object} the number `7`"),
            ],
        ),
        ("deep YAML", &deep, &["f, document 1: line 1, column 67: nested deeper than 64 levels"]),
        ("deep JSON", &deep_json, &["f, document 1: line 1, column 133: recursion limit exceeded"]),
        (
            "an alias bomb",
            bomb,
            &["f, document 1: line 5, column 36: aliases that stand for more than 100000 nodes"],
        ),
        (
            "an alias of nothing",
            "a: *x",
            &["f, document 1: line 1, column 4: alias references unknown anchor"],
        ),
        (
            "a control character in a name",
            "apiVersion: v1\nkind: \"Pod\"\nmetadata: {name: \"a\\e[2J\", labels: 7}",
            &["f, document 1: Pod/a\\u{1b}[2J: `metadata.labels`: invalid type: integer `7`, \
               expected a map"],
        ),
    ];
    for (label, text, expected) in rows {
        assert_eq!(errors(text), *expected, "{label}");
    }
}

#[test]
fn an_error_costs_no_other_object() {
    let (a, b) = (pod("a"), pod("b"));
    let rows: &[(&str, String, &[&str])] = &[
        ("a bad document", format!("{a}\n---\nb: [\n---\n{b}"), &["a", "b"]),
        (
            "a bad item in JSON",
            format!(r#"{{"kind":"List","apiVersion":"v1","items":[{a},7,{b}]}}"#),
            &["a", "b"],
        ),
        (
            "a bad item in YAML",
            format!("kind: List\nitems: [{a}, {{kind: Pod}}, {b}]"),
            &["a", "b"],
        ),
        (
            "JSON that ends early",
            format!(r#"{{"kind":"List","apiVersion":"v1","items":[{a},{b},{{"kind":"#),
            &["a", "b"],
        ),
        ("YAML that breaks off", format!("kind: List\nitems:\n- {a}\n- {b}\n- ["), &["a", "b"]),
    ];
    for (label, text, expected) in rows {
        let loaded = load(&[("f", text)]);
        assert_eq!(loaded.errors.len(), 1, "{label}");
        assert_eq!(names(&loaded), *expected, "{label}");
    }
}

#[test]
fn a_file_cut_anywhere_is_read_without_harm() {
    let (a, b) = (pod("a"), pod("b"));
    let files = [
        format!(r#"{{"kind":"List","apiVersion":"v1","items":[{a},{b}]}}"#),
        format!(
            "items:\n- {a}\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: 'b'\nkind: List\n"
        ),
        format!("{a}\n---\nkind: |\n  x\n...\n&a [*a, {{b: é}}]"),
        "data: {mesh: 'extensionProviders: [{name: a, envoyFileAccessLog: {logFormat: {}}}]'}\n\
         metadata: {name: istio}\nkind: ConfigMap\napiVersion: v1"
            .to_owned(),
    ];
    for file in files {
        let whole = load(&[("f", &file)]);
        for at in 0..file.len() {
            let mut loader = Loader::new();
            loader.add("f", &file.as_bytes()[..at]);
            loader.add_mesh_config("m", &file.as_bytes()[at..]);
            let cut = loader.finish().inventory.workloads.len();
            assert!(cut <= whole.inventory.workloads.len(), "{at} of {file}");
        }
    }
}

#[test]
fn files_that_are_no_text_are_errors() {
    let rows: &[(&str, &[u8])] = &[
        ("gzip", b"\x1f\x8b\x08\x00"),
        ("zeros", b"apiVersion: v1\0"),
        ("UTF-16", b"\xff\xfea\0"),
    ];
    for (label, text) in rows {
        let mut loader = Loader::new();
        loader.add("f", text);
        let loaded = loader.finish();
        let printed: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
        let expected = "f, document 1: expected YAML or JSON in UTF-8, found other bytes";
        assert_eq!(printed, [expected], "{label}");
    }
}

#[test]
fn warnings_say_what_was_decided() {
    let twice = format!("{}\n---\n{}", pod("a"), pod("a"));
    let mesh = |namespace: &str, text: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: istio, namespace: {namespace}}}\n\
             data: {{mesh: \"{text}\"}}\n---\n"
        )
    };
    let two = mesh("other", "accessLogFile: /other") + &mesh("istio-system", "accessLogFile: /own");
    let rows: &[(&str, &str, &[&str])] = &[
        ("an empty file", "", &["f, document 1: the file holds no objects"]),
        ("comments only", "# a\n", &["f, document 1: the file holds no objects"]),
        (
            "the same object twice",
            &twice,
            &["f, document 2: Pod/ns/a: the same object is at f, document 1 too; this one, read \
               later, counts"],
        ),
        (
            "two MeshConfigs",
            &two,
            &["f, document 1: ConfigMap/other/istio: passed over for revision `default`: \
               `istio-system/istio` is taken for it"],
        ),
        (
            "a misspelt field of MeshConfig",
            &mesh("istio-system", "accesLogFile: /dev/stdout"),
            &[
                "f, document 1: ConfigMap/istio-system/istio: `accesLogFile` is no field that Istio \
               knows; did you mean `accessLogFile`?",
            ],
        ),
        (
            "an IstioOperator",
            "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: a}",
            &[
                "f, document 1: IstioOperator/a: an IstioOperator is no part of a cluster; to use it, \
               give it as the mesh configuration",
            ],
        ),
    ];
    for (label, text, expected) in rows {
        let loaded = load(&[("f", text)]);
        assert_eq!(loaded.errors, [], "{label}");
        let printed: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(printed, *expected, "{label}");
    }
    let loaded = load(&[("f", &two)]);
    assert_eq!(loaded.inventory.mesh_config("").access_log_file, "/own");
}
