//! The attributes that Envoy has, and the types of their values.

use super::{AttributeError, Kind};
use Entry::{Fixed, Headers, Open};

/// What an attribute can be.
pub(super) enum Shape {
    /// One value of a type that Envoy fixes.
    Fixed(Kind),
    /// One value of any type.
    Open,
}

enum Entry {
    /// One value.
    Fixed(Kind),
    /// Headers or trailers by name; the text shows how one is written.
    Headers(&'static str),
    /// A value of any type, below as many names at least; the text shows how one is written.
    Open(usize, &'static str),
}

const TEXT: Entry = Fixed(Kind::Text);
const INTEGER: Entry = Fixed(Kind::Integer);
const UNSIGNED: Entry = Fixed(Kind::Unsigned);
const DURATION: Entry = Fixed(Kind::Duration);

/// By root and name. A name of `*` stands for any.
const TABLE: &[(&str, &str, Entry)] = &[
    ("request", "path", TEXT),
    ("request", "url_path", TEXT),
    ("request", "host", TEXT),
    ("request", "scheme", TEXT),
    ("request", "method", TEXT),
    ("request", "useragent", TEXT),
    ("request", "referer", TEXT),
    ("request", "id", TEXT),
    ("request", "query", TEXT),
    ("request", "protocol", TEXT),
    ("request", "time", Fixed(Kind::Time)),
    ("request", "duration", DURATION),
    ("request", "size", INTEGER),
    ("request", "total_size", INTEGER),
    ("request", "headers_bytes", INTEGER),
    ("request", "headers", Headers("request.headers['x-user']")),
    ("response", "code", INTEGER),
    ("response", "code_details", TEXT),
    ("response", "flags", INTEGER),
    ("response", "grpc_status", INTEGER),
    ("response", "size", INTEGER),
    ("response", "total_size", INTEGER),
    ("response", "headers_bytes", INTEGER),
    ("response", "backend_latency", DURATION),
    ("response", "headers", Headers("response.headers['server']")),
    ("response", "trailers", Headers("response.trailers['grpc-message']")),
    ("source", "address", TEXT),
    ("source", "port", INTEGER),
    ("destination", "address", TEXT),
    ("destination", "port", INTEGER),
    ("connection", "id", UNSIGNED),
    ("connection", "mtls", Fixed(Kind::Bool)),
    ("connection", "requested_server_name", TEXT),
    ("connection", "tls_version", TEXT),
    ("connection", "subject_local_certificate", TEXT),
    ("connection", "subject_peer_certificate", TEXT),
    ("connection", "dns_san_local_certificate", TEXT),
    ("connection", "dns_san_peer_certificate", TEXT),
    ("connection", "uri_san_local_certificate", TEXT),
    ("connection", "uri_san_peer_certificate", TEXT),
    ("connection", "sha256_peer_certificate_digest", TEXT),
    ("connection", "termination_details", TEXT),
    ("connection", "transport_failure_reason", TEXT),
    ("upstream", "address", TEXT),
    ("upstream", "port", INTEGER),
    ("upstream", "local_address", TEXT),
    ("upstream", "transport_failure_reason", TEXT),
    ("upstream", "request_attempt_count", UNSIGNED),
    ("upstream", "cx_pool_ready_duration", DURATION),
    ("upstream", "num_endpoints", UNSIGNED),
    ("upstream", "tls_version", TEXT),
    ("upstream", "subject_local_certificate", TEXT),
    ("upstream", "subject_peer_certificate", TEXT),
    ("upstream", "dns_san_local_certificate", TEXT),
    ("upstream", "dns_san_peer_certificate", TEXT),
    ("upstream", "uri_san_local_certificate", TEXT),
    ("upstream", "uri_san_peer_certificate", TEXT),
    ("upstream", "sha256_peer_certificate_digest", TEXT),
    ("xds", "cluster_name", TEXT),
    ("xds", "route_name", TEXT),
    ("xds", "virtual_host_name", TEXT),
    ("xds", "filter_chain_name", TEXT),
    ("xds", "listener_direction", INTEGER),
    ("xds", "node", Open(3, "xds.node.metadata.WORKLOAD_NAME")),
    ("xds", "cluster_metadata", Open(5, "xds.cluster_metadata.filter_metadata.istio.services")),
    ("xds", "route_metadata", Open(5, "xds.route_metadata.filter_metadata.istio.config")),
    ("xds", "virtual_host_metadata", Open(5, "xds.virtual_host_metadata.filter_metadata.a.b")),
    ("xds", "listener_metadata", Open(5, "xds.listener_metadata.filter_metadata.istio.mode")),
    (
        "xds",
        "upstream_host_metadata",
        Open(5, "xds.upstream_host_metadata.filter_metadata.istio.workload"),
    ),
    (
        "metadata",
        "filter_metadata",
        Open(4, "metadata.filter_metadata['envoy.filters.http.jwt_authn'].claims.sub"),
    ),
    ("filter_state", "*", Open(2, "filter_state['envoy.key']")),
];

/// What the attribute of these names is.
pub(super) fn shape(names: &[&str]) -> Result<Shape, AttributeError> {
    let (root, rest) = names.split_first().ok_or(AttributeError::Unknown)?;
    let of_root = || TABLE.iter().filter(|(of, _, _)| of == root);
    let Some(second) = rest.first() else {
        let part = of_root().next().map(|(_, _, entry)| entry.example(root));
        return Err(part.map_or(AttributeError::Unknown, AttributeError::NotOneValue));
    };
    let entry = of_root()
        .find(|(_, name, _)| name == second || *name == "*")
        .map(|(_, _, entry)| entry)
        .ok_or(AttributeError::Unknown)?;
    match (entry, names.len()) {
        (Fixed(kind), 2) => Ok(Shape::Fixed(*kind)),
        (Headers(_), 3) => Ok(Shape::Fixed(Kind::Text)),
        (Open(least, _), found) if found >= *least => Ok(Shape::Open),
        (Headers(part), 2) | (Open(_, part), _) => Err(AttributeError::NotOneValue(part)),
        _ => Err(AttributeError::Unknown),
    }
}

pub(super) fn names() -> impl Iterator<Item = String> {
    TABLE.iter().map(|(root, name, _)| match *name {
        "*" => (*root).to_owned(),
        name => format!("{root}.{name}"),
    })
}

impl Entry {
    /// How a value is written where this is the first entry of `root`.
    fn example(&self, root: &str) -> &'static str {
        match (self, root) {
            (Headers(example) | Open(_, example), _) => example,
            (_, "request") => "request.path",
            (_, "response") => "response.code",
            (_, "source") => "source.address",
            (_, "destination") => "destination.address",
            (_, "connection") => "connection.mtls",
            (_, "upstream") => "upstream.address",
            _ => "xds.cluster_name",
        }
    }
}
