//! Access loggers as the Envoy configuration that istiod sends, in JSON.
//!
//! [`render`] gives, for each side of a proxy, the loggers of each place:
//!
//! | place | what has it | loggers |
//! |---|---|---|
//! | `http_connection_manager` | every HTTP connection manager | all |
//! | `tcp_proxy` | every TCP proxy | all |
//! | `listener` | the listeners that take all traffic: virtual inbound and outbound, those of gateways and waypoints | all, for connections that match no filter chain (flag `NR`); none under `disableEnvoyListenerLog` |
//! | `hbone_origination` | a waypoint's tunnels out | all but MeshConfig's ALS, for failed connections (flag `UF`) |
//! | `hbone_termination` | a waypoint's tunnels in | all but MeshConfig's ALS, for status 400 and above |
//!
//! A waypoint decides for the first two by service: its `services` hold them by `namespace/name`, and
//! what stands beside them is for traffic to none.
//!
//! Follows `pilot/pkg/networking/core/accesslog.go`.

mod logger;

pub use logger::cel_filter;

use mesh::{MeshConfig, ProxyKind, ServiceRef};
use serde_json::{Map, Value, json};

use crate::attach::{Target, View};
use crate::decide::{Attached, Decision};
use crate::logger::Sink;
use crate::object::Side;
use crate::who::qualified_name;

/// Where in a proxy's configuration loggers are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An HTTP connection manager.
    HttpConnectionManager,
    /// A TCP proxy.
    TcpProxy,
    /// A listener, for what matches none of its filter chains.
    Listener,
    /// The TCP proxy that begins a waypoint's tunnels.
    HboneOrigination,
    /// The HTTP connection manager that ends a waypoint's tunnels.
    HboneTermination,
}

impl Place {
    /// The places of sidecars and routers.
    const OF_ALL: [Self; 3] = [Self::HttpConnectionManager, Self::TcpProxy, Self::Listener];
    /// The places that a waypoint has for each service.
    const OF_A_SERVICE: [Self; 2] = [Self::HttpConnectionManager, Self::TcpProxy];
    /// The places that a waypoint has whatever it serves.
    const OF_A_WAYPOINT: [Self; 5] = [
        Self::HttpConnectionManager,
        Self::TcpProxy,
        Self::Listener,
        Self::HboneOrigination,
        Self::HboneTermination,
    ];

    /// The key of the place.
    fn as_str(self) -> &'static str {
        match self {
            Self::HttpConnectionManager => "http_connection_manager",
            Self::TcpProxy => "tcp_proxy",
            Self::Listener => "listener",
            Self::HboneOrigination => "hbone_origination",
            Self::HboneTermination => "hbone_termination",
        }
    }

    /// The filter that a place puts before the user's.
    fn filter(self) -> Option<Value> {
        let flags = |flag: &str| Some(json!({"response_flag_filter": {"flags": [flag]}}));
        match self {
            Self::HttpConnectionManager | Self::TcpProxy => None,
            Self::Listener => flags("NR"),
            Self::HboneOrigination => flags("UF"),
            Self::HboneTermination => Some(json!({"status_code_filter": {"comparison": {
                "op": "GE",
                "value": {"default_value": 400, "runtime_key": "istio.io/unset"},
            }}})),
        }
    }

    /// A logger as an element of the place's `access_log`; `None` for one that the place does not have.
    ///
    /// ```
    /// use telemetry::{Attached, File, FileFormat, Logger, Place, Sink};
    ///
    /// let file = File {
    ///     path: "/dev/stdout".to_owned(),
    ///     format: FileFormat::EnvoyDefault,
    ///     omit_empty_values: false,
    /// };
    /// let logger = Logger { provider: None, sink: Sink::File(file) };
    /// let rendered = Place::Listener.render(&Attached { logger: logger.into(), filter: None });
    /// let flags = rendered.and_then(|it| it.pointer("/filter/response_flag_filter/flags/0").cloned());
    /// assert_eq!(flags, Some("NR".into()));
    /// ```
    pub fn render(self, attached: &Attached) -> Option<Value> {
        let (name, config) = match &attached.logger.sink {
            Sink::File(file) => logger::file(file),
            Sink::HttpGrpc(als) => logger::http_grpc(als),
            Sink::TcpGrpc(als) => logger::tcp_grpc(als),
            Sink::Otel(otel) => logger::otel(otel),
            Sink::AlsMeshConfig => logger::als_mesh_config(self)?,
        };
        let mut rendered = json!({"name": name, "typed_config": config});
        let own = attached.filter.as_deref().map(logger::cel_filter);
        let mut filters: Vec<Value> = self.filter().into_iter().chain(own).collect();
        match filters.len() {
            0 => {}
            1 => rendered["filter"] = filters.remove(0),
            _ => rendered["filter"] = json!({"and_filter": {"filters": filters}}),
        }
        Some(rendered)
    }
}

/// A proxy's loggers by side and place, `{"client":{PLACE:[...]}|null,"server":{PLACE:[...]}|null}`; of
/// a waypoint, with `"services":{"namespace/name":{PLACE:[...]}}` on the server side.
///
/// A router has no server side and a waypoint no client side; both are null without an Envoy.
pub fn render(view: &View<'_>, target: &Target<'_>, services: &[ServiceRef]) -> Value {
    let own = Target { service: None, ..*target };
    let side = |side| render_side(view, &own, side);
    match target.kind {
        ProxyKind::Sidecar => json!({"client": side(Side::Client), "server": side(Side::Server)}),
        ProxyKind::Router => json!({"client": side(Side::Client), "server": null}),
        ProxyKind::Waypoint => {
            let mut server = side(Side::Server);
            server["services"] = render_services(view, &own, services);
            json!({"client": null, "server": server})
        }
        ProxyKind::None => json!({"client": null, "server": null}),
    }
}

/// The loggers of a decision in one place, as `access_log` has them.
fn render_place(decision: &Decision, place: Place, mesh: &MeshConfig) -> Vec<Value> {
    if place == Place::Listener && mesh.disable_envoy_listener_log {
        return Vec::new();
    }
    decision.loggers.iter().filter_map(|attached| place.render(attached)).collect()
}

fn render_side(view: &View<'_>, target: &Target<'_>, side: Side) -> Value {
    let places: &[Place] = match target.kind {
        ProxyKind::Waypoint => &Place::OF_A_WAYPOINT,
        _ => &Place::OF_ALL,
    };
    render_places(view, &Decision::of(view, target, side), places)
}

fn render_services(view: &View<'_>, target: &Target<'_>, services: &[ServiceRef]) -> Value {
    let one = |service| {
        let target = Target { service: Some(service), ..*target };
        let decision = Decision::of(view, &target, Side::Server);
        (qualified_name(service), render_places(view, &decision, &Place::OF_A_SERVICE))
    };
    services.iter().map(one).collect::<Map<String, Value>>().into()
}

fn render_places(view: &View<'_>, decision: &Decision, places: &[Place]) -> Value {
    let one = |place: &Place| {
        let loggers = render_place(decision, *place, view.mesh());
        (place.as_str().to_owned(), loggers.into())
    };
    places.iter().map(one).collect::<Map<String, Value>>().into()
}

#[cfg(test)]
mod tests;
