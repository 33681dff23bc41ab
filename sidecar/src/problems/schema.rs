//! The schemas of the CRDs as flat tables.

use mesh::schema::{Fields, Rule};

/// An object without fields that have to be there.
const fn object(fields: Fields) -> Rule {
    Rule::object(fields, &[])
}

pub(super) const SIDECAR: Rule = object(&[
    ("egress", Rule::list(&EGRESS)),
    ("inboundConnectionPool", CONNECTION_POOL),
    ("ingress", Rule::list(&INGRESS)),
    (
        "outboundTrafficPolicy",
        object(&[
            ("egressProxy", DESTINATION),
            ("mode", Rule::Choice(&["REGISTRY_ONLY", "ALLOW_ANY"])),
        ]),
    ),
    ("workloadSelector", object(&[("labels", Rule::LABELS)])),
]);

const EGRESS: Rule = Rule::object(
    &[
        ("bind", Rule::Text),
        ("captureMode", CAPTURE_MODE),
        ("hosts", Rule::TEXTS),
        ("port", SIDECAR_PORT),
    ],
    &["hosts"],
);

const INGRESS: Rule = Rule::object(
    &[
        ("bind", Rule::Text),
        ("captureMode", CAPTURE_MODE),
        ("connectionPool", CONNECTION_POOL),
        ("defaultEndpoint", Rule::Text),
        ("port", SIDECAR_PORT),
        ("tls", TLS),
    ],
    &["port"],
);

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
    ("cipherSuites", Rule::TEXTS),
    ("credentialName", Rule::Text),
    ("credentialNames", Rule::TEXTS),
    ("ecdhCurves", Rule::TEXTS),
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
    ("subjectAltNames", Rule::TEXTS),
    (
        "tlsCertificates",
        Rule::list(&object(&[
            ("caCertificates", Rule::Text),
            ("privateKey", Rule::Text),
            ("serverCertificate", Rule::Text),
        ])),
    ),
    ("verifyCertificateHash", Rule::TEXTS),
    ("verifyCertificateSpki", Rule::TEXTS),
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

const DESTINATION: Rule = Rule::object(
    &[("host", Rule::Text), ("port", object(&[("number", Rule::Integer)])), ("subset", Rule::Text)],
    &["host"],
);

pub(super) const VIRTUAL_SERVICE: Rule = object(&[
    ("exportTo", Rule::TEXTS),
    ("gateways", Rule::TEXTS),
    ("hosts", Rule::TEXTS),
    ("http", Rule::list(&HTTP_ROUTE)),
    ("tcp", Rule::list(&TCP_ROUTE)),
    ("tls", Rule::list(&TLS_ROUTE)),
]);

const HTTP_ROUTE: Rule = object(&[
    ("corsPolicy", Rule::Any),
    ("delegate", object(&[("name", Rule::Text), ("namespace", Rule::Text)])),
    ("directResponse", Rule::Any),
    ("fault", Rule::Any),
    ("headers", Rule::Any),
    ("match", Rule::list(&HTTP_MATCH)),
    ("mirror", DESTINATION),
    ("mirror_percent", Rule::Any),
    ("mirrorPercent", Rule::Any),
    ("mirrorPercentage", Rule::Any),
    (
        "mirrors",
        Rule::list(&Rule::object(
            &[("destination", DESTINATION), ("percentage", Rule::Any)],
            &["destination"],
        )),
    ),
    ("name", Rule::Text),
    ("redirect", Rule::Any),
    ("retries", Rule::Any),
    ("rewrite", Rule::Any),
    ("route", Rule::list(&ROUTE_DESTINATION)),
    ("timeout", Rule::Any),
]);

const HTTP_MATCH: Rule = object(&[
    ("authority", Rule::Any),
    ("gateways", Rule::TEXTS),
    ("headers", Rule::Any),
    ("ignoreUriCase", Rule::Any),
    ("method", Rule::Any),
    ("name", Rule::Text),
    ("port", Rule::Integer),
    ("queryParams", Rule::Any),
    ("scheme", Rule::Any),
    ("sourceLabels", Rule::LABELS),
    ("sourceNamespace", Rule::Text),
    ("statPrefix", Rule::Text),
    ("uri", object(&[("exact", Rule::Text), ("prefix", Rule::Text), ("regex", Rule::Text)])),
    ("withoutHeaders", Rule::Any),
]);

const ROUTE_DESTINATION: Rule = Rule::object(
    &[("destination", DESTINATION), ("headers", Rule::Any), ("weight", Rule::Any)],
    &["destination"],
);

const L4_DESTINATION: Rule =
    Rule::object(&[("destination", DESTINATION), ("weight", Rule::Any)], &["destination"]);

const TCP_ROUTE: Rule = object(&[
    (
        "match",
        Rule::list(&object(&[
            ("destinationSubnets", Rule::TEXTS),
            ("gateways", Rule::TEXTS),
            ("port", Rule::Integer),
            ("sourceLabels", Rule::LABELS),
            ("sourceNamespace", Rule::Text),
            ("sourceSubnet", Rule::Text),
        ])),
    ),
    ("route", Rule::list(&L4_DESTINATION)),
]);

const TLS_ROUTE: Rule = Rule::object(
    &[
        (
            "match",
            Rule::list(&Rule::object(
                &[
                    ("destinationSubnets", Rule::TEXTS),
                    ("gateways", Rule::TEXTS),
                    ("port", Rule::Integer),
                    ("sniHosts", Rule::TEXTS),
                    ("sourceLabels", Rule::LABELS),
                    ("sourceNamespace", Rule::Text),
                ],
                &["sniHosts"],
            )),
        ),
        ("route", Rule::list(&L4_DESTINATION)),
    ],
    &["match"],
);

pub(super) const DESTINATION_RULE: Rule = Rule::object(
    &[
        ("exportTo", Rule::TEXTS),
        ("host", Rule::Text),
        ("subsets", Rule::list(&SUBSET)),
        ("trafficPolicy", TRAFFIC_POLICY),
        ("workloadSelector", object(&[("matchLabels", Rule::LABELS)])),
    ],
    &["host"],
);

const SUBSET: Rule = Rule::object(
    &[("labels", Rule::LABELS), ("name", Rule::Text), ("trafficPolicy", TRAFFIC_POLICY)],
    &["name"],
);

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
