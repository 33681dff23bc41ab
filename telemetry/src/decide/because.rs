//! What decided, in words.

use super::{Because, DecidedBy, Decision, Resolved};
use crate::attach::{Level, LevelKind, View};
use crate::logger::Unresolved;
use crate::merge::{Effect, EntryId, Merged, Names, Step};
use crate::object::{Mode, Side, Telemetry};

/// What the words of a decision are about.
pub(crate) struct Words<'a> {
    pub(crate) view: &'a View<'a>,
    /// All levels.
    pub(crate) levels: &'a [Level<'a>],
    /// Those that have entries, to which the indexes of steps refer.
    pub(crate) counted: &'a [&'a Level<'a>],
    pub(crate) side: Side,
}

impl Words<'_> {
    /// Everything that had to do with a decision, in order.
    pub(crate) fn because(
        &self,
        merged: &Merged<'_>,
        resolved: &[Resolved<'_, '_>],
        decision: &Decision,
    ) -> Vec<Because> {
        let mut because = Vec::new();
        let mut index = 0;
        for level in self.levels {
            let order = self.order(level).into_iter();
            because.extend(order.map(|effect| about(level, None, effect)));
            if level.telemetry.access_logging.is_empty() {
                let effect = format!("{} has no accessLogging and is skipped", level.kind.as_str());
                because.push(about(level, None, effect));
                continue;
            }
            let steps = merged.steps.iter().filter(|step| step.level == index);
            because.extend(steps.map(|step| about(level, step.entry, self.effect(step))));
            index += 1;
        }
        because.extend(self.unresolved(merged, resolved));
        because.extend(self.mesh_config(decision));
        because
    }

    /// What the order of objects had to do with a level.
    fn order(&self, level: &Level<'_>) -> Vec<String> {
        let rivals: Vec<&Telemetry> = match level.kind {
            LevelKind::Workload => self.rivals(level),
            _ => self.view.shadowed(&level.telemetry.meta.namespace).collect(),
        };
        if rivals.is_empty() {
            return Vec::new();
        }
        let names: Vec<String> = rivals.iter().map(|it| it.meta.qualified_name()).collect();
        let names = clip(&names);
        let mut effects = vec![match level.kind {
            LevelKind::Workload => format!(
                "attaches to the workload beside {names}; the newer overrides the older, but where \
                 others attach to other pods as well, istiod may give one pod the result of another"
            ),
            _ => format!(
                "is the oldest of {} objects of the whole namespace; {names} count{} for nothing",
                rivals.len() + 1,
                if rivals.len() == 1 { "s" } else { "" }
            ),
        }];
        let all = rivals.into_iter().chain([level.telemetry]);
        let undated = all.filter(|it| it.meta.created.is_none()).count();
        if undated > 0 {
            effects.push(format!(
                "{undated} of these objects have no creationTimestamp and count as newer than the \
                 others, then by name; in a cluster their age decides"
            ));
        }
        effects
    }

    /// The older objects that attach to a workload beside its last one.
    fn rivals(&self, level: &Level<'_>) -> Vec<&Telemetry> {
        let last = self.levels.last().is_some_and(|last| std::ptr::eq(last, level));
        let workload = self.levels.iter().filter(|other| other.kind == LevelKind::Workload);
        let others = workload.filter(|other| last && !std::ptr::eq(*other, level));
        others.map(|other| other.telemetry).collect()
    }

    fn effect(&self, step: &Step<'_>) -> String {
        match &step.effect {
            Effect::Replaces { dropped } => format!(
                "names providers of its own for this side, so that {} drop{} out",
                quoted(dropped),
                if dropped.len() == 1 { "s" } else { "" }
            ),
            Effect::OtherSide { mode } => format!("is for the {} only", side_of(*mode)),
            Effect::On { provider, filter: None, from, .. } => {
                format!("turns `{provider}` on, without a filter{}", self.inherited(*from))
            }
            Effect::On { provider, filter: Some(filter), filter_from, from } => format!(
                "turns `{provider}` on with the filter `{filter}`{}{}",
                filter_from.map_or(String::new(), |id| format!(" of {}", self.name(id))),
                self.inherited(*from)
            ),
            Effect::Off { provider, from } => {
                format!("turns `{provider}` off{}", self.inherited(*from))
            }
            Effect::OutOfScope { provider, by } => format!(
                "`{provider}` does not count: {} others for the {} side",
                by.and_then(|level| self.counted.get(level)).map_or(
                    "no entry names a provider for this side and the default providers are".into(),
                    |level| format!("{} names", level.telemetry.meta.qualified_name())
                ),
                self.side.as_str()
            ),
            Effect::NoProvider => {
                "names no provider and there is none to inherit: it does nothing".to_owned()
            }
            Effect::FilterIgnored { filter } => {
                format!(
                    "its filter `{filter}` counts for nothing, as it names no provider beside it"
                )
            }
        }
    }

    fn inherited(&self, from: Names) -> String {
        match from {
            Names::Own => String::new(),
            Names::Inherited(id) => format!(", which it inherits from {}", self.name(id)),
            Names::Defaults => ", which it inherits from MeshConfig's defaultProviders".to_owned(),
        }
    }

    fn name(&self, id: EntryId) -> String {
        let name = self.counted.get(id.level).map(|level| level.telemetry.meta.qualified_name());
        format!("{} entry {}", name.unwrap_or_default(), id.entry)
    }

    /// Providers that take part and come to no logger.
    fn unresolved<'s>(
        &'s self,
        merged: &'s Merged<'_>,
        resolved: &'s [Resolved<'_, '_>],
    ) -> impl Iterator<Item = Because> + 's {
        resolved.iter().filter_map(|provider| {
            let mut effect =
                format!("`{}` logs nothing: {}", provider.name, provider.logger.err()?);
            if let Err(Unresolved::Unknown) = provider.logger
                && let Some(close) = self.view.providers.closest(provider.name)
            {
                effect.push_str(&format!("; did you mean `{close}`?"));
            }
            let by = merged.providers.get(provider.name).and_then(|spec| spec.by);
            let level = by.and_then(|id| Some((self.counted.get(id.level)?, id.entry)));
            Some(match level {
                Some((level, entry)) => about(level, Some(entry), effect),
                None => mesh_config(effect),
            })
        })
    }

    fn mesh_config(&self, decision: &Decision) -> Vec<Because> {
        let mesh = self.view.mesh();
        match decision.decided_by {
            DecidedBy::DefaultProviders => {
                let names: Vec<&str> =
                    mesh.default_access_logging.iter().map(String::as_str).collect();
                let effect = format!(
                    "no Telemetry has accessLogging here, so that the default providers {} log",
                    quoted(&names)
                );
                vec![mesh_config(effect)]
            }
            DecidedBy::MeshConfigFallback => {
                let mut because = vec![match mesh.access_log_file.as_str() {
                    "" => mesh_config("no provider logs, and accessLogFile is empty".to_owned()),
                    file => mesh_config(format!(
                        "no provider counts, so that accessLogFile `{file}` does"
                    )),
                }];
                if mesh.enable_envoy_access_log_service {
                    let effect =
                        "enableEnvoyAccessLogService sends to the proxy's access log service";
                    because.push(mesh_config(effect.to_owned()));
                }
                because
            }
            DecidedBy::Telemetry if !mesh.access_log_file.is_empty() => {
                let effect = format!(
                    "accessLogFile `{}` does not count beside a Telemetry whose provider is known",
                    mesh.access_log_file
                );
                vec![mesh_config(effect)]
            }
            DecidedBy::Telemetry | DecidedBy::NoEnvoy => Vec::new(),
        }
    }
}

fn side_of(mode: Mode) -> &'static str {
    match mode {
        Mode::ClientAndServer => "client and the server side",
        Mode::Client => "client side",
        Mode::Server => "server side",
    }
}

fn about(level: &Level<'_>, entry: Option<usize>, effect: String) -> Because {
    Because { object: level.telemetry.meta.qualified_name(), entry, effect }
}

fn mesh_config(effect: String) -> Because {
    Because { object: "MeshConfig".to_owned(), entry: None, effect }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The first few of many names.
pub(crate) fn clip(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.get(..SHOWN) {
        Some(shown) if names.len() > SHOWN => {
            format!("{} and {} more", shown.join(", "), names.len() - SHOWN)
        }
        _ => names.join(", "),
    }
}
