//! The words that requests are made of.

use std::fmt::Write as _;

use crate::rng::Rng;

/// Services as `name.namespace`, with the port that they listen on.
pub(super) const SERVICES: &[(&str, u16)] = &[
    ("productpage.bookinfo", 9080),
    ("reviews.bookinfo", 9080),
    ("ratings.bookinfo", 9080),
    ("details.bookinfo", 9080),
    ("checkout.shop", 8080),
    ("cart.shop", 8080),
    ("recommendations.shop", 8443),
    ("catalog-search.shop", 8080),
    ("payments-gateway.payments", 8443),
    ("fraud-scoring.payments", 50051),
    ("identity.platform", 8080),
    ("feature-flags.platform", 4000),
    ("prometheus-kube-prometheus-prometheus.monitoring", 9090),
];

/// Hosts outside of the mesh.
pub(super) const EXTERNAL: &[&str] =
    &["api.example.com", "storage.example.net", "licence.example.org", "hooks.example.io"];

pub(super) const METHODS: &[(u64, &str)] =
    &[(72, "GET"), (20, "POST"), (4, "PUT"), (2, "DELETE"), (1, "PATCH"), (1, "HEAD")];

pub(super) const PROTOCOLS: &[(u64, &str)] = &[(68, "HTTP/1.1"), (31, "HTTP/2"), (1, "HTTP/1.0")];

/// Codes of responses that an upstream gave.
pub(super) const CODES: &[(u64, u16)] = &[
    (820, 200),
    (40, 201),
    (35, 204),
    (30, 304),
    (15, 302),
    (8, 400),
    (12, 401),
    (25, 404),
    (5, 409),
    (4, 429),
    (4, 500),
    (2, 503),
];

/// What the proxy itself answered with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure {
    pub(super) code: u16,
    pub(super) flags: Option<&'static str>,
    pub(super) details: &'static str,
    /// The transport failure reason.
    pub(super) reason: Option<&'static str>,
}

const fn failure(code: u16, flags: &'static str, details: &'static str) -> Failure {
    Failure { code, flags: Some(flags), details, reason: None }
}

const REFUSED: &str = "delayed_connect_error:_Connection_refused";
const BAD_CERTIFICATE: &str = "TLS_error:|268435581:SSL_routines:OPENSSL_internal:\
     CERTIFICATE_VERIFY_FAILED:verify_cert_failed:TLS_error_end";

pub(super) const FAILURES: &[(u64, Failure)] = &[
    (
        30,
        Failure {
            reason: Some(REFUSED),
            ..failure(
                503,
                "URX,UF",
                "upstream_reset_before_response_started{remote_connection_failure|\
                 delayed_connect_error:_Connection_refused}",
            )
        },
    ),
    (
        5,
        Failure {
            reason: Some(BAD_CERTIFICATE),
            ..failure(
                503,
                "URX,UF",
                "upstream_reset_before_response_started{remote_connection_failure|\
                 TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:\
                 verify_cert_failed:TLS_error_end}",
            )
        },
    ),
    (20, failure(503, "UC", "upstream_reset_before_response_started{connection_termination}")),
    (15, failure(503, "UH", "no_healthy_upstream")),
    (10, failure(404, "NR", "route_not_found")),
    (10, failure(504, "UT", "response_timeout")),
    (20, failure(0, "DC", "downstream_remote_disconnect")),
    (5, failure(503, "UO", "upstream_reset_before_response_started{overflow}")),
    (5, Failure { flags: None, ..failure(403, "", "rbac_access_denied_matched_policy[none]") }),
    (5, failure(429, "RL", "local_rate_limited")),
];

const USER_AGENTS: &[(u64, &str)] = &[
    (
        14,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/131.0.0.0 Safari/537.36",
    ),
    (
        8,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like \
         Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    ),
    (
        6,
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) \
         Chrome/131.0.0.0 Mobile Safari/537.36",
    ),
    (5, "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"),
    (14, "Go-http-client/1.1"),
    (6, "Go-http-client/2.0"),
    (12, "grpc-go/1.68.0"),
    (6, "grpc-java-netty/1.68.1"),
    (6, "python-requests/2.32.3"),
    (4, "okhttp/4.12.0"),
    (5, "Apache-HttpClient/4.5.14 (Java/17.0.13)"),
    (5, "kube-probe/1.31"),
    (4, "Prometheus/2.55.1"),
    (3, "curl/8.5.0"),
    (2, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
];

/// User agents that look like the delimiters around them.
const HOSTILE: &[&str] = &[
    "foo \"bar\" baz",
    "Mozilla/5.0 (X11; \"Linux\" x86_64) \"x\" \\",
    "x\" \"y\" \"z\" \"w",
    "\" \"",
    "curl/8.5.0\" \"c87828f5-0a2c-4b4e-9d6c-5b7a6f0a1c11\" \"productpage:9080",
    "\"quoted\"",
    "a\" 200 - via_upstream - \"-\" 0 5 7 6 \"-\" \"b",
];

const WORDS: &[&str] = &[
    "products",
    "reviews",
    "ratings",
    "orders",
    "customers",
    "sessions",
    "inventory",
    "payments",
    "images",
    "search",
    "profile",
    "settings",
    "invoices",
    "shipments",
    "events",
    "export",
];

const RPCS: &[&str] = &[
    "/shop.v1.CartService/GetCart",
    "/shop.v1.CatalogService/ListProducts",
    "/payments.v2.FraudScoring/ScoreTransaction",
    "/platform.identity.v1.TokenService/IntrospectToken",
    "/grpc.health.v1.Health/Check",
];

const PARAMETERS: &[&str] =
    &["page", "limit", "sort", "q", "lang", "fields", "since", "utm_source"];

const VALUES: &[&str] =
    &["20", "desc", "en-GB", "blue%20shoes", "created_at", "2026-11-20T00%3A00%3A00Z", "mail", "1"];

/// A user agent without double quotes.
pub(super) fn user_agent(rng: &mut Rng) -> Option<String> {
    rng.pick(USER_AGENTS).map(str::to_owned)
}

/// A user agent with double quotes.
pub(super) fn hostile_user_agent(rng: &mut Rng) -> String {
    rng.choose(HOSTILE).to_owned()
}

/// A path, often with a query.
pub(super) fn path(rng: &mut Rng) -> String {
    if rng.chance(15) {
        return rng.choose(RPCS).to_owned();
    }
    let mut path = format!("/api/v{}/{}", 1 + rng.below(3), rng.choose(WORDS));
    if rng.chance(70) {
        let _ = write!(path, "/{}", rng.below(10_000_000));
    }
    if rng.chance(35) {
        let _ = write!(path, "/{}", rng.choose(WORDS));
    }
    if rng.chance(60) {
        for at in 0..1 + rng.below(3) {
            let mark = if at == 0 { '?' } else { '&' };
            let _ = write!(path, "{mark}{}={}", rng.choose(PARAMETERS), rng.choose(VALUES));
        }
    }
    path
}
