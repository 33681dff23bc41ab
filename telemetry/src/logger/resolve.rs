//! Providers by name, and the loggers that they come to.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use mesh::{AlsProvider, ExtensionProvider, MeshConfig, OtelProvider, ProviderKind};
use serde_json::Value;

use super::{Als, File, Logger, Otel, Sink, Upstream, format};

/// The builtin provider, which every mesh has.
pub(crate) const BUILTIN: &str = "envoy";

/// Filter state that goes with a record unless the provider says otherwise.
const FILTER_STATE: [&str; 2] = ["upstream_peer", "downstream_peer"];

/// The hosts that istiod knows, each with the namespaces that define it.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    namespaces: HashMap<String, BTreeSet<String>>,
}

/// Why a provider's name leads to no logger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// MeshConfig has no provider of this name.
    Unknown,
    /// The provider takes no access logs; the name of its kind's field.
    NoAccessLogs(String),
    /// The provider names no service.
    NoService,
    /// No Service or ServiceEntry has this host.
    ServiceNotFound(String),
    /// Several namespaces have this host, and the provider does not say which.
    ServiceAmbiguous(String, Vec<String>),
}

/// MeshConfig's providers, each with its logger.
#[derive(Debug)]
pub(crate) struct Providers {
    loggers: Vec<Result<Arc<Logger>, Unresolved>>,
    by_folded_name: HashMap<String, usize>,
}

impl Hosts {
    /// Adds a host that a namespace defines.
    pub fn add(&mut self, host: &str, namespace: &str) {
        self.namespaces.entry(host.to_owned()).or_default().insert(namespace.to_owned());
    }

    /// The host of a provider's `service`, `[NAMESPACE/]HOST`.
    ///
    /// # Errors
    ///
    /// No service of this name, or several in different namespaces.
    fn find(&self, service: &str) -> Result<String, Unresolved> {
        if service.is_empty() {
            return Err(Unresolved::NoService);
        }
        let missing = || Unresolved::ServiceNotFound(service.to_owned());
        let (namespace, host) = match service.split_once('/') {
            Some((namespace, host)) if !host.contains('/') => (Some(namespace), host),
            _ => (None, service),
        };
        let found = self.namespaces.get(host).ok_or_else(missing)?;
        match namespace {
            Some(namespace) if found.contains(namespace) => Ok(host.to_owned()),
            Some(_) => Err(missing()),
            None if found.len() == 1 => Ok(host.to_owned()),
            None => {
                let namespaces = found.iter().cloned().collect();
                Err(Unresolved::ServiceAmbiguous(service.to_owned(), namespaces))
            }
        }
    }
}

impl Providers {
    pub(crate) fn new(mesh: &MeshConfig, hosts: &Hosts) -> Self {
        let mut providers = Self { loggers: Vec::new(), by_folded_name: HashMap::new() };
        for (index, provider) in mesh.extension_providers.iter().enumerate() {
            let sink = sink(provider, mesh, hosts);
            let name = Some(provider.name.clone());
            providers.loggers.push(sink.map(|sink| Arc::new(Logger { provider: name, sink })));
            // The first of several names that differ in case is the one that is found.
            providers.by_folded_name.entry(fold(&provider.name)).or_insert(index);
        }
        providers
    }

    /// The logger of the provider that an entry names, whatever the case.
    pub(crate) fn find(&self, name: &str) -> Result<&Arc<Logger>, &Unresolved> {
        let index = self.by_folded_name.get(&fold(name));
        let found = index.and_then(|index| self.loggers.get(*index));
        found.map_or(Err(&Unresolved::Unknown), Result::as_ref)
    }

    /// The loggers of the providers that come to one, in MeshConfig's order.
    pub(crate) fn loggers(&self) -> impl Iterator<Item = &Arc<Logger>> {
        self.loggers.iter().flatten()
    }

    /// The providers for the log of a proxy's container: the mesh's own, in its order, then the builtin.
    pub(crate) fn for_container_log(&self) -> impl Iterator<Item = &Arc<Logger>> {
        let usable = || self.loggers().filter(|it| self.is_for_container_log(it));
        let builtin = |it: &&Arc<Logger>| it.provider.as_deref() == Some(BUILTIN);
        usable().filter(move |it| !builtin(it)).chain(usable().filter(builtin))
    }

    /// Whether a logger writes to the log of a proxy's container, Envoy takes it, and its name leads
    /// to it.
    pub(crate) fn is_for_container_log(&self, logger: &Arc<Logger>) -> bool {
        logger.is_container_log() && logger.refusal().is_none() && self.is_found(logger)
    }

    /// Whether a provider's own name leads to it, and not to one before it.
    pub(crate) fn is_found(&self, logger: &Arc<Logger>) -> bool {
        let name = logger.provider.as_deref().unwrap_or_default();
        self.find(name).is_ok_and(|found| Arc::ptr_eq(found, logger))
    }

    /// The name of a provider that takes access logs and is much like `name`.
    pub(crate) fn closest(&self, name: &str) -> Option<&str> {
        /// What a close name is like, from 0 to 1.
        const CLOSE: f64 = 0.8;
        let name = fold(name);
        let names = self.loggers().filter_map(|logger| logger.provider.as_deref());
        let likeness = |own| (strsim::jaro_winkler(&name, &fold(own)), own);
        let best = names.map(likeness).max_by(|one, other| one.0.total_cmp(&other.0))?;
        (best.0 >= CLOSE).then_some(best.1)
    }
}

/// The loggers of MeshConfig's own switches, which count where no provider does.
pub(crate) fn fallback(mesh: &MeshConfig) -> Vec<Arc<Logger>> {
    let mut loggers = Vec::new();
    if !mesh.access_log_file.is_empty() {
        loggers.push(Sink::File(format::of_mesh_config(&mesh.access_log_file, mesh)));
    }
    if mesh.enable_envoy_access_log_service {
        loggers.push(Sink::AlsMeshConfig);
    }
    loggers.into_iter().map(|sink| Arc::new(Logger { provider: None, sink })).collect()
}

fn sink(
    provider: &ExtensionProvider,
    mesh: &MeshConfig,
    hosts: &Hosts,
) -> Result<Sink, Unresolved> {
    Ok(match &provider.kind {
        ProviderKind::File(file) => Sink::File(file_logger(&provider.name, file, mesh)),
        ProviderKind::HttpAls(als) => Sink::HttpGrpc(http_als(als, hosts)?),
        ProviderKind::TcpAls(als) => Sink::TcpGrpc(tcp_als(als, hosts)?),
        ProviderKind::OtelAls(otel) => Sink::Otel(otel_logger(otel, hosts)?),
        ProviderKind::Other(kind) => return Err(Unresolved::NoAccessLogs(kind.clone())),
    })
}

fn file_logger(name: &str, provider: &mesh::FileProvider, mesh: &MeshConfig) -> File {
    format::of_provider(name, provider, mesh)
}

fn http_als(provider: &AlsProvider, hosts: &Hosts) -> Result<Als, Unresolved> {
    Ok(Als {
        request_headers: provider.additional_request_headers_to_log.clone(),
        response_headers: provider.additional_response_headers_to_log.clone(),
        response_trailers: provider.additional_response_trailers_to_log.clone(),
        ..als(provider, "http_envoy_accesslog", hosts)?
    })
}

fn tcp_als(provider: &AlsProvider, hosts: &Hosts) -> Result<Als, Unresolved> {
    als(provider, "tcp_envoy_accesslog", hosts)
}

fn als(provider: &AlsProvider, log_name: &str, hosts: &Hosts) -> Result<Als, Unresolved> {
    let own = &provider.filter_state_objects_to_log;
    let filter_state_objects = match own.is_empty() {
        true => FILTER_STATE.map(str::to_owned).to_vec(),
        false => own.clone(),
    };
    Ok(Als {
        service: Upstream { host: hosts.find(&provider.service)?, port: provider.port },
        log_name: or_default(&provider.log_name, log_name),
        filter_state_objects,
        request_headers: Vec::new(),
        response_headers: Vec::new(),
        response_trailers: Vec::new(),
    })
}

fn otel_logger(provider: &OtelProvider, hosts: &Hosts) -> Result<Otel, Unresolved> {
    let attribute = |(key, value): (&String, &Value)| {
        (key.clone(), value.as_str().unwrap_or_default().to_owned())
    };
    Ok(Otel {
        service: Upstream { host: hosts.find(&provider.service)?, port: provider.port },
        log_name: or_default(&provider.log_name, "otel_envoy_accesslog"),
        body: format::otel_body(provider.text.as_deref()),
        attributes: provider.labels.iter().map(attribute).collect(),
    })
}

fn or_default(name: &str, default: &str) -> String {
    if name.is_empty() { default } else { name }.to_owned()
}

/// A name in a form that is equal for names that Go's `strings.EqualFold` takes for equal.
fn fold(name: &str) -> String {
    fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
        chars.next().filter(|_| chars.next().is_none())
    }
    let fold = |c: char| {
        let upper = single(c.to_uppercase()).unwrap_or(c);
        single(upper.to_lowercase()).unwrap_or(upper)
    };
    name.chars().map(fold).collect()
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("MeshConfig has no provider of this name"),
            Self::NoAccessLogs(kind) => {
                write!(f, "a provider of kind `{kind}` takes no access logs")
            }
            Self::NoService => f.write_str("the provider names no service"),
            Self::ServiceNotFound(service) => {
                write!(f, "no Service or ServiceEntry has the host `{service}` of the provider")
            }
            Self::ServiceAmbiguous(service, namespaces) => write!(
                f,
                "the host `{service}` of the provider is in the namespaces {}, and it does not say \
                 which",
                namespaces.join(", ")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_as_go_does() {
        for (one, other, equal) in [
            ("Envoy", "eNVOY", true),
            ("\u{212a}ey", "key", true),
            ("\u{17f}ink", "SINK", true),
            ("stra\u{df}e", "STRASSE", false),
            ("envoy", "envoy ", false),
        ] {
            assert_eq!(fold(one) == fold(other), equal, "{one:?} and {other:?}");
        }
    }
}
