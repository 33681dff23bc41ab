//! What would be switched on, to be looked at before it is.

use std::collections::{BTreeMap, BTreeSet};

use telemetry::Decision;
use telemetry::enable::{Effect, Plan};

use crate::grid::Grid;
use crate::paint::{BOLD, GREEN, Paint};
use crate::visible;

const HEADER: [&str; 6] = ["NAMESPACE", "PODS", "SIDE", "NOW", "THEN", "FILTER"];
/// How many pods are named in a row.
const NAMED: usize = 3;

/// The effects as a table, and the objects as they would be created.
pub(crate) fn plan_text(plan: &Plan, paint: Paint) -> String {
    let mut grid = Grid::new(HEADER);
    for (same, (pods, sides)) in rows(plan.effects()) {
        let [namespace, now, then, filter] = same;
        let side =
            if sides.len() > 1 { "both" } else { sides.first().copied().unwrap_or_default() };
        grid.row([namespace, named(&pods), side.to_owned(), now, then, filter]);
    }
    let style = |row: usize, (column, _): (usize, &str)| match (row, column) {
        (0, _) => BOLD,
        (_, 4) => GREEN,
        _ => anstyle::Style::new(),
    };
    let mut text = grid.text(style, paint);
    for object in plan.objects() {
        text.push_str(&format!("---\n{}\n", visible::lines(object.yaml.trim_end())));
        for remark in &object.remarks {
            text.push_str(&format!("# {}\n", visible::text(remark.as_bytes())));
        }
    }
    text
}

/// What is the same of several pods: namespace, now, then, filter.
type Same = [String; 4];

/// The effects, those of many pods together; the sides of a row are those of all its pods.
fn rows(effects: &[Effect]) -> BTreeMap<Same, (Vec<String>, BTreeSet<&'static str>)> {
    let mut sides_of: BTreeMap<(String, Same), BTreeSet<&'static str>> = BTreeMap::new();
    for effect in effects {
        let pod = match &effect.service {
            Some(service) => format!("{} for {service}", effect.pod),
            None => effect.pod.clone(),
        };
        sides_of.entry((pod, same(effect))).or_default().insert(effect.side);
    }
    let mut rows: BTreeMap<Same, (Vec<String>, BTreeSet<&'static str>)> = BTreeMap::new();
    for ((pod, same), sides) in sides_of {
        let row = rows.entry(same).or_default();
        row.0.push(pod);
        row.1.extend(sides);
    }
    rows
}

fn same(effect: &Effect) -> Same {
    let provider = effect.provider.as_deref().unwrap_or("accessLogFile");
    let then = format!("{provider}: {} as {}", effect.path, effect.format);
    let now = if effect.already_on { then.clone() } else { before(&effect.before) };
    let filter = effect.filter.clone().unwrap_or_default();
    [&effect.namespace, &now, &then, &filter].map(|text| visible::clipped(text.as_bytes(), 80))
}

fn named(pods: &[String]) -> String {
    let names: Vec<&str> = pods.iter().take(NAMED).map(String::as_str).collect();
    let more = pods.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    visible::clipped(format!("{}{more}", names.join(", ")).as_bytes(), 120)
}

/// What a side logs now, in short.
fn before(decision: &Decision) -> String {
    let names = decision.loggers.iter().map(|it| it.logger.provider.as_deref());
    let names: Vec<&str> = names.map(|name| name.unwrap_or("MeshConfig")).collect();
    if names.is_empty() { "no".to_owned() } else { names.join(", ") }
}
