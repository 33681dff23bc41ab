//! What the entries of all levels come to, for one side of a proxy.
//!
//! Follows `mergeLogs` of Istio's `pilot/pkg/model/telemetry.go`, and notes on the way what each entry
//! did. The function is pure: levels in, providers out.

use std::collections::{BTreeMap, BTreeSet};

use crate::object::{AccessLogging, Mode, Side};

/// An entry, by the index of its level and its own index in `accessLogging`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryId {
    pub(crate) level: usize,
    pub(crate) entry: usize,
}

/// What the levels come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Merged<'a> {
    /// The providers that take part, by the name that the entry gave.
    pub(crate) providers: BTreeMap<&'a str, Spec<'a>>,
    /// What happened, in order.
    pub(crate) steps: Vec<Step<'a>>,
}

/// What was decided for a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spec<'a> {
    pub(crate) disabled: bool,
    pub(crate) filter: Option<&'a str>,
    /// The entry that decided last; `None` for a default provider without any level.
    pub(crate) by: Option<EntryId>,
}

/// Something that an entry did, or a whole level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    pub(crate) level: usize,
    /// `None` for what the level does as a whole.
    pub(crate) entry: Option<usize>,
    pub(crate) effect: Effect<'a>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect<'a> {
    /// The level names providers, and those named or inherited before are out of it.
    Replaces { dropped: Vec<&'a str> },
    /// The entry is for the other side.
    OtherSide { mode: Mode },
    /// The entry turns a provider on; `filter` comes from the last entry that names the provider.
    On { provider: &'a str, filter: Option<&'a str>, filter_from: Option<EntryId>, from: Names },
    /// The entry turns a provider off.
    Off { provider: &'a str, from: Names },
    /// A later level names others, so that the provider is not looked at.
    OutOfScope { provider: &'a str, by: Option<usize> },
    /// The entry names no provider and there is none to inherit.
    NoProvider,
    /// The entry has a filter but names no provider, so that the filter counts for nothing.
    FilterIgnored { filter: &'a str },
}

/// Where the providers of an entry come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// The entry names them.
    Own,
    /// The entry before it that names some.
    Inherited(EntryId),
    /// `defaultProviders.accessLogging`.
    Defaults,
}

/// The providers that count, and the filters that named entries give them.
struct Scope<'a> {
    names: BTreeSet<&'a str>,
    /// The level that names them; `None` for the default providers.
    level: Option<usize>,
    filters: BTreeMap<&'a str, (Option<&'a str>, EntryId)>,
}

/// Merges the levels for `side`; the later override the earlier.
pub(crate) fn merge<'a>(
    levels: &[&'a [AccessLogging]],
    defaults: &'a [String],
    side: Side,
) -> Merged<'a> {
    let mut merged = Merged { providers: BTreeMap::new(), steps: Vec::new() };
    if levels.is_empty() {
        let spec = Spec { disabled: false, filter: None, by: None };
        merged.providers = defaults.iter().map(|name| (name.as_str(), spec)).collect();
        return merged;
    }
    let mut replaced = Vec::new();
    let scope = scope(levels, defaults, side, &mut replaced);
    let mut parent = (defaults, Names::Defaults);
    for (level, entries) in levels.iter().enumerate() {
        merged.steps.extend(replaced.extract_if(.., |step| step.level == level));
        for (entry, logging) in entries.iter().enumerate() {
            let id = EntryId { level, entry };
            let (names, from) = match logging.providers.as_slice() {
                [] => parent,
                own => (own, Names::Own),
            };
            parent = match from {
                Names::Own => (names, Names::Inherited(id)),
                _ => parent,
            };
            merged.apply(id, logging, names, from, &scope, side);
        }
    }
    merged
}

impl<'a> Merged<'a> {
    fn apply(
        &mut self,
        id: EntryId,
        logging: &'a AccessLogging,
        names: &'a [String],
        from: Names,
        scope: &Scope<'a>,
        side: Side,
    ) {
        if !logging.mode.applies_to(side) {
            self.note(id, Effect::OtherSide { mode: logging.mode });
            return;
        }
        if let (Some(filter), []) = (&logging.filter, logging.providers.as_slice()) {
            self.note(id, Effect::FilterIgnored { filter });
        }
        if names.is_empty() {
            self.note(id, Effect::NoProvider);
        }
        for name in names {
            self.provider(id, logging.disabled, name, from, scope);
        }
    }

    fn provider(
        &mut self,
        id: EntryId,
        disabled: bool,
        provider: &'a str,
        from: Names,
        scope: &Scope<'a>,
    ) {
        if !scope.names.contains(provider) {
            self.note(id, Effect::OutOfScope { provider, by: scope.level });
            return;
        }
        let named = scope.filters.get(provider);
        let filter = named.filter(|_| !disabled).and_then(|(filter, _)| *filter);
        self.providers.insert(provider, Spec { disabled, filter, by: Some(id) });
        let effect = match disabled {
            true => Effect::Off { provider, from },
            false => {
                let filter_from = named.map(|(_, by)| *by).filter(|by| *by != id);
                Effect::On { provider, filter, filter_from, from }
            }
        };
        self.note(id, effect);
    }

    fn note(&mut self, id: EntryId, effect: Effect<'a>) {
        self.steps.push(Step { level: id.level, entry: Some(id.entry), effect });
    }
}

/// Which providers count for `side`: those of the last level that names any for it.
fn scope<'a>(
    levels: &[&'a [AccessLogging]],
    defaults: &'a [String],
    side: Side,
    steps: &mut Vec<Step<'a>>,
) -> Scope<'a> {
    let names = defaults.iter().map(String::as_str).collect();
    let mut scope = Scope { names, level: None, filters: BTreeMap::new() };
    for (level, entries) in levels.iter().enumerate() {
        let mut names = BTreeSet::new();
        for (entry, logging) in entries.iter().enumerate() {
            if !logging.mode.applies_to(side) {
                continue;
            }
            for name in &logging.providers {
                names.insert(name.as_str());
                let filter = logging.filter.as_deref();
                scope.filters.insert(name, (filter, EntryId { level, entry }));
            }
        }
        if names.is_empty() {
            continue;
        }
        let dropped: Vec<&str> = scope.names.difference(&names).copied().collect();
        if !dropped.is_empty() {
            steps.push(Step { level, entry: None, effect: Effect::Replaces { dropped } });
        }
        scope.names = names;
        scope.level = Some(level);
    }
    scope
}

#[cfg(test)]
mod tests;
