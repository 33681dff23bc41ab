//! Entries that do nothing, and what naming a provider puts out.

use std::collections::BTreeMap;

use super::{Finding, code, entry, finding};
use crate::attach::{Level, LevelKind, View};
use crate::decide::{DecidedBy, Decision};
use crate::logger::Sink;
use crate::merge::{Effect, Merged, merge};
use crate::object::{AccessLogging, Side, Telemetry};

const SIDES: [Side; 2] = [Side::Client, Side::Server];

/// Looks at every object below the wide objects that it stands under.
pub(super) fn check(view: &View<'_>, found: &mut Vec<Finding>) {
    for telemetry in view.seen() {
        let levels = view.above(telemetry);
        check_entries(view, &levels, telemetry, found);
        check_dropped(view, &levels, telemetry, found);
    }
}

/// Entries without providers that come to nothing.
fn check_entries(
    view: &View<'_>,
    above: &[Level<'_>],
    telemetry: &Telemetry,
    found: &mut Vec<Finding>,
) {
    let mut levels: Vec<&[AccessLogging]> = above
        .iter()
        .map(|level| level.telemetry.access_logging.as_slice())
        .filter(|entries| !entries.is_empty())
        .collect();
    let own = levels.len();
    levels.push(&telemetry.access_logging);
    let merged = SIDES.map(|side| merge(&levels, &view.mesh().default_access_logging, side));
    for (index, logging) in telemetry.access_logging.iter().enumerate() {
        if !logging.providers.is_empty() {
            continue;
        }
        if let Some(filter) = &logging.filter {
            let message =
                format!("`{filter}` counts for nothing: the entry names no provider beside it");
            let inherited = merged.iter().find_map(|merged| inherited(merged, own, index));
            let instead = inherited.map(|name| format!("providers: [{{name: {name}}}] beside it"));
            let field = entry(index, "filter");
            found.push(finding(&code::FILTER_IGNORED, telemetry, field, message).instead(instead));
        }
        let mut names = merged.iter().filter_map(|merged| inherited(merged, own, index));
        if !names.any(|name| view.providers.find(name).is_ok()) {
            found.extend(without_effect(telemetry, index, logging));
        }
    }
}

fn without_effect(telemetry: &Telemetry, index: usize, logging: &AccessLogging) -> Option<Finding> {
    let (code, field, what) = match (logging.disabled, &logging.filter) {
        (true, _) => (&code::DISABLED_WITHOUT_EFFECT, "disabled", "turns nothing off"),
        // That its filter is ignored is said already.
        (false, Some(_)) => return None,
        (false, None) => (&code::ENTRY_WITHOUT_EFFECT, "", "turns nothing on"),
    };
    let message = format!("names no provider and inherits none that counts: it {what}");
    let finding = finding(code, telemetry, entry(index, field), message);
    Some(finding.instead(Some("providers: [{name: envoy}] beside it".to_owned())))
}

/// The provider that an entry turns on or off, if it does.
fn inherited<'a>(merged: &Merged<'a>, level: usize, entry: usize) -> Option<&'a str> {
    let own = merged.steps.iter().filter(|it| it.level == level && it.entry == Some(entry));
    own.filter_map(|step| match step.effect {
        Effect::On { provider, .. } | Effect::Off { provider, .. } => Some(provider),
        _ => None,
    })
    .next()
}

/// What logged before the object and does not with it, though the object does not turn it off.
fn check_dropped(
    view: &View<'_>,
    above: &[Level<'_>],
    telemetry: &Telemetry,
    found: &mut Vec<Finding>,
) {
    let kind = LevelKind::Workload;
    let with: Vec<Level<'_>> = above.iter().copied().chain([Level { telemetry, kind }]).collect();
    let mut dropped: BTreeMap<String, Vec<Side>> = BTreeMap::new();
    for side in SIDES {
        let before = Decision::of_levels(view, above, side);
        let after = Decision::of_levels(view, &with, side);
        let gone =
            before.loggers.iter().filter(|it| !is_there(it.logger.provider.as_deref(), &after));
        for attached in gone {
            match (&attached.logger.provider, &attached.logger.sink) {
                (Some(name), _) => dropped.entry(name.clone()).or_default().push(side),
                (None, Sink::File(file)) => {
                    found.extend(file_dropped(telemetry, &file.path, &after))
                }
                (None, _) => {}
            }
        }
    }
    found.extend(dropped.iter().map(|(name, sides)| provider_dropped(telemetry, name, sides)));
}

fn is_there(provider: Option<&str>, after: &Decision) -> bool {
    let logs = after.loggers.iter().any(|it| it.logger.provider.as_deref() == provider);
    logs || provider.is_some_and(|name| after.disabled_providers.iter().any(|it| it == name))
}

fn provider_dropped(telemetry: &Telemetry, name: &str, sides: &[Side]) -> Finding {
    let side = match sides {
        [side] => format!(" on the {} side", side.as_str()),
        _ => String::new(),
    };
    let message =
        format!("`{name}` logged{side} and does not any more, as this object names others");
    let field = "spec.accessLogging".to_owned();
    finding(&code::PROVIDER_DROPPED, telemetry, field, message)
        .instead(Some(format!("an entry with providers: [{{name: {name}}}]")))
}

fn file_dropped(telemetry: &Telemetry, path: &str, after: &Decision) -> Option<Finding> {
    let same = |it: &crate::Attached| matches!(&it.logger.sink, Sink::File(it) if it.path == path);
    let on_purpose = !after.emits || after.loggers.iter().any(same);
    (after.decided_by == DecidedBy::Telemetry && !on_purpose).then(|| {
        let message = format!(
            "nothing is written to accessLogFile `{path}` any more where this object counts"
        );
        let field = "spec.accessLogging".to_owned();
        finding(&code::ACCESS_LOG_FILE_DROPPED, telemetry, field, message)
    })
}
