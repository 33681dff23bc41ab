//! The notation of the tables of cases: one line an object, as JSON for a [`mesh::Loader`].

use mesh::{Inventory, Loader};
use serde_json::{Map, Value, json};
use sidecar::{Call, Class, Fate, Observed, Outcome, Protocol, Speech};

/// Objects in the notation, separated by `;`.
pub(crate) fn load(objects: &str) -> Inventory {
    let mut loader = Loader::new();
    for object in objects.split(';').map(str::trim).filter(|object| !object.is_empty()) {
        let (kind, rest) = object.split_once(' ').unwrap();
        match kind {
            "mesh" => loader.add_mesh_config("mesh", mesh_config(rest).to_string().as_bytes()),
            kind => loader.add("objects", manifest(kind, rest).to_string().as_bytes()),
        }
    }
    let loaded = loader.finish();
    assert!(loaded.errors.is_empty(), "{objects}: {:?}", loaded.errors);
    loaded.inventory
}

/// `key=value`, nested by dots; a value with commas is a list.
fn mesh_config(text: &str) -> Value {
    let mut config = json!({});
    for (key, value) in text.split_whitespace().map(|word| word.split_once('=').unwrap()) {
        match key {
            "policy" if value == "{}" => config["outboundTrafficPolicy"] = json!({}),
            "policy" => config["outboundTrafficPolicy"] = json!({ "mode": value }),
            "visibility" => {
                config["serviceEntryVisibility"] =
                    json!({ "applyToSidecars": true, "defaultVisibility": value });
            }
            key if key.ends_with("ExportTo") => config[key] = list(value),
            key => config[key] = value.into(),
        }
    }
    config
}

fn list(text: &str) -> Value {
    text.split(',').collect::<Vec<_>>().into()
}

/// `k:v,k:v`.
fn labels(text: &str) -> Value {
    let pairs = text.trim_matches(['{', '}']).split(',').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once(':').unwrap());
    pairs.map(|(key, value)| (key.to_owned(), Value::from(value))).collect::<Map<_, _>>().into()
}

/// The words of an object after its kind.
struct Words<'t> {
    namespace: &'t str,
    name: &'t str,
    rest: Vec<&'t str>,
}

impl<'t> Words<'t> {
    fn new(text: &'t str) -> Self {
        let mut words = text.split_whitespace();
        let (namespace, name) = words.next().unwrap().split_once('/').unwrap();
        Self { namespace, name, rest: words.collect() }
    }

    /// Takes `key=value`.
    fn take(&mut self, key: &str) -> Option<&'t str> {
        let value = |word: &&'t str| word.strip_prefix(key)?.strip_prefix('=');
        let index = self.rest.iter().position(|word| value(word).is_some())?;
        value(&self.rest.remove(index))
    }

    /// Takes a bare word.
    fn flag(&mut self, flag: &str) -> bool {
        let index = self.rest.iter().position(|word| *word == flag);
        index.map(|index| self.rest.remove(index)).is_some()
    }

    fn metadata(&mut self) -> Value {
        let mut meta = json!({ "namespace": self.namespace, "name": self.name });
        if let Some(age) = self.take("born") {
            meta["creationTimestamp"] = format!("2024-01-01T00:00:{age:0>2}Z").into();
        }
        if let Some(own) = self.take("labels") {
            meta["labels"] = labels(own);
        }
        meta
    }
}

fn manifest(kind: &str, text: &str) -> Value {
    match kind {
        "json" => return serde_json::from_str(text).unwrap(),
        "namespace" => return namespace(text),
        _ => {}
    }
    let mut words = Words::new(text);
    let mut object = json!({ "metadata": words.metadata() });
    let (version, kind, body) = match kind {
        "service" => ("v1", "Service", ("spec", service(&mut words, &mut object))),
        "pod" => ("v1", "Pod", ("status", pod(&mut words, &mut object))),
        "deploy" => ("apps/v1", "Deployment", ("spec", deployment(&mut words))),
        "slice" => {
            let endpoints = slice(&mut words, &mut object);
            ("discovery.k8s.io/v1", "EndpointSlice", ("endpoints", endpoints))
        }
        "workload" => ("networking.istio.io/v1", "WorkloadEntry", ("spec", workload(&mut words))),
        "entry" => {
            ("networking.istio.io/v1", "ServiceEntry", ("spec", entry(&mut words, &mut object)))
        }
        "sidecar" => ("networking.istio.io/v1", "Sidecar", ("spec", sidecar(&mut words))),
        "vs" => ("networking.istio.io/v1", "VirtualService", ("spec", virtual_service(&mut words))),
        "rule" => ("networking.istio.io/v1", "DestinationRule", ("spec", rule(&mut words))),
        "route" => ("gateway.networking.k8s.io/v1", "HTTPRoute", ("spec", http_route(&mut words))),
        other => panic!("no such kind: {other}"),
    };
    assert!(words.rest.is_empty(), "{text}: {:?}", words.rest);
    object["apiVersion"] = version.into();
    object["kind"] = kind.into();
    object[body.0] = body.1;
    object
}

/// `NAME:NUMBER`, `/udp` behind it.
fn service(words: &mut Words<'_>, object: &mut Value) -> Value {
    if let Some(export) = words.take("exportTo") {
        object["metadata"]["annotations"] = json!({ "networking.istio.io/exportTo": export });
    }
    let mut spec = json!({ "ports": [] });
    if let Some(alias) = words.take("alias") {
        spec["type"] = "ExternalName".into();
        spec["externalName"] = alias.into();
    }
    if words.flag("headless") {
        spec["clusterIP"] = "None".into();
    }
    if let Some(ip) = words.take("ip") {
        spec["clusterIP"] = ip.into();
    }
    if let Some(selector) = words.take("selects") {
        spec["selector"] = labels(selector);
    }
    for word in words.rest.drain(..) {
        let (name, number) = word.split_once(':').unwrap();
        let (number, transport) = number.split_once('/').unwrap_or((number, "tcp"));
        let mut port = json!({
            "port": number.parse::<u16>().unwrap(),
            "protocol": transport.to_uppercase(),
        });
        if !name.is_empty() {
            port["name"] = name.into();
        }
        spec["ports"].as_array_mut().unwrap().push(port);
    }
    spec
}

/// `NAME`, `labels=`.
fn namespace(text: &str) -> Value {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let own = rest.strip_prefix("labels=").unwrap_or_default();
    let metadata = json!({ "name": name, "labels": labels(own) });
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
}

fn pod(words: &mut Words<'_>, object: &mut Value) -> Value {
    if words.flag("ambient") {
        object["metadata"]["annotations"] = json!({ "ambient.istio.io/redirection": "enabled" });
    }
    if let Some(role) = words.take("proxy") {
        object["spec"] =
            json!({ "containers": [{ "name": "istio-proxy", "args": ["proxy", role] }] });
    }
    json!({ "podIP": words.take("ip").unwrap() })
}

/// A controller whose pods have `pods=k:v`.
fn deployment(words: &mut Words<'_>) -> Value {
    let metadata = json!({ "labels": labels(words.take("pods").unwrap()) });
    let containers = json!([{ "name": "app", "image": "app" }]);
    json!({ "template": { "metadata": metadata, "spec": { "containers": containers } } })
}

/// A port `NAME:NUMBER`, then addresses, `ADDRESS!STATE` for one that is not ready.
fn slice(words: &mut Words<'_>, object: &mut Value) -> Value {
    object["addressType"] = "IPv4".into();
    object["metadata"]["labels"] = json!({ "kubernetes.io/service-name": words.name });
    let (name, number) = words.rest.remove(0).split_once(':').unwrap();
    object["ports"] = json!([{ "name": name, "port": number.parse::<u16>().unwrap() }]);
    let endpoint = |word: &str| {
        let (address, state) = word.split_once('!').unwrap_or((word, ""));
        let conditions = match state {
            "" => json!({ "ready": true }),
            "unready" => json!({ "ready": false, "terminating": false }),
            "ending" => json!({ "ready": false, "terminating": true }),
            "untold" => json!({ "ready": false }),
            other => panic!("no such state: {other}"),
        };
        json!({ "addresses": [address], "conditions": conditions })
    };
    words.rest.drain(..).map(endpoint).collect::<Vec<_>>().into()
}

/// A WorkloadEntry at an address.
fn workload(words: &mut Words<'_>) -> Value {
    json!({ "address": words.take("ip").unwrap() })
}

/// Hosts, then `PROTOCOL:NUMBER`.
fn entry(words: &mut Words<'_>, object: &mut Value) -> Value {
    let mut spec = json!({ "ports": [] });
    if let Some(addresses) = words.take("addresses") {
        spec["addresses"] = list(addresses);
    }
    if let Some(address) = words.take("allocated") {
        object["status"] = json!({ "addresses": [{ "value": address, "host": words.rest[0] }] });
    }
    if let Some(export) = words.take("exportTo") {
        spec["exportTo"] = list(export);
    }
    if let Some(endpoints) = words.take("endpoints") {
        let endpoints: Vec<Value> =
            endpoints.split(',').map(|address| json!({ "address": address })).collect();
        spec["endpoints"] = endpoints.into();
    }
    if let Some(selector) = words.take("selects") {
        spec["workloadSelector"] = json!({ "labels": labels(selector) });
    }
    spec["resolution"] = words.take("resolution").unwrap_or("NONE").into();
    spec["hosts"] = list(words.rest.remove(0));
    for word in words.rest.drain(..) {
        let (protocol, number) = word.split_once(':').unwrap();
        let number: u16 = number.parse().unwrap();
        let name = format!("p{number}");
        let port = json!({ "number": number, "name": name, "protocol": protocol });
        spec["ports"].as_array_mut().unwrap().push(port);
    }
    spec
}

/// Host entries with commas make an egress listener, `PORT/PROTOCOL=` before it one with a port.
fn sidecar(words: &mut Words<'_>) -> Value {
    let mut spec = json!({});
    if let Some(own) = words.take("selects") {
        spec["workloadSelector"] = match own {
            "{}" => json!({}),
            own => json!({ "labels": labels(own) }),
        };
    }
    if let Some(policy) = words.take("policy") {
        spec["outboundTrafficPolicy"] = match policy {
            "{}" => json!({}),
            mode => json!({ "mode": mode }),
        };
    }
    if let Some(proxy) = words.take("proxy") {
        let (host, port) = proxy.rsplit_once(':').unwrap();
        spec["outboundTrafficPolicy"] = json!({
            "mode": "ALLOW_ANY",
            "egressProxy": { "host": host, "port": { "number": port.parse::<u16>().unwrap() } },
        });
    }
    if let Some(ingress) = words.take("ingress") {
        let port: u16 = ingress.parse().unwrap();
        spec["ingress"] = json!([{ "port": { "number": port, "protocol": "HTTP", "name": "in" } }]);
    }
    let bind = words.take("bind");
    let mut egress = Vec::new();
    for word in words.rest.drain(..) {
        let (port, hosts) =
            word.split_once('=').map_or((None, word), |(port, hosts)| (Some(port), hosts));
        let mut listener = json!({ "hosts": list(hosts) });
        if let Some((number, protocol)) = port.and_then(|port| port.split_once('/')) {
            let number: u16 = number.parse().unwrap();
            listener["port"] = json!({ "number": number, "protocol": protocol, "name": "out" });
        }
        if let Some(bind) = bind {
            listener["bind"] = bind.into();
        }
        egress.push(listener);
    }
    if !egress.is_empty() {
        spec["egress"] = egress.into();
    }
    spec
}

/// Hosts, then destinations `HOST[:PORT][#SUBSET]` behind `to=`.
fn virtual_service(words: &mut Words<'_>) -> Value {
    let mut spec = json!({});
    for key in ["exportTo", "gateways"] {
        if let Some(names) = words.take(key) {
            spec[key] = list(names);
        }
    }
    let destinations = |text: &str| -> Vec<Value> {
        text.split(',').map(|text| json!({ "destination": destination(text) })).collect()
    };
    let route = words.take("to").map(destinations);
    let mut http = json!({});
    if let Some(route) = &route {
        http["route"] = route.clone().into();
    }
    if let Some(mirror) = words.take("mirror") {
        http["mirror"] = destination(mirror);
    }
    if let Some(delegate) = words.take("delegate") {
        let (namespace, name) = delegate.split_once('/').unwrap();
        http["delegate"] = json!({ "namespace": namespace, "name": name });
    }
    if let Some(source) = words.take("from") {
        http["match"] = json!([{ "sourceNamespace": source }]);
    }
    let mut routes = Vec::new();
    if let Some(part) = words.take("part") {
        // A part of the requests, by their path, goes elsewhere.
        routes.push(
            json!({ "match": [{ "uri": { "prefix": "/part" } }], "route": destinations(part) }),
        );
    }
    let is_tcp = words.flag("tcp");
    let names = words.take("sni");
    if !words.rest.is_empty() {
        spec["hosts"] = list(words.rest.remove(0));
    }
    match names {
        Some(names) => {
            spec["tls"] = json!([{ "match": [{ "sniHosts": list(names) }], "route": route }]);
        }
        None if is_tcp => spec["tcp"] = json!([{ "route": route }]),
        None => {
            routes.push(http);
            spec["http"] = routes.into();
        }
    }
    spec
}

fn destination(text: &str) -> Value {
    let (text, subset) = text.split_once('#').unwrap_or((text, ""));
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let mut destination = json!({ "host": host });
    if let Some(port) = port {
        destination["port"] = json!({ "number": port.parse::<u16>().unwrap() });
    }
    if !subset.is_empty() {
        destination["subset"] = subset.into();
    }
    destination
}

/// A host, then subsets `NAME{k:v}`.
fn rule(words: &mut Words<'_>) -> Value {
    let mut spec = json!({});
    if let Some(export) = words.take("exportTo") {
        spec["exportTo"] = list(export);
    }
    if let Some(percent) = words.take("minHealthPercent") {
        let percent: u32 = percent.parse().unwrap();
        spec["trafficPolicy"] = json!({ "outlierDetection": { "minHealthPercent": percent } });
    }
    spec["host"] = words.rest.remove(0).into();
    let subset = |word: &str| {
        let (name, own) = word.split_once('{').unwrap();
        json!({ "name": name, "labels": labels(own) })
    };
    let subsets: Vec<Value> = words.rest.drain(..).map(subset).collect();
    spec["subsets"] = subsets.into();
    spec
}

/// The Service that it is for, and `to=SERVICE:PORT`.
fn http_route(words: &mut Words<'_>) -> Value {
    let to = words.take("to").unwrap();
    let (backend, port) = to.split_once(':').unwrap();
    let (namespace, name) = words.rest.remove(0).split_once('/').unwrap();
    json!({
        "parentRefs": [{ "group": "", "kind": "Service", "namespace": namespace, "name": name }],
        "rules": [{ "backendRefs": [{ "name": backend, "port": port.parse::<u16>().unwrap() }] }],
    })
}

/// What the record of a call tells.
pub(crate) fn observed(call: &Call<'_>, outcome: &Outcome) -> Observed {
    let destination = match &outcome.fate {
        Fate::Matched { destinations, .. } => destinations.first(),
        _ => None,
    };
    Observed {
        class: match &outcome.fate {
            Fate::Matched { .. } => Class::OutboundMatched,
            Fate::Blocked => Class::OutboundBlocked,
            _ => Class::OutboundPassthrough,
        },
        protocol: outcome.protocol,
        host: destination.map(|it| it.host.clone()),
        subset: destination.map(|it| it.subset.clone()).filter(|subset| !subset.is_empty()),
        port: destination.map_or(Some(call.port), |it| it.port),
        destination: Some((call.address, call.port).into()),
        authority: match (outcome.protocol, call.speech) {
            (Protocol::Http, Speech::Http { authority }) => Some(authority.to_owned()),
            _ => None,
        },
        server_name: match call.speech {
            Speech::Tls { server_name } => server_name.map(str::to_owned),
            _ => None,
        },
    }
}
