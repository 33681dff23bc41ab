//! The codes of findings.

use mesh::lint::Code;
pub(crate) use mesh::lint::{
    INVALID_FIELD, INVALID_OBJECT, IST0101, NAMESPACE_UNDISCOVERED, SELECTOR_MATCHES_NOTHING,
    SELECTOR_WITHOUT_LABELS, SHADOWED, UNKNOWN_FIELD,
};

/// All codes of [`lint`](crate::lint).
pub const CODES: [&Code; 25] = [
    &INVALID_FIELD,
    &INVALID_OBJECT,
    &UNKNOWN_FIELD,
    &SELECTOR_WITHOUT_LABELS,
    &DUPLICATE_HOST,
    &HOSTS_BESIDE_ALL,
    &POOL_WITHOUT_HTTP,
    &SELECTOR_MATCHES_NOTHING,
    &GATEWAY_SELECTOR,
    &SHADOWED,
    &NAMESPACE_UNDISCOVERED,
    &POLICY_WITHOUT_MODE,
    &POLICY_NOT_INHERITED,
    &HOSTS_NOT_INHERITED,
    &HOSTS_NOT_MERGED,
    &SHORT_HOST,
    &UNKNOWN_NAMESPACE,
    &HOST_MATCHES_NOTHING,
    &VIRTUAL_SERVICE_DROPPED,
    &HIDDEN_BY_PORT,
    &OTHER_PROTOCOL,
    &IST0101,
    &IST0110,
    &IST0111,
    &IST0167,
];

pub(crate) const DUPLICATE_HOST: Code =
    Code::warning("duplicate-host", "a host is there twice, or beside one that covers it");
pub(crate) const HOSTS_BESIDE_ALL: Code =
    Code::warning("hosts-beside-everything", "`*/*` imports everything that other hosts name");
pub(crate) const POOL_WITHOUT_HTTP: Code = Code::warning(
    "pool-without-http",
    "an HTTP connection pool stands at a port that is not of HTTP",
);
pub(super) const GATEWAY_SELECTOR: Code = Code::warning(
    "gateway-selector",
    "the selector matches a gateway or waypoint, to which no Sidecar applies",
);
pub(super) const POLICY_WITHOUT_MODE: Code = Code::warning(
    "policy-without-mode",
    "an outboundTrafficPolicy without a mode is REGISTRY_ONLY, and blocks",
);
pub(super) const POLICY_NOT_INHERITED: Code = Code::warning(
    "policy-not-inherited",
    "the outboundTrafficPolicy of a wider Sidecar does not count beside this one",
);
pub(super) const HOSTS_NOT_INHERITED: Code = Code::warning(
    "hosts-not-inherited",
    "without egress the Sidecar imports everything, whatever hosts a wider one has",
);
pub(super) const HOSTS_NOT_MERGED: Code =
    Code::info("hosts-not-merged", "hosts of a wider Sidecar are not added to those of this one");
pub(super) const SHORT_HOST: Code = Code::warning(
    "short-host",
    "a name that is not the full one of a Service is compared as it is, and matches nothing",
);
pub(super) const UNKNOWN_NAMESPACE: Code =
    Code::warning("unknown-namespace", "a host is of a namespace that is not there");
pub(super) const HOST_MATCHES_NOTHING: Code =
    Code::warning("host-matches-nothing", "a host matches no service that the proxy could see");
pub(super) const VIRTUAL_SERVICE_DROPPED: Code = Code::warning(
    "virtual-service-dropped",
    "a service is imported, and a VirtualService for it in another namespace is not",
);
pub(super) const HIDDEN_BY_PORT: Code = Code::warning(
    "hidden-by-port-listener",
    "a listener with a port has the routes of that port, and a service of it is imported elsewhere",
);
pub(super) const OTHER_PROTOCOL: Code = Code::warning(
    "other-protocol",
    "the protocol of a listener counts in place of that of the services that it imports",
);
pub(super) const IST0110: Code =
    Code::error("IST0110", "several Sidecars select the same workload (istioctl)");
pub(super) const IST0111: Code =
    Code::error("IST0111", "several Sidecars of a namespace have no selector (istioctl)");
pub(super) const IST0167: Code =
    Code::warning("IST0167", "the Sidecar is for what is in ambient mode (istioctl)");
