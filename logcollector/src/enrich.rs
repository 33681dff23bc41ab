//! Enriching: what kind of traffic a record tells of, and between which workloads.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use accesslog::{Record, Value, WellKnown};
use mesh::Inventory;
use serde::Serialize;
use sidecar::{Class, Direction, PodAddress, Registry, Settings, Traffic, classify};

use crate::pods::PodName;

/// Says of records what kind of traffic they tell of.
#[derive(Debug, Default)]
pub(crate) struct Enricher {
    /// The address of the pod that wrote the lines, where nothing else tells it.
    pod_ip: Option<PodAddress>,
    objects: Option<Objects>,
}

/// What objects tell of addresses.
#[derive(Debug)]
struct Objects {
    registry: Registry,
    workloads: Vec<Workload>,
    /// The index of the workload with an address; `None` where several have it.
    by_ip: HashMap<IpAddr, Option<usize>>,
    /// The indexes of pods by name, and of controllers as `deploy/NAME`.
    by_pod: HashMap<String, Vec<usize>>,
}

/// A workload as records name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Workload {
    pub(crate) namespace: String,
    #[serde(rename = "workload")]
    pub(crate) name: String,
    /// Its address; none for a controller, or for a pod that has none yet.
    #[serde(skip)]
    address: Option<PodAddress>,
}

/// The pod that wrote a line, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Writer {
    address: Option<PodAddress>,
    workload: Option<usize>,
}

/// The traffic of a record; as JSON, the value of `traffic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Enriched<'r> {
    #[serde(flatten)]
    pub(crate) traffic: Traffic<'r>,
    /// Where it came from, where objects tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<&'r Workload>,
    /// Where it went to, where objects tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination: Option<&'r Workload>,
    /// The workload that wrote the record, where that is known by more than its addresses.
    #[serde(skip)]
    writer: Option<&'r Workload>,
}

impl Enricher {
    /// An enricher that knows these objects, if there are any.
    pub(crate) fn new(pod_ip: Option<IpAddr>, inventory: Option<&Inventory>) -> Self {
        Self { pod_ip: pod_ip.map(PodAddress::from), objects: inventory.map(Objects::of) }
    }

    /// The pod that wrote lines, by its name if that is known.
    pub(crate) fn writer(&self, pod: Option<&PodName>) -> Writer {
        let objects = self.objects.as_ref();
        let workload = objects.zip(pod).and_then(|(objects, pod)| objects.pod(pod));
        let known = objects.zip(workload).and_then(|(objects, at)| objects.workloads.get(at));
        Writer { address: known.and_then(|workload| workload.address).or(self.pod_ip), workload }
    }

    /// What a record tells of its traffic.
    pub(crate) fn enrich<'r>(&'r self, record: &Record<'r>, writer: Writer) -> Enriched<'r> {
        let traffic = classify(record, writer.address);
        match &self.objects {
            Some(objects) => objects.enrich(record, traffic, writer),
            None => Enriched { traffic, source: None, destination: None, writer: None },
        }
    }
}

impl<'r> Enriched<'r> {
    /// The workload whose proxy wrote the record, where that is known.
    pub(crate) fn own(&self) -> Option<&'r Workload> {
        let by_address = || match self.traffic.direction {
            Some(Direction::Outbound) => self.source,
            Some(Direction::Inbound) => self.destination,
            None => None,
        };
        self.writer.or_else(by_address)
    }

    /// Appends the traffic as a JSON object.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) {
        let length = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            // Not reached: the keys are strings and a Vec takes everything.
            out.truncate(length);
            out.extend_from_slice(b"null");
        }
    }
}

impl Objects {
    fn of(inventory: &Inventory) -> Self {
        let mut workloads = Vec::new();
        let mut by_ip = HashMap::new();
        let mut by_pod: HashMap<String, Vec<usize>> = HashMap::new();
        for pod in &inventory.workloads {
            let at = workloads.len();
            workloads.push(Workload {
                namespace: pod.meta.namespace.clone(),
                name: pod.workload_name().to_owned(),
                address: (!pod.ips.is_empty()).then(|| pod.ips.iter().copied().collect()),
            });
            by_pod.entry(pod.display_name()).or_default().push(at);
            // The address of a node is that of many pods.
            for ip in pod.ips.iter().filter(|_| !pod.host_network) {
                by_ip.entry(*ip).and_modify(|at| *at = None).or_insert(Some(at));
            }
        }
        let registry = Registry::new(inventory, &Settings::default());
        Self { registry, workloads, by_ip, by_pod }
    }

    /// The pod of a name, or the controller that made it where the pod itself is not there; none where
    /// several namespaces have one and it is not said which.
    fn pod(&self, pod: &PodName) -> Option<usize> {
        let of_controller = || pod.controllers().find_map(|name| self.by_pod.get(&name));
        let named = self.by_pod.get(&pod.name).or_else(of_controller)?.iter().copied();
        let mut meant = named.filter(|at| {
            let namespace = self.workloads.get(*at).map(|workload| &workload.namespace);
            pod.namespace.is_none() || pod.namespace.as_ref() == namespace
        });
        meant.next().filter(|_| meant.next().is_none())
    }

    fn enrich<'r>(
        &'r self,
        record: &Record<'r>,
        mut traffic: Traffic<'r>,
        writer: Writer,
    ) -> Enriched<'r> {
        self.name_service(&mut traffic);
        let own = writer.workload.and_then(|at| self.workloads.get(at));
        let at = |address: Option<SocketAddr>| self.at(address?.ip());
        let (source, destination) = match traffic.direction {
            Some(Direction::Outbound) => {
                (own.or_else(|| at(traffic.source)), at(address(record, WellKnown::UpstreamHost)))
            }
            Some(Direction::Inbound) => {
                (at(traffic.source), own.or_else(|| at(traffic.destination)))
            }
            None => (None, None),
        };
        Enriched { traffic, source, destination, writer: own }
    }

    /// Names the service that traffic went to, where its address or host tells just one.
    fn name_service<'r>(&'r self, traffic: &mut Traffic<'r>) {
        let found = match (traffic.class, traffic.host, traffic.destination) {
            (Class::OutboundMatched, Some(host), _) if traffic.namespace.is_none() => {
                one(self.registry.by_host(host))
            }
            (Class::OutboundPassthrough | Class::OutboundBlocked, None, Some(address)) => {
                one(self.registry.by_address(address.ip()))
            }
            _ => None,
        };
        if let Some(service) = found {
            traffic.host = Some(&service.host);
            traffic.namespace = Some(&service.namespace);
        }
    }

    fn at(&self, ip: IpAddr) -> Option<&Workload> {
        self.workloads.get((*self.by_ip.get(&ip.to_canonical())?)?)
    }
}

/// The only one.
fn one<T>(mut of: impl Iterator<Item = T>) -> Option<T> {
    of.next().filter(|_| of.next().is_none())
}

fn address(record: &Record<'_>, field: WellKnown) -> Option<SocketAddr> {
    let Some(Value::Text(text)) = record.well_known(field) else { return None };
    std::str::from_utf8(text).ok()?.parse().ok()
}
