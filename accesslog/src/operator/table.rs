//! The operators of Envoy 1.40, sorted by name.
//!
//! Names, arguments and lengths are those that Envoy 1.40.0 accepts when it loads a
//! configuration, types and absences those that its loggers print. Where the documentation says
//! something else, the row follows the proxy.

use super::Absent::{self, Dash, EmptyOrDash, EmptyString, EmptyStringOrDash, LiteralDash, Never};
use super::ArgumentKind as A;
use super::Unit::{Bytes, Count, Microseconds, Milliseconds};
use super::{Argument, Kind, Operator, Source, Unit};
use crate::shape::Shape::{
    self, Address, AddressWithoutPort, Any, Code, Counter, Flags, NoSpace, Protocol, Signed, Time,
    Token, Uuid,
};

/// Every command operator of Envoy 1.40, sorted by name.
///
/// Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage>.
/// A length (`:Z`) on `CLUSTER_METADATA` and `UPSTREAM_METADATA` is documented but refused.
#[rustfmt::skip]
pub const OPERATORS: &[Operator] = &[
    text("ACCESS_LOG_TYPE", Token, Never,
        "moment at which the line is written, such as DownstreamEnd"),
    number("BYTES_RECEIVED", Never,
        "request body, or bytes from the downstream connection").unit(Bytes),
    number("BYTES_RETRANSMITTED", Never, "bytes sent again downstream, HTTP/3 only").unit(Bytes),
    number("BYTES_SENT", Never, "response body, or bytes to the downstream connection").unit(Bytes),
    text("CEL", Any, Dash, "CEL expression, as text").needs(A::Cel).cut(),
    content("CLUSTER_METADATA", "metadata of the upstream cluster").needs(A::Metadata),
    text("COALESCE", Any, Dash,
        "first of several operators that has a value").needs(A::Coalesce).cut(),
    number("COMMON_DURATION", Dash,
        "time between two points of the request").shape(Signed).needs(A::CommonDuration),
    number("CONNECTION_ID", Never, "identifier of the downstream connection"),
    text("CONNECTION_TERMINATION_DETAILS", NoSpace, Dash,
        "why Envoy closed the downstream connection"),
    text("CUSTOM_FLAGS", Flags, EmptyString, "flags set by extensions, joined by commas"),
    number("DOWNSTREAM_CX_RTT", Dash,
        "round-trip time of the downstream connection").unit(Milliseconds).undocumented(),
    number("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", Never,
        "downstream headers received, after decompression").unit(Bytes),
    number("DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Never,
        "downstream headers sent, before compression").unit(Bytes),
    text("DOWNSTREAM_DETECTED_CLOSE_TYPE", Token, Never,
        "how the downstream connection ended, such as RemoteReset"),
    text("DOWNSTREAM_DIRECT_LOCAL_ADDRESS", Address, Dash,
        "original local address of the downstream connection"),
    text("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID", Any, EmptyStringOrDash,
        "endpoint of an internal original address of the downstream connection"),
    text("DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT", AddressWithoutPort, EmptyStringOrDash,
        "original local address of the downstream connection, without port").may(A::MaskBits),
    number("DOWNSTREAM_DIRECT_LOCAL_PORT", EmptyOrDash,
        "original local port of the downstream connection"),
    text("DOWNSTREAM_DIRECT_REMOTE_ADDRESS", Address, Dash, "address of the direct peer"),
    text("DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT", AddressWithoutPort, EmptyStringOrDash,
        "address of the direct peer, without port").may(A::MaskBits),
    number("DOWNSTREAM_DIRECT_REMOTE_PORT", EmptyOrDash, "port of the direct peer"),
    number("DOWNSTREAM_HANDSHAKE_DURATION", Dash,
        "request start to the end of the downstream TLS handshake")
        .shape(Signed).unit(Milliseconds),
    number("DOWNSTREAM_HEADER_BYTES_RECEIVED", Never, "downstream headers received").unit(Bytes),
    number("DOWNSTREAM_HEADER_BYTES_SENT", Never, "downstream headers sent").unit(Bytes),
    text("DOWNSTREAM_LOCAL_ADDRESS", Address, Dash, "local address of the downstream connection"),
    text("DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID", Any, EmptyStringOrDash,
        "endpoint of an internal local address of the downstream connection"),
    text("DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", AddressWithoutPort, EmptyStringOrDash,
        "local address of the downstream connection, without port").may(A::MaskBits),
    text("DOWNSTREAM_LOCAL_CLOSE_REASON", Any, Dash,
        "why Envoy itself closed the downstream connection"),
    text("DOWNSTREAM_LOCAL_DNS_SAN", Any, Dash, "DNS names in Envoy's downstream certificate"),
    text("DOWNSTREAM_LOCAL_EMAIL_SAN", Any, Dash,
        "e-mail addresses in Envoy's downstream certificate"),
    text("DOWNSTREAM_LOCAL_IP_SAN", Any, Dash, "IP addresses in Envoy's downstream certificate"),
    text("DOWNSTREAM_LOCAL_OTHERNAME_SAN", Any, Dash,
        "other names in Envoy's downstream certificate"),
    number("DOWNSTREAM_LOCAL_PORT", EmptyOrDash, "local port of the downstream connection"),
    text("DOWNSTREAM_LOCAL_SUBJECT", Any, Dash, "subject of Envoy's downstream certificate"),
    text("DOWNSTREAM_LOCAL_URI_SAN", Any, Dash, "URIs in Envoy's downstream certificate"),
    text("DOWNSTREAM_PEER_CERT", Token, Dash, "the client's certificate as URL-encoded PEM"),
    text("DOWNSTREAM_PEER_CERT_V_END", Time, Dash,
        "end of validity of the client's certificate").may(A::Time),
    text("DOWNSTREAM_PEER_CERT_V_START", Time, Dash,
        "start of validity of the client's certificate").may(A::Time),
    text("DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1", Token, Dash,
        "SHA-1 fingerprints of the client's chain, joined by commas"),
    text("DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", Token, Dash,
        "SHA-256 fingerprints of the client's chain, joined by commas"),
    text("DOWNSTREAM_PEER_CHAIN_SERIALS", Token, Dash,
        "serial numbers of the client's chain, joined by commas"),
    text("DOWNSTREAM_PEER_DNS_SAN", Any, Dash, "DNS names in the client's certificate"),
    text("DOWNSTREAM_PEER_EMAIL_SAN", Any, Dash, "e-mail addresses in the client's certificate"),
    text("DOWNSTREAM_PEER_FINGERPRINT_1", Token, Dash,
        "SHA-1 fingerprint of the client's certificate"),
    text("DOWNSTREAM_PEER_FINGERPRINT_256", Token, Dash,
        "SHA-256 fingerprint of the client's certificate"),
    text("DOWNSTREAM_PEER_IP_SAN", Any, Dash, "IP addresses in the client's certificate"),
    text("DOWNSTREAM_PEER_ISSUER", Any, Dash, "issuer of the client's certificate"),
    text("DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256", Token, Dash,
        "SHA-256 fingerprint of the issuer of the client's certificate"),
    text("DOWNSTREAM_PEER_ISSUER_SERIAL", Token, Dash,
        "serial number of the issuer of the client's certificate"),
    text("DOWNSTREAM_PEER_OTHERNAME_SAN", Any, Dash, "other names in the client's certificate"),
    text("DOWNSTREAM_PEER_SERIAL", Token, Dash, "serial number of the client's certificate"),
    text("DOWNSTREAM_PEER_SUBJECT", Any, Dash, "subject of the client's certificate"),
    text("DOWNSTREAM_PEER_URI_SAN", Any, Dash, "URIs in the client's certificate"),
    text("DOWNSTREAM_REMOTE_ADDRESS", Address, Dash, "address of the client"),
    text("DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", AddressWithoutPort, EmptyStringOrDash,
        "address of the client, without port").may(A::MaskBits),
    number("DOWNSTREAM_REMOTE_PORT", EmptyOrDash, "port of the client"),
    text("DOWNSTREAM_TLS_CIPHER", Token, Dash, "downstream TLS cipher suite"),
    text("DOWNSTREAM_TLS_GROUP", Token, Dash, "downstream TLS key exchange group"),
    text("DOWNSTREAM_TLS_SESSION_ID", Token, Dash, "downstream TLS session id, hexadecimal"),
    text("DOWNSTREAM_TLS_VERSION", Token, Dash, "downstream TLS version"),
    text("DOWNSTREAM_TRANSPORT_FAILURE_REASON", Any, Dash,
        "why the downstream transport failed, in listener logs"),
    number("DOWNSTREAM_WIRE_BYTES_RECEIVED", Never,
        "bytes received on the downstream wire").unit(Bytes),
    number("DOWNSTREAM_WIRE_BYTES_SENT", Never, "bytes sent on the downstream wire").unit(Bytes),
    number("DURATION", Dash, "start of the request to its last byte out").unit(Milliseconds),
    content("DYNAMIC_METADATA", "metadata set by filters").needs(A::Metadata).cut(),
    text("EMIT_TIME", Time, Never, "time the line is written, UTC").may(A::Time),
    text("EMIT_TIME_LOCAL", Time, Never, "time the line is written, local").may(A::Time),
    text("ENVIRONMENT", Any, LiteralDash,
        "environment variable of the proxy").needs(A::Environment).cut(),
    text("FILE_CONTENT", Any, Never,
        "content of a watched file").needs(A::File).cut().extension("envoy.formatter.file_content"),
    text("FILTER_CHAIN_NAME", Any, Dash, "network filter chain"),
    json_text("FILTER_STATE", "object of the filter state").needs(A::FilterState).cut(),
    text("GRPC_STATUS", Token, Dash, "gRPC status as a name").may(A::GrpcStatus),
    number("GRPC_STATUS_NUMBER", Dash,
        "gRPC status as a number, -1 when it is not one").shape(Signed),
    text("HOSTNAME", Any, Dash, "host name of the system"),
    text("LISTENER_NAME", Any, Dash, "listener").undocumented(),
    text("LOCAL_REPLY_BODY", Any, EmptyString, "body of the reply that Envoy made itself"),
    content("METADATA", "metadata of a source of choice").needs(A::TypedMetadata).cut(),
    number("PACKETS_RETRANSMITTED", Never,
        "packets sent again downstream, HTTP/3 only").unit(Count),
    text("PATH", Any, Dash, "request path, with or without the query").may(A::Path).cut(),
    text("PROTOCOL", Protocol, Dash, "downstream HTTP version"),
    text("QUERY_PARAM", Any, Dash,
        "query parameter, percent-decoded").needs(A::QueryParameter).cut(),
    text("QUERY_PARAMS", Any, Dash, "query string").may(A::QueryParameters).cut(),
    text("REQ", Any, Dash, "request header").needs(A::Header).cut(),
    text("REQUESTED_SERVER_NAME", Token, Dash,
        "server name of the TLS handshake, or the host").may(A::ServerName),
    number("REQUEST_DURATION", Dash, "start of the request to its last byte in").unit(Milliseconds),
    text("REQUEST_HEADER", Any, Dash, "request header, as REQ").needs(A::Header).cut(),
    number("REQUEST_HEADERS_BYTES", Never, "request headers, uncompressed").unit(Bytes),
    number("REQUEST_TX_DURATION", Dash,
        "start of the request to its last byte sent upstream").unit(Milliseconds),
    text("REQ_WITHOUT_QUERY", Any, Dash,
        "request header without its query string")
        .may(A::Header).cut().extension("envoy.formatter.req_without_query"),
    text("RESP", Any, Dash, "response header").needs(A::Header).cut(),
    number("RESPONSE_CODE", Never, "HTTP status, 0 when no response began").shape(Code),
    text("RESPONSE_CODE_DETAILS", NoSpace, Dash,
        "who set the response code, and why").may(A::Whitespace),
    number("RESPONSE_DURATION", Dash,
        "start of the request to the first byte from upstream").unit(Milliseconds),
    text("RESPONSE_FLAGS", Flags, LiteralDash, "what went wrong, short names joined by commas"),
    text("RESPONSE_FLAGS_LONG", Flags, LiteralDash, "what went wrong, long names joined by commas"),
    text("RESPONSE_HEADER", Any, Dash, "response header, as RESP").needs(A::Header).cut(),
    number("RESPONSE_HEADERS_BYTES", Never, "response headers, uncompressed").unit(Bytes),
    text("RESPONSE_TRAILER", Any, Dash, "response trailer, as TRAILER").needs(A::Header).cut(),
    number("RESPONSE_TRAILERS_BYTES", Never, "response trailers, uncompressed").unit(Bytes),
    number("RESPONSE_TX_DURATION", Dash,
        "first byte from upstream to the last byte downstream").unit(Milliseconds),
    number("ROUNDTRIP_DURATION", Dash,
        "start of the request to the last acknowledgement, HTTP/3 only").unit(Milliseconds),
    text("ROUTE_NAME", Any, Dash, "route"),
    number("ROUTE_RESOLUTION_COUNT", Never,
        "times the route was looked up").unit(Count).undocumented(),
    number("ROUTE_RESOLUTION_TIME_US", Dash,
        "time spent looking up the route").unit(Microseconds).undocumented(),
    text("SECRET", Any, Never,
        "generic secret").needs(A::Secret).cut().extension("envoy.formatter.generic_secret"),
    text("SPAN_ID", Any, Dash, "span of the trace"),
    text("START_TIME", Time, Never, "start of the request or connection, UTC").may(A::Time),
    text("START_TIME_LOCAL", Time, Never, "start of the request or connection, local").may(A::Time),
    text("STREAM_ID", Any, Dash, "request id, as the client may have sent it"),
    text("STREAM_INFO_REQ", Any, Dash,
        "request header kept with the stream").needs(A::Header).cut().undocumented(),
    text("TLS_JA3_FINGERPRINT", Token, Dash, "JA3 fingerprint of the TLS handshake"),
    text("TLS_JA4_FINGERPRINT", Token, Dash, "JA4 fingerprint of the TLS handshake"),
    text("TRACE_ID", Any, Dash, "trace"),
    text("TRAILER", Any, Dash, "response trailer").needs(A::Header).cut(),
    content("TYPED_CEL", "CEL expression, with its type").needs(A::Cel).cut(),
    text("UNIQUE_ID", Uuid, Never, "new identifier for every line"),
    text("UPSTREAM_CLUSTER", Token, Dash,
        "upstream cluster, by its alternative name if it has one"),
    text("UPSTREAM_CLUSTER_RAW", Token, Dash, "upstream cluster"),
    number("UPSTREAM_CONNECTION_ID", Never, "identifier of the upstream connection"),
    text("UPSTREAM_CONNECTION_IDS_ATTEMPTED", Token, Dash,
        "upstream connections tried, joined by commas"),
    number("UPSTREAM_CONNECTION_POOL_READY_DURATION", Dash,
        "start of the upstream request to a connection being ready").unit(Milliseconds),
    number("UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED", Never,
        "upstream headers received, after decompression").unit(Bytes),
    number("UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT", Never,
        "upstream headers sent, before compression").unit(Bytes),
    text("UPSTREAM_DETECTED_CLOSE_TYPE", Token, Dash,
        "how the upstream connection ended, such as RemoteReset"),
    json_text("UPSTREAM_FILTER_STATE",
        "object of the upstream filter state").needs(A::FilterState).cut(),
    number("UPSTREAM_HEADER_BYTES_RECEIVED", Never, "upstream headers received").unit(Bytes),
    number("UPSTREAM_HEADER_BYTES_SENT", Never, "upstream headers sent").unit(Bytes),
    text("UPSTREAM_HOST", Address, Dash, "address of the upstream host"),
    text("UPSTREAM_HOSTS_ATTEMPTED", Any, Dash, "addresses of the hosts tried, joined by commas"),
    text("UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT", Any, Dash,
        "addresses of the hosts tried, without ports"),
    text("UPSTREAM_HOST_NAME", Any, Dash, "name of the upstream host, or its address"),
    text("UPSTREAM_HOST_NAMES_ATTEMPTED", Any, Dash, "names of the hosts tried, joined by commas"),
    text("UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT", Any, Dash,
        "names of the hosts tried, without ports"),
    text("UPSTREAM_HOST_NAME_WITHOUT_PORT", Any, Dash,
        "name of the upstream host, or its address, without port"),
    text("UPSTREAM_LOCAL_ADDRESS", Address, Dash, "local address of the upstream connection"),
    text("UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT", AddressWithoutPort, EmptyStringOrDash,
        "local address of the upstream connection, without port").may(A::MaskBits),
    text("UPSTREAM_LOCAL_CLOSE_REASON", Any, Dash,
        "why Envoy itself closed the upstream connection"),
    text("UPSTREAM_LOCAL_DNS_SAN", Any, Dash, "DNS names in Envoy's upstream certificate"),
    text("UPSTREAM_LOCAL_IP_SAN", Any, Dash, "IP addresses in Envoy's upstream certificate"),
    number("UPSTREAM_LOCAL_PORT", EmptyOrDash, "local port of the upstream connection"),
    text("UPSTREAM_LOCAL_URI_SAN", Any, Dash, "URIs in Envoy's upstream certificate"),
    content("UPSTREAM_METADATA", "metadata of the upstream host").needs(A::Metadata),
    text("UPSTREAM_PEER_CERT", Token, Dash, "the upstream's certificate as URL-encoded PEM"),
    text("UPSTREAM_PEER_CERT_V_END", Time, Dash,
        "end of validity of the upstream's certificate").may(A::Time),
    text("UPSTREAM_PEER_CERT_V_START", Time, Dash,
        "start of validity of the upstream's certificate").may(A::Time),
    text("UPSTREAM_PEER_DNS_SAN", Any, Dash, "DNS names in the upstream's certificate"),
    text("UPSTREAM_PEER_IP_SAN", Any, Dash, "IP addresses in the upstream's certificate"),
    text("UPSTREAM_PEER_ISSUER", Any, Dash, "issuer of the upstream's certificate"),
    text("UPSTREAM_PEER_SUBJECT", Any, Dash, "subject of the upstream's certificate"),
    text("UPSTREAM_PEER_URI_SAN", Any, Dash, "URIs in the upstream's certificate"),
    text("UPSTREAM_PROTOCOL", Protocol, Dash, "upstream HTTP version"),
    text("UPSTREAM_REMOTE_ADDRESS", Address, Dash, "remote address of the upstream connection"),
    text("UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID", Any, EmptyStringOrDash,
        "endpoint of an internal remote address of the upstream connection"),
    text("UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", AddressWithoutPort, EmptyStringOrDash,
        "remote address of the upstream connection, without port").may(A::MaskBits),
    number("UPSTREAM_REMOTE_PORT", EmptyOrDash, "remote port of the upstream connection"),
    number("UPSTREAM_REQUEST_ATTEMPT_COUNT", Never,
        "attempts to reach the upstream, 0 when there was none").unit(Count),
    text("UPSTREAM_SERVER_NAME", Any, Dash, "server name sent upstream in the TLS handshake"),
    text("UPSTREAM_TLS_CIPHER", Token, Dash, "upstream TLS cipher suite"),
    text("UPSTREAM_TLS_GROUP", Token, Dash, "upstream TLS key exchange group"),
    text("UPSTREAM_TLS_SESSION_ID", Token, Dash, "upstream TLS session id, hexadecimal"),
    text("UPSTREAM_TLS_VERSION", Token, Dash, "upstream TLS version"),
    text("UPSTREAM_TRANSPORT_FAILURE_REASON", Any, Dash,
        "why the upstream transport failed: connect or TLS error"),
    number("UPSTREAM_WIRE_BYTES_RECEIVED", Never,
        "bytes received on the upstream wire").unit(Bytes),
    number("UPSTREAM_WIRE_BYTES_SENT", Never, "bytes sent on the upstream wire").unit(Bytes),
    text("VIRTUAL_CLUSTER_NAME", Any, Dash, "virtual cluster"),
];

/// An operator that prints a string.
const fn text(name: &'static str, shape: Shape, absent: Absent, meaning: &'static str) -> Operator {
    Operator {
        name,
        argument: Argument::None,
        length: false,
        kind: Kind::String,
        shape,
        unit: None,
        absent,
        source: Source::Documented,
        meaning,
    }
}

/// An operator that prints a number.
const fn number(name: &'static str, absent: Absent, meaning: &'static str) -> Operator {
    Operator { kind: Kind::Number, ..text(name, Counter, absent, meaning) }
}

/// An operator that prints a value of any JSON type.
const fn content(name: &'static str, meaning: &'static str) -> Operator {
    Operator { kind: Kind::Content, ..text(name, Any, Dash, meaning) }
}

/// An operator that prints JSON text.
const fn json_text(name: &'static str, meaning: &'static str) -> Operator {
    Operator { kind: Kind::JsonText, ..text(name, Any, Dash, meaning) }
}

impl Operator {
    /// The same operator, with an argument that may be left out.
    const fn may(self, kind: A) -> Self {
        Self { argument: Argument::Optional(kind), ..self }
    }

    /// The same operator, with an argument that is needed.
    const fn needs(self, kind: A) -> Self {
        Self { argument: Argument::Required(kind), ..self }
    }

    /// The same operator, accepting a maximum length.
    const fn cut(self) -> Self {
        Self { length: true, ..self }
    }

    /// The same operator, with another shape.
    const fn shape(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// The same operator, with a unit.
    const fn unit(self, unit: Unit) -> Self {
        Self { unit: Some(unit), ..self }
    }

    /// The same operator, missing from Envoy's documentation.
    const fn undocumented(self) -> Self {
        Self { source: Source::Undocumented, ..self }
    }

    /// The same operator, provided by an extension.
    const fn extension(self, name: &'static str) -> Self {
        Self { source: Source::Extension(name), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_sorted_without_repetition() {
        for pair in OPERATORS.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
        }
    }

    #[test]
    fn ok_counts() {
        let count = |keep: fn(&Operator) -> bool| OPERATORS.iter().filter(|o| keep(o)).count();
        assert_eq!(OPERATORS.len(), 166);
        assert_eq!(count(|o| matches!(o.source, Source::Extension(_))), 3);
        assert_eq!(count(|o| o.source == Source::Undocumented), 5);
        assert_eq!(count(|o| o.argument == Argument::None), 125);
    }

    #[test]
    fn ok_every_name_is_a_command_name() {
        for o in OPERATORS {
            let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
            assert!(o.name.bytes().all(legal), "{}", o.name);
        }
    }

    #[test]
    fn ok_meanings_are_short_phrases() {
        for o in OPERATORS {
            assert!(!o.meaning.is_empty() && o.meaning.len() <= 72, "{}", o.name);
            assert!(!o.meaning.ends_with('.'), "{}", o.name);
        }
    }

    #[test]
    fn ok_number_shapes_and_units() {
        for o in OPERATORS {
            let digits = matches!(o.shape, Counter | Signed | Code);
            assert_eq!(o.kind == Kind::Number, digits, "{}", o.name);
            assert!(o.unit.is_none() || digits, "{}", o.name);
        }
    }

    #[test]
    fn ok_lengths_only_with_arguments() {
        assert!(OPERATORS.iter().all(|o| !o.length || o.argument != Argument::None));
    }
}
