//! What would be switched on, to be looked at before it is.

use telemetry::Decision;
use telemetry::enable::{Effect, Plan};

use crate::grid::Grid;
use crate::paint::{BOLD, GREEN, Paint};
use crate::visible;

const HEADER: [&str; 6] = ["NAMESPACE", "POD", "SIDE", "NOW", "THEN", "FILTER"];

/// The effects as a table, and the objects as they would be created.
pub(crate) fn plan_text(plan: &Plan, paint: Paint) -> String {
    let mut grid = Grid::new(HEADER);
    for effect in plan.effects() {
        grid.row(row(effect));
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

fn row(effect: &Effect) -> [String; 6] {
    let pod = match &effect.service {
        Some(service) => format!("{} for {service}", effect.pod),
        None => effect.pod.clone(),
    };
    let provider = effect.provider.as_deref().unwrap_or("accessLogFile");
    let then = format!("{provider}: {} as {}", effect.path, effect.format);
    let now = if effect.already_on { then.clone() } else { before(&effect.before) };
    let filter = effect.filter.clone().unwrap_or_default();
    [&effect.namespace, &pod, effect.side, &now, &then, &filter]
        .map(|text: &str| visible::clipped(text.as_bytes(), 80))
}

/// What a side logs now, in short.
fn before(decision: &Decision) -> String {
    let names = decision.loggers.iter().map(|it| it.logger.provider.as_deref());
    let names: Vec<&str> = names.map(|name| name.unwrap_or("MeshConfig")).collect();
    if names.is_empty() { "no".to_owned() } else { names.join(", ") }
}
