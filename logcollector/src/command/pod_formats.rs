//! Formats of pods, from the manifests that decide about them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use accesslog::{Detector, Format, FormatOptions};
use mesh::{DEFAULT_REVISION, Labels, MeshConfig, ProxyKind};
use telemetry::{Decision, Hosts, Istiod, Logger, Row, Side, Sink, Target, View};

use crate::error::{Error, closest};
use crate::formats::{Choice, PodFormats};
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::pods::PodName;
use crate::visible;

/// The paths of a container's log.
const CONTAINER_LOG: [&str; 2] = ["/dev/stdout", "/dev/stderr"];

/// The choice of formats that manifests make; `pod` wrote the lines of which nothing else tells the pod.
///
/// # Errors
///
/// When the manifests do not have the pod.
pub(super) fn choice(
    manifests: &Manifests,
    pod: Option<&PodName>,
    options: FormatOptions,
    notes: &Notes,
) -> Result<Choice, Error> {
    let formats = of_pods(manifests, &options, notes);
    let Some(pod) = pod else { return Ok(Choice::Pods(formats, Detector::new(options))) };
    match formats.all_of(pod) {
        Some(known) => match <[_; 1]>::try_from(known) {
            // Lines are put together for a fixed format only.
            Ok([format]) if format.lines_per_record() > 1 => Ok(Choice::Fixed(format)),
            _ => Ok(Choice::Pods(formats, Detector::new(options))),
        },
        None => Err(Error::NoSuchPod {
            name: pod.name.clone(),
            closest: closest(&pod.name, formats.names()),
        }),
    }
}

/// The formats that each pod's proxy was given.
pub(super) fn of_pods(manifests: &Manifests, options: &FormatOptions, notes: &Notes) -> PodFormats {
    let cluster = manifests.telemetry(notes);
    let mut compiler = Compiler { options, notes, known: HashMap::new() };
    let mut formats = PodFormats::default();
    for row in cluster.who(&manifests.inventory.workloads, manifests.revision.as_deref()) {
        formats.add(&row.namespace, &row.pod, compiler.formats(&row));
    }
    formats
}

/// The format that a mesh's own configuration gives a proxy, whether or not it makes proxies log.
pub(super) fn of_mesh(mesh: &MeshConfig, options: FormatOptions, notes: &Notes) -> Choice {
    let mut mesh = mesh.clone();
    if mesh.access_log_file.is_empty() {
        CONTAINER_LOG[0].clone_into(&mut mesh.access_log_file);
    }
    let istiod = Istiod {
        revision: DEFAULT_REVISION.to_owned(),
        mesh: &mesh,
        undiscovered: BTreeSet::new(),
        hosts: Hosts::default(),
    };
    let view = View::new(&[], &istiod);
    let labels = Labels::new();
    let target =
        Target { namespace: "default", labels: &labels, kind: ProxyKind::Sidecar, service: None };
    let decision = Decision::of(&view, &target, Side::Client);
    let mut compiler = Compiler { options: &options, notes, known: HashMap::new() };
    let format = decision.loggers.iter().find_map(|it| compiler.format(&it.logger));
    format.map_or_else(|| Choice::Auto(Detector::new(options)), Choice::Fixed)
}

/// Compiles the formats of loggers, each once.
struct Compiler<'a> {
    options: &'a FormatOptions,
    notes: &'a Notes,
    known: HashMap<*const Logger, Option<Arc<Format>>>,
}

impl Compiler<'_> {
    /// The formats that a proxy writes files with, those of the container's log first.
    fn formats(&mut self, row: &Row) -> Vec<Arc<Format>> {
        let sides = [row.client.as_deref(), row.server.as_deref()];
        let attached = sides.into_iter().flatten().flat_map(|decision| &decision.loggers);
        let mut loggers: Vec<&Arc<Logger>> = attached.map(|attached| &attached.logger).collect();
        loggers.sort_by_key(|logger| !logger.is_container_log());
        let mut formats: Vec<Arc<Format>> = Vec::new();
        for logger in loggers {
            let format = self.format(logger);
            formats
                .extend(format.filter(|new| !formats.iter().any(|known| Arc::ptr_eq(known, new))));
        }
        formats
    }

    fn format(&mut self, logger: &Arc<Logger>) -> Option<Arc<Format>> {
        let Self { options, notes, known } = self;
        let compile = || {
            let Sink::File(file) = &logger.sink else { return None };
            match file.compile(options) {
                Ok(format) => Some(Arc::new(format)),
                Err(error) => {
                    let name = logger.provider.as_deref().unwrap_or("MeshConfig");
                    let said = format!("{name}: a format that Envoy refuses: {error}");
                    notes.say(&visible::text(said.as_bytes()));
                    None
                }
            }
        };
        known.entry(Arc::as_ptr(logger)).or_insert_with(compile).clone()
    }
}
