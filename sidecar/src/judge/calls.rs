//! The calls that may have left a record.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::class::Protocol;
use crate::observed::Observed;
use crate::outbound::{Call, Speech};
use crate::registry::Registry;

/// The calls that may have left a record.
#[derive(Debug)]
pub(super) struct Calls<'o> {
    at: Option<(IpAddr, u16)>,
    /// What it may have spoken, the likeliest first.
    speeches: Vec<Spoken<'o>>,
}

/// What a call may have spoken, with a name that had to be made up.
#[derive(Debug)]
enum Spoken<'o> {
    Http(&'o str),
    HttpTo(String),
    Tls(&'o str),
    Other,
}

impl<'o> Calls<'o> {
    pub(super) fn of(observed: &Observed<&'o str>, registry: &'o Registry) -> Self {
        let at = address(observed, registry);
        let guess = |at: Option<(IpAddr, u16)>| match (named(at, registry), observed.host, at) {
            (Some(host), ..) | (None, Some(host), _) => Spoken::Http(host),
            (None, None, Some((address, _))) => Spoken::HttpTo(address.to_string()),
            (None, None, None) => Spoken::Other,
        };
        let speeches = match (observed.protocol, observed.authority, observed.server_name) {
            (Protocol::Http, Some(authority), _) => vec![Spoken::Http(authority)],
            (Protocol::Http, None, _) => vec![guess(at)],
            (Protocol::Tcp, _, Some(name)) => vec![Spoken::Tls(name)],
            (Protocol::Tcp, _, None) => vec![Spoken::Other, guess(at)],
        };
        Self { at, speeches }
    }

    /// The calls to the cluster that a matched record names, as if the client had asked for its host.
    pub(super) fn to_cluster(observed: &Observed<&'o str>, registry: &'o Registry) -> Self {
        let named = Observed {
            destination: None,
            authority: observed.host,
            server_name: observed.server_name.and(observed.host),
            ..*observed
        };
        Self::of(&named, registry)
    }

    /// The calls, the likeliest first.
    pub(super) fn each(&self) -> impl Iterator<Item = Call<'_>> {
        let at = self.at;
        self.speeches.iter().filter_map(move |spoken| {
            let (address, port) = at?;
            let speech = match spoken {
                Spoken::Http(authority) => Speech::Http { authority },
                Spoken::HttpTo(authority) => Speech::Http { authority },
                Spoken::Tls(name) => Speech::Tls { server_name: Some(name) },
                Spoken::Other => Speech::Other,
            };
            Some(Call { address, port, speech })
        })
    }
}

/// The host of the service whose address was called.
fn named(at: Option<(IpAddr, u16)>, registry: &Registry) -> Option<&str> {
    let (address, port) = at?;
    let found = registry.by_address(address).find(|service| service.port(port).is_some());
    found.map(|service| service.host.as_str())
}

/// Where a call went: what the record says, else the address of the service that it was matched with,
/// else what the authority says.
fn address(observed: &Observed<&str>, registry: &Registry) -> Option<(IpAddr, u16)> {
    if let Some(destination) = observed.destination {
        return Some((destination.ip(), destination.port()));
    }
    let authority = observed.authority.unwrap_or_default();
    let by_port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    if let (Some(host), Some(port)) = (observed.host, observed.port) {
        let service = registry.by_host(host).next()?;
        let endpoints = registry.endpoints(&service.host, &service.namespace);
        let addresses = service.addresses.iter().chain(endpoints.iter().map(|it| &it.address));
        let address = addresses.filter_map(|it| it.parse().ok()).next();
        // A service without an address is known by its host, wherever that is.
        return Some((address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), port));
    }
    let address = match authority.parse::<SocketAddr>() {
        Ok(at) => at.ip(),
        Err(_) if authority.is_empty() => return None,
        Err(_) => authority.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    Some((address, observed.port.or(by_port).unwrap_or(80)))
}
