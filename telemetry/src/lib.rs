//! Istio's Telemetry API for access logging.
