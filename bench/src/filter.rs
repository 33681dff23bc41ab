//! `bench filter`: what the filter costs in the real Envoy.
//!
//! One Envoy for each [variant](variant), all alive at once, answers slices of as many requests, in an
//! order that changes with each round. What counts is the CPU time of Envoy's process, as the kernel
//! accounts it. A variant's cost is the median of its differences from no filter in the same round, so
//! that whatever slows the machine for longer than a round cancels out. All Envoys are started many
//! times, because where the system happens to put a process in memory makes a fifth of the difference.

mod config;
mod envoy;
mod load;
mod table;
mod upstream;
mod variant;

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use bench::rng::Rng;
use clap::{Args, ValueEnum};

use crate::Result;
use crate::report;
use envoy::Envoy;
use load::Load;
use table::{Group, Table};
use upstream::Upstream;
use variant::{Modules, Variant};

/// Long enough for a worker to be done with the end of a request whose response is there.
const SETTLE: Duration = Duration::from_millis(3);

#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// How many slices of each variant are measured after each start
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// How often all Envoys are started
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    starts: u32,

    /// How many requests each Envoy answers before slices count: V8 compiles again what is called often
    #[arg(long, default_value_t = 15_000)]
    warm_up: u32,

    /// How many requests a slice has
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,

    /// Measure only variants whose name contains this, beside those that they are compared with
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Measure requests of this route alone
    #[arg(long)]
    route: Option<Route>,

    /// Where the modules are
    #[arg(long, value_name = "DIR", default_value = "target/filter")]
    modules: PathBuf,

    /// Where other modules of the same names are, to be measured beside them; may be repeated
    #[arg(long, value_name = "DIR")]
    compare: Vec<PathBuf>,

    /// Where the configurations are kept
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,

    /// Write the table between the markers of this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// A variant and the Envoy that runs it.
struct Runner {
    variant: Variant,
    envoy: Envoy,
    load: Load,
}

/// Which route of the configuration requests take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Route {
    /// To the upstream.
    Proxied,
    /// To Envoy's own answer.
    Direct,
}

/// Measures everything and prints the table.
pub(crate) fn run(args: &FilterArgs) -> Result<()> {
    let binary = binary()?;
    let dir = args.dir.join("filter");
    fs::create_dir_all(&dir)?;
    let dir = dir.canonicalize()?;
    let modules = Modules::find(&args.modules, &args.compare, &dir)?;
    let mut variants = variant::all(&modules);
    if let Some(only) = &args.only {
        variants.retain(|v| v.is_base || v.name.contains(only));
    }
    let upstream = Upstream::start()?;
    for variant in &variants {
        variant.check(&binary, upstream.address(), &dir)?;
    }
    let mut routes = vec![Route::Proxied, Route::Direct];
    routes.retain(|route| args.route.is_none_or(|only| only == *route));
    let group = |route| Group::new(route, args.requests, &variants);
    let mut groups: Vec<Group> = routes.into_iter().map(group).collect();
    for start in 1..=args.starts {
        writeln!(io::stderr(), "start {start} of {}", args.starts)?;
        let mut runners = Vec::new();
        for variant in &variants {
            runners.push(Runner::start(variant, &binary, upstream.address(), &dir)?);
        }
        for group in &mut groups {
            measure(&mut runners, group, args)?;
        }
    }
    let table =
        Table { requests: args.requests, rounds: args.rounds * args.starts, groups }.to_string();
    io::stdout().lock().write_all(table.as_bytes())?;
    match &args.markdown {
        Some(path) => report::insert(path, "bench-filter", &table),
        None => Ok(()),
    }
}

/// Slices of all variants of a group, in rounds.
fn measure(runners: &mut [Runner], group: &mut Group, args: &FilterArgs) -> Result<()> {
    let mut runners: Vec<&mut Runner> =
        runners.iter_mut().filter(|runner| runner.variant.takes(group.route)).collect();
    for runner in &mut runners {
        runner.load.run(group.route, args.warm_up)?;
    }
    let mut order: Vec<usize> = (0..runners.len()).collect();
    let mut rng = Rng::new(1);
    for _ in 0..args.rounds {
        shuffle(&mut order, &mut rng);
        for at in &order {
            if let (Some(runner), Some((_, slices))) =
                (runners.get_mut(*at), group.rows.get_mut(*at))
            {
                slices.push(runner.slice(group.route, args.requests)?);
            }
        }
    }
    Ok(())
}

impl Runner {
    fn start(variant: &Variant, binary: &Path, upstream: SocketAddr, dir: &Path) -> Result<Self> {
        let config = config::bootstrap(variant, upstream, Path::new("/dev/null"));
        let envoy = Envoy::start(binary, &config, &dir.join(variant.file_name()))?;
        let load = Load::connect(envoy.listener())?;
        Ok(Self { variant: variant.clone(), envoy, load })
    }

    /// The CPU time of Envoy for so many requests, in nanoseconds.
    fn slice(&mut self, route: Route, requests: u32) -> Result<i64> {
        let before = self.envoy.cpu()?;
        self.load.run(route, requests)?;
        thread::sleep(SETTLE);
        Ok(i64::try_from(self.envoy.cpu()? - before)?)
    }
}

fn shuffle(order: &mut [usize], rng: &mut Rng) {
    for at in (1..order.len()).rev() {
        let other = usize::try_from(rng.below(at as u64 + 1)).unwrap_or_default();
        order.swap(at, other);
    }
}

/// The Envoy to run: `ENVOY_BIN`, else the one that `make envoy` installs.
fn binary() -> Result<PathBuf> {
    let installed = || PathBuf::from("target/envoy/bin/envoy");
    let path = env::var_os("ENVOY_BIN").map_or_else(installed, PathBuf::from);
    let found = path.canonicalize();
    found.map_err(|_| format!("no Envoy at {}: run `make envoy`", path.display()).into())
}
