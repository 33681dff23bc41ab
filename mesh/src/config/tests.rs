//! How a user's MeshConfig is laid over Istio's, and where it is found.

use serde_json::{Value, json};

use super::{
    AccessLogEncoding, AlsProvider, FileProvider, LogFormat, MeshConfig, OtelProvider, ProviderKind,
};
use crate::{Inventory, Loaded, Loader, MeshConfigSource};

/// Loads a file as the mesh configuration.
fn given(text: &str) -> Loaded {
    let mut loader = Loader::new();
    loader.add_mesh_config("mesh.yaml", text.as_bytes());
    loader.finish()
}

/// A MeshConfig in YAML over the defaults, without errors or warnings.
fn config(text: &str) -> MeshConfig {
    let loaded = given(text);
    assert_eq!((&loaded.errors, &loaded.warnings), (&Vec::new(), &Vec::new()), "{text}");
    loaded.inventory.mesh_config("").clone()
}

/// The providers as `NAME:KIND`.
fn providers(config: &MeshConfig) -> String {
    let one = |it: &super::ExtensionProvider| {
        let kind = match &it.kind {
            ProviderKind::File(_) => "file",
            ProviderKind::HttpAls(_) => "http_als",
            ProviderKind::TcpAls(_) => "tcp_als",
            ProviderKind::OtelAls(_) => "otel_als",
            ProviderKind::Other(name) => name,
        };
        format!("{}:{kind}", it.name)
    };
    config.extension_providers.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The kind of the provider of that name.
fn kind<'c>(config: &'c MeshConfig, name: &str) -> &'c ProviderKind {
    &config.extension_providers.iter().find(|it| it.name == name).unwrap().kind
}

#[test]
fn fields_override_istios_defaults() {
    let default = MeshConfig::default();
    let rows: &[(&str, MeshConfig)] = &[
        ("", default.clone()),
        ("# nothing", default.clone()),
        ("{}", default.clone()),
        ("null", default.clone()),
        ("accessLogFile: null", default.clone()),
        ("rootNamespace: root", MeshConfig { root_namespace: "root".into(), ..default.clone() }),
        (
            "accessLogFile: /dev/stdout",
            MeshConfig { access_log_file: "/dev/stdout".into(), ..default.clone() },
        ),
        (
            "access_log_file: /dev/stdout",
            MeshConfig { access_log_file: "/dev/stdout".into(), ..default.clone() },
        ),
        (
            "accessLogFormat: '%PROTOCOL%'",
            MeshConfig { access_log_format: "%PROTOCOL%".into(), ..default.clone() },
        ),
        (
            "accessLogEncoding: JSON",
            MeshConfig { access_log_encoding: AccessLogEncoding::Json, ..default.clone() },
        ),
        (
            "accessLogEncoding: 1",
            MeshConfig { access_log_encoding: AccessLogEncoding::Json, ..default.clone() },
        ),
        ("accessLogEncoding: TEXT", default.clone()),
        (
            "enableEnvoyAccessLogService: true",
            MeshConfig { enable_envoy_access_log_service: true, ..default.clone() },
        ),
        (
            "disableEnvoyListenerLog: true",
            MeshConfig { disable_envoy_listener_log: true, ..default.clone() },
        ),
        (
            "defaultProviders: {accessLogging: [a, b]}",
            MeshConfig { default_access_logging: vec!["a".into(), "b".into()], ..default.clone() },
        ),
        ("defaultProviders: {metrics: [a], tracing: [b]}", default.clone()),
        ("meshMTLS: {minProtocolVersion: TLSV1_2}\nenableTracing: true", default.clone()),
        ("mesh_mTLS: {}\nproxy_listen_port: 15001", default.clone()),
        (
            r#"{"accessLogFile": "/json"}"#,
            MeshConfig { access_log_file: "/json".into(), ..default.clone() },
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(config(text), *expected, "{text}");
    }
}

#[test]
fn providers_merge_by_their_exact_name() {
    let own = "prometheus:prometheus stackdriver:stackdriver envoy:file";
    let rows: &[(&str, String)] = &[
        ("extensionProviders: []", own.into()),
        ("extensionProviders: [{name: a, zipkin: {}}]", format!("{own} a:zipkin")),
        (
            "extensionProviders: [{name: b, zipkin: {}}, {name: a, datadog: {}}]",
            format!("{own} b:zipkin a:datadog"),
        ),
        (
            "extensionProviders: [{name: envoy, zipkin: {}}]",
            "prometheus:prometheus stackdriver:stackdriver envoy:zipkin".into(),
        ),
        ("extensionProviders: [{name: Envoy, zipkin: {}}]", format!("{own} Envoy:zipkin")),
        (
            "extensionProviders: [{name: a, zipkin: {}}, {name: b, sds: {}}, {name: a, datadog: {}}]",
            format!("{own} a:datadog b:sds"),
        ),
        (
            "extension_providers: [{name: a, envoy_file_access_log: {path: /x}}]",
            format!("{own} a:file"),
        ),
        (
            "extensionProviders: [{name: a, envoyExtAuthzGrpc: {}}]",
            format!("{own} a:envoyExtAuthzGrpc"),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(providers(&config(text)), *expected, "{text}");
    }
}

#[test]
fn bodies_of_providers_are_read() {
    let labels = |value: Value| LogFormat::Labels(value.as_object().unwrap().clone());
    let file = |log_format| {
        ProviderKind::File(FileProvider { path: "/f".into(), log_format, omit_empty_values: false })
    };
    let als = AlsProvider { service: "s.ns".into(), port: 9000, ..AlsProvider::default() };
    let otel = OtelProvider { service: "s.ns".into(), port: 9000, ..OtelProvider::default() };
    let service = "service: s.ns, port: 9000";
    let rows: &[(String, ProviderKind)] = &[
        ("envoyFileAccessLog: {}".into(), ProviderKind::File(FileProvider::default())),
        ("envoyFileAccessLog: {path: /f}".into(), file(None)),
        ("envoyFileAccessLog: {path: /f, logFormat: null}".into(), file(None)),
        ("envoyFileAccessLog: {path: /f, logFormat: {}}".into(), file(Some(LogFormat::Empty))),
        (
            "envoyFileAccessLog: {path: /f, logFormat: {text: null}}".into(),
            file(Some(LogFormat::Empty)),
        ),
        (
            "envoyFileAccessLog: {path: /f, logFormat: {text: ''}}".into(),
            file(Some(LogFormat::Text(String::new()))),
        ),
        (
            "envoyFileAccessLog: {path: /f, log_format: {text: 'a %PROTOCOL%'}}".into(),
            file(Some(LogFormat::Text("a %PROTOCOL%".into()))),
        ),
        (
            "envoyFileAccessLog: {path: /f, logFormat: {labels: {}}}".into(),
            file(Some(labels(json!({})))),
        ),
        (
            "envoyFileAccessLog: {path: /f, logFormat: {labels: {z: '%A%', a: {n: 1, s: x}}}}"
                .into(),
            file(Some(labels(json!({"z": "%A%", "a": {"n": 1, "s": "x"}})))),
        ),
        (
            "envoyFileAccessLog: {omitEmptyValues: true}".into(),
            ProviderKind::File(FileProvider { omit_empty_values: true, ..FileProvider::default() }),
        ),
        (format!("envoyHttpAls: {{{service}}}"), ProviderKind::HttpAls(als.clone())),
        ("envoyHttpAls: {service: s.ns, port: '9000'}".into(), ProviderKind::HttpAls(als.clone())),
        ("envoyHttpAls: {service: s.ns, port: 9000.0}".into(), ProviderKind::HttpAls(als.clone())),
        (
            format!(
                "envoyHttpAls: {{{service}, logName: l, filterStateObjectsToLog: [f], \
                 additionalRequestHeadersToLog: [q], additionalResponseHeadersToLog: [r], \
                 additionalResponseTrailersToLog: [t]}}"
            ),
            ProviderKind::HttpAls(AlsProvider {
                log_name: "l".into(),
                filter_state_objects_to_log: vec!["f".into()],
                additional_request_headers_to_log: vec!["q".into()],
                additional_response_headers_to_log: vec!["r".into()],
                additional_response_trailers_to_log: vec!["t".into()],
                ..als.clone()
            }),
        ),
        (format!("envoyTcpAls: {{{service}}}"), ProviderKind::TcpAls(als.clone())),
        (format!("envoyOtelAls: {{{service}}}"), ProviderKind::OtelAls(otel.clone())),
        (
            format!("envoyOtelAls: {{{service}, logFormat: {{text: t, labels: {{a: x}}}}}}"),
            ProviderKind::OtelAls(OtelProvider {
                text: Some("t".into()),
                labels: [("a".to_owned(), json!("x"))].into(),
                ..otel.clone()
            }),
        ),
        (
            format!("envoyOtelAls: {{{service}, logFormat: {{text: ''}}}}"),
            ProviderKind::OtelAls(otel.clone()),
        ),
    ];
    for (body, expected) in rows {
        let found = config(&format!("extensionProviders: [{{name: p, {body}}}]"));
        assert_eq!(kind(&found, "p"), expected, "{body}");
    }
    let text =
        "extensionProviders: [{name: p, envoyFileAccessLog: {logFormat: {labels: {z: a, b: c}}}}]";
    let found = config(text);
    let ProviderKind::File(FileProvider { log_format: Some(LogFormat::Labels(map)), .. }) =
        kind(&found, "p")
    else {
        panic!("no labels in {found:?}");
    };
    assert_eq!(map.keys().collect::<Vec<_>>(), ["z", "b"], "keys keep the order given");
}

#[test]
fn wrong_types_are_errors_with_their_path_and_leave_the_defaults() {
    let deep = "extensionProviders[0].envoyFileAccessLog";
    let rows: &[(&str, String)] = &[
        ("accessLogFile: 7", "`accessLogFile`: expected a string, found the number `7`".into()),
        ("accessLogFile: [a]", "`accessLogFile`: expected a string, found a list".into()),
        ("access_log_file: yes", "`access_log_file`: expected a string, found `true`".into()),
        (
            "accessLogEncoding: json",
            "`accessLogEncoding`: expected `TEXT` or `JSON`, found the string `json`".into(),
        ),
        (
            "accessLogEncoding: 2",
            "`accessLogEncoding`: expected `TEXT` or `JSON`, found the number `2`".into(),
        ),
        (
            "disableEnvoyListenerLog: 'true'",
            "`disableEnvoyListenerLog`: expected true or false, found the string `true`".into(),
        ),
        ("extensionProviders: {}", "`extensionProviders`: expected a list, found an object".into()),
        (
            "extensionProviders: [a]",
            "`extensionProviders[0]`: expected an object, found the string `a`".into(),
        ),
        (
            "extensionProviders: [{name: a, envoyFileAccessLog: {path: 1}}]",
            format!("`{deep}.path`: expected a string, found the number `1`"),
        ),
        (
            "extensionProviders: [{name: a, envoyFileAccessLog: {logFormat: x}}]",
            format!("`{deep}.logFormat`: expected an object, found the string `x`"),
        ),
        (
            "extensionProviders: [{name: a, envoyFileAccessLog: {logFormat: {labels: x}}}]",
            format!("`{deep}.logFormat.labels`: expected an object, found the string `x`"),
        ),
        (
            "extensionProviders: [{name: a, envoyFileAccessLog: {logFormat: {text: x, labels: {}}}}]",
            format!("`{deep}.logFormat`: expected either `text` or `labels`, found an object"),
        ),
        (
            "extensionProviders: [{name: a, envoyHttpAls: {port: -1}}]",
            "`extensionProviders[0].envoyHttpAls.port`: expected a number from 0 to 4294967295, \
             found the number `-1`"
                .into(),
        ),
        (
            "extensionProviders: [{name: a, zipkin: {}, datadog: {}}]",
            "`extensionProviders[0].datadog`: expected one body in a provider, found an object"
                .into(),
        ),
        (
            "accessLogFile: a\naccess_log_file: b",
            "`access_log_file`: expected it once, found the field in both spellings, `camelCase` \
             and `snake_case`"
                .into(),
        ),
        (
            "defaultProviders: {accessLogging: a}",
            "`defaultProviders.accessLogging`: expected a list, found the string `a`".into(),
        ),
        (
            "defaultProviders: {metrics: [1]}",
            "`defaultProviders.metrics[0]`: expected a string, found the number `1`".into(),
        ),
        (
            "discoverySelectors: [{matchLabels: {a: 1}}]",
            "`discoverySelectors[0].matchLabels.a`: expected a string, found the number `1`".into(),
        ),
    ];
    for (text, expected) in rows {
        let loaded = given(text);
        let printed: Vec<_> = loaded.errors.iter().map(ToString::to_string).collect();
        assert_eq!(printed, [format!("mesh.yaml, document 1: {expected}")], "{text}");
        assert_eq!(*loaded.inventory.mesh_config(""), MeshConfig::default(), "{text}");
    }
}

#[test]
fn what_istiod_only_warns_of_is_a_warning() {
    let rows: &[(&str, &[&str])] = &[
        (
            "accesslogfile: a",
            &["`accesslogfile` is no field that Istio knows; did you mean `accessLogFile`?"],
        ),
        (
            "accessLogFiles: a",
            &["`accessLogFiles` is no field that Istio knows; did you mean `accessLogFile`?"],
        ),
        ("accessLogFile: a\nzzz: 1", &["`zzz` is no field that Istio knows; it changes nothing"]),
        (
            "extensionProviders: [{name: a, envoyFileAccesLog: {}}]",
            &[
                "`extensionProviders[0].envoyFileAccesLog` is no field that Istio knows; did you mean \
                 `envoyFileAccessLog`?",
                "`extensionProviders[0]`, provider `a`, has no body",
            ],
        ),
        (
            "extensionProviders: [{name: a, envoyFileAccessLog: {logFormat: {txt: a}}}]",
            &[
                "`extensionProviders[0].envoyFileAccessLog.logFormat.txt` is no field that Istio knows; \
               did you mean `text`?",
            ],
        ),
        (
            "extensionProviders: [{zipkin: {}}]",
            &["`extensionProviders[0]` has no name, so nothing can name it"],
        ),
        (
            "extensionProviders: [{name: a, envoyOtelAls: {}}]",
            &[
                "`extensionProviders[0].envoyOtelAls.service` is empty; no service has that name",
                "`extensionProviders[0].envoyOtelAls.port` is 0; ports are 1 to 65535",
            ],
        ),
        (
            "extensionProviders: [{name: a, envoyTcpAls: {service: s, port: 70000}}]",
            &["`extensionProviders[0].envoyTcpAls.port` is 70000; ports are 1 to 65535"],
        ),
        (
            "defaultProviders: {accessLog: [a]}",
            &[
                "`defaultProviders.accessLog` is no field that Istio knows; did you mean `accessLogging`?",
            ],
        ),
        (
            "discoverySelectors: [{matchExpressions: [{key: a, operator: Like}]}]",
            &["`discoverySelectors[0]`: `Like` of `a` is no operator; there are `In`, `NotIn`, \
               `Exists` and `DoesNotExist`; istiod ignores all discovery selectors then"],
        ),
    ];
    for (text, expected) in rows {
        let loaded = given(text);
        assert_eq!(loaded.errors, [], "{text}");
        let printed: Vec<_> = loaded.warnings.iter().map(|it| it.message.clone()).collect();
        assert_eq!(printed, *expected, "{text}");
    }
}

#[test]
fn a_provider_without_a_body_replaces_the_builtin() {
    let loaded = given("extensionProviders: [{name: envoy}]");
    let config = loaded.inventory.mesh_config("");
    assert_eq!(*kind(config, "envoy"), ProviderKind::Other(String::new()));
}

#[test]
fn the_mesh_configuration_is_told_by_its_content() {
    let rows: &[(&str, &str, &str, &str)] = &[
        ("bare", "accessLogFile: /a\nrootNamespace: r", "/a", "r"),
        (
            "a ConfigMap",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\n\
             data:\n  mesh: |\n    accessLogFile: /a\n    rootNamespace: r\n",
            "/a",
            "r",
        ),
        (
            "a ConfigMap with an empty MeshConfig",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio}\ndata: {mesh: ''}",
            "",
            "istio-system",
        ),
        ("Helm values", "meshConfig: {accessLogFile: /a, rootNamespace: r}", "/a", "r"),
        (
            "Helm values with Istio's namespace",
            "global: {istioNamespace: r}\nmeshConfig: {accessLogFile: /a}",
            "/a",
            "r",
        ),
        (
            "Helm values, the root namespace wins",
            "global: {istioNamespace: n}\nmeshConfig: {rootNamespace: r}",
            "",
            "r",
        ),
        ("Helm values without a MeshConfig", "global: {istioNamespace: r}\npilot: {}", "", "r"),
        ("Helm values with the profile demo", "profile: demo", "/dev/stdout", "istio-system"),
        (
            "Helm values over the profile demo",
            "profile: demo\nmeshConfig: {accessLogFile: ''}",
            "",
            "istio-system",
        ),
        (
            "Helm values that take out what the profile sets",
            "profile: demo\nmeshConfig: {accessLogFile: null}",
            "",
            "istio-system",
        ),
        ("Helm values with another profile", "profile: default", "", "istio-system"),
        (
            "an IstioOperator",
            "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n\
             spec: {meshConfig: {accessLogFile: /a, rootNamespace: r}}",
            "/a",
            "r",
        ),
        (
            "an IstioOperator with values",
            "kind: IstioOperator\nspec:\n  values:\n    global: {istioNamespace: r}\n    \
             meshConfig: {accessLogFile: /a}",
            "/a",
            "r",
        ),
        (
            "an IstioOperator, its own over the values",
            "kind: IstioOperator\nspec:\n  meshConfig: {accessLogFile: /a}\n  values:\n    \
             meshConfig: {accessLogFile: /b, rootNamespace: r}",
            "/a",
            "r",
        ),
        (
            "an IstioOperator with the profile demo",
            "kind: IstioOperator\nspec: {profile: demo}",
            "/dev/stdout",
            "istio-system",
        ),
        ("an IstioOperator without anything", "kind: IstioOperator", "", "istio-system"),
        (
            "two documents, the later over the former",
            "accessLogFile: /a\n---\nrootNamespace: r",
            "/a",
            "r",
        ),
    ];
    for (label, text, file, root) in rows {
        let found = config(text);
        assert_eq!(
            (found.access_log_file.as_str(), found.root_namespace.as_str()),
            (*file, *root),
            "{label}"
        );
    }
}

#[test]
fn the_profile_demo_brings_its_providers() {
    let own = "prometheus:prometheus stackdriver:stackdriver envoy:file";
    let demo =
        "otel:otel_als skywalking:skywalking otel-tracing:opentelemetry jaeger:opentelemetry";
    let rows: &[(&str, String)] = &[
        ("profile: demo", format!("{own} {demo}")),
        (
            "profile: demo\nmeshConfig: {extensionProviders: [{name: a, zipkin: {}}]}",
            format!("{own} a:zipkin"),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(providers(&config(text)), *expected, "{text}");
    }
}

#[test]
fn what_is_no_mesh_configuration_is_an_error() {
    let wanted = "mesh.yaml, document 1: expected a MeshConfig, the ConfigMap `istio`, Helm values or \
                  an IstioOperator, found";
    let rows: &[(&str, String)] = &[
        ("kind: Pod", format!("{wanted} an object of kind `Pod`")),
        ("kind: ConfigMap\ndata: {}", format!("{wanted} a ConfigMap without the key `mesh`")),
        ("a: 1", format!("{wanted} an object without any field of MeshConfig")),
        ("just text", format!("{wanted} the string `just text`")),
        ("[a]", format!("{wanted} a list")),
        (
            "kind: ConfigMap\ndata: {mesh: {}}",
            format!("{wanted} a ConfigMap whose key `mesh` is an object, not text"),
        ),
        (
            "kind: ConfigMap\ndata: {mesh: 'a: ['}",
            "mesh.yaml, document 1: `data.mesh`: line 1, column 4: unclosed bracket '['".into(),
        ),
        (
            "kind: ConfigMap\ndata: {mesh: 'accessLogFile: 7'}",
            "mesh.yaml, document 1: `data.mesh.accessLogFile`: expected a string, found the number \
             `7`"
            .into(),
        ),
        (
            "meshConfig: {accessLogFile: 7}",
            "mesh.yaml, document 1: `meshConfig.accessLogFile`: expected a string, found the number \
             `7`"
            .into(),
        ),
        (
            "kind: IstioOperator\nspec: {meshConfig: {accessLogFile: 7}}",
            "mesh.yaml, document 1: `spec.meshConfig.accessLogFile`: expected a string, found the \
             number `7`"
                .into(),
        ),
        ("a: [", "mesh.yaml, document 1: line 1, column 4: unclosed bracket '['".into()),
    ];
    for (text, expected) in rows {
        let printed: Vec<_> = given(text).errors.iter().map(ToString::to_string).collect();
        assert_eq!(printed, std::slice::from_ref(expected), "{text}");
    }
}

#[test]
fn legacy_values_are_warned_of() {
    let loaded = given("global: {proxy: {accessLogFile: /dev/stdout}}");
    let printed: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        printed,
        [
            "mesh.yaml, document 1: `global.proxy.accessLogFile` changes nothing since Istio 1.6; set \
          `meshConfig.accessLogFile`"
        ]
    );
}

/// A ConfigMap with a MeshConfig that logs to `/NAME`.
fn config_map(name: &str, namespace: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
         data: {{mesh: 'accessLogFile: /{namespace}/{name}'}}\n---\n"
    )
}

/// Where a revision's MeshConfig is from, and where it logs to.
fn of_revision(inventory: &Inventory, revision: &str) -> String {
    let file = &inventory.mesh_config(revision).access_log_file;
    match inventory.mesh_config_source(revision) {
        MeshConfigSource::File(origin) => format!("file {}: {file}", origin.file),
        MeshConfigSource::ConfigMap(meta) => format!("{}: {file}", meta.qualified_name()),
        MeshConfigSource::Defaults => format!("defaults: {file}"),
    }
}

#[test]
fn revisions_have_their_own_mesh_config() {
    let both = config_map("istio", "istio-system") + &config_map("istio-canary", "istio-system");
    let broken = config_map("istio", "istio-system").replace("accessLogFile: ", "accessLogFile: [");
    let rows: &[(&str, String, &str, &str, &str)] = &[
        ("nothing", String::new(), "", "", "defaults: "),
        ("the default", both.clone(), "", "", "istio-system/istio: /istio-system/istio"),
        (
            "the default by name",
            both.clone(),
            "",
            "default",
            "istio-system/istio: /istio-system/istio",
        ),
        (
            "a revision",
            both.clone(),
            "",
            "canary",
            "istio-system/istio-canary: /istio-system/istio-canary",
        ),
        ("a revision without one", both.clone(), "", "other", "defaults: "),
        ("a file beats the default", both.clone(), "accessLogFile: /f", "", "file m: /f"),
        ("a file beats a revision", both.clone(), "accessLogFile: /f", "canary", "file m: /f"),
        ("an empty file is Istio's own", both.clone(), "# nothing", "", "file m: "),
        (
            "a broken file does not",
            both,
            "accessLogFile: 7",
            "",
            "istio-system/istio: /istio-system/istio",
        ),
        ("another namespace alone", config_map("istio", "mesh"), "", "", "mesh/istio: /mesh/istio"),
        (
            "another namespace too",
            config_map("istio", "a") + &config_map("istio", "istio-system"),
            "",
            "",
            "istio-system/istio: /istio-system/istio",
        ),
        (
            "two others",
            config_map("istio", "b") + &config_map("istio", "a"),
            "",
            "",
            "a/istio: /a/istio",
        ),
        ("a broken ConfigMap is passed over", broken, "", "", "defaults: "),
        ("a ConfigMap of another name", config_map("istiod", "istio-system"), "", "", "defaults: "),
    ];
    for (label, objects, file, revision, expected) in rows {
        let mut loader = Loader::new();
        loader.add("f", objects.as_bytes());
        if !file.is_empty() {
            loader.add_mesh_config("m", file.as_bytes());
        }
        assert_eq!(of_revision(&loader.finish().inventory, revision), *expected, "{label}");
    }
}

#[test]
fn discovery_selectors_decide_which_namespaces_count() {
    let namespaces = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {mesh: in}}\n---\n\
                      apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n---\n";
    let rows: &[(&str, &str, &[bool; 3])] = &[
        ("none", "", &[true, true, true]),
        ("an empty list", "discoverySelectors: []", &[true, true, true]),
        ("labels", "discoverySelectors: [{matchLabels: {mesh: in}}]", &[true, false, false]),
        (
            "an expression",
            "discoverySelectors: [{matchExpressions: [{key: mesh, operator: DoesNotExist}]}]",
            &[false, true, true],
        ),
        (
            "any of them",
            "discoverySelectors: [{matchLabels: {mesh: in}}, {matchLabels: {mesh: out}}]",
            &[true, false, false],
        ),
        ("everything", "discoverySelectors: [{}]", &[true, true, true]),
        (
            "the name, which every namespace has",
            "discoverySelectors: [{matchExpressions: [{key: kubernetes.io/metadata.name, \
             operator: In, values: [b, nowhere]}]}]",
            &[false, true, true],
        ),
        (
            "one that is none",
            "discoverySelectors: [{matchLabels: {mesh: in}}, {matchExpressions: [{key: a, operator: x}]}]",
            &[true, true, true],
        ),
    ];
    for (label, file, expected) in rows {
        let mut loader = Loader::new();
        loader.add("f", namespaces.as_bytes());
        loader.add_mesh_config("m", file.as_bytes());
        let inventory = loader.finish().inventory;
        let config = inventory.mesh_config("");
        let found = ["a", "b", "nowhere"].map(|name| inventory.discovered(name, config));
        assert_eq!(found, **expected, "{label}");
    }
}
