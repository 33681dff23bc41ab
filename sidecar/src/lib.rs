//! Istio's Sidecar object: what a proxy can reach, and what its access logs say it does reach.
