//! `telemetry who`: a row a pod.

use telemetry::{Attached, DecidedBy, Decision, Row, Sink};

use crate::cli::WhoArgs;
use crate::cluster::Topic;
use crate::command::document::array;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::grid::Grid;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::{BOLD, CYAN, DIM, GREEN, Paint, YELLOW};
use crate::visible;

/// How much of a format string stands in a cell.
const FORMAT_SHOWN: usize = 40;

/// Runs `telemetry who`.
pub(crate) fn run(args: &WhoArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let among = args.pods.among.place();
    let manifests = Manifests::of(&args.objects, Topic::Telemetry, among, &notes)?;
    let workloads = manifests.workloads().chosen(&args.pods)?;
    let cluster = manifests.telemetry(&notes);
    let rows = cluster.who(workloads, manifests.revision.as_deref());
    let printed = match pretty(args.output) {
        Some(paint) => print(text(&rows, paint).as_bytes()),
        None => print(&array(&rows)?),
    }?;
    Ok(manifests.outcome(printed))
}

const HEADER: [&str; 8] =
    ["NAMESPACE", "POD", "PROXY", "SIDE", "LOGS", "FORMAT", "FILTER", "DECIDED BY"];

/// Where the columns are that have a style.
const LOGS: usize = 4;
const FILTER: usize = 6;

fn text(rows: &[Row], paint: Paint) -> String {
    let mut grid = Grid::new(HEADER);
    for row in rows {
        let pod = match &row.service {
            Some(service) => format!("{} for {service}", row.pod),
            None => row.pod.clone(),
        };
        let mut names = [row.namespace.as_str(), &pod, row.proxy].map(visible_text);
        for (side, decision) in sides(row) {
            for cells in lines(decision) {
                let [logs, format, filter, by] = cells;
                let [namespace, pod, proxy] = names;
                let side = visible_text(side);
                grid.row([namespace, pod, proxy, side, logs, format, filter, by]);
                names = Default::default();
            }
        }
    }
    grid.text(style, paint)
}

fn style(row: usize, (column, cell): (usize, &str)) -> anstyle::Style {
    match (row, column) {
        (0, _) => BOLD,
        (_, LOGS) if cell == "no" => DIM,
        (_, LOGS) => GREEN,
        (_, FILTER) => YELLOW,
        (_, 1) => CYAN,
        _ => anstyle::Style::new(),
    }
}

/// The sides to show: both as one where they do not differ in what is shown.
fn sides(row: &Row) -> Vec<(&'static str, &Decision)> {
    match (row.client.as_deref(), row.server.as_deref()) {
        (Some(client), Some(server)) if lines(client) == lines(server) => vec![("both", client)],
        (client, server) => {
            let client = client.map(|decision| ("client", decision));
            client.into_iter().chain(server.map(|decision| ("server", decision))).collect()
        }
    }
}

/// A line a logger: where it logs to, format, filter, decided by.
fn lines(decision: &Decision) -> Vec<[String; 4]> {
    let by = decided_by(decision);
    if decision.loggers.is_empty() {
        let off = match decision.disabled_providers.as_slice() {
            [] => "no".to_owned(),
            names => visible_text(&format!("no ({} disabled)", names.join(", "))),
        };
        return vec![[off, String::new(), String::new(), by]];
    }
    let line = |logger: &Attached| {
        let filter = logger.filter.as_deref().map(visible_text);
        [destination(logger), format(logger), filter.unwrap_or_default(), by.clone()]
    };
    decision.loggers.iter().map(line).collect()
}

/// Which objects, or what else, decided.
fn decided_by(decision: &Decision) -> String {
    match decision.decided_by {
        DecidedBy::Telemetry => {
            let mut objects: Vec<&str> = Vec::new();
            for because in &decision.because {
                if because.object != "MeshConfig" && !objects.contains(&because.object.as_str()) {
                    objects.push(&because.object);
                }
            }
            visible_text(&format!("Telemetry {}", objects.join(", ")))
        }
        DecidedBy::DefaultProviders => "defaultProviders".to_owned(),
        DecidedBy::MeshConfigFallback if decision.emits => "MeshConfig".to_owned(),
        DecidedBy::MeshConfigFallback => "MeshConfig: off".to_owned(),
        DecidedBy::NoEnvoy => {
            let reason = decision.because.first().map(|because| because.effect.as_str());
            visible_text(reason.unwrap_or("no Envoy"))
        }
    }
}

fn destination(logger: &Attached) -> String {
    let to = match &logger.logger.sink {
        Sink::File(file) => file.path.clone(),
        Sink::HttpGrpc(als) | Sink::TcpGrpc(als) => {
            format!("{}:{}", als.service.host, als.service.port)
        }
        Sink::Otel(otel) => format!("{}:{}", otel.service.host, otel.service.port),
        Sink::AlsMeshConfig => "access log service".to_owned(),
    };
    let name = logger.logger.provider.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    visible_text(&format!("{name}{to}"))
}

/// A format by its preset's name, and what stands behind it; else its beginning.
fn format(logger: &Attached) -> String {
    let Sink::File(file) = &logger.logger.sink else { return String::new() };
    visible::clipped(file.format.summary().as_bytes(), FORMAT_SHOWN)
}

fn visible_text(text: &str) -> String {
    visible::text(text.as_bytes())
}
