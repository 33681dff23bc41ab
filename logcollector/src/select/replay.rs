//! Replay: what loggers would have kept of recorded logs.

use std::collections::BTreeSet;

use accesslog::Record;
use expression::{Expression, Verdict};
use sidecar::{Direction, PodAddress, classify};

use super::{Filters, Tally};
use crate::error::Error;

/// The access loggers of one side of a proxy.
#[derive(Debug)]
pub(crate) struct Loggers {
    /// A filter for each logger that has one.
    filters: Vec<Filters>,
    /// Whether a logger has none, and so keeps all.
    unfiltered: bool,
}

impl Loggers {
    /// Loggers with these filters; one without keeps everything, and no logger keeps nothing.
    pub(crate) fn new(filters: impl IntoIterator<Item = Option<Expression>>) -> Self {
        let mut loggers = Self { filters: Vec::new(), unfiltered: false };
        for filter in filters {
            match filter {
                Some(expression) => loggers.filters.push(Filters::new(expression)),
                None => loggers.unfiltered = true,
            }
        }
        loggers
    }

    /// A record is kept when any of the loggers writes it.
    fn judge(
        &mut self,
        index: usize,
        record: &Record<'_>,
        learn: &mut Learned,
    ) -> Result<Verdict, Error> {
        if self.unfiltered {
            return Ok(Verdict::Kept);
        }
        let mut verdict = Verdict::LeftOut;
        for filters in &mut self.filters {
            let met = |_: &Expression, filter: &expression::Filter| {
                learn.take(filter);
                Ok(())
            };
            match filters.of(index, record.format(), met)?.judge(record) {
                Verdict::Kept => return Ok(Verdict::Kept),
                Verdict::CannotTell => verdict = Verdict::CannotTell,
                Verdict::LeftOut => {}
            }
        }
        Ok(verdict)
    }
}

/// What the formats of the logs do not tell.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// Attributes that no field carries.
    pub(crate) missing: BTreeSet<String>,
    /// What is read from something that is only nearly the same, in sentences.
    pub(crate) approximations: BTreeSet<String>,
}

impl Learned {
    fn take(&mut self, filter: &expression::Filter) {
        self.missing.extend(filter.missing().iter().map(|missing| missing.path().to_owned()));
        let near = filter.approximations().iter();
        self.approximations.extend(near.map(|near| format!("`{}` {}", near.path(), near.why())));
    }
}

/// Counts what the loggers of a proxy would have kept.
#[derive(Debug)]
pub(crate) struct Replay {
    client: Loggers,
    /// The server side, where it differs.
    server: Option<Loggers>,
    /// The address of the pod, which helps to tell the sides.
    address: Option<PodAddress>,
    pub(crate) tally: Tally,
    pub(crate) learned: Learned,
}

impl Replay {
    /// One set of loggers for all records.
    pub(crate) fn alike(loggers: Loggers) -> Self {
        Self {
            client: loggers,
            server: None,
            address: None,
            tally: Tally::default(),
            learned: Learned::default(),
        }
    }

    /// Loggers for calls that the pod with this address makes and for calls that it takes.
    pub(crate) fn sides(client: Loggers, server: Loggers, address: PodAddress) -> Self {
        Self { server: Some(server), address: Some(address), ..Self::alike(client) }
    }

    /// Counts a record.
    pub(super) fn count(
        &mut self,
        index: usize,
        record: &Record<'_>,
        line: &[u8],
    ) -> Result<(), Error> {
        let verdict = self.judge(index, record)?;
        self.tally.count(record, line, verdict);
        Ok(())
    }

    fn judge(&mut self, index: usize, record: &Record<'_>) -> Result<Verdict, Error> {
        let Self { client, server, address, learned, .. } = self;
        let Some(server) = server else { return client.judge(index, record, learned) };
        Ok(match classify(record, *address).direction {
            Some(Direction::Outbound) => client.judge(index, record, learned)?,
            Some(Direction::Inbound) => server.judge(index, record, learned)?,
            None => {
                let client = client.judge(index, record, learned)?;
                let server = server.judge(index, record, learned)?;
                if client == server { client } else { Verdict::CannotTell }
            }
        })
    }
}
