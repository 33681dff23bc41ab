//! `bench who`: what `telemetry who` costs on a large cluster's manifests.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use bench::cluster::{Size, write_json, write_yaml};
use clap::Args;

use crate::Result;
use crate::contender::Programs;
use crate::measure::{self, Cost, median};

#[derive(Debug, Args)]
pub(crate) struct WhoArgs {
    /// How many pods the largest cluster has; a half and a quarter of it are measured beside it
    #[arg(long, default_value_t = 10_000)]
    pods: usize,

    /// How many Telemetry objects it has
    #[arg(long, default_value_t = 1000)]
    telemetries: usize,

    /// How often each cluster is read, the warm-up not counted
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Where the manifests are kept
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,

    /// The logcollector to measure [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    logcollector: Option<PathBuf>,
}

/// Generates the manifests, reads them in alternation, and prints a table.
pub(crate) fn run(args: &WhoArgs) -> Result<()> {
    let programs = Programs::find(args.logcollector.as_deref())?;
    fs::create_dir_all(&args.dir)?;
    let dir = args.dir.canonicalize()?;
    let mut files = Vec::new();
    for part in [4, 2, 1] {
        let size = Size { pods: args.pods / part, telemetries: args.telemetries / part, seed: 1 };
        let path = |extension| dir.join(format!("cluster-{}.{extension}", size.pods));
        let (json, yaml) = (path("json"), path("yaml"));
        write_json(size, &mut BufWriter::new(File::create(&json)?))?;
        write_yaml(size, &mut BufWriter::new(File::create(&yaml)?))?;
        files.extend([(size, json), (size, yaml)]);
    }
    let mut costs: Vec<Vec<Cost>> = files.iter().map(|_| Vec::new()).collect();
    for round in 0..=args.rounds {
        for ((_, file), costs) in files.iter().zip(&mut costs) {
            let cost = measure::run(&programs.who(file), &dir)?;
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let mut out = io::stdout().lock();
    writeln!(out, "| manifests | pods | Telemetry | MB | CPU s | wall s | peak MiB |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    for ((size, file), costs) in files.iter().zip(&costs) {
        let cpu = median(costs.iter().map(|cost| cost.cpu)).unwrap_or_default();
        let wall = median(costs.iter().map(|cost| cost.wall)).unwrap_or_default();
        let memory = costs.iter().map(|cost| cost.peak_memory).max().unwrap_or_default();
        let extension = file.extension().unwrap_or_default().display();
        let megabytes = fs::metadata(file)?.len() / 1_000_000;
        writeln!(
            out,
            "| {extension} | {} | {} | {megabytes} | {:.2} | {:.2} | {} |",
            size.pods,
            size.telemetries,
            cpu.as_secs_f64(),
            wall.as_secs_f64(),
            memory >> 20,
        )?;
    }
    Ok(())
}
