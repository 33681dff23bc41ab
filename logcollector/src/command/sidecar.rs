//! `sidecar`: what proxies can reach, what their logs say they do reach, and the Sidecar that fits.

mod balance;
mod check;
mod endpoints;
mod lint;
mod scope;
mod suggest;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use mesh::{Inventory, Labels, Workload};
use sidecar::{Scope, Settings, Target, View};

use super::Outcome;
use super::parse::{inputs, read_all};
use super::reading::Reading;
use crate::cli::{AmongArgs, FormatArgs, IstioArgs, LogsArgs, ManifestArgs, SidecarCommand};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::select::{Collector, Selection};
use crate::source::one_stdin;

/// Runs a command of `sidecar`.
pub(crate) fn run(command: SidecarCommand) -> Result<Outcome, Error> {
    match command {
        SidecarCommand::Scope(args) => scope::run(&args),
        SidecarCommand::Endpoints(args) => endpoints::run(&args),
        SidecarCommand::Check(args) => check::run(args),
        SidecarCommand::Suggest(args) => suggest::run(args),
        SidecarCommand::Balance(args) => balance::run(args),
        SidecarCommand::Lint(args) => lint::run(&args),
    }
}

/// What an istiod is besides its objects.
fn settings(manifests: &Manifests, istio: &IstioArgs, revision: &str) -> Settings {
    let version = istio.istio_version.or_else(|| manifests.istio_version(revision));
    let version = version.unwrap_or_default();
    Settings { version, revision: revision.to_owned(), ..Settings::default() }
}

/// What a proxy can reach under the istiod that serves it.
fn scope(manifests: &Manifests, workload: &Workload, istio: &IstioArgs) -> (View, Scope) {
    let settings = settings(manifests, istio, manifests.revision_of(workload));
    let view = View::new(&manifests.inventory, settings);
    let scope = Scope::of(&view, &Target::of(workload));
    (view, scope)
}

/// The manifests as they are, and as they would be with changes if there are any.
fn before_and_after(manifests: &Manifests, with: &[PathBuf], notes: &Notes) -> Option<Manifests> {
    (!with.is_empty()).then(|| manifests.with(with, notes))
}

/// Calls that were collected from logs.
struct Collected {
    collector: Collector,
    notes: Notes,
    /// Whether a log could not be read; that was said.
    unreadable: bool,
}

/// The logs to read beside manifests and other objects.
fn logs(
    args: &LogsArgs,
    manifests: &ManifestArgs,
    objects: Option<&PathBuf>,
    command: &'static str,
) -> Result<Vec<PathBuf>, Error> {
    let logs = inputs(args.logs.clone(), command)?;
    one_stdin(manifests.paths().chain(objects).chain(&logs))?;
    Ok(logs)
}

/// Collects the calls that logs tell of; `None` when whoever read standard output has gone.
fn collect(
    logs: &[PathBuf],
    args: LogsArgs,
    format: FormatArgs,
    manifests: &Manifests,
) -> Result<Option<Collected>, Error> {
    let collector = Collector::new(chosen(manifests, &args.among)?);
    let selection = Selection::Collect(Box::new(collector));
    let mut reading =
        Reading::gathering(format, args.pod, Some(manifests), selection, Notes::new())?;
    let (unreadable, stopped) = read_all(&mut reading, logs);
    let Some(finished) = reading.end(stopped)? else { return Ok(None) };
    let Some(Selection::Collect(collector)) = finished.selection else { return Ok(None) };
    let (notes, collector) = (finished.notes, *collector);
    if collector.strangers > 0 {
        notes.say(&format!(
            "{} records are of pods that the manifests do not tell: --pod, kubectl's --prefix, or \
             the pods' addresses in the manifests would",
            collector.strangers
        ));
    }
    let beyond: u64 = collector.calls.workloads().iter().map(|calls| calls.beyond_limit).sum();
    if beyond > 0 {
        notes.say(&format!(
            "calls that are not looked at, as their workloads have too many destinations: {beyond}"
        ));
    }
    if collector.left_out > 0 {
        notes.say(&format!(
            "records of workloads that --namespace and --selector leave out: {}",
            collector.left_out
        ));
    }
    Ok(Some(Collected { collector, notes, unreadable }))
}

/// The workloads whose calls count, by namespace and name; `None` where all do.
fn chosen(
    manifests: &Manifests,
    among: &AmongArgs,
) -> Result<Option<HashSet<(String, String)>>, Error> {
    if among.namespace.is_none() && among.selector.is_none() {
        return Ok(None);
    }
    let chosen = manifests.workloads().among(among)?.into_iter();
    let names = chosen.map(|it| (it.meta.namespace.clone(), it.workload_name().to_owned()));
    Ok(Some(names.collect()))
}

/// The first pods of workloads, by namespace and name.
struct FirstPods<'i>(HashMap<(&'i str, &'i str), &'i Workload>);

impl<'i> FirstPods<'i> {
    fn new(inventory: &'i Inventory) -> Self {
        let mut first = HashMap::new();
        for workload in &inventory.workloads {
            first.entry(named(workload)).or_insert(workload);
        }
        Self(first)
    }

    /// The labels of a workload; none for one that the manifests do not have.
    fn labels(&self, namespace: &str, name: &str) -> Labels {
        self.0.get(&(namespace, name)).map(|it| it.labels.clone()).unwrap_or_default()
    }
}

/// What calls name a workload by.
fn named(workload: &Workload) -> (&str, &str) {
    (&workload.meta.namespace, workload.workload_name())
}

/// The revision of the istiod that serves the workloads of the calls: that of most of them.
fn revision(manifests: &Manifests, first_pods: &FirstPods<'_>, collector: &Collector) -> String {
    let called = collector.calls.workloads().iter();
    let called = called.filter_map(|it| first_pods.0.get(&(&*it.namespace, &*it.name)));
    let revisions = called.map(|workload| manifests.revision_of(workload));
    let mut counts = BTreeMap::new();
    revisions.for_each(|revision| *counts.entry(revision).or_insert(0_usize) += 1);
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or(mesh::DEFAULT_REVISION, |(revision, _)| revision).to_owned()
}

/// Says where the logs may hold less than was called: the loggers of a workload have filters.
fn say_filtered(manifests: &Manifests, collector: &Collector, notes: &Notes) {
    let called: HashSet<(&str, &str)> =
        collector.calls.workloads().iter().map(|it| (&*it.namespace, &*it.name)).collect();
    let workloads = &manifests.inventory.workloads;
    let workloads = workloads.iter().filter(|workload| called.contains(&named(workload)));
    let cluster = telemetry::Cluster::new(&manifests.inventory);
    let mut said = BTreeSet::new();
    for row in cluster.who(workloads, manifests.revision.as_deref()) {
        let loggers = row.client.iter().flat_map(|client| &client.loggers);
        for filter in loggers.filter_map(|logger| logger.filter.as_deref()) {
            let text = format!(
                "{}: the logs of {} are filtered by `{filter}`: calls may be missing",
                row.namespace, row.pod
            );
            if said.len() < 10 && said.insert(text.clone()) {
                notes.say(&crate::visible::text(text.as_bytes()));
            }
        }
    }
}
