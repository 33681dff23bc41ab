//! Which providers log to the container's log, beside those that log already.

use std::sync::Arc;

use expression::{Expression, FindingKind};
use mesh::MeshConfigSource;

use super::Refusal;
use crate::attach::View;
use crate::decide::{Attached, DecidedBy, Decision};
use crate::entry::{self, Entry};
use crate::logger::{Logger, Sink};
use crate::object::Side;
use crate::who::Row;

/// Refuses a filter that Envoy does not load, or that asks for what never is.
pub(super) fn check_filter(filter: Option<&str>) -> Result<(), Refusal> {
    let Some(filter) = filter else { return Ok(()) };
    let expression = Expression::parse(filter).map_err(Refusal::Syntax)?;
    let mut findings = expression.findings();
    findings.retain(|it| {
        let unknown = matches!(it.kind(), FindingKind::UnknownAttribute { .. });
        unknown || it.severity() == expression::Severity::Error
    });
    if findings.is_empty() { Ok(()) } else { Err(Refusal::Filter(findings)) }
}

/// The logger by which a side logs as asked already: to the container's log, everything or what the
/// same filter keeps.
pub(super) fn asked<'d>(decision: &'d Decision, filter: Option<&str>) -> Option<&'d Attached> {
    let mut to_container = decision.loggers.iter().filter(|it| it.logger.is_container_log());
    to_container.find(|it| it.filter.is_none() || it.filter.as_deref() == filter)
}

/// The filter that keeps what either keeps: an error of one side does not count where the other is
/// true. No filter keeps everything.
pub(super) fn either(there: &str, asked: Option<&str>) -> Option<String> {
    asked.map(|asked| format!("({there}) || ({asked})"))
}

/// The sides of a row.
pub(super) fn sides(row: &Row) -> impl Iterator<Item = (Side, &Arc<Decision>)> {
    let client = row.client.as_ref().map(|it| (Side::Client, it));
    client.into_iter().chain(row.server.as_ref().map(|it| (Side::Server, it)))
}

/// What an object is written for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) mesh_config: MeshConfigSource<'a>,
    pub(super) workload: &'a str,
    pub(super) filter: Option<&'a str>,
}

impl Wish<'_> {
    /// The entries under which a row logs as asked, and to everything that it logs to now: naming a
    /// provider puts out all others.
    pub(super) fn entries(&self, row: &Row) -> Result<Vec<Entry>, Refusal> {
        let by_side: Result<Vec<_>, Refusal> = sides(row)
            .map(|(side, decision)| Ok((side, self.entries_of_side(row, decision)?)))
            .collect();
        Ok(entry::of_sides(by_side?))
    }

    fn entries_of_side(&self, row: &Row, decision: &Decision) -> Result<Vec<Entry>, Refusal> {
        let on = asked(decision, self.filter).is_some();
        if on && decision.decided_by == DecidedBy::MeshConfigFallback {
            // MeshConfig's own loggers go on as long as no provider is named for their side.
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for attached in &decision.loggers {
            entries.push(self.present(attached)?);
        }
        if on {
            return Ok(entries);
        }
        let there = decision.loggers.iter().position(|it| it.logger.is_container_log());
        match there.and_then(|at| entries.get_mut(at)) {
            Some(entry) => entry.filter = self.widened(entry.filter.as_deref())?,
            None => entries
                .push(Entry::on(self.provider(row, decision)?, self.filter.map(str::to_owned))),
        }
        Ok(entries)
    }

    /// An entry under which a logger goes on as it is.
    fn present(&self, attached: &Attached) -> Result<Entry, Refusal> {
        let filter = attached.filter.as_deref().map(str::to_owned);
        if let Some(provider) = &attached.logger.provider {
            return Ok(Entry::on(provider.clone(), filter));
        }
        let same =
            |it: &&Arc<Logger>| it.sink == attached.logger.sink && self.view.providers.is_found(it);
        let same = self.view.providers.loggers().find(same).and_then(|it| it.provider.clone());
        let dropped = || Refusal::WouldDrop {
            workload: self.workload.to_owned(),
            logger: attached.logger.describe(),
        };
        Ok(Entry::on(same.ok_or_else(dropped)?, filter))
    }

    /// The filter of a logger that keeps less than asked.
    fn widened(&self, there: Option<&str>) -> Result<Option<String>, Refusal> {
        let Some(there) = there else { return Ok(None) };
        let Some(both) = either(there, self.filter) else { return Ok(None) };
        let refused =
            |because: String| Refusal::FiltersDoNotJoin { filter: there.to_owned(), because };
        let expression = Expression::parse(&both).map_err(|error| refused(error.to_string()))?;
        match expression.findings().iter().find(|it| it.is_refused_by_envoy()) {
            Some(finding) => Err(refused(finding.to_string())),
            None => Ok(Some(both)),
        }
    }

    /// A provider for the container's log: one that is turned off or that the other side has, else one
    /// of the default providers, else the mesh's own, else the builtin.
    fn provider(&self, row: &Row, decision: &Decision) -> Result<String, Refusal> {
        let providers = &self.view.providers;
        let disabled = decision.disabled_providers.iter();
        let of_row = sides(row).flat_map(|(_, it)| &it.loggers);
        let of_row = of_row.filter_map(|it| it.logger.provider.as_ref());
        let defaults = &self.view.mesh().default_access_logging;
        let named = disabled.chain(of_row).chain(defaults);
        let named = named.filter_map(|name| providers.find(name).ok());
        let mut usable = named
            .filter(|it| providers.is_for_container_log(it))
            .chain(providers.for_container_log());
        usable.find_map(|it| it.provider.clone()).ok_or_else(|| self.no_provider())
    }

    fn no_provider(&self) -> Refusal {
        let taken = |name: &str| {
            let providers = &self.view.mesh().extension_providers;
            providers.iter().any(|it| it.name.eq_ignore_ascii_case(name))
        };
        let name = (1..).map(|n| match n {
            1 => "container-log".to_owned(),
            n => format!("container-log-{n}"),
        });
        let name = name.into_iter().find(|name| !taken(name)).unwrap_or_default();
        let mesh_config = match self.mesh_config {
            MeshConfigSource::File(origin) => format!("the MeshConfig of {origin}"),
            MeshConfigSource::ConfigMap(meta) => {
                format!("the MeshConfig of ConfigMap {}", meta.qualified_name())
            }
            MeshConfigSource::Defaults => "MeshConfig".to_owned(),
        };
        let snippet = format!(
            "extensionProviders:\n- name: {name}\n  envoyFileAccessLog:\n    path: /dev/stdout\n"
        );
        Refusal::NoProvider { mesh_config, snippet }
    }
}

/// Whether a logger goes on: it is there with the same filter, or with one that keeps more.
pub(super) fn goes_on(before: &Attached, after: &Decision, asked: Option<&str>) -> bool {
    let wider = |filter: Option<&str>| {
        filter.is_none()
            || filter == before.filter.as_deref()
            || before.filter.as_deref().is_some_and(|there| {
                before.logger.is_container_log() && either(there, asked).as_deref() == filter
            })
    };
    let same = |sink: &Sink| *sink == before.logger.sink;
    after.loggers.iter().any(|it| same(&it.logger.sink) && wider(it.filter.as_deref()))
}
