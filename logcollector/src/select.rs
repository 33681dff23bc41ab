//! Selection: which records go on, or would have gone on, by Envoy filter expressions.

mod balance;
mod collect;
mod replay;
mod tally;

use accesslog::{Format, Record};
use expression::{Expression, Filter, Finding, FindingKind, Severity, Verdict};

use crate::enrich::Enriched;
use crate::error::{Error, Marked};
use crate::notes::Notes;
use crate::paint::Paint;
pub(crate) use balance::Balancer;
pub(crate) use collect::Collector;
pub(crate) use replay::{Loggers, Replay};
pub(crate) use tally::{Counts, Tally};

/// Where the expressions of options come from, in what is said about them.
pub(crate) const WHERE: &str = "--where";

/// Reads an expression that an option gave. What Envoy would not load is an error; what is doubtful
/// in it is said on standard error.
pub(crate) fn expression(option: &str, text: &str, notes: &Notes) -> Result<Expression, Error> {
    let expression = Expression::parse(text).map_err(|error| {
        let place = error.offset()..error.offset() + error.length();
        Error::Marked(Box::new(Marked::new(
            "the expression is not CEL",
            (option, text),
            &[(place, error.to_string())],
            error.suggestion().map(|instead| format!("write `{instead}`")),
        )))
    })?;
    for finding in expression.findings() {
        if finding.is_refused_by_envoy() {
            let refused = marked("Envoy refuses to load this filter", option, text, &finding);
            return Err(Error::Marked(Box::new(refused)));
        }
        // That there is no response code on TCP is no surprise to who looks for one.
        let expected = matches!(finding.kind(), FindingKind::HttpOnly { .. });
        if !expected && finding.severity() <= Severity::Warning {
            let doubtful = marked("this is not what it seems", option, text, &finding);
            let shown = doubtful.render("warning:", Paint::stderr());
            notes.print(shown.unwrap_or_default().trim_end());
        }
    }
    Ok(expression)
}

fn marked(message: &str, option: &str, text: &str, finding: &Finding) -> Marked {
    let place = (finding.span(), finding.to_string());
    Marked::new(
        message,
        (option, text),
        &[place],
        finding.instead().map(|instead| format!("write `{instead}`")),
    )
}

/// An expression for each format that it meets.
#[derive(Debug)]
pub(crate) struct Filters {
    expression: Expression,
    /// By the format's index.
    filters: Vec<Option<Filter>>,
}

impl Filters {
    /// Filters of an expression.
    pub(crate) fn new(expression: Expression) -> Self {
        Self { expression, filters: Vec::new() }
    }

    /// The filter for a format with this index; `met` is called with a new one.
    pub(crate) fn of(
        &mut self,
        index: usize,
        format: &Format,
        met: impl FnOnce(&Expression, &Filter) -> Result<(), Error>,
    ) -> Result<&Filter, Error> {
        if self.filters.len() <= index {
            self.filters.resize_with(index + 1, || None);
        }
        let slot = &mut self.filters[index];
        if let Some(filter) = slot {
            return Ok(filter);
        }
        let filter = self.expression.bind(format);
        met(&self.expression, &filter)?;
        Ok(slot.insert(filter))
    }
}

/// What is done with records before they reach the sink.
#[derive(Debug)]
pub(crate) enum Selection {
    /// Some of them go on.
    Where(Where),
    /// All of them go on, and it is counted which would have.
    Replay(Box<Replay>),
    /// All of them go on, and the calls that they tell of are collected.
    Collect(Box<Collector>),
    /// All of them go on, and it is counted how they are spread over upstream hosts.
    Balance(Box<Balancer>),
}

impl Selection {
    /// Whether a record, read from `line` with the format of this index, goes on. Calls are collected and
    /// spread where the traffic is known.
    ///
    /// # Errors
    ///
    /// When the format cannot carry an attribute that `--where` asks for.
    pub(crate) fn keeps(
        &mut self,
        index: usize,
        record: &Record<'_>,
        line: &[u8],
        traffic: Option<&Enriched<'_>>,
    ) -> Result<bool, Error> {
        match self {
            Self::Where(chosen) => chosen.keeps(index, record),
            Self::Replay(replay) => replay.count(index, record, line).map(|()| true),
            Self::Collect(collector) => {
                if let Some(traffic) = traffic {
                    collector.add(traffic, record, line);
                }
                Ok(true)
            }
            Self::Balance(balancer) => {
                if let Some(traffic) = traffic {
                    balancer.add(traffic, record);
                }
                Ok(true)
            }
        }
    }

    /// The filters of `--where`, by the index of their format; `None` for another selection.
    pub(crate) fn filters(&self) -> Option<&[Option<Filter>]> {
        match self {
            Self::Where(chosen) => Some(&chosen.filters.filters),
            Self::Replay(_) | Self::Collect(_) | Self::Balance(_) => None,
        }
    }

    /// Counts records that were kept elsewhere because their lines do not tell.
    pub(crate) fn add_undecided(&mut self, count: u64) {
        if let Self::Where(chosen) = self {
            chosen.undecided += count;
        }
    }

    /// What the user should know at the end.
    pub(crate) fn remark(&self) -> Option<String> {
        match self {
            Self::Where(Where { undecided: count @ 1.., .. }) => Some(format!(
                "{WHERE}: {count} of the records are there because their lines do not tell"
            )),
            Self::Where(_) | Self::Replay(_) | Self::Collect(_) | Self::Balance(_) => None,
        }
    }
}

/// Chooses records by a CEL expression.
#[derive(Debug)]
pub(crate) struct Where {
    filters: Filters,
    /// How many records were kept because their lines do not tell.
    undecided: u64,
}

impl Where {
    /// Keeps what `expression` keeps.
    pub(crate) fn new(expression: Expression) -> Self {
        Self { filters: Filters::new(expression), undecided: 0 }
    }

    /// A record whose line does not tell goes on.
    fn keeps(&mut self, index: usize, record: &Record<'_>) -> Result<bool, Error> {
        let filter = self.filters.of(index, record.format(), check)?;
        Ok(match filter.judge(record) {
            Verdict::Kept => true,
            Verdict::LeftOut => false,
            Verdict::CannotTell => {
                self.undecided += 1;
                true
            }
        })
    }

    /// Sees that a format carries all that the expression asks for.
    pub(crate) fn check(&mut self, index: usize, format: &Format) -> Result<(), Error> {
        self.filters.of(index, format, check).map(drop)
    }
}

fn check(expression: &Expression, filter: &Filter) -> Result<(), Error> {
    if filter.missing().is_empty() {
        return Ok(());
    }
    let places: Vec<_> = filter
        .missing()
        .iter()
        .map(|missing| (missing.span(), format!("no field carries `{}`", missing.path())))
        .collect();
    let mut operators: Vec<&str> =
        filter.missing().iter().flat_map(|it| it.operators()).map(String::as_str).collect();
    operators.sort_unstable();
    operators.dedup();
    let help = (!operators.is_empty())
        .then(|| format!("a format with {} would tell", operators.join(", ")));
    Err(Error::Marked(Box::new(Marked::new(
        "the log's format does not tell what the expression asks for",
        (WHERE, expression.text()),
        &places,
        help,
    ))))
}
