//! Values of Istio's chart, as the injector has them.

use serde_json::Value;

/// The values of Istio's chart that decide which traffic of injected pods is captured, unless their
/// annotations do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InjectorValues {
    /// `pilot.cni.enabled`: the CNI plugin sets the rules.
    pub cni: bool,
    /// `global.proxy.includeIPRanges`.
    pub include_ip_ranges: String,
    /// `global.proxy.excludeIPRanges`.
    pub exclude_ip_ranges: String,
    /// `global.proxy.includeInboundPorts`.
    pub include_inbound_ports: String,
    /// `global.proxy.excludeInboundPorts`.
    pub exclude_inbound_ports: String,
    /// `global.proxy.includeOutboundPorts`.
    pub include_outbound_ports: String,
    /// `global.proxy.excludeOutboundPorts`.
    pub exclude_outbound_ports: String,
    /// `global.proxy.statusPort`.
    pub status_port: String,
}

impl Default for InjectorValues {
    /// The values as Istio installs them.
    fn default() -> Self {
        Self {
            cni: false,
            include_ip_ranges: "*".to_owned(),
            exclude_ip_ranges: String::new(),
            include_inbound_ports: "*".to_owned(),
            exclude_inbound_ports: String::new(),
            include_outbound_ports: String::new(),
            exclude_outbound_ports: String::new(),
            status_port: "15020".to_owned(),
        }
    }
}

impl InjectorValues {
    /// Reads the chart's values; what is not there, or is neither text nor number, is as Istio
    /// installs it.
    pub(crate) fn of(values: &Value) -> Self {
        let defaults = Self::default();
        let text =
            |name: &str, default: String| match values.pointer(&format!("/global/proxy/{name}")) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => default,
            };
        let is_on = |pointer: &str| values.pointer(pointer).and_then(Value::as_bool);
        Self {
            cni: is_on("/pilot/cni/enabled")
                .or_else(|| is_on("/istio_cni/enabled"))
                .unwrap_or(false),
            include_ip_ranges: text("includeIPRanges", defaults.include_ip_ranges),
            exclude_ip_ranges: text("excludeIPRanges", defaults.exclude_ip_ranges),
            include_inbound_ports: text("includeInboundPorts", defaults.include_inbound_ports),
            exclude_inbound_ports: text("excludeInboundPorts", defaults.exclude_inbound_ports),
            include_outbound_ports: text("includeOutboundPorts", defaults.include_outbound_ports),
            exclude_outbound_ports: text("excludeOutboundPorts", defaults.exclude_outbound_ports),
            status_port: text("statusPort", defaults.status_port),
        }
    }
}
