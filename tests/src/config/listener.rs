//! Listeners: each way into Envoy.

use serde_json::{Value, json};

use super::{SOON, World, extension, pipe, route, socket};

/// What HTTP listeners differ in.
#[derive(Debug, Clone, Copy)]
struct Http {
    /// Envoy's `use_remote_address`: true at the edge of a mesh, false beside a workload.
    edge: bool,
    /// Whether chunks, headers and streams time out soon.
    impatient: bool,
}

const SIDECAR: Http = Http { edge: false, impatient: false };

/// Every listener; all of them log to `logs`.
pub(super) fn all(world: &World, logs: &[Value]) -> Vec<Value> {
    let v4 = || socket("127.0.0.1", 0);
    let http = |http| chain(manager(logs, http));
    let echo = || tcp(logs, "echo", json!({}));
    let short = json!({"max_downstream_connection_duration": SOON});
    let idle = json!({"idle_timeout": SOON});
    let attempts = json!({"max_connect_attempts": 2});
    vec![
        listener("sidecar", v4(), vec![http(SIDECAR)]),
        listener("edge", v4(), vec![http(Http { edge: true, ..SIDECAR })]),
        listener("impatient", v4(), vec![http(Http { impatient: true, ..SIDECAR })]),
        listener("v6", socket("::1", 0), vec![http(SIDECAR)]),
        listener("unix", pipe(&world.unix_listener()), vec![http(SIDECAR)]),
        inspected(listener("tls", v4(), vec![secure(world, http(SIDECAR), false)])),
        strict(world, logs),
        listener("tcp", v4(), vec![chain(echo())]),
        inspected(listener("tcp_tls", v4(), vec![secure(world, chain(echo()), false)])),
        listener("tcp_refused", v4(), vec![chain(tcp(logs, "refused", attempts))]),
        listener("tcp_no_socket", v4(), vec![chain(tcp(logs, "echo_unix", json!({})))]),
        listener("tcp_empty", v4(), vec![chain(tcp(logs, "empty", json!({})))]),
        listener("tcp_missing", v4(), vec![chain(tcp(logs, "missing", json!({})))]),
        listener("tcp_resetting", v4(), vec![chain(tcp(logs, "resetting", json!({})))]),
        listener("tcp_short", v4(), vec![chain(tcp(logs, "echo", short))]),
        listener("tcp_idle", v4(), vec![chain(tcp(logs, "echo", idle))]),
        listener("tcp_internal", v4(), vec![chain(tcp(logs, "internal_tcp", json!({})))]),
        listener("tcp_denied", v4(), vec![json!({"filters": [denying(), echo()]})]),
        internal("int_l", http(SIDECAR)),
        internal("int_tcp", chain(echo())),
    ]
}

/// One HTTP listener that answers by itself.
pub(super) fn minimal(name: &str, logs: &[Value]) -> Value {
    let manager = extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "stat_prefix": "minimal",
            "access_log": logs,
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [
                {"match": {"prefix": "/"}, "direct_response": {"status": 200}},
            ]}]},
            "http_filters": [router()],
        }),
    );
    listener(name, socket("127.0.0.1", 0), vec![chain(manager)])
}

fn listener(name: &str, address: Value, chains: Vec<Value>) -> Value {
    json!({
        "name": name,
        "address": address,
        "filter_chains": chains,
        "metadata": {"filter_metadata": {"test": {"l": "listener v"}}},
    })
}

fn internal(name: &str, chain: Value) -> Value {
    json!({"name": name, "internal_listener": {}, "filter_chains": [chain]})
}

fn chain(filter: Value) -> Value {
    json!({"name": "a chain", "filters": [filter]})
}

/// A listener that logs connections by itself: no other logger sees those that fail before a
/// request, for want of a matching server name or of a client certificate.
fn strict(world: &World, logs: &[Value]) -> Value {
    let quiet = chain(manager(&[], SIDECAR));
    let mut chain = secure(world, quiet, true);
    chain["filter_chain_match"] = json!({"server_names": ["server.example"]});
    let mut listener = inspected(listener("strict", socket("127.0.0.1", 0), vec![chain]));
    listener["access_log"] = json!(logs);
    listener
}

fn inspected(mut listener: Value) -> Value {
    let config = json!({"enable_ja3_fingerprinting": true, "enable_ja4_fingerprinting": true});
    listener["listener_filters"] = json!([extension(
        "envoy.filters.listener.tls_inspector",
        "filters.listener.tls_inspector.v3.TlsInspector",
        config,
    )]);
    listener
}

fn secure(world: &World, mut chain: Value, certificate: bool) -> Value {
    let certs = &world.certs;
    chain["transport_socket"] = extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.DownstreamTlsContext",
        json!({
            "require_client_certificate": certificate,
            "common_tls_context": certs.server.tls(&certs.ca, &["h2", "http/1.1"]),
        }),
    );
    chain
}

fn tcp(logs: &[Value], cluster: &str, mut config: Value) -> Value {
    config["stat_prefix"] = json!("tcp");
    config["cluster"] = json!(cluster);
    config["access_log"] = json!(logs);
    extension("envoy.filters.network.tcp_proxy", "filters.network.tcp_proxy.v3.TcpProxy", config)
}

fn denying() -> Value {
    let any = json!([{"any": true}]);
    let policies = json!({"ns[foo]-policy[my deny]-rule[0]":
        {"permissions": any, "principals": any}});
    extension(
        "envoy.filters.network.rbac",
        "filters.network.rbac.v3.RBAC",
        json!({"stat_prefix": "rbac", "rules": {"action": "DENY", "policies": policies}}),
    )
}

fn manager(logs: &[Value], http: Http) -> Value {
    let mut config = json!({
        "stat_prefix": "http",
        "codec_type": "AUTO",
        "use_remote_address": http.edge,
        // The clients wait for the end of the connection.
        "delayed_close_timeout": "0.01s",
        "access_log": logs,
        "internal_address_config": {"cidr_ranges": [
            {"address_prefix": "10.0.0.0", "prefix_len": 8},
        ]},
        "http_protocol_options": {"accept_http_10": true, "default_host_for_http_10": "ten"},
        "route_config": route::configuration(),
        "http_filters": filters(),
    });
    if http.impatient {
        config["request_headers_timeout"] = json!(SOON);
        config["stream_idle_timeout"] = json!(SOON);
    }
    extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        config,
    )
}

fn filters() -> Vec<Value> {
    let authz = json!({"http_service": {
        "server_uri": {"uri": "http://authz", "cluster": "refused", "timeout": "1s"},
    }});
    vec![
        metadata_from_config(),
        metadata_from_header(),
        filter_state(),
        extension("envoy.filters.http.fault", "filters.http.fault.v3.HTTPFault", json!({})),
        extension("envoy.filters.http.rbac", "filters.http.rbac.v3.RBAC", json!({})),
        extension(
            "envoy.filters.http.local_ratelimit",
            "filters.http.local_ratelimit.v3.LocalRateLimit",
            json!({"stat_prefix": "unlimited"}),
        ),
        extension("envoy.filters.http.ext_authz", "filters.http.ext_authz.v3.ExtAuthz", authz),
        router(),
    ]
}

fn metadata_from_config() -> Value {
    let value = json!({
        "text": "val \"quoted\" v", "int": 42, "num": 42.5, "neg": -7, "flag": true,
        "number_text": "42", "list": [1, "a b"], "accent": "é",
        "deep": {"er": {"est": "x y"}, "n": null},
    });
    extension(
        "envoy.filters.http.set_metadata",
        "filters.http.set_metadata.v3.Config",
        json!({"metadata": [{"metadata_namespace": "test", "value": value}]}),
    )
}

/// Metadata that holds what the client sent.
pub(crate) fn metadata_from_header() -> Value {
    extension(
        "envoy.filters.http.header_to_metadata",
        "filters.http.header_to_metadata.v3.Config",
        json!({"request_rules": [{
            "header": "x-meta",
            "on_header_present": {"metadata_namespace": "client", "key": "meta"},
        }]}),
    )
}

/// Filter state from the configuration and from a header of the client.
pub(crate) fn filter_state() -> Value {
    let object = |name: &str, text: &str| {
        json!({
            "object_key": name,
            "factory_key": "envoy.string",
            "format_string": {"text_format_source": {"inline_string": text}},
            "skip_if_empty": true,
        })
    };
    extension(
        "envoy.filters.http.set_filter_state",
        "filters.http.set_filter_state.v3.Config",
        json!({"on_request_headers": [
            object("test.const", "const value"),
            object("test.client", "%REQ(X-STATE)%"),
        ]}),
    )
}

fn router() -> Value {
    extension(
        "envoy.filters.http.router",
        "filters.http.router.v3.Router",
        json!({"strict_check_headers": ["x-envoy-max-retries"]}),
    )
}
