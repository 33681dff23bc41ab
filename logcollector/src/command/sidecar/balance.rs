//! `sidecar balance`: how the load on a service is spread over its upstream hosts.

use sidecar::{BalanceReport, Evenness, HostReport, Latency, Pods, ServiceLoad, Spread};

use super::chosen;
use crate::cli::BalanceArgs;
use crate::command::document::json;
use crate::command::parse::{inputs, read_all};
use crate::command::reading::Reading;
use crate::command::{Outcome, pretty, print};
use crate::error::Error;
use crate::grid::Grid;
use crate::manifests::Manifests;
use crate::notes::Notes;
use crate::paint::{BOLD, CYAN, DIM, GREEN, Paint, RED, YELLOW};
use crate::select::{Balancer, Selection};
use crate::source::one_stdin;
use crate::{terminal, visible};

/// The columns of the table.
const HEADER: [&str; 8] = ["HOST", "REQUESTS", "SHARE", "ERRORS", "RETRIES", "P50", "P90", "P99"];

/// The longest and the shortest bar, in columns.
const BAR: (usize, usize) = (40, 8);

/// The most hosts of a service that are shown one by one.
const SHOWN: usize = 50;

/// Runs `sidecar balance`.
pub(crate) fn run(args: BalanceArgs) -> Result<Outcome, Error> {
    let logs = inputs(args.logs.logs.clone(), "sidecar balance")?;
    one_stdin(args.manifests.paths().chain(&logs))?;
    let notes = Notes::new();
    let manifests = manifests(&args, &notes)?;
    let of_pods = manifests.as_ref().map(|it| chosen(it, &args.logs.among)).transpose()?;
    let selection = Selection::Balance(Box::new(Balancer::new(of_pods.flatten())));
    let pod = args.logs.pod;
    let mut reading =
        Reading::gathering(args.format, pod, manifests.as_ref(), selection, Notes::new())?;
    let (unreadable, stopped) = read_all(&mut reading, &logs);
    let Some(finished) = reading.end(stopped)? else { return Ok(Outcome::Done) };
    let Some(Selection::Balance(balancer)) = finished.selection else { return Ok(Outcome::Done) };
    let pods = manifests.as_ref().map(|it| Pods::of(&it.inventory)).unwrap_or_default();
    let report = balancer.balance.report(&pods);
    remark(&balancer, &report, &finished.notes);
    let printed = match pretty(args.output) {
        Some(paint) => print(text(&report, terminal::width(), paint).as_bytes()),
        None => print(&json(&report)?),
    }?;
    let outcome = if unreadable { Outcome::Unreadable } else { printed };
    Ok(manifests.map_or(outcome, |it| it.outcome(outcome)))
}

/// The manifests, if there are any; workloads cannot be chosen without.
fn manifests(args: &BalanceArgs, notes: &Notes) -> Result<Option<Manifests>, Error> {
    let among = &args.logs.among;
    let needed = among.namespace.is_some() || among.selector.is_some();
    if args.manifests.files.is_empty() && args.manifests.mesh_config.is_none() && !needed {
        return Ok(None);
    }
    Manifests::read(&args.manifests, notes).map(Some)
}

/// Says what the figures leave out.
fn remark(balancer: &Balancer, report: &BalanceReport, notes: &Notes) {
    if balancer.left_out > 0 {
        notes.say(&format!(
            "records of pods that --namespace and --selector leave out, or that are not known: {}",
            balancer.left_out
        ));
    }
    if report.other > 0 {
        notes.say(&format!(
            "records that are not about requests to a service (inbound, passed through, blocked, without \
             a cluster): {}",
            report.other
        ));
    }
    if report.beyond_limit > 0 {
        notes.say(&format!(
            "records that are not counted in full, as there are too many upstream hosts: {}",
            report.beyond_limit
        ));
    }
    let unplaced = report.services.iter().any(|service| service.unplaced > 0);
    if unplaced && !balancer.has_histories {
        notes.say(
            "of retried requests the line names the last host only; the history that `filter manifest` \
             adds names all",
        );
    }
    if !report.services.is_empty() && report.services.iter().all(|it| it.retries.is_none()) {
        notes.say(
            "the lines do not tell of retries; a format with %UPSTREAM_REQUEST_ATTEMPT_COUNT% would",
        );
    }
}

fn text(report: &BalanceReport, width: usize, paint: Paint) -> String {
    let mut text = String::new();
    for service in &report.services {
        text.push_str(&head(service, paint));
        text.push_str(&table(service, width, paint));
        text.push_str(&format!("{}\n\n", told(service, paint)));
    }
    text.push_str(&format!(
        "records: {}, services: {}, upstream hosts: {}\n",
        report.records,
        report.services.len(),
        report.services.iter().map(|service| service.hosts.len()).sum::<usize>()
    ));
    text
}

/// `reviews.bookinfo.svc.cluster.local:9080 v1  requests: 300, errors: 4 (1.3 %), retries: 7`.
fn head(service: &ServiceLoad, paint: Paint) -> String {
    let name = match (&service.host, service.port) {
        (Some(host), Some(port)) => {
            let subset = service.subset.as_ref().map(|subset| format!(" {subset}"));
            format!("{host}:{port}{}", subset.unwrap_or_default())
        }
        _ => service.cluster.clone(),
    };
    let retries = service.retries.map(|retries| format!(", retries: {retries}"));
    let unplaced = match service.unplaced {
        0 => String::new(),
        unplaced => format!(" (to unknown hosts: {unplaced})"),
    };
    let latency = service
        .latency_ms
        .map(|Latency { p50, p90, p99 }| format!(", ms: {p50} (p50), {p90} (p90), {p99} (p99)"));
    format!(
        "{}\n  requests: {}, errors: {}{}{unplaced}{}\n",
        paint.text(BOLD, &visible::clipped(name.as_bytes(), 300)),
        service.requests,
        with_part(service.errors, service.requests),
        retries.unwrap_or_default(),
        latency.unwrap_or_default(),
    )
}

/// `4 (1.3 %)`.
fn with_part(number: u64, of: u64) -> String {
    match number {
        0 => "0".to_owned(),
        number => format!("{number} ({:.1} %)", 100.0 * number as f64 / of.max(1) as f64),
    }
}

fn table(service: &ServiceLoad, width: usize, paint: Paint) -> String {
    if service.hosts.is_empty() {
        return String::new();
    }
    let most = service.hosts.iter().map(|host| host.requests).max().unwrap_or_default();
    let mut grid = Grid::new(HEADER);
    let shown = service.hosts.iter().take(SHOWN);
    shown.clone().for_each(|host| grid.row(cells(host, service.retries.is_some())));
    let errors: Vec<u64> = shown.clone().map(|host| host.errors).collect();
    let style = |row: usize, (column, _): (usize, &str)| match (row, column) {
        (0, _) => BOLD,
        (row, 3) if errors.get(row - 1).is_some_and(|errors| *errors > 0) => RED,
        _ => anstyle::Style::new(),
    };
    let plain = grid.text(|_, _| anstyle::Style::new(), Paint::new(false));
    let painted = grid.text(style, paint);
    // Bars stand behind the widest row, as wide as what is left of the line.
    let widest = plain.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    let room = width.saturating_sub(widest + 4).min(BAR.0);
    let mut text = String::new();
    for (number, (line, bare)) in painted.lines().zip(plain.lines()).enumerate() {
        text.push_str(&format!("  {line}"));
        let host = number.checked_sub(1).and_then(|number| service.hosts.get(number));
        if let Some(host) = host.filter(|_| room >= BAR.1) {
            let gap = widest.saturating_sub(bare.chars().count()) + 2;
            let bar = bar(host.requests, most, room);
            text.push_str(&format!("{:gap$}{}", "", paint.text(CYAN, &bar)));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    if let Some(more) = service.hosts.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("  {more} more\n"));
    }
    text
}

/// The cells of a host, which goes by the name of its pod where that is known.
fn cells(host: &HostReport, retries: bool) -> [String; 8] {
    let time = |of: fn(&Latency) -> u64| {
        host.latency_ms.as_ref().map_or("-".to_owned(), |latency| of(latency).to_string())
    };
    let name = host.pod.as_deref().unwrap_or(&host.address);
    [
        visible::clipped(name.as_bytes(), 46),
        host.requests.to_string(),
        format!("{:.1} %", 100.0 * host.share),
        host.errors.to_string(),
        host.retries.filter(|_| retries).map_or("-".to_owned(), |retries| retries.to_string()),
        time(|it| it.p50),
        time(|it| it.p90),
        time(|it| it.p99),
    ]
}

/// A bar that is `room` columns long for the most requests; the last column may be filled in part.
fn bar(requests: u64, most: u64, room: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (requests as f64 / most.max(1) as f64 * (room * 8) as f64).round() as usize;
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{part}", "█".repeat(eighths / 8))
}

/// How even the load is, in words.
fn told(service: &ServiceLoad, paint: Paint) -> String {
    let Some(spread) = &service.spread else {
        return "  no host is known".to_owned();
    };
    let requests = || service.hosts.iter().map(|host| host.requests);
    let total: u64 = requests().sum();
    let count = service.hosts.len().max(1);
    let Spread { evenness, coefficient_of_variation, max_over_mean } = spread;
    let (word, style) = match evenness {
        Evenness::OneHost => return paint.text(DIM, "  there is one host"),
        Evenness::TooFew => ("too few requests to tell", DIM),
        Evenness::Even => ("even", GREEN),
        Evenness::Uneven => ("uneven", YELLOW),
        Evenness::Lopsided => ("lopsided", RED),
    };
    format!(
        "  {}: an even share of {count} hosts is {:.1} requests, they have {} to {}; the busiest has \
         {max_over_mean:.2} times an even share, variation {:.1} %",
        paint.text(style, word),
        total as f64 / count as f64,
        requests().min().unwrap_or_default(),
        requests().max().unwrap_or_default(),
        100.0 * coefficient_of_variation,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars() {
        for (requests, most, room, expected) in [
            (100, 100, 4, "████"),
            (50, 100, 4, "██"),
            (0, 100, 4, ""),
            (1, 100, 4, ""),
            (3, 100, 4, "▏"),
            (60, 100, 4, "██▍"),
            (0, 0, 4, ""),
        ] {
            assert_eq!(bar(requests, most, room), expected, "{requests} of {most}");
        }
    }
}
