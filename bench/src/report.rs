//! The table, as Markdown that can be read in a terminal too.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::Result;
use crate::contender::Goal;
use crate::run::{Costs, GroupCosts};

/// All that was measured.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) size_mb: u64,
    pub(crate) rounds: u32,
    pub(crate) groups: Vec<GroupCosts>,
    /// The time from start to exit of a small run.
    pub(crate) small: Duration,
    /// Programs that are not installed.
    pub(crate) missing: Vec<&'static str>,
}

/// The contender that others are compared with: the clean file to JSON.
const CLEAN: &str = "taskset -c 0 logcollector parse istio.log -o json";
/// The most memory that logcollector may take.
const MOST_MEMORY: u64 = 64 << 20;
/// The longest that a small run may take.
const LONGEST_SMALL: Duration = Duration::from_millis(10);

type Row = [String; 8];

/// Writes the table between the markers of a file that have this name.
pub(crate) fn insert(path: &Path, name: &str, table: &str) -> Result<()> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let text = fs::read_to_string(path)?;
    let parts = text.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let (before, after) =
        parts.ok_or_else(|| format!("no markers of {name} in {}", path.display()))?;
    fs::write(path, format!("{before}{begin}\n{table}\n{end}{after}"))?;
    Ok(())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size_mb, rounds, .. } = self;
        writeln!(f, "Corpora of {size_mb} MB, {rounds} rounds.\n")?;
        let head = ["work", "CPU s", "wall s", "MB/CPU s", "x wc -l", "goal", "met", "peak MiB"];
        let mut rows = vec![head.map(str::to_owned), Row::default()];
        for group in &self.groups {
            rows.push(group.title_row());
            rows.extend((0..group.costs.len()).filter_map(|at| self.row(group, at)));
        }
        write_table(&rows, f)?;
        let (small, most) = (millis(self.small), millis(LONGEST_SMALL));
        writeln!(
            f,
            "\nTen lines through a pipe, start to exit of `logcollector parse -o json`: \
             {small:.1} ms; goal {most} ms: {}.",
            yes_or_no(self.small < LONGEST_SMALL),
        )?;
        if !self.missing.is_empty() {
            writeln!(f, "\nNot installed, so not measured: {}.", self.missing.join(", "))?;
        }
        Ok(())
    }
}

impl Report {
    fn row(&self, group: &GroupCosts, at: usize) -> Option<Row> {
        let contender = group.group.contenders.get(at)?;
        let costs = group.costs.get(at)?;
        let wc = group.costs.first()?;
        let cpu = costs.cpu.as_secs_f64();
        let limit = contender.goal.and_then(|goal| self.limit(goal, group));
        let memory_fits = !contender.ours || costs.peak_memory < MOST_MEMORY;
        let too_large = if memory_fits { "" } else { " (goal 64)" };
        Some([
            format!("`{}`", contender.name),
            format!("{cpu:.3}"),
            format!("{:.3}", costs.wall.as_secs_f64()),
            format!("{:.0}", group.bytes as f64 / 1e6 / cpu),
            format!("{:.1}", cpu / wc.cpu.as_secs_f64()),
            contender.goal.map(Goal::text).unwrap_or_default(),
            limit.map(|limit| limit.compare(costs)).unwrap_or_default(),
            format!("{:.1}{too_large}", costs.peak_memory as f64 / f64::from(1 << 20)),
        ])
    }

    /// What a goal comes to; `None` when what it is relative to was not measured.
    fn limit(&self, goal: Goal, group: &GroupCosts) -> Option<Limit> {
        let wc = group.costs.first()?.cpu;
        Some(match goal {
            Goal::TimesWc(times) => Limit::Cpu(wc.mul_f64(times)),
            Goal::OnTopOf(at, times) => Limit::Cpu(group.costs.get(at)?.cpu + wc.mul_f64(times)),
            Goal::TimesClean(times) => Limit::Cpu(self.clean()?.cpu.mul_f64(times)),
            Goal::WallTimes(at, times) => Limit::Wall(group.costs.get(at)?.wall.mul_f64(times)),
        })
    }

    fn clean(&self) -> Option<&Costs> {
        self.groups.iter().find_map(|group| {
            let at = group.group.contenders.iter().position(|c| c.name == CLEAN)?;
            group.costs.get(at)
        })
    }
}

impl GroupCosts {
    fn title_row(&self) -> Row {
        let mut row = Row::default();
        if let Some(title) = row.first_mut() {
            *title = format!("**{}**, {:.1} MB", self.group.title, self.bytes as f64 / 1e6);
        }
        row
    }
}

/// The most that a contender may cost.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Cpu(Duration),
    Wall(Duration),
}

impl Limit {
    /// Whether the costs are within the limit, and how much of it they are.
    fn compare(self, costs: &Costs) -> String {
        let (cost, limit) = match self {
            Self::Cpu(limit) => (costs.cpu, limit),
            Self::Wall(limit) => (costs.wall, limit),
        };
        let share = cost.as_secs_f64() / limit.as_secs_f64();
        format!("{}, {:.0} %", yes_or_no(cost <= limit), share * 100.0)
    }
}

impl Goal {
    fn text(self) -> String {
        match self {
            Self::TimesWc(times) => format!("{times} x wc -l"),
            Self::OnTopOf(_, times) => format!("decompress + {times} x wc -l"),
            Self::TimesClean(times) => format!("{times} x istio.log"),
            Self::WallTimes(_, times) => format!("{times} x wall of one core"),
        }
    }
}

pub(crate) fn yes_or_no(met: bool) -> &'static str {
    if met { "yes" } else { "no" }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Writes rows with aligned columns; an empty row is the line below the head.
pub(crate) fn write_table<const N: usize>(
    rows: &[[String; N]],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max())
        .map(Option::unwrap_or_default)
        .collect();
    for row in rows {
        let is_empty = row.iter().all(String::is_empty);
        let mut line = String::from("|");
        for (at, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            match (is_empty, at) {
                (true, 0) => write!(line, "{}|", "-".repeat(width + 2))?,
                (true, _) => write!(line, "{}:|", "-".repeat(width + 1))?,
                (false, 0) => write!(line, " {cell:<width$} |")?,
                (false, _) => write!(line, " {cell:>width$} |")?,
            }
        }
        writeln!(f, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_goes_between_the_markers() {
        let path = std::env::temp_dir().join(format!("bench-insert-{}", std::process::id()));
        let (begin, end) = ("<!-- bench:begin -->\n", "<!-- bench:end -->");
        fs::write(&path, format!("before\n{begin}old\n{end}\nafter\n")).unwrap();
        insert(&path, "bench", "new\n").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(text, format!("before\n{begin}\nnew\n\n{end}\nafter\n"));
    }
}
