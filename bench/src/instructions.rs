//! `bench instructions`: instructions a line, which do not depend on how busy the machine is.
//!
//! Each route runs under valgrind's callgrind with two numbers of lines; the difference is divided
//! by the lines that it is for, so that what happens once cancels out.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::corpus::{KEY_VALUE, Kind};
use clap::Args;

use crate::Result;
use crate::lines::{BLOCK, MODES};

/// The two numbers of lines. The first is more than logcollector reads at a time.
const FEW: usize = 2 * BLOCK;
const MANY: usize = 5 * BLOCK;
/// How much a figure may grow, in percent.
const TOLERANCE: u64 = 5;

const HEAD: &str = "\
# Instructions a line, counted by callgrind: `make bench-instructions` compares with these and fails
# when one has grown by more than 5 %. `make bench-instructions WRITE=1` writes them anew.
# `lines MODE` is the reading alone, in memory; `parse FILE ...` is the whole of logcollector.
";

#[derive(Debug, Args)]
pub(crate) struct InstructionsArgs {
    /// Write the figures instead of comparing
    #[arg(long)]
    write: bool,

    /// Count only what contains this; nothing is compared that was not counted
    #[arg(long, value_name = "TEXT", conflicts_with = "write")]
    only: Option<String>,

    /// Where the committed figures are
    #[arg(long, default_value = "bench/instructions.txt")]
    figures: PathBuf,

    /// Where the corpora are kept
    #[arg(long, default_value = "target/bench")]
    dir: PathBuf,
}

/// What `parse` is counted with: the corpus and the options.
const PARSE: &[(Kind, &str)] = &[
    (Kind::Istio, "-o json"),
    (Kind::Istio, "-o json --fields response_code,duration"),
    (Kind::Istio, "-o none"),
    (Kind::Attempts, "-o json"),
    (Kind::KeyValue, "-o json --format @kv.format"),
    (Kind::Json, "-o json"),
    (Kind::Cri, "-o json"),
    (Kind::Hostile, "-o json"),
];

/// A route through the code, and the commands that take it with few and with many lines.
struct Route {
    name: String,
    few: Vec<String>,
    many: Vec<String>,
}

/// Counts, and writes or compares.
pub(crate) fn run(args: &InstructionsArgs) -> Result<()> {
    let dir = args.dir.join("instructions");
    write_corpora(&dir)?;
    let committed = fs::read_to_string(&args.figures).unwrap_or_default();
    let mut text = HEAD.to_owned();
    let mut grown = Vec::new();
    let wanted = |name: &str| args.only.as_ref().is_none_or(|only| name.contains(only));
    for route in routes()?.into_iter().filter(|route| wanted(&route.name)) {
        let few = count(&route.few, &dir)?;
        let many = count(&route.many, &dir)?;
        let now = many.saturating_sub(few) / (MANY - FEW) as u64;
        let line = format!("{:<56} {now:>8}\n", route.name);
        let before = figure(&committed, &route.name);
        let (change, too_much) = compare(now, before);
        writeln!(io::stdout(), "{} {change}", line.trim_end())?;
        text.push_str(&line);
        grown.extend(too_much.then_some(route.name));
    }
    if args.write {
        fs::write(&args.figures, text)?;
        return Ok(());
    }
    if grown.is_empty() { Ok(()) } else { Err(format!("grown: {}", grown.join("; ")).into()) }
}

fn compare(now: u64, before: Option<u64>) -> (String, bool) {
    let Some(before) = before else { return ("not committed".to_owned(), true) };
    let change = now as f64 / before.max(1) as f64 - 1.0;
    (format!("{:+.1} %", change * 100.0), now * 100 > before * (100 + TOLERANCE))
}

/// The committed figure of a route.
fn figure(committed: &str, name: &str) -> Option<u64> {
    let line = committed.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

fn routes() -> Result<Vec<Route>> {
    let bench = std::env::current_exe()?;
    let logcollector = bench.with_file_name("logcollector").to_string_lossy().into_owned();
    let bench = bench.to_string_lossy().into_owned();
    let words = |program: &str, line: String| -> Vec<String> {
        [program].into_iter().chain(line.split(' ')).map(str::to_owned).collect()
    };
    let lines = MODES.iter().map(|mode| Route {
        name: format!("lines {}", mode.name),
        few: words(&bench, format!("lines {FEW} {}", mode.name)),
        many: words(&bench, format!("lines {MANY} {}", mode.name)),
    });
    let parse = PARSE.iter().map(|(kind, options)| {
        let kind = kind.as_str();
        Route {
            name: format!("parse {kind}.log {options}"),
            few: words(&logcollector, format!("parse {kind}-{FEW}.log {options}")),
            many: words(&logcollector, format!("parse {kind}-{MANY}.log {options}")),
        }
    });
    Ok(lines.chain(parse).collect())
}

fn write_corpora(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    fs::write(dir.join("kv.format"), KEY_VALUE)?;
    for kind in Kind::ALL {
        for count in [FEW, MANY] {
            let path = dir.join(format!("{}-{count}.log", kind.as_str()));
            File::create(path)?.write_all(&kind.records(1, count))?;
        }
    }
    Ok(())
}

/// Counts the instructions of a command.
fn count(command: &[String], dir: &Path) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(command)
        .current_dir(dir)
        .output()
        .map_err(|error| format!("cannot start valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().rev().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, number)| number.trim().parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("`{}`: {}\n{said}", command.join(" "), output.status).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_by_their_whole_name() {
        let text = "# a comment\nlines read-istio       120\nparse a.log -o json --x    7\n";
        assert_eq!(figure(text, "lines read-istio"), Some(120));
        assert_eq!(figure(text, "lines read"), None);
        assert_eq!(figure(text, "parse a.log -o json"), None);
        assert_eq!(figure(text, "parse a.log -o json --x"), Some(7));
    }

    #[test]
    fn growth_is_too_much_above_five_percent() {
        assert_eq!(compare(105, Some(100)), ("+5.0 %".to_owned(), false));
        assert_eq!(compare(106, Some(100)), ("+6.0 %".to_owned(), true));
        assert_eq!(compare(50, Some(100)), ("-50.0 %".to_owned(), false));
        assert_eq!(compare(1, None), ("not committed".to_owned(), true));
    }
}
