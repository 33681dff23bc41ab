//! The schemas of the CRDs as flat tables.

/// What the schema asks of a value.
pub(super) enum Rule {
    /// Anything: it is not looked into.
    Any,
    Bool,
    Text,
    Integer,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// Strings by any keys.
    Labels,
    List(&'static Rule),
    /// Fields by name; an API server drops unknown ones.
    Object {
        fields: &'static [(&'static str, Rule)],
        required: &'static [&'static str],
    },
}

impl Rule {
    /// What is asked for, in words.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Text => "a string".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Choice(names) => format!("`{}`", names.join("`, `")),
            Self::Labels | Self::Object { .. } => "an object".to_owned(),
            Self::List(_) => "a list".to_owned(),
        }
    }
}

/// An object without fields that have to be there.
const fn object(fields: &'static [(&'static str, Rule)]) -> Rule {
    Rule::Object { fields, required: &[] }
}

const TEXTS: Rule = Rule::List(&Rule::Text);

pub(super) const SIDECAR: Rule = object(&[
    ("egress", Rule::List(&EGRESS)),
    ("inboundConnectionPool", CONNECTION_POOL),
    ("ingress", Rule::List(&INGRESS)),
    (
        "outboundTrafficPolicy",
        object(&[
            ("egressProxy", DESTINATION),
            ("mode", Rule::Choice(&["REGISTRY_ONLY", "ALLOW_ANY"])),
        ]),
    ),
    ("workloadSelector", object(&[("labels", Rule::Labels)])),
]);

const EGRESS: Rule = Rule::Object {
    fields: &[
        ("bind", Rule::Text),
        ("captureMode", CAPTURE_MODE),
        ("hosts", TEXTS),
        ("port", SIDECAR_PORT),
    ],
    required: &["hosts"],
};

const INGRESS: Rule = Rule::Object {
    fields: &[
        ("bind", Rule::Text),
        ("captureMode", CAPTURE_MODE),
        ("connectionPool", CONNECTION_POOL),
        ("defaultEndpoint", Rule::Text),
        ("port", SIDECAR_PORT),
        ("tls", TLS),
    ],
    required: &["port"],
};

const CAPTURE_MODE: Rule = Rule::Choice(&["DEFAULT", "IPTABLES", "NONE"]);

const SIDECAR_PORT: Rule = object(&[
    ("name", Rule::Text),
    ("number", Rule::Integer),
    ("protocol", Rule::Text),
    ("targetPort", Rule::Integer),
]);

const TLS_VERSION: Rule = Rule::Choice(&["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]);

const TLS: Rule = object(&[
    ("caCertCredentialName", Rule::Text),
    ("caCertificates", Rule::Text),
    ("caCrl", Rule::Text),
    ("cipherSuites", TEXTS),
    ("credentialName", Rule::Text),
    ("credentialNames", TEXTS),
    ("ecdhCurves", TEXTS),
    ("httpsRedirect", Rule::Bool),
    ("insecureSkipVerify", Rule::Bool),
    ("maxProtocolVersion", TLS_VERSION),
    ("minProtocolVersion", TLS_VERSION),
    (
        "mode",
        Rule::Choice(&[
            "PASSTHROUGH",
            "SIMPLE",
            "MUTUAL",
            "AUTO_PASSTHROUGH",
            "ISTIO_MUTUAL",
            "OPTIONAL_MUTUAL",
        ]),
    ),
    ("privateKey", Rule::Text),
    ("serverCertificate", Rule::Text),
    ("subjectAltNames", TEXTS),
    (
        "tlsCertificates",
        Rule::List(&object(&[
            ("caCertificates", Rule::Text),
            ("privateKey", Rule::Text),
            ("serverCertificate", Rule::Text),
        ])),
    ),
    ("verifyCertificateHash", TEXTS),
    ("verifyCertificateSpki", TEXTS),
]);

const CONNECTION_POOL: Rule = object(&[
    (
        "http",
        object(&[
            ("h2UpgradePolicy", Rule::Choice(&["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"])),
            ("http1MaxPendingRequests", Rule::Integer),
            ("http2KeepAlive", object(&[("interval", Rule::Text), ("timeout", Rule::Text)])),
            ("http2MaxRequests", Rule::Integer),
            ("idleTimeout", Rule::Text),
            ("maxConcurrentStreams", Rule::Integer),
            ("maxRequestsPerConnection", Rule::Integer),
            ("maxRetries", Rule::Integer),
            ("useClientProtocol", Rule::Bool),
        ]),
    ),
    (
        "tcp",
        object(&[
            ("connectTimeout", Rule::Text),
            ("idleTimeout", Rule::Text),
            ("maxConnectionDuration", Rule::Text),
            ("maxConnections", Rule::Integer),
            (
                "tcpKeepalive",
                object(&[
                    ("interval", Rule::Text),
                    ("probes", Rule::Integer),
                    ("time", Rule::Text),
                ]),
            ),
        ]),
    ),
]);

const DESTINATION: Rule = Rule::Object {
    fields: &[
        ("host", Rule::Text),
        ("port", object(&[("number", Rule::Integer)])),
        ("subset", Rule::Text),
    ],
    required: &["host"],
};

pub(super) const VIRTUAL_SERVICE: Rule = object(&[
    ("exportTo", TEXTS),
    ("gateways", TEXTS),
    ("hosts", TEXTS),
    ("http", Rule::List(&HTTP_ROUTE)),
    ("tcp", Rule::List(&TCP_ROUTE)),
    ("tls", Rule::List(&TLS_ROUTE)),
]);

const HTTP_ROUTE: Rule = object(&[
    ("corsPolicy", Rule::Any),
    ("delegate", object(&[("name", Rule::Text), ("namespace", Rule::Text)])),
    ("directResponse", Rule::Any),
    ("fault", Rule::Any),
    ("headers", Rule::Any),
    ("match", Rule::List(&HTTP_MATCH)),
    ("mirror", DESTINATION),
    ("mirror_percent", Rule::Any),
    ("mirrorPercent", Rule::Any),
    ("mirrorPercentage", Rule::Any),
    (
        "mirrors",
        Rule::List(&Rule::Object {
            fields: &[("destination", DESTINATION), ("percentage", Rule::Any)],
            required: &["destination"],
        }),
    ),
    ("name", Rule::Text),
    ("redirect", Rule::Any),
    ("retries", Rule::Any),
    ("rewrite", Rule::Any),
    ("route", Rule::List(&ROUTE_DESTINATION)),
    ("timeout", Rule::Any),
]);

const HTTP_MATCH: Rule = object(&[
    ("authority", Rule::Any),
    ("gateways", TEXTS),
    ("headers", Rule::Any),
    ("ignoreUriCase", Rule::Any),
    ("method", Rule::Any),
    ("name", Rule::Text),
    ("port", Rule::Integer),
    ("queryParams", Rule::Any),
    ("scheme", Rule::Any),
    ("sourceLabels", Rule::Labels),
    ("sourceNamespace", Rule::Text),
    ("statPrefix", Rule::Text),
    ("uri", object(&[("exact", Rule::Text), ("prefix", Rule::Text), ("regex", Rule::Text)])),
    ("withoutHeaders", Rule::Any),
]);

const ROUTE_DESTINATION: Rule = Rule::Object {
    fields: &[("destination", DESTINATION), ("headers", Rule::Any), ("weight", Rule::Any)],
    required: &["destination"],
};

const L4_DESTINATION: Rule = Rule::Object {
    fields: &[("destination", DESTINATION), ("weight", Rule::Any)],
    required: &["destination"],
};

const TCP_ROUTE: Rule = object(&[
    (
        "match",
        Rule::List(&object(&[
            ("destinationSubnets", TEXTS),
            ("gateways", TEXTS),
            ("port", Rule::Integer),
            ("sourceLabels", Rule::Labels),
            ("sourceNamespace", Rule::Text),
            ("sourceSubnet", Rule::Text),
        ])),
    ),
    ("route", Rule::List(&L4_DESTINATION)),
]);

const TLS_ROUTE: Rule = Rule::Object {
    fields: &[
        (
            "match",
            Rule::List(&Rule::Object {
                fields: &[
                    ("destinationSubnets", TEXTS),
                    ("gateways", TEXTS),
                    ("port", Rule::Integer),
                    ("sniHosts", TEXTS),
                    ("sourceLabels", Rule::Labels),
                    ("sourceNamespace", Rule::Text),
                ],
                required: &["sniHosts"],
            }),
        ),
        ("route", Rule::List(&L4_DESTINATION)),
    ],
    required: &["match"],
};

pub(super) const DESTINATION_RULE: Rule = Rule::Object {
    fields: &[
        ("exportTo", TEXTS),
        ("host", Rule::Text),
        ("subsets", Rule::List(&SUBSET)),
        ("trafficPolicy", TRAFFIC_POLICY),
        ("workloadSelector", object(&[("matchLabels", Rule::Labels)])),
    ],
    required: &["host"],
};

const SUBSET: Rule = Rule::Object {
    fields: &[("labels", Rule::Labels), ("name", Rule::Text), ("trafficPolicy", TRAFFIC_POLICY)],
    required: &["name"],
};

const TRAFFIC_POLICY: Rule = object(&[
    ("connectionPool", Rule::Any),
    (
        "loadBalancer",
        object(&[
            ("backendUtilization", Rule::Any),
            ("consistentHash", Rule::Any),
            ("localityLbSetting", Rule::Any),
            (
                "simple",
                Rule::Choice(&[
                    "UNSPECIFIED",
                    "LEAST_CONN",
                    "RANDOM",
                    "PASSTHROUGH",
                    "ROUND_ROBIN",
                    "LEAST_REQUEST",
                ]),
            ),
            ("warmup", Rule::Any),
            ("warmupDurationSecs", Rule::Any),
            ("zoneAwareLbSetting", Rule::Any),
        ]),
    ),
    (
        "outlierDetection",
        object(&[
            ("baseEjectionTime", Rule::Any),
            ("consecutive5xxErrors", Rule::Any),
            ("consecutiveErrors", Rule::Any),
            ("consecutiveGatewayErrors", Rule::Any),
            ("consecutiveLocalOriginFailures", Rule::Any),
            ("interval", Rule::Any),
            ("maxEjectionPercent", Rule::Any),
            ("minHealthPercent", Rule::Integer),
            ("outlierDetectionHttpErrorCodes", Rule::Any),
            ("splitExternalLocalOriginErrors", Rule::Any),
        ]),
    ),
    ("portLevelSettings", Rule::Any),
    ("proxyProtocol", Rule::Any),
    ("retryBudget", Rule::Any),
    ("tls", Rule::Any),
    ("tunnel", Rule::Any),
]);
