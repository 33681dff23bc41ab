//! The CEL expressions of Envoy's access-log filters.
