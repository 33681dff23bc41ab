//! The attributes of Envoy 1.40, sorted by name.
//!
//! Names, types and what is missing when are those that the running proxy showed. Follows
//! <https://www.envoyproxy.io/docs/envoy/v1.40.0/intro/arch_overview/advanced/attributes>.

use super::carrier::{Carrier, Read, all, one};
use super::{Content, Protocol, Row};
use crate::node::Type;

use Content::{FilterState, Headers, Message, Metadata};
use Type::{Bool, Duration, Int, Text, Time, Uint};

/// An attribute that TCP has too.
const fn any(path: &'static str, of: Type, carriers: &'static [Carrier]) -> Row {
    Row { path, content: Content::Value(of), protocol: Protocol::Any, carriers }
}

/// An attribute of HTTP alone.
const fn http(path: &'static str, of: Type, carriers: &'static [Carrier]) -> Row {
    Row { path, content: Content::Value(of), protocol: Protocol::Http, carriers }
}

/// A map of attributes.
const fn map(path: &'static str, content: Content, carriers: &'static [Carrier]) -> Row {
    Row { path, content, protocol: Protocol::Any, carriers }
}

/// Why the path of most formats is only nearly right.
const ORIGINAL: &str =
    "the path that the client asked for: the attribute has the path after the route's rewrite";
const SHORTENED: &str = "where several names are joined by commas the first one is taken";
const OBSERVED: &str = "a cluster's alternative name, where it has one";
const RECEIVED: &str = "the bytes received: the attribute prefers the request's content length";
const INFERRED: &str =
    "of requests that are no gRPC, a gRPC status in headers or trailers is not seen";
const FIRST_VALUE: &str = "of a header that is repeated the log has the first value only";
const REST_OF_STRING: &str = "text that looks like a number, a boolean or JSON is taken for that";

/// Every attribute of Envoy 1.40, sorted by path.
#[rustfmt::skip]
pub(crate) const ATTRIBUTES: &[Row] = &[
    any("connection.dns_san_local_certificate", Text, &[one(&["DOWNSTREAM_LOCAL_DNS_SAN"], Read::FirstName).near(SHORTENED)]),
    any("connection.dns_san_peer_certificate", Text, &[one(&["DOWNSTREAM_PEER_DNS_SAN"], Read::FirstName).near(SHORTENED)]),
    any("connection.id", Uint, &[one(&["CONNECTION_ID"], Read::UintNotZero)]),
    any("connection.mtls", Bool, &[
        one(&["DOWNSTREAM_PEER_FINGERPRINT_256"], Read::IsPresent),
        one(&["DOWNSTREAM_PEER_FINGERPRINT_1"], Read::IsPresent),
        one(&["DOWNSTREAM_PEER_SERIAL"], Read::IsPresent),
        one(&["DOWNSTREAM_PEER_CERT"], Read::IsPresent),
    ]),
    any("connection.peer_certificate", Text, &[one(&["DOWNSTREAM_PEER_CERT"], Read::PercentEncoded)]),
    any("connection.requested_server_name", Text, &[
        one(&["REQUESTED_SERVER_NAME"], Read::TextOrEmpty),
        one(&["REQUESTED_SERVER_NAME(SNI_ONLY)"], Read::TextOrEmpty),
    ]),
    any("connection.sha256_peer_certificate_digest", Text, &[one(&["DOWNSTREAM_PEER_FINGERPRINT_256"], Read::Text)]),
    any("connection.subject_local_certificate", Text, &[one(&["DOWNSTREAM_LOCAL_SUBJECT"], Read::TextMaybeEmpty)]),
    any("connection.subject_peer_certificate", Text, &[one(&["DOWNSTREAM_PEER_SUBJECT"], Read::TextMaybeEmpty)]),
    any("connection.termination_details", Text, &[one(&["CONNECTION_TERMINATION_DETAILS"], Read::SpacedDetail)]),
    any("connection.tls_version", Text, &[one(&["DOWNSTREAM_TLS_VERSION"], Read::Text)]),
    any("connection.transport_failure_reason", Text, &[one(&["DOWNSTREAM_TRANSPORT_FAILURE_REASON"], Read::Spaced)]),
    any("connection.uri_san_local_certificate", Text, &[one(&["DOWNSTREAM_LOCAL_URI_SAN"], Read::FirstName).near(SHORTENED)]),
    any("connection.uri_san_peer_certificate", Text, &[one(&["DOWNSTREAM_PEER_URI_SAN"], Read::FirstName).near(SHORTENED)]),
    any("destination.address", Text, &[one(&["DOWNSTREAM_LOCAL_ADDRESS"], Read::Text)]),
    any("destination.port", Int, &[
        one(&["DOWNSTREAM_LOCAL_PORT"], Read::Int),
        one(&["DOWNSTREAM_LOCAL_ADDRESS"], Read::Port),
    ]),
    map("filter_state", FilterState, &[
        one(&["FILTER_STATE({}:PLAIN)"], Read::Bytes),
        one(&["FILTER_STATE({}:FIELD:{})"], Read::Text),
    ]),
    map("metadata.filter_metadata", Metadata, &[
        one(&["DYNAMIC_METADATA"], Read::Metadata).near(REST_OF_STRING),
        one(&["METADATA(DYNAMIC:"], Read::Metadata).near(REST_OF_STRING),
    ]),
    map("metadata.typed_filter_metadata", Message, &[]),
    any("request.duration", Duration, &[
        one(&["DURATION"], Read::Milliseconds),
    ]),
    map("request.headers", Headers, &[one(&["REQ({})"], Read::Text).near(FIRST_VALUE)]),
    any("request.headers_bytes", Int, &[one(&["REQUEST_HEADERS_BYTES"], Read::Int)]),
    http("request.host", Text, &[
        one(&["REQ(:AUTHORITY)"], Read::Text),
        one(&["REQ(HOST)"], Read::Text),
    ]),
    http("request.id", Text, &[one(&["REQ(X-REQUEST-ID)"], Read::Text)]),
    http("request.method", Text, &[one(&["REQ(:METHOD)"], Read::Text)]),
    http("request.path", Text, &[
        one(&["REQ(:PATH)"], Read::Text),
        one(&["PATH(WQ:PATH)"], Read::Text),
        one(&["REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"], Read::Text).near(ORIGINAL),
        one(&["PATH"], Read::Text).near(ORIGINAL),
        one(&["PATH(WQ)"], Read::Text).near(ORIGINAL),
        one(&["PATH(WQ:ORIG_OR_PATH)"], Read::Text).near(ORIGINAL),
    ]),
    http("request.protocol", Text, &[one(&["PROTOCOL"], Read::Text)]),
    http("request.query", Text, &[
        one(&["REQ(:PATH)"], Read::Query),
        one(&["PATH(WQ:PATH)"], Read::Query),
        one(&["REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"], Read::Query).near(ORIGINAL),
        one(&["PATH"], Read::Query).near(ORIGINAL),
        one(&["PATH(WQ)"], Read::Query).near(ORIGINAL),
        one(&["PATH(WQ:ORIG_OR_PATH)"], Read::Query).near(ORIGINAL),
    ]),
    http("request.referer", Text, &[one(&["REQ(REFERER)"], Read::Text)]),
    http("request.scheme", Text, &[one(&["REQ(:SCHEME)"], Read::Text)]),
    any("request.size", Int, &[
        all(&["REQ(CONTENT-LENGTH)", "BYTES_RECEIVED"], Read::ContentLength),
        one(&["BYTES_RECEIVED"], Read::Int).near(RECEIVED),
    ]),
    any("request.time", Time, &[
        one(&["START_TIME(%s.%9f)"], Read::Time),
        one(&["START_TIME(%s.%6f)"], Read::Time),
        one(&["START_TIME(%s.%3f)"], Read::Time),
        one(&["START_TIME(%s%3f)"], Read::Time),
        one(&["START_TIME"], Read::Time),
        one(&["START_TIME(%s)"], Read::Time),
    ]),
    any("request.total_size", Int, &[all(&["BYTES_RECEIVED", "REQUEST_HEADERS_BYTES"], Read::Sum)]),
    http("request.url_path", Text, &[
        one(&["REQ(:PATH)"], Read::PathOnly),
        one(&["PATH(WQ:PATH)"], Read::PathOnly),
        one(&["PATH(NQ:PATH)"], Read::PathOnly),
        one(&["REQ_WITHOUT_QUERY(:PATH)"], Read::PathOnly),
        one(&["REQ(X-ENVOY-ORIGINAL-PATH?:PATH)"], Read::PathOnly).near(ORIGINAL),
        one(&["REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)"], Read::PathOnly).near(ORIGINAL),
        one(&["PATH"], Read::PathOnly).near(ORIGINAL),
        one(&["PATH(WQ)"], Read::PathOnly).near(ORIGINAL),
        one(&["PATH(NQ)"], Read::PathOnly).near(ORIGINAL),
        one(&["PATH(WQ:ORIG_OR_PATH)"], Read::PathOnly).near(ORIGINAL),
        one(&["PATH(NQ:ORIG_OR_PATH)"], Read::PathOnly).near(ORIGINAL),
    ]),
    http("request.useragent", Text, &[one(&["REQ(USER-AGENT)"], Read::Text)]),
    http("response.backend_latency", Duration, &[
        one(&["COMMON_DURATION(US_TX_BEG:US_RX_END:ns)"], Read::Nanoseconds),
    ]),
    http("response.code", Int, &[one(&["RESPONSE_CODE"], Read::Code)]),
    http("response.code_details", Text, &[
        one(&["RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)"], Read::Text),
        one(&["RESPONSE_CODE_DETAILS"], Read::SpacedDetail),
    ]),
    any("response.flags", Int, &[
        one(&["RESPONSE_FLAGS"], Read::Flags),
        one(&["RESPONSE_FLAGS_LONG"], Read::Flags),
    ]),
    http("response.grpc_status", Int, &[
        all(&["TRAILER(GRPC-STATUS)", "RESP(GRPC-STATUS)", "RESPONSE_CODE"], Read::GrpcHeaders),
        all(&["GRPC_STATUS_NUMBER", "RESPONSE_CODE"], Read::GrpcStatus).near(INFERRED),
        all(&["GRPC_STATUS(NUMBER)", "RESPONSE_CODE"], Read::GrpcStatus).near(INFERRED),
    ]),
    map("response.headers", Headers, &[one(&["RESP({})"], Read::Text).near(FIRST_VALUE)]),
    any("response.headers_bytes", Int, &[one(&["RESPONSE_HEADERS_BYTES"], Read::Int)]),
    any("response.size", Int, &[one(&["BYTES_SENT"], Read::Int)]),
    any("response.total_size", Int, &[
        all(&["BYTES_SENT", "RESPONSE_HEADERS_BYTES", "RESPONSE_TRAILERS_BYTES"], Read::Sum),
    ]),
    map("response.trailers", Headers, &[one(&["TRAILER({})"], Read::Text).near(FIRST_VALUE)]),
    any("source.address", Text, &[one(&["DOWNSTREAM_REMOTE_ADDRESS"], Read::Text)]),
    any("source.port", Int, &[
        one(&["DOWNSTREAM_REMOTE_PORT"], Read::Int),
        one(&["DOWNSTREAM_REMOTE_ADDRESS"], Read::Port),
    ]),
    any("upstream.address", Text, &[one(&["UPSTREAM_HOST"], Read::Text)]),
    any("upstream.cx_pool_ready_duration", Duration, &[one(&["UPSTREAM_CONNECTION_POOL_READY_DURATION"], Read::Milliseconds)]),
    any("upstream.dns_san_local_certificate", Text, &[one(&["UPSTREAM_LOCAL_DNS_SAN"], Read::FirstName).near(SHORTENED)]),
    any("upstream.dns_san_peer_certificate", Text, &[one(&["UPSTREAM_PEER_DNS_SAN"], Read::FirstName).near(SHORTENED)]),
    any("upstream.local_address", Text, &[one(&["UPSTREAM_LOCAL_ADDRESS"], Read::Text)]),
    map("upstream.locality", Message, &[]),
    any("upstream.num_endpoints", Uint, &[]),
    any("upstream.peer_certificate", Text, &[one(&["UPSTREAM_PEER_CERT"], Read::PercentEncoded)]),
    any("upstream.port", Int, &[one(&["UPSTREAM_HOST"], Read::Port)]),
    any("upstream.request_attempt_count", Uint, &[one(&["UPSTREAM_REQUEST_ATTEMPT_COUNT"], Read::Uint)]),
    any("upstream.sha256_peer_certificate_digest", Text, &[]),
    any("upstream.subject_local_certificate", Text, &[]),
    any("upstream.subject_peer_certificate", Text, &[one(&["UPSTREAM_PEER_SUBJECT"], Read::TextMaybeEmpty)]),
    any("upstream.tls_version", Text, &[one(&["UPSTREAM_TLS_VERSION"], Read::Text)]),
    any("upstream.transport_failure_reason", Text, &[
        all(&["UPSTREAM_TRANSPORT_FAILURE_REASON", "UPSTREAM_HOST"], Read::UpstreamFailure),
    ]),
    any("upstream.uri_san_local_certificate", Text, &[one(&["UPSTREAM_LOCAL_URI_SAN"], Read::FirstName).near(SHORTENED)]),
    any("upstream.uri_san_peer_certificate", Text, &[one(&["UPSTREAM_PEER_URI_SAN"], Read::FirstName).near(SHORTENED)]),
    map("upstream_filter_state", FilterState, &[
        one(&["UPSTREAM_FILTER_STATE({}:PLAIN)"], Read::Bytes),
        one(&["UPSTREAM_FILTER_STATE({}:FIELD:{})"], Read::Text),
    ]),
    map("xds.cluster_metadata.filter_metadata", Metadata, &[
        one(&["CLUSTER_METADATA"], Read::Metadata).near(REST_OF_STRING),
        one(&["METADATA(CLUSTER:"], Read::Metadata).near(REST_OF_STRING),
    ]),
    any("xds.cluster_name", Text, &[
        one(&["UPSTREAM_CLUSTER_RAW"], Read::Text),
        one(&["UPSTREAM_CLUSTER"], Read::Text).near(OBSERVED),
    ]),
    any("xds.filter_chain_name", Text, &[one(&["FILTER_CHAIN_NAME"], Read::TextOrEmpty)]),
    any("xds.listener_direction", Int, &[]),
    map("xds.listener_metadata.filter_metadata", Metadata, &[one(&["METADATA(LISTENER:"], Read::Metadata).near(REST_OF_STRING)]),
    map("xds.node", Message, &[]),
    map("xds.route_metadata.filter_metadata", Metadata, &[one(&["METADATA(ROUTE:"], Read::Metadata).near(REST_OF_STRING)]),
    http("xds.route_name", Text, &[one(&["ROUTE_NAME"], Read::TextMaybeEmpty)]),
    map("xds.upstream_host_locality_metadata.filter_metadata", Metadata, &[]),
    map("xds.upstream_host_metadata.filter_metadata", Metadata, &[
        one(&["UPSTREAM_METADATA"], Read::Metadata).near(REST_OF_STRING),
        one(&["METADATA(UPSTREAM_HOST:"], Read::Metadata).near(REST_OF_STRING),
    ]),
    map("xds.virtual_host_metadata.filter_metadata", Metadata, &[one(&["METADATA(VIRTUAL_HOST:"], Read::Metadata).near(REST_OF_STRING)]),
    http("xds.virtual_host_name", Text, &[]),
];
