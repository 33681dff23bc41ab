//! VirtualServices, as far as they say where traffic goes.

use mesh::{Labels, Meta, Object};
use serde_json::Value;

use super::{NETWORKING, labels, list, port, text, texts};
use crate::hostname;

/// The gateway that stands for all sidecars.
pub(crate) const MESH: &str = "mesh";

/// A VirtualService, or a route of the Gateway API as istiod turns it into one.
///
/// Follows <https://istio.io/latest/docs/reference/config/networking/virtual-service/>.
#[derive(Debug, Clone, PartialEq)]
pub struct VirtualService {
    /// The metadata.
    pub meta: Meta,
    /// The kind of the object: `VirtualService`, `HTTPRoute` and so on.
    pub kind: String,
    /// The hosts, in full; empty for one that others delegate to.
    pub hosts: Vec<String>,
    /// The gateways; empty means sidecars.
    pub gateways: Vec<String>,
    /// `exportTo`; empty is the mesh's default.
    pub export_to: Vec<String>,
    /// The HTTP routes.
    pub http: Vec<HttpRoute>,
    /// The TLS routes.
    pub tls: Vec<L4Route>,
    /// The TCP routes.
    pub tcp: Vec<L4Route>,
}

/// An HTTP route.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpRoute {
    /// The name, as records give it; empty without one.
    pub name: String,
    /// The matches, of which one has to hold; none matches everything.
    pub matches: Vec<HttpMatch>,
    /// Where requests go.
    pub destinations: Vec<Destination>,
    /// Where copies of requests go.
    pub mirrors: Vec<Destination>,
    /// The VirtualService whose routes stand for this one.
    pub delegate: Option<Delegate>,
}

/// A VirtualService that routes are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    /// Its namespace; that of the delegating object where nothing is said.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What is decided before a request is there: the match of an HTTP route, as far as it is about the
/// client and not about the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpMatch {
    /// `sourceNamespace`; empty matches all.
    pub source_namespace: String,
    /// `sourceLabels`.
    pub source_labels: Labels,
    /// `port`; `None` matches all.
    pub port: Option<u16>,
    /// `gateways`; empty matches all.
    pub gateways: Vec<String>,
    /// Whether it asks for something in the request too.
    pub asks_for_more: bool,
}

/// A TLS or TCP route.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct L4Route {
    /// The matches, of which one has to hold; none matches everything.
    pub matches: Vec<L4Match>,
    /// Where connections go.
    pub destinations: Vec<Destination>,
}

/// The match of a TLS or TCP route.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct L4Match {
    /// `sourceNamespace`; empty matches all.
    pub source_namespace: String,
    /// `sourceLabels`.
    pub source_labels: Labels,
    /// `port`; `None` matches all.
    pub port: Option<u16>,
    /// `gateways`; empty matches all.
    pub gateways: Vec<String>,
    /// `destinationSubnets`; empty matches all.
    pub destination_subnets: Vec<String>,
    /// `sniHosts`, of TLS routes.
    pub sni_hosts: Vec<String>,
}

/// Where traffic goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// The host, in full.
    pub host: String,
    /// The subset; empty is the whole service.
    pub subset: String,
    /// The port; `None` is the one that was called.
    pub port: Option<u16>,
}

impl VirtualService {
    /// Reads a VirtualService; `None` for an object of another kind. `domain` is that of the cluster.
    pub fn read(object: &Object, domain: &str) -> Option<Self> {
        if object.group != NETWORKING || object.kind != "VirtualService" {
            return None;
        }
        let spec = &object.spec;
        let namespace = &object.meta.namespace;
        let full = |name: &str| hostname::fully_qualified(name, namespace, domain);
        let route = |value: &Value| l4_route(value, &full);
        Some(Self {
            meta: object.meta.clone(),
            kind: object.kind.clone(),
            hosts: texts(&spec["hosts"]).iter().map(|host| full(host)).collect(),
            gateways: texts(&spec["gateways"]),
            export_to: texts(&spec["exportTo"]),
            http: list(&spec["http"]).map(|value| http_route(value, namespace, &full)).collect(),
            tls: list(&spec["tls"]).map(route).collect(),
            tcp: list(&spec["tcp"]).map(route).collect(),
        })
    }

    /// Whether it is about sidecars.
    pub fn is_for_mesh(&self) -> bool {
        self.gateways.is_empty() || self.gateways.iter().any(|name| name == MESH)
    }

    /// Whether it is made of a route of the Gateway API, whose hosts are matched in one direction
    /// only.
    pub fn has_gateway_semantics(&self) -> bool {
        self.kind != "VirtualService"
    }

    /// Everything that it sends traffic of pods in `namespace` to, mirrors among it.
    pub fn destinations(&self, namespace: &str) -> impl Iterator<Item = &Destination> {
        let http = self.http.iter().filter(move |route| route.is_from(namespace));
        let http = http.flat_map(|route| route.destinations.iter().chain(&route.mirrors));
        let l4 = self.tls.iter().chain(&self.tcp).flat_map(|route| &route.destinations);
        http.chain(l4)
    }
}

impl HttpRoute {
    /// Whether pods of `namespace` can meet one of the matches. A match that names no namespace does
    /// not make up for one that names another.
    fn is_from(&self, namespace: &str) -> bool {
        let mut foreign = false;
        for wanted in self.matches.iter().map(|it| &it.source_namespace).filter(|it| !it.is_empty())
        {
            if wanted == namespace {
                return true;
            }
            foreign = true;
        }
        !foreign
    }
}

fn http_route(value: &Value, namespace: &str, full: &dyn Fn(&str) -> String) -> HttpRoute {
    let route = list(&value["route"]).map(|it| &it["destination"]);
    let mirrors = list(&value["mirrors"]).map(|it| &it["destination"]);
    let mirror = Some(&value["mirror"]).into_iter().chain(mirrors);
    let delegate = &value["delegate"];
    HttpRoute {
        name: text(&value["name"]),
        matches: list(&value["match"]).map(http_match).collect(),
        destinations: route.filter_map(|it| destination(it, full)).collect(),
        mirrors: mirror.filter_map(|it| destination(it, full)).collect(),
        delegate: delegate.is_object().then(|| Delegate {
            namespace: match delegate["namespace"].as_str() {
                Some(name) if !name.is_empty() => name.to_owned(),
                _ => namespace.to_owned(),
            },
            name: text(&delegate["name"]),
        }),
    }
}

fn http_match(value: &Value) -> HttpMatch {
    const CLIENT: &[&str] =
        &["name", "sourceNamespace", "sourceLabels", "port", "gateways", "statPrefix"];
    let mut fields = value.as_object().into_iter().flatten();
    // `prefix: /` is every path.
    let is_more = |(key, value): (&String, &Value)| {
        let is_every_path = key == "uri" && value["prefix"] == "/";
        !CLIENT.contains(&key.as_str()) && !is_every_path
    };
    HttpMatch {
        source_namespace: text(&value["sourceNamespace"]),
        source_labels: labels(&value["sourceLabels"]),
        port: port(&value["port"]),
        gateways: texts(&value["gateways"]),
        asks_for_more: fields.any(is_more),
    }
}

fn l4_route(value: &Value, full: &dyn Fn(&str) -> String) -> L4Route {
    let route = list(&value["route"]).map(|it| &it["destination"]);
    L4Route {
        matches: list(&value["match"]).map(l4_match).collect(),
        destinations: route.filter_map(|it| destination(it, full)).collect(),
    }
}

fn l4_match(value: &Value) -> L4Match {
    L4Match {
        source_namespace: text(&value["sourceNamespace"]),
        source_labels: labels(&value["sourceLabels"]),
        port: port(&value["port"]),
        gateways: texts(&value["gateways"]),
        destination_subnets: texts(&value["destinationSubnets"]),
        sni_hosts: texts(&value["sniHosts"]),
    }
}

/// A destination; `None` where there is none.
fn destination(value: &Value, full: &dyn Fn(&str) -> String) -> Option<Destination> {
    value.is_object().then(|| Destination {
        host: full(value["host"].as_str().unwrap_or_default()),
        subset: text(&value["subset"]),
        port: port(&value["port"]["number"]),
    })
}
