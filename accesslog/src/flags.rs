//! Response flags: what Envoy says went wrong with a request or a connection.

/// A response flag of Envoy 1.40.
///
/// Follows <https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage>.
///
/// ```
/// use accesslog::ResponseFlag;
///
/// let flag = ResponseFlag::ALL.iter().find(|flag| flag.short == "UF");
/// assert_eq!(flag.map(|flag| flag.long), Some("UpstreamConnectionFailure"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseFlag {
    /// The name that `%RESPONSE_FLAGS%` prints.
    pub short: &'static str,
    /// The name that `%RESPONSE_FLAGS_LONG%` prints.
    pub long: &'static str,
    /// What happened, in a few words.
    pub meaning: &'static str,
}

/// A borrowed view of the text that `%RESPONSE_FLAGS%` or `%RESPONSE_FLAGS_LONG%` prints, such as
/// `-` or `UF,URX`.
///
/// Envoy does not keep one order, so two views are equal when they hold the same flags. A short
/// name and its long twin are the same flag. Extensions may register flags of their own; these are
/// kept by name.
///
/// ```
/// use accesslog::ResponseFlags;
///
/// let flags = ResponseFlags::new(b"UF,URX");
/// assert!(flags.contains("URX"));
/// assert!(flags.contains("UpstreamConnectionFailure"));
/// assert_eq!(flags, ResponseFlags::new(b"URX,UF"));
/// assert_eq!(flags.iter().count(), 2);
/// assert!(ResponseFlags::new(b"-").is_empty());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ResponseFlags<'a>(&'a [u8]);

impl ResponseFlag {
    /// Every response flag of Envoy 1.40, in the order of its documentation.
    #[rustfmt::skip]
    pub const ALL: &'static [Self] = &[
        flag("UH", "NoHealthyUpstream", "no healthy upstream host"),
        flag("UF", "UpstreamConnectionFailure", "connecting to the upstream failed"),
        flag("UO", "UpstreamOverflow", "circuit breaker open"),
        flag("NR", "NoRouteFound", "no route, or no filter chain for the connection"),
        flag("URX", "UpstreamRetryLimitExceeded", "retries or connect attempts used up"),
        flag("NC", "NoClusterFound", "upstream cluster not found"),
        flag("DT", "DurationTimeout", "connection or request older than its maximum duration"),
        flag("DC", "DownstreamConnectionTermination", "downstream closed the connection"),
        flag("LH", "FailedLocalHealthCheck", "local service failed its health check"),
        flag("UT", "UpstreamRequestTimeout", "upstream did not answer in time"),
        flag("LR", "LocalReset", "connection reset by Envoy"),
        flag("UR", "UpstreamRemoteReset", "upstream reset the connection or stream"),
        flag("UC", "UpstreamConnectionTermination", "upstream closed the connection"),
        flag("DI", "DelayInjected", "fault injection delayed the request"),
        flag("FI", "FaultInjected", "fault injection aborted the request"),
        flag("RL", "RateLimited", "rate limit reached"),
        flag("UAEX", "UnauthorizedExternalService", "external authorization denied the request"),
        flag("RLSE", "RateLimitServiceError", "rate limit service failed"),
        flag("IH", "InvalidEnvoyRequestHeaders", "invalid value in an Envoy request header"),
        flag("SI", "StreamIdleTimeout", "stream idle for too long"),
        flag("DPE", "DownstreamProtocolError", "downstream broke the HTTP protocol"),
        flag("UPE", "UpstreamProtocolError", "upstream broke the HTTP protocol"),
        flag("UMSDR", "UpstreamMaxStreamDurationReached", "upstream stream open for too long"),
        flag("RFCF", "ResponseFromCacheFilter", "response served from the cache"),
        flag("NFCF", "NoFilterConfigFound", "filter configuration not received in time"),
        flag("OM", "OverloadManagerTerminated", "overload manager ended the request"),
        flag("DF", "DnsResolutionFailed", "name of the upstream not resolved"),
        flag("DO", "DropOverload", "dropped by the cluster's drop overload"),
        flag("DR", "DownstreamRemoteReset", "downstream reset the stream"),
        flag("UDO", "UnconditionalDropOverload", "dropped because the cluster drops everything"),
    ];

    /// Whether this is the flag's short or long name.
    fn is_named(&self, name: &[u8]) -> bool {
        self.short.as_bytes() == name || self.long.as_bytes() == name
    }
}

impl<'a> ResponseFlags<'a> {
    /// A view of the printed text.
    pub fn new(text: &'a [u8]) -> Self {
        Self(text)
    }

    /// Whether there is no flag: the text is `-` or empty.
    pub fn is_empty(&self) -> bool {
        matches!(self.0, b"" | b"-")
    }

    /// Whether a flag is set, given by its short or its long name.
    pub fn contains(&self, name: &str) -> bool {
        self.has(name.as_bytes())
    }

    /// The names of the flags as they were printed, repeated ones included.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let text: &[u8] = if self.is_empty() { b"" } else { self.0 };
        text.split(|&b| b == b',').filter(|name| !name.is_empty())
    }

    /// Whether one of the names is this one, or its twin.
    fn has(&self, name: &[u8]) -> bool {
        let twins = ResponseFlag::ALL.iter().find(|flag| flag.is_named(name));
        self.iter().any(|found| found == name || twins.is_some_and(|flag| flag.is_named(found)))
    }
}

impl PartialEq for ResponseFlags<'_> {
    /// Compares as sets: neither order nor repetition matters.
    fn eq(&self, other: &Self) -> bool {
        self.iter().all(|name| other.has(name)) && other.iter().all(|name| self.has(name))
    }
}

impl Eq for ResponseFlags<'_> {}

/// A row of the table.
const fn flag(short: &'static str, long: &'static str, meaning: &'static str) -> ResponseFlag {
    ResponseFlag { short, long, meaning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_table() {
        assert_eq!(ResponseFlag::ALL.len(), 30);
        for (i, flag) in ResponseFlag::ALL.iter().enumerate() {
            let named =
                |name: &str| ResponseFlag::ALL.iter().position(|f| f.is_named(name.as_bytes()));
            assert_eq!(named(flag.short), Some(i), "{}", flag.short);
            assert_eq!(named(flag.long), Some(i), "{}", flag.long);
        }
    }

    #[test]
    fn ok_empty() {
        for (text, empty, count) in
            [("", true, 0), ("-", true, 0), ("UF", false, 1), ("UF,URX", false, 2)]
        {
            let flags = ResponseFlags::new(text.as_bytes());
            assert_eq!((flags.is_empty(), flags.iter().count()), (empty, count), "{text}");
        }
    }

    #[test]
    fn ok_contains() {
        for (text, name, expected) in [
            ("UF,URX", "UF", true),
            ("UF,URX", "URX", true),
            ("UF,URX", "UR", false),
            ("UF,URX", "UpstreamRetryLimitExceeded", true),
            ("UpstreamConnectionFailure", "UF", true),
            ("UpstreamConnectionFailure", "UpstreamConnectionFailure", true),
            ("MY_FLAG", "MY_FLAG", true),
            ("-", "-", false),
            ("-", "UF", false),
            ("", "", false),
            ("UF", "uf", false),
        ] {
            let flags = ResponseFlags::new(text.as_bytes());
            assert_eq!(flags.contains(name), expected, "{name} in {text}");
        }
    }

    #[test]
    fn ok_equal_as_sets() {
        for (left, right, expected) in [
            ("UF,URX", "URX,UF", true),
            ("UF,UF", "UF", true),
            ("UF", "UpstreamConnectionFailure", true),
            ("UF,URX", "UF", false),
            ("UF", "UF,URX", false),
            ("-", "", true),
            ("-", "UF", false),
            ("MY_FLAG", "OTHER", false),
        ] {
            let (left_flags, right_flags) =
                (ResponseFlags::new(left.as_bytes()), ResponseFlags::new(right.as_bytes()));
            assert_eq!(left_flags == right_flags, expected, "{left} and {right}");
        }
    }
}
