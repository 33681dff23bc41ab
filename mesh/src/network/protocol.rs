//! The protocol of a port, as Istio takes it.

/// What a service port, or a Sidecar's egress listener, is declared to carry.
///
/// Follows `pkg/config/protocol/instance.go` and `pkg/config/kube/conversion.go` at istio/istio
/// 86c9f01f.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// `http`.
    Http,
    /// `http2`.
    Http2,
    /// `grpc`.
    Grpc,
    /// `grpc-web`.
    GrpcWeb,
    /// `http_proxy`, in egress listeners only.
    HttpProxy,
    /// `https`.
    Https,
    /// `tls`.
    Tls,
    /// `tcp`.
    Tcp,
    /// `mongo`.
    Mongo,
    /// `mysql`.
    MySql,
    /// `redis`.
    Redis,
    /// `udp`, which the proxy leaves alone.
    Udp,
    /// Anything else: the proxy looks at the first bytes to find out.
    Auto,
}

/// Ports on which servers speak first, so that nothing can be found out there.
const SERVER_FIRST: &[u16] = &[25, 53, 3306, 27017];

impl Protocol {
    /// The protocol by its name in any case; [`Protocol::Auto`] for a name that Istio does not know.
    pub fn parse(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "http" => Self::Http,
            "http2" => Self::Http2,
            "grpc" => Self::Grpc,
            "grpc-web" => Self::GrpcWeb,
            "http_proxy" => Self::HttpProxy,
            "https" => Self::Https,
            "tls" => Self::Tls,
            "tcp" => Self::Tcp,
            "mongo" => Self::Mongo,
            "mysql" => Self::MySql,
            "redis" => Self::Redis,
            "udp" => Self::Udp,
            _ => Self::Auto,
        }
    }

    /// The protocol of a Service's port: by `appProtocol`, else by the name before its first `-`.
    ///
    /// ```
    /// use mesh::network::Protocol;
    ///
    /// assert_eq!(Protocol::of_service_port(9080, "http-web", "TCP", None), Protocol::Http);
    /// assert_eq!(Protocol::of_service_port(9080, "web", "TCP", None), Protocol::Auto);
    /// assert_eq!(Protocol::of_service_port(3306, "", "TCP", None), Protocol::Tcp);
    /// ```
    pub fn of_service_port(
        number: u16,
        name: &str,
        transport: &str,
        app_protocol: Option<&str>,
    ) -> Self {
        if transport == "UDP" {
            return Self::Udp;
        }
        let name = match app_protocol {
            Some("kubernetes.io/h2c") => return Self::Http2,
            Some("kubernetes.io/ws") => return Self::Http,
            Some("kubernetes.io/wss") => return Self::Https,
            Some(other) => other,
            None => name,
        };
        if name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("grpc-web")) {
            return Self::GrpcWeb;
        }
        match Self::parse(name.split('-').next().unwrap_or_default()) {
            Self::Auto if SERVER_FIRST.contains(&number) => Self::Tcp,
            protocol => protocol,
        }
    }

    /// Whether it is HTTP for sure.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::Grpc | Self::GrpcWeb | Self::HttpProxy)
    }

    /// Whether it is passed on as bytes for sure, TLS among it.
    pub fn is_tcp(self) -> bool {
        !self.is_http() && !matches!(self, Self::Udp | Self::Auto)
    }

    /// Whether it is TLS, whose server name the proxy can see.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }
}
