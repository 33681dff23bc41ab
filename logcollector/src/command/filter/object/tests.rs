use super::*;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";

fn part(role: Role) -> Part {
    let configuration = format!(r#"{{"{}":{{}}}}"#, role.section());
    Part { role, configuration, code: Code::Inline(MODULE) }
}

fn object(roles: &[Role], contexts: &[Context]) -> Value {
    let parts: Vec<Part> = roles.iter().map(|role| part(*role)).collect();
    envoy_filter(None, None, patches(&parts, contexts))
}

/// The form that was measured to cost nothing but the field, whatever happens to the code: an
/// extension configuration, and a reference to it in the router, with a no-op as its default.
#[test]
fn attempts_are_an_upstream_filter_by_reference() {
    let expected = json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": "logcollector"},
        "spec": {"configPatches": [
            {
                "applyTo": "EXTENSION_CONFIG",
                "match": {"proxy": {"proxyVersion": r"^1\.(2[3-9]|[3-9][0-9]).*"}},
                "patch": {"operation": "ADD", "value": {
                    "name": "logcollector-attempts",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                        "config": {
                            "name": "logcollector-attempts",
                            "root_id": "attempts",
                            "configuration": {
                                "@type": "type.googleapis.com/google.protobuf.StringValue",
                                "value": r#"{"attempts":{}}"#,
                            },
                            "fail_open": true,
                            "vm_config": {
                                "vm_id": "logcollector-attempts-56f4d309",
                                "runtime": "envoy.wasm.runtime.v8",
                                "code": {"local": {"inline_bytes": "AGFzbQEAAAA="}},
                            },
                        },
                    },
                }},
            },
            {
                "applyTo": "HTTP_FILTER",
                "match": {
                    "context": "SIDECAR_OUTBOUND",
                    "proxy": {"proxyVersion": r"^1\.(2[3-9]|[3-9][0-9]).*"},
                    "listener": {"filterChain": {"filter": {
                        "name": "envoy.filters.network.http_connection_manager",
                        "subFilter": {"name": "envoy.filters.http.router"},
                    }}},
                },
                "patch": {"operation": "MERGE", "value": {
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
                        "upstream_http_filters": [
                            {
                                "name": "logcollector-attempts",
                                "config_discovery": {
                                    "config_source": {
                                        "ads": {},
                                        "resource_api_version": "V3",
                                        "initial_fetch_timeout": "0s",
                                    },
                                    "type_urls": [
                                        "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                                        "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
                                    ],
                                    "default_config": {
                                        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
                                        "mutations": {},
                                    },
                                    "apply_default_config_without_warming": true,
                                },
                            },
                            {
                                "name": "envoy.filters.http.upstream_codec",
                                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"},
                            },
                        ],
                    },
                }},
            },
        ]},
    });
    assert_eq!(object(&[Role::Attempts], &[Context::Outbound]), expected);
}

#[test]
fn access_log_is_a_downstream_filter_before_the_router() {
    let object = object(&[Role::AccessLog], &[Context::Gateway]);
    let patch = &object["spec"]["configPatches"][1];
    assert_eq!(patch["match"]["context"], "GATEWAY");
    assert_eq!(patch["patch"]["operation"], "INSERT_BEFORE");
    assert_eq!(patch["patch"]["value"]["name"], "logcollector-access-log");
    assert!(patch["patch"]["value"]["config_discovery"]["default_config"].is_object());
}

#[test]
fn code_is_sent_once_however_many_sides_there_are() {
    let contexts = [Context::Outbound, Context::Inbound, Context::Gateway];
    let object = object(&Role::ALL, &contexts);
    let patches = object["spec"]["configPatches"].as_array().unwrap();
    let places = |kind: &str| patches.iter().filter(|patch| patch["applyTo"] == kind).count();
    assert_eq!((places("EXTENSION_CONFIG"), places("HTTP_FILTER")), (2, 6));
    assert_eq!(object.to_string().matches("inline_bytes").count(), 2);
}

#[test]
fn every_part_and_configuration_has_a_vm_of_its_own() {
    let [one, other] = Role::ALL.map(part);
    let configured = Part {
        configuration: r#"{"access_log":{"fields":{}}}"#.to_owned(),
        ..part(Role::AccessLog)
    };
    let ids = [one, other, configured].map(|part| {
        part.extension()["patch"]["value"]["typed_config"]["config"]["vm_config"]["vm_id"].clone()
    });
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[2] != ids[0], "{ids:?}");
}

#[test]
fn what_kubectl_reads_is_what_was_meant() {
    let labels = [("app".to_owned(), "reviews".to_owned())].into();
    let parts = Role::ALL.map(part);
    let object = envoy_filter(
        Some("bookinfo"),
        Some(&Selected(labels)),
        patches(&parts, &[Context::Inbound]),
    );
    let yaml = crate::command::document::yaml("a comment", &object).unwrap();
    let mut loader = mesh::Loader::new();
    loader.add("yaml", yaml.as_bytes());
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    let read = &loaded.inventory.objects[0];
    assert_eq!(read.meta.qualified_name(), "bookinfo/logcollector");
    assert_eq!((read.kind.as_str(), &read.spec), ("EnvoyFilter", &object["spec"]));
}
