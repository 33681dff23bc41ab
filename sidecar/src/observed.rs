//! A call as a record tells of it.

use std::net::SocketAddr;

use accesslog::{Record, Value, WellKnown};
use serde::Serialize;

use crate::class::{Class, Protocol, Traffic};

/// The longest authority or server name that is believed: longer than any hostname with a port.
const LONGEST_NAME: usize = 260;

/// An outbound call that was made: what of a record tells one destination from another.
///
/// `S` is `&str` while the record is there, and `String` where calls are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Observed<S = String> {
    /// What the sidecar did: one of the outbound classes.
    pub class: Class,
    /// The form of the record.
    pub protocol: Protocol,
    /// The host of the cluster that a matched call went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<S>,
    /// The subset in the cluster's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<S>,
    /// The service port of a matched call, else the port of the original destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The address that the application connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<SocketAddr>,
    /// The authority of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<S>,
    /// The server name that a TLS client asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<S>,
}

impl<'r> Observed<&'r str> {
    /// The call that a record tells of; `None` for one that is not outbound, or whose form is not
    /// known.
    pub fn of(traffic: &Traffic<'r>, record: &Record<'r>) -> Option<Self> {
        let is_outbound = matches!(
            traffic.class,
            Class::OutboundMatched | Class::OutboundPassthrough | Class::OutboundBlocked
        );
        let protocol = traffic.protocol.filter(|_| is_outbound)?;
        // What passes through goes to its original destination, which formats may name as upstream.
        let upstream = || match traffic.class {
            Class::OutboundPassthrough => name(record, WellKnown::UpstreamHost)?.parse().ok(),
            _ => None,
        };
        Some(Self {
            class: traffic.class,
            protocol,
            host: traffic.host,
            subset: traffic.subset,
            port: traffic.port,
            destination: traffic.destination.or_else(upstream),
            authority: match protocol {
                Protocol::Http => name(record, WellKnown::Authority),
                Protocol::Tcp => None,
            },
            server_name: name(record, WellKnown::RequestedServerName),
        })
    }

    /// The call, kept.
    pub fn to_owned(&self) -> Observed {
        Observed {
            class: self.class,
            protocol: self.protocol,
            host: self.host.map(str::to_owned),
            subset: self.subset.map(str::to_owned),
            port: self.port,
            destination: self.destination,
            authority: self.authority.map(str::to_owned),
            server_name: self.server_name.map(str::to_owned),
        }
    }
}

impl Observed {
    /// The call, borrowed.
    pub fn as_ref(&self) -> Observed<&str> {
        Observed {
            class: self.class,
            protocol: self.protocol,
            host: self.host.as_deref(),
            subset: self.subset.as_deref(),
            port: self.port,
            destination: self.destination,
            authority: self.authority.as_deref(),
            server_name: self.server_name.as_deref(),
        }
    }
}

/// A name that a client or the proxy gave; `None` for what can be none.
fn name<'r>(record: &Record<'r>, field: WellKnown) -> Option<&'r str> {
    let Some(Value::Text(text)) = record.well_known(field) else { return None };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]*".contains(byte);
    let fits = !text.is_empty() && text.len() <= LONGEST_NAME && text != b"-";
    let text = Some(text).filter(|text| fits && text.iter().all(is_name))?;
    std::str::from_utf8(text).ok()
}
