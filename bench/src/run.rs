//! `bench run`: all contenders, in alternation.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use bench::corpus::Kind;
use clap::Args;

use crate::Result;
use crate::anew::read_anew;
use crate::contender::{Contender, Group, Programs};
use crate::corpora::Corpora;
use crate::measure::{self, Cost, median};
use crate::report::{self, Report};

/// How often the ten lines are read.
const SMALL_ROUNDS: usize = 50;

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The size of each corpus in MB; the compressed ones hold a quarter of it
    #[arg(long, value_name = "MB", default_value_t = 200)]
    size_mb: u64,

    /// The seed of the corpora
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How often each contender runs, the warm-up not counted
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Run only groups whose file or title contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Where the corpora are kept
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,

    /// The logcollector to measure [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    logcollector: Option<PathBuf>,

    /// Write the table between the markers of this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// What the contenders of a group cost.
#[derive(Debug)]
pub(crate) struct GroupCosts {
    pub(crate) group: Group,
    pub(crate) bytes: u64,
    /// One for each contender of the group.
    pub(crate) costs: Vec<Costs>,
}

/// Medians of a contender's runs, for one pass over the file. The memory is the most of all runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    pub(crate) peak_memory: u64,
}

/// Runs everything and prints the table.
pub(crate) fn run(args: &RunArgs) -> Result<()> {
    let programs = Programs::find(args.logcollector.as_deref())?;
    fs::create_dir_all(&args.dir)?;
    let corpora = Corpora::generate(&args.dir.canonicalize()?, args.size_mb, args.seed)?;
    let mut missing = Vec::new();
    let mut groups = programs.groups(&corpora, &mut missing);
    if let Some(only) = &args.only {
        groups.retain(|g| g.title.contains(only) || g.file.to_string_lossy().contains(only));
    }
    let mut measured = Vec::new();
    for group in groups {
        measured.push(measure_group(group, &corpora, args.rounds)?);
    }
    let small = small(&programs, &corpora)?;
    let report =
        Report { size_mb: args.size_mb, rounds: args.rounds, groups: measured, small, missing };
    let table = report.to_string();
    io::stdout().lock().write_all(table.as_bytes())?;
    match &args.markdown {
        Some(path) => report::insert(path, "bench", &table),
        None => Ok(()),
    }
}

fn measure_group(group: Group, corpora: &Corpora, rounds: u32) -> Result<GroupCosts> {
    read_anew(&group.file)?;
    for contender in &group.contenders {
        writeln!(io::stderr(), "warming up: {}", contender.name)?;
        measure::run(&warm_up(contender), corpora.dir())?;
    }
    let mut runs: Vec<Vec<Cost>> = group.contenders.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        writeln!(io::stderr(), "{}: round {round} of {rounds}", group.title)?;
        for (contender, costs) in group.contenders.iter().zip(&mut runs) {
            costs.push(measure::run(&contender.command, corpora.dir())?);
        }
    }
    let costs = group.contenders.iter().zip(&runs).map(|(c, runs)| Costs::of(runs, c.passes));
    Ok(GroupCosts { bytes: fs::metadata(&group.file)?.len(), costs: costs.collect(), group })
}

/// The run that is not counted; where it is ours, it fails if a line could not be read.
fn warm_up(contender: &Contender) -> Vec<String> {
    let mut command = contender.command.clone();
    if contender.ours {
        command.push("--strict".to_owned());
    }
    command
}

impl Costs {
    fn of(runs: &[Cost], passes: u32) -> Self {
        let middle = |duration: fn(&Cost) -> Duration| {
            median(runs.iter().map(duration)).unwrap_or_default() / passes
        };
        Self {
            cpu: middle(|cost| cost.cpu),
            wall: middle(|cost| cost.wall),
            peak_memory: runs.iter().map(|cost| cost.peak_memory).max().unwrap_or_default(),
        }
    }
}

/// The time from start to exit of `parse` with ten lines in a pipe.
fn small(programs: &Programs, corpora: &Corpora) -> Result<Duration> {
    let lines = Kind::Istio.records(corpora.seed(), 10);
    let command = programs.small().command;
    let mut walls = Vec::new();
    for _ in 0..=SMALL_ROUNDS {
        walls.push(measure::run_with_input(&command, corpora.dir(), &lines)?.wall);
    }
    Ok(median(walls.into_iter().skip(1)).unwrap_or_default())
}
