//! The traffic class of access log records: whether a sidecar knew where the traffic went.
//!
//! A sidecar logs what leaves its workload and what reaches it. [`classify`] tells the two apart,
//! and tells traffic that the sidecar matched with a service from traffic that it passed through or
//! refused, from nothing but the record. [`ClusterName`] and [`MeshServerName`] read the names that
//! Istio gives to clusters and to the server names of mTLS.
//!
//! The rules are those of `class/cases.txt`, with a real line for each. What the record does not
//! say is not guessed: a format without the name of the cluster leaves most records `unknown`.

mod address;
mod decide;
mod field;
mod name;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use accesslog::Record;
use serde::Serialize;

pub use address::PodAddress;
pub use name::{ClusterName, Direction, MeshServerName, namespace_of};

/// What a sidecar did with a request or connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It went out to a service that the sidecar knows, whether or not that answered.
    OutboundMatched,
    /// It went out to a destination that the sidecar does not know: `PassthroughCluster`, or the
    /// `egressProxy` of a Sidecar.
    OutboundPassthrough,
    /// It was to go out to a destination that the sidecar does not know, and `REGISTRY_ONLY` did not
    /// let it.
    OutboundBlocked,
    /// It came in, to a port of the workload that belongs to a service.
    Inbound,
    /// It came in, to a port of the workload that no service has.
    InboundPassthrough,
    /// It came in, and no filter chain took the connection: plain text where mTLS is `STRICT`.
    InboundRejected,
    /// The record does not say.
    Unknown,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 7] = [
        Self::OutboundMatched,
        Self::OutboundPassthrough,
        Self::OutboundBlocked,
        Self::Inbound,
        Self::InboundPassthrough,
        Self::InboundRejected,
        Self::Unknown,
    ];

    /// The class as it is written: `outbound-matched`, ...
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutboundMatched => "outbound-matched",
            Self::OutboundPassthrough => "outbound-passthrough",
            Self::OutboundBlocked => "outbound-blocked",
            Self::Inbound => "inbound",
            Self::InboundPassthrough => "inbound-passthrough",
            Self::InboundRejected => "inbound-rejected",
            Self::Unknown => "unknown",
        }
    }

    /// Which way the traffic of this class goes; `None` for [`Self::Unknown`].
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::OutboundMatched | Self::OutboundPassthrough | Self::OutboundBlocked => {
                Some(Direction::Outbound)
            }
            Self::Inbound | Self::InboundPassthrough | Self::InboundRejected => {
                Some(Direction::Inbound)
            }
            Self::Unknown => None,
        }
    }
}

/// What a record is about. It says nothing of what the application speaks: HTTP to an unknown port,
/// and TLS, make TCP records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// A request.
    Http,
    /// A connection.
    Tcp,
}

/// The traffic that a record tells of, borrowed from the record.
///
/// As JSON it is the value of `"traffic"`; what is `None` is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Traffic<'r> {
    /// What the sidecar did.
    pub class: Class,
    /// Which way the traffic went; sometimes known where the class is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The form of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// The host of the service that the traffic went to. [`classify`] knows it when the class is
    /// [`Class::OutboundMatched`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<&'r str>,
    /// The namespace of that service. [`classify`] knows it of Kubernetes services.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'r str>,
    /// The subset of the DestinationRule, never empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subset: Option<&'r str>,
    /// The port: that of the service when the class is [`Class::OutboundMatched`], that of the
    /// original destination when it is another outbound one, and that of the workload when it is an
    /// inbound one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The service that an mTLS client asked for. Not in the JSON.
    #[serde(skip)]
    pub server_name: Option<MeshServerName<'r>>,
    /// The downstream remote address: the client's, unless a header named another. Not in the JSON.
    #[serde(skip)]
    pub source: Option<SocketAddr>,
    /// The downstream local address: outbound, the original destination, such as the VIP of a
    /// service; inbound, the workload. Not in the JSON.
    #[serde(skip)]
    pub destination: Option<SocketAddr>,
}

impl Traffic<'_> {
    /// Appends the traffic as a JSON object, members in the order of the fields.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let length = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            // Not reached: the keys are strings and a Vec takes everything.
            out.truncate(length);
            out.extend_from_slice(b"null");
        }
    }
}

/// Tells the traffic class of a record.
///
/// The address of the pod that wrote the record, if it is known, tells the direction of records
/// that name no cluster, and of some that name one by an ambiguous name.
///
/// ```
/// use accesslog::{Preset, Reader};
/// use sidecar::{Class, classify};
///
/// let format = Preset::from_name("istio").unwrap().compile(&Default::default())?;
/// let mut reader = Reader::new(format.into());
/// let record = reader.read(br#"[2026-11-25T18:00:00.000Z] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 0 295 12 11 "-" "curl/8.5.0" "9d4e" "reviews:9080" "10.244.1.7:9080" outbound|9080|v1|reviews.bookinfo.svc.cluster.local 10.244.1.5:41210 10.96.209.151:9080 10.244.1.5:50134 - default"#);
/// let traffic = classify(&record.unwrap(), None);
/// assert_eq!(traffic.class, Class::OutboundMatched);
/// let mut json = Vec::new();
/// traffic.write_json(&mut json);
/// assert_eq!(
///     String::from_utf8(json).unwrap(),
///     r#"{"class":"outbound-matched","direction":"outbound","protocol":"http","host":"reviews.bookinfo.svc.cluster.local","namespace":"bookinfo","subset":"v1","port":9080}"#,
/// );
/// # Ok::<(), accesslog::FormatError>(())
/// ```
pub fn classify<'r>(record: &Record<'r>, pod: Option<PodAddress>) -> Traffic<'r> {
    decide::Evidence::of(record, pod).traffic()
}
