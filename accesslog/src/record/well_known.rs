//! Values that most formats carry, under whatever key.

use crate::format::Field;
use crate::operator::state_object;

/// A value that most formats carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WellKnown {
    /// When the request or connection began.
    StartTime,
    /// The request's method.
    Method,
    /// The request's path, the original one where the format prefers that.
    Path,
    /// The downstream protocol.
    Protocol,
    /// The response code; 0 when no response began, and for TCP.
    ResponseCode,
    /// The response flags, `-` when there are none.
    ResponseFlags,
    /// Who set the response code, and why.
    ResponseCodeDetails,
    /// The transport error of the upstream connection.
    UpstreamTransportFailureReason,
    /// Bytes received from the downstream.
    BytesReceived,
    /// Bytes sent to the downstream.
    BytesSent,
    /// The duration in ms.
    Duration,
    /// The time in ms that the upstream took, as `x-envoy-upstream-service-time` says.
    UpstreamServiceTime,
    /// The request's authority.
    Authority,
    /// The request's user agent.
    UserAgent,
    /// The request's id.
    RequestId,
    /// The address of the upstream host.
    UpstreamHost,
    /// The name of the upstream cluster.
    UpstreamCluster,
    /// The local address of the upstream connection.
    UpstreamLocalAddress,
    /// The local address of the downstream connection.
    DownstreamLocalAddress,
    /// The remote address of the downstream connection.
    DownstreamRemoteAddress,
    /// The server name that the client asked for.
    RequestedServerName,
    /// The name of the route.
    RouteName,
    /// How many upstream attempts were made.
    AttemptCount,
    /// The history of upstream attempts that logcollector's filter leaves.
    UpstreamAttempts,
    /// The object of configured fields that logcollector's filter leaves.
    AddedFields,
}

impl WellKnown {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::AddedFields as usize + 1;

    /// The well-known value that an operator prints, if it is one.
    fn of(field: &Field) -> Option<Self> {
        let upper = field.argument().map(str::to_ascii_uppercase);
        Some(match (field.name(), upper.as_deref()) {
            ("START_TIME" | "START_TIME_LOCAL", _) => Self::StartTime,
            ("REQ" | "REQUEST_HEADER", Some(header)) => Self::of_header(header)?,
            ("RESP" | "RESPONSE_HEADER", Some("X-ENVOY-UPSTREAM-SERVICE-TIME")) => {
                Self::UpstreamServiceTime
            }
            ("PATH", _) => Self::Path,
            ("PROTOCOL", _) => Self::Protocol,
            ("RESPONSE_CODE", _) => Self::ResponseCode,
            ("RESPONSE_FLAGS", _) => Self::ResponseFlags,
            ("RESPONSE_CODE_DETAILS", _) => Self::ResponseCodeDetails,
            ("UPSTREAM_TRANSPORT_FAILURE_REASON", _) => Self::UpstreamTransportFailureReason,
            ("BYTES_RECEIVED", _) => Self::BytesReceived,
            ("BYTES_SENT", _) => Self::BytesSent,
            ("DURATION", _) => Self::Duration,
            ("UPSTREAM_HOST", _) => Self::UpstreamHost,
            ("UPSTREAM_CLUSTER" | "UPSTREAM_CLUSTER_RAW", _) => Self::UpstreamCluster,
            ("UPSTREAM_LOCAL_ADDRESS", _) => Self::UpstreamLocalAddress,
            ("DOWNSTREAM_LOCAL_ADDRESS", _) => Self::DownstreamLocalAddress,
            ("DOWNSTREAM_REMOTE_ADDRESS", _) => Self::DownstreamRemoteAddress,
            ("REQUESTED_SERVER_NAME", _) => Self::RequestedServerName,
            ("ROUTE_NAME", _) => Self::RouteName,
            ("UPSTREAM_REQUEST_ATTEMPT_COUNT", _) => Self::AttemptCount,
            ("FILTER_STATE", _) => state_object(field.argument()?)?.well_known?,
            _ => return None,
        })
    }

    fn of_header(header: &str) -> Option<Self> {
        Some(match header {
            ":METHOD" => Self::Method,
            "X-ENVOY-ORIGINAL-PATH?:PATH" | ":PATH" => Self::Path,
            ":AUTHORITY" | "HOST" => Self::Authority,
            "USER-AGENT" => Self::UserAgent,
            "X-REQUEST-ID" => Self::RequestId,
            _ => return None,
        })
    }

    /// For each well-known value, the first field that carries it.
    pub(crate) fn index(fields: &[Field]) -> [Option<u16>; Self::COUNT] {
        let mut index = [None; Self::COUNT];
        for (at, field) in fields.iter().enumerate().rev() {
            if let Some(slot) = Self::of(field).and_then(|known| index.get_mut(known as usize)) {
                *slot = u16::try_from(at).ok();
            }
        }
        index
    }
}
