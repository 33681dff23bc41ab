//! What is rendered beside what a running istiod sent for the same objects.

use mesh::{Labels, MeshConfig, Meta, Object};
use serde_json::from_str;

use super::*;
use crate::attach::Istiod;
use crate::logger::Hosts;
use crate::object::Telemetry;

fn file_config() -> MeshConfig {
    MeshConfig { access_log_file: "/dev/stdout".to_owned(), ..MeshConfig::default() }
}

fn telemetry(spec: Value) -> Telemetry {
    let meta = Meta { namespace: "bookinfo".to_owned(), name: "t".to_owned(), ..Meta::default() };
    let (group, version) = ("telemetry.istio.io".to_owned(), "v1".to_owned());
    let object = Object { group, version, kind: "Telemetry".to_owned(), meta, spec };
    Telemetry::read(&object).expect("a Telemetry")
}

fn rendered(mesh: &MeshConfig, telemetries: &[Telemetry], kind: ProxyKind) -> Value {
    let istiod = Istiod {
        revision: "default".to_owned(),
        mesh,
        undiscovered: Default::default(),
        hosts: Hosts::default(),
    };
    let view = View::new(telemetries, &istiod);
    let labels = Labels::new();
    render(&view, &Target { namespace: "bookinfo", labels: &labels, kind, service: None }, &[])
}

#[test]
fn renders_what_istiod_sends() {
    let filter = json!({"expression": "response.code >= 400"});
    let named = json!({"accessLogging": [{"providers": [{"name": "envoy"}], "filter": filter}]});
    let unnamed = json!({"accessLogging": [{"filter": filter}]});
    let captured = |text: &str| from_str::<Value>(text).expect("JSON");
    for (name, text, telemetries) in [
        ("accessLogFile", include_str!("../../tests/fixtures/access-log-file.json"), vec![]),
        (
            "a filter with its provider",
            include_str!("../../tests/fixtures/filter-with-provider.json"),
            vec![telemetry(named)],
        ),
        (
            "a filter without provider",
            include_str!("../../tests/fixtures/filter-without-provider.json"),
            vec![telemetry(unnamed)],
        ),
    ] {
        let captured = captured(text);
        let rendered = rendered(&file_config(), &telemetries, ProxyKind::Sidecar);
        for side in ["client", "server"] {
            assert_eq!(rendered[side], captured, "{name}, {side}");
        }
    }
}

#[test]
fn places_are_those_of_the_kind() {
    for (kind, client, server) in [
        (ProxyKind::Sidecar, 3, 3),
        (ProxyKind::Router, 3, 0),
        (ProxyKind::Waypoint, 0, 6),
        (ProxyKind::None, 0, 0),
    ] {
        let rendered = rendered(&file_config(), &[], kind);
        let places = |side: &str| rendered[side].as_object().map_or(0, Map::len);
        assert_eq!((places("client"), places("server")), (client, server), "{kind:?}");
    }
}

#[test]
fn the_fallback_differs_by_place() {
    let mesh = MeshConfig { enable_envoy_access_log_service: true, ..file_config() };
    let rendered = rendered(&mesh, &[], ProxyKind::Waypoint);
    let server = &rendered["server"];
    let summary = |place: &str| {
        let one = |logger: &Value| {
            let config = &logger["typed_config"];
            let log = config["common_config"]["log_name"].as_str().or(config["path"].as_str());
            let filter = logger["filter"].as_object().and_then(|f| f.keys().next()).cloned();
            format!("{} {}", log.expect("a log"), filter.unwrap_or_default())
        };
        server[place].as_array().expect("loggers").iter().map(one).collect::<Vec<_>>().join(", ")
    };
    for (place, loggers) in [
        ("http_connection_manager", "/dev/stdout , http_envoy_accesslog "),
        ("tcp_proxy", "/dev/stdout , tcp_envoy_accesslog "),
        (
            "listener",
            "/dev/stdout response_flag_filter, listener_envoy_accesslog response_flag_filter",
        ),
        ("hbone_origination", "/dev/stdout response_flag_filter"),
        ("hbone_termination", "/dev/stdout status_code_filter"),
    ] {
        assert_eq!(summary(place), loggers, "{place}");
    }
}

#[test]
fn listener_logs_can_be_turned_off() {
    let mesh = MeshConfig { disable_envoy_listener_log: true, ..file_config() };
    let rendered = rendered(&mesh, &[], ProxyKind::Sidecar);
    assert_eq!(rendered["client"]["listener"], json!([]));
    assert_eq!(rendered["client"]["tcp_proxy"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_waypoint_has_loggers_for_each_service() {
    let service = ServiceRef {
        kind: mesh::ServiceKind::Service,
        namespace: "shop".to_owned(),
        name: "cart".to_owned(),
    };
    let off = json!({"accessLogging": [{"providers": [{"name": "envoy"}], "disabled": true}]});
    let mut telemetry = telemetry(off);
    telemetry.meta.namespace = "shop".to_owned();
    let mesh = file_config();
    let istiod = Istiod {
        revision: "default".to_owned(),
        mesh: &mesh,
        undiscovered: Default::default(),
        hosts: Hosts::default(),
    };
    let telemetries = [telemetry];
    let view = View::new(&telemetries, &istiod);
    let labels = Labels::new();
    let target =
        Target { namespace: "bookinfo", labels: &labels, kind: ProxyKind::Waypoint, service: None };
    let server = render(&view, &target, &[service])["server"].take();
    let count = |loggers: &Value| loggers.as_array().map(Vec::len);
    assert_eq!(count(&server["services"]["shop/cart"]["tcp_proxy"]), Some(0), "off in shop");
    assert_eq!(count(&server["tcp_proxy"]), Some(1), "the waypoint itself is elsewhere");
}
