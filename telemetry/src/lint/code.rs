//! The codes of findings.

use mesh::lint::Code;
pub(super) use mesh::lint::{
    INVALID_FIELD, INVALID_OBJECT, IST0101, NAMESPACE_UNDISCOVERED, SELECTOR_MATCHES_NOTHING,
    SELECTOR_WITHOUT_LABELS, SHADOWED, UNKNOWN_FIELD,
};

/// All codes.
pub const CODES: [&Code; 31] = [
    &FILTER_REFUSED_BY_ENVOY,
    &INVALID_FIELD,
    &INVALID_OBJECT,
    &FILTER_SYNTAX,
    &FILTER_NEVER_TRUE,
    &FILTER_ALWAYS_TRUE,
    &FILTER_UNKNOWN_ATTRIBUTE,
    &FILTER_SILENCES_TCP,
    &FILTER_WHOLE_FLAGS,
    &FILTER_DOUBTFUL,
    &FILTER_IGNORED,
    &UNKNOWN_PROVIDER,
    &PROVIDER_WITHOUT_LOGS,
    &PROVIDER_SERVICE,
    &PROVIDER_REFUSED_BY_ENVOY,
    &PROVIDER_DROPPED,
    &ACCESS_LOG_FILE_DROPPED,
    &DISABLED_WITHOUT_EFFECT,
    &ENTRY_WITHOUT_EFFECT,
    &SHADOWED,
    &SELECTOR_MATCHES_NOTHING,
    &SELECTOR_WITHOUT_LABELS,
    &WAYPOINT_SELECTOR,
    &NAMESPACE_UNDISCOVERED,
    &UNKNOWN_FIELD,
    &ENVOY_FILTER,
    &IST0101,
    &IST0157,
    &IST0159,
    &IST0160,
    &IST0166,
];

pub(super) const FILTER_REFUSED_BY_ENVOY: Code = Code::error(
    "filter-refused-by-envoy",
    "the API server takes the filter and Envoy does not, nor any listener that it is part of",
);
pub(super) const FILTER_SYNTAX: Code = Code::error(
    "filter-syntax",
    "the filter is no CEL expression, and Istio's webhook refuses the object",
);
pub(super) const FILTER_NEVER_TRUE: Code =
    Code::error("filter-never-true", "a part of the filter is never true");
pub(super) const FILTER_ALWAYS_TRUE: Code = Code::warning(
    "filter-always-true",
    "a part of the filter is true for every record with a value",
);
pub(super) const FILTER_UNKNOWN_ATTRIBUTE: Code =
    Code::warning("filter-unknown-attribute", "Envoy has no attribute of this name");
pub(super) const FILTER_SILENCES_TCP: Code = Code::warning(
    "filter-silences-tcp",
    "the attribute is missing on TCP, and nothing of TCP is logged",
);
pub(super) const FILTER_WHOLE_FLAGS: Code =
    Code::info("filter-whole-flags", "records with a second response flag are not found");
pub(super) const FILTER_DOUBTFUL: Code =
    Code::warning("filter-doubtful", "a part of the filter does not do what it seems to do");
pub(super) const FILTER_IGNORED: Code = Code::warning(
    "filter-ignored",
    "the entry names no provider, and its filter counts for nothing",
);
pub(super) const UNKNOWN_PROVIDER: Code =
    Code::error("unknown-provider", "MeshConfig has no provider of this name");
pub(super) const PROVIDER_WITHOUT_LOGS: Code =
    Code::error("provider-without-access-logs", "the provider takes no access logs");
pub(super) const PROVIDER_SERVICE: Code = Code::error(
    "provider-service",
    "the provider's service is not found, or in several namespaces",
);
pub(super) const PROVIDER_REFUSED_BY_ENVOY: Code = Code::error(
    "provider-refused-by-envoy",
    "Envoy refuses the provider's logger, and any listener that it is part of",
);
pub(super) const PROVIDER_DROPPED: Code =
    Code::warning("provider-dropped", "naming a provider puts out those that logged before");
pub(super) const ACCESS_LOG_FILE_DROPPED: Code =
    Code::info("access-log-file-dropped", "naming a provider puts MeshConfig's accessLogFile out");
pub(super) const DISABLED_WITHOUT_EFFECT: Code =
    Code::warning("disabled-without-effect", "the entry turns nothing off");
pub(super) const ENTRY_WITHOUT_EFFECT: Code =
    Code::warning("entry-without-effect", "the entry turns nothing on");
pub(super) const WAYPOINT_SELECTOR: Code = Code::warning(
    "waypoint-selector",
    "the selector matches a waypoint, which goes by targetRefs only",
);
pub(super) const ENVOY_FILTER: Code = Code::info(
    "envoy-filter",
    "an EnvoyFilter touches access logs, which decisions do not look at",
);
pub(super) const IST0157: Code = Code::warning("IST0157", "empty providers (istioctl)");
pub(super) const IST0159: Code =
    Code::error("IST0159", "several objects select the same workload (istioctl)");
pub(super) const IST0160: Code =
    Code::error("IST0160", "several objects have no selector (istioctl)");
pub(super) const IST0166: Code =
    Code::warning("IST0166", "ineffective selector on a Kubernetes Gateway (istioctl)");
