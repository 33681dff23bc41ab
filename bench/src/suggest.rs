//! `bench suggest`: what `sidecar suggest` costs on the log of a large mesh.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use bench::calls::{Mesh, write_log, write_objects};
use clap::Args;

use crate::Result;
use crate::contender::Programs;
use crate::measure;

#[derive(Debug, Args)]
pub(crate) struct SuggestArgs {
    /// How many records the largest log has; a tenth of it is measured beside it
    #[arg(long, default_value_t = 10_000_000)]
    records: usize,

    /// How many services the mesh has
    #[arg(long, default_value_t = 5000)]
    services: usize,

    /// How many workloads
    #[arg(long, default_value_t = 2000)]
    workloads: usize,

    /// Where the files are kept
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,

    /// The logcollector to measure [default: the one beside this program]
    #[arg(long, value_name = "PATH")]
    logcollector: Option<PathBuf>,
}

/// Generates objects and logs, reads each log once, and prints a table.
pub(crate) fn run(args: &SuggestArgs) -> Result<()> {
    let programs = Programs::find(args.logcollector.as_deref())?;
    fs::create_dir_all(&args.dir)?;
    let dir = args.dir.canonicalize()?;
    let mesh = Mesh { services: args.services, workloads: args.workloads, seed: 1 };
    let objects = dir.join("mesh.json");
    write_objects(mesh, &mut BufWriter::new(File::create(&objects)?))?;
    let mut out = io::stdout().lock();
    writeln!(out, "| records | MB | CPU s | wall s | peak MiB |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for records in [args.records / 10, args.records] {
        let log = dir.join(format!("calls-{records}.log"));
        write_log(mesh, records, &mut BufWriter::new(File::create(&log)?))?;
        let megabytes = fs::metadata(&log)?.len() / 1_000_000;
        let cost = measure::run(&programs.suggest(&objects, &log), &dir)?;
        fs::remove_file(&log)?;
        let (cpu, wall) = (cost.cpu.as_secs_f64(), cost.wall.as_secs_f64());
        let memory = cost.peak_memory >> 20;
        writeln!(out, "| {records} | {megabytes} | {cpu:.1} | {wall:.1} | {memory} |")?;
    }
    Ok(())
}
