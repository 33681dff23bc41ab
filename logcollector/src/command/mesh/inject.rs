//! `mesh inject`: who has a proxy, who would get one, and why.

use mesh::injection::Injection;

use crate::cli::InjectArgs;
use crate::cluster::Topic;
use crate::command::document::array;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::grid::Grid;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::{BOLD, CYAN, DIM, GREEN, Paint};
use crate::visible;

const HEADER: [&str; 7] =
    ["NAMESPACE", "WORKLOAD", "PROXY", "INJECTED", "REVISION", "SHOWS", "DECIDED BY"];

/// Where the column is that has a style of its own.
const INJECTED: usize = 3;

/// Runs `mesh inject`.
pub(crate) fn run(args: &InjectArgs) -> Result<Outcome, Error> {
    let notes = Notes::new();
    let among = args.pods.among.place();
    let manifests = Manifests::of(&args.objects, Topic::Telemetry, among, &notes)?;
    let workloads = manifests.workloads().chosen(&args.pods)?;
    let revision = manifests.revision.as_deref();
    let of = |workload| Injection::of(workload, &manifests.inventory, revision);
    let found: Vec<Injection> = workloads.into_iter().map(of).collect();
    let is_named = !args.pods.pods.is_empty();
    let printed = match pretty(args.output) {
        Some(_) if is_named => print(stories(&found).as_bytes()),
        Some(paint) => print(table(&found, paint).as_bytes()),
        None => print(&array(&found)?),
    }?;
    let no = is_named && found.iter().any(|it| it.why_no_envoy().is_some());
    Ok(manifests.outcome(if no { Outcome::No } else { printed }))
}

fn table(found: &[Injection], paint: Paint) -> String {
    let mut grid = Grid::new(HEADER);
    for it in found {
        let yes = if it.injected { "yes" } else { "no" };
        let shows = if it.shows.is_empty() { "-".to_owned() } else { words(&it.shows) };
        let revision = it.revision.as_deref().unwrap_or("-");
        let cells = [&it.namespace, &it.workload, it.proxy, yes, revision, &shows, decides(it)];
        grid.row(cells.map(|text| visible::text(text.as_bytes())));
    }
    grid.text(style, paint)
}

fn style(row: usize, (column, cell): (usize, &str)) -> anstyle::Style {
    match (row, column) {
        (0, _) => BOLD,
        (_, INJECTED) if cell == "no" => DIM,
        (_, INJECTED) => GREEN,
        (_, 1) => CYAN,
        _ => anstyle::Style::new(),
    }
}

/// The reason for what there is: where that differs from what a new pod would get, what the spec
/// shows, or what to do; else that of the stage that decides.
fn decides(it: &Injection) -> &str {
    let shown = match (it.injected, &it.template) {
        (true, None) => it.because.first(),
        (false, Some(_)) => it.because.last(),
        // istiod refuses the whole pod.
        (false, None) if it.istiod.as_ref().is_some_and(|it| it.yes) => it.because.last(),
        _ => None,
    };
    match (shown, &it.istiod) {
        (Some(shown), _) => &shown.effect,
        (None, Some(istiod)) if !istiod.yes => &istiod.because,
        (None, _) => &it.webhook.because,
    }
}

fn words(shows: &[&str]) -> String {
    shows.join(", ").replace('_', " ")
}

/// The reasons of each workload, one a line.
fn stories(found: &[Injection]) -> String {
    let texts: Vec<String> = found.iter().map(story).collect();
    texts.join("\n")
}

fn story(it: &Injection) -> String {
    let revision = it.revision.as_ref().map(|it| format!(", revision {it}")).unwrap_or_default();
    let shows =
        if it.shows.is_empty() { String::new() } else { format!(" ({})", words(&it.shows)) };
    let injected = if it.injected { "yes" } else { "no" };
    let mut text = format!(
        "{}/{}\nproxy: {}{revision}{shows}\ninjected: {injected}\n",
        it.namespace, it.workload, it.proxy
    );
    for because in &it.because {
        text.push_str(&format!("  {}: {}\n", because.object, because.effect));
    }
    visible::lines(&text)
}
