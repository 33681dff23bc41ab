//! What the selected proxies log now.

use std::collections::BTreeSet;

use mesh::{Loader, Workload};
use serde_json::Value;
use telemetry::{Attached, Cluster, Decision, Logger, Row, Sink};

use super::formats::{fallback, file, loggers_of_mesh};
use super::here::Now;
use super::manifest::Known;
use crate::cli::{AmongArgs, Context, FilterManifestArgs, Selected};
use crate::error::Error;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::visible;

/// The loggers of the proxies: as the manifests decide, else as the mesh has them.
///
/// # Errors
///
/// When it is not clear which proxies are meant.
pub(super) fn loggers(
    args: &FilterManifestArgs,
    selector: &Selected,
    known: &Known,
    notes: &Notes,
) -> Result<Now, Error> {
    let mesh = &known.mesh;
    let of_manifests = match &known.manifests {
        Some(manifests) => of_manifests(args, selector, manifests, notes)?,
        None => None,
    };
    let both = |loggers: Vec<Attached>| Now {
        server: (args.context != [Context::Gateway]).then(|| loggers.clone()),
        client: loggers,
        no_listener_log: mesh.disable_envoy_listener_log,
    };
    let decided = of_manifests.is_some();
    let now = match of_manifests {
        Some((client, server)) => {
            Now { client, server, no_listener_log: mesh.disable_envoy_listener_log }
        }
        None => both(loggers_of_mesh(mesh)),
    };
    if now.writes() {
        return Ok(now);
    }
    if decided {
        notes.say("the selected proxies write no access log now: it gets the mesh's own format");
    }
    let logger = |file| Logger { provider: None, sink: Sink::File(file) };
    let attached = |file| Attached { logger: logger(file).into(), filter: None };
    Ok(both(fallback(mesh).map(attached).into_iter().collect()))
}

/// The loggers of both sides, and which gateways have one of.
type Sides = (Vec<Attached>, Option<Vec<Attached>>);

fn of_manifests(
    args: &FilterManifestArgs,
    selector: &Selected,
    manifests: &Manifests,
    notes: &Notes,
) -> Result<Option<Sides>, Error> {
    let workloads = selected(args, selector, manifests)?;
    let cluster = manifests.telemetry(notes);
    let rows = rows(&cluster, &workloads, manifests);
    let Some(first) = rows.first() else {
        let said =
            format!("no proxy with the labels {selector} in the manifests: as the mesh logs");
        notes.say(&visible::text(said.as_bytes()));
        return Ok(None);
    };
    if rows.iter().any(|row| sides(row) != sides(first)) {
        let said = format!(
            "the proxies with the labels {selector} log differently: {}/{} counts for all",
            first.namespace, first.pod
        );
        notes.say(&visible::text(said.as_bytes()));
    }
    Ok(Some(sides(first)))
}

/// The workloads with the labels, which are of one namespace.
fn selected<'m>(
    args: &FilterManifestArgs,
    selector: &Selected,
    manifests: &'m Manifests,
) -> Result<Vec<&'m Workload>, Error> {
    let among = AmongArgs {
        namespace: args.namespace.clone(),
        all_namespaces: false,
        selector: Some(selector.to_string()),
    };
    let workloads = manifests.workloads().among(&among)?;
    let namespaces: BTreeSet<&str> =
        workloads.iter().map(|workload| workload.meta.namespace.as_str()).collect();
    if namespaces.len() > 1 {
        let namespaces = namespaces.into_iter().map(str::to_owned).collect();
        return Err(Error::SeveralNamespaces { labels: selector.to_string(), namespaces });
    }
    Ok(workloads)
}

fn rows(cluster: &Cluster<'_>, workloads: &[&Workload], manifests: &Manifests) -> Vec<Row> {
    let rows = cluster.who(workloads.iter().copied(), manifests.revision.as_deref());
    rows.into_iter().filter(|row| row.proxy != mesh::ProxyKind::None.as_str()).collect()
}

fn sides(row: &Row) -> Sides {
    let loggers = |decision: &Decision| decision.loggers.clone();
    let client = row.client.as_deref().map(loggers);
    (client.unwrap_or_default(), row.server.as_deref().map(loggers))
}

/// Warns of proxies that would go on to write their files with the Telemetry in place.
pub(super) fn say_unmuted(
    telemetry: &Value,
    selector: &Selected,
    args: &FilterManifestArgs,
    known: &Known,
    notes: &Notes,
) -> Result<(), Error> {
    let Some(manifests) = &known.manifests else { return Ok(()) };
    let workloads = selected(args, selector, manifests)?;
    let Some(workload) = workloads.first() else { return Ok(()) };
    let mut telemetry = telemetry.clone();
    telemetry["metadata"]["namespace"] = workload.meta.namespace.clone().into();
    let mut loader = Loader::new();
    loader.add("filter manifest", telemetry.to_string().as_bytes());
    let changed = manifests.inventory.with(loader.finish().inventory);
    for row in rows(&Cluster::new(&changed), &workloads, manifests) {
        let (client, server) = sides(&row);
        if client.iter().chain(server.iter().flatten()).any(|it| file(&it.logger).is_some()) {
            notes.print(&visible::text(format!(
                "warning: {}/{} would write two lines a request: another Telemetry counts for it \
                 before the one printed here; `telemetry explain` says which",
                row.namespace, row.pod
            ).as_bytes()));
        }
    }
    Ok(())
}
