//! Clusters: working ones, and one for each way in which a cluster can fail.

use serde_json::{Value, json};

use super::{World, extension, pipe, server, socket, typed};

/// Every cluster that the routes and the TCP listeners use.
pub(super) fn all(world: &World) -> Vec<Value> {
    let servers = &world.servers;
    vec![
        with_metadata(cluster("up", server(&servers.http))),
        cluster("up_v6", server(&servers.http_v6)),
        cluster("up_unix", server(&servers.unix)),
        renamed(cluster("up_renamed", server(&servers.http))),
        secure(world, cluster("up_tls", server(&servers.tls)), &world.certs.ca),
        secure(world, cluster("up_distrusted", server(&servers.tls)), &world.certs.stranger),
        http2(cluster("grpc_ok", server(&servers.grpc_ok))),
        http2(cluster("grpc_error", server(&servers.grpc_error))),
        cluster("echo", server(&servers.echo)),
        cluster("echo_unix", pipe(&world.dir.join("nobody.sock"))),
        cluster("resetting", server(&servers.resetting)),
        // Nothing listens on port 1 of the loopback interface.
        cluster("refused", socket("127.0.0.1", 1)),
        empty(),
        full(cluster("full", server(&servers.http))),
        dropping(cluster("dropping", server(&servers.http))),
        cluster("internal", internal("int_l")),
        cluster("internal_tcp", internal("int_tcp")),
    ]
}

/// A cluster of one host.
pub(crate) fn cluster(name: &str, address: Value) -> Value {
    json!({
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    })
}

/// A cluster without hosts.
pub(crate) fn empty() -> Value {
    json!({"name": "empty", "type": "STATIC", "load_assignment": {"cluster_name": "empty"}})
}

fn internal(listener: &str) -> Value {
    json!({"envoy_internal_address": {
        "server_listener_name": listener, "endpoint_id": "ep id 1",
    }})
}

fn with_metadata(mut cluster: Value) -> Value {
    cluster["metadata"] = json!({"filter_metadata": {"test": {"k": "cluster v", "n": 1}}});
    let endpoint = &mut cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0];
    endpoint["metadata"] = json!({"filter_metadata": {"test": {"zone": "z \"1\""}}});
    endpoint["endpoint"]["hostname"] = json!("up.example");
    cluster
}

fn renamed(mut cluster: Value) -> Value {
    cluster["alt_stat_name"] = json!("outbound|80||up.ns.svc.cluster.local");
    cluster
}

/// A circuit breaker that lets nothing through.
pub(crate) fn full(mut cluster: Value) -> Value {
    cluster["circuit_breakers"] = json!({"thresholds": [{"max_requests": 0}]});
    cluster
}

fn dropping(mut cluster: Value) -> Value {
    cluster["load_assignment"]["policy"] = json!({"drop_overloads": [{
        "category": "test", "drop_percentage": {"numerator": 100},
    }]});
    cluster
}

/// The cluster, spoken to in HTTP/2.
pub(crate) fn http2(mut cluster: Value) -> Value {
    let options = json!({"explicit_http_config": {"http2_protocol_options": {}}});
    cluster["typed_extension_protocol_options"] = json!({
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions":
            typed("upstreams.http.v3.HttpProtocolOptions", options),
    });
    cluster
}

fn secure(world: &World, mut cluster: Value, authority: &std::path::Path) -> Value {
    let context = json!({
        "sni": "server.example",
        "common_tls_context": world.certs.client.tls(authority, &[]),
    });
    cluster["transport_socket"] = extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.UpstreamTlsContext",
        context,
    );
    cluster
}
