//! The contenders: who reads which file, by which command, and what it may cost.

use std::env;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::corpora::Corpora;

/// Contenders that read the same content, in alternation.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    /// The text that all of them read; compressed for some.
    pub(crate) file: PathBuf,
    pub(crate) contenders: Vec<Contender>,
}

/// A command whose cost is measured.
#[derive(Debug)]
pub(crate) struct Contender {
    /// The command as one would type it in the corpora's folder.
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    /// How often the command reads the file: cost is divided by this.
    pub(crate) passes: u32,
    pub(crate) goal: Option<Goal>,
    /// Whether it is our own, so that its memory has a goal.
    pub(crate) ours: bool,
}

/// What a contender may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    /// So many times the CPU time of `wc -l`.
    TimesWc(f64),
    /// The CPU time of this contender of the group, and so many times that of `wc -l`.
    OnTopOf(usize, f64),
    /// So many times the CPU time of the clean file's first contender of ours.
    TimesClean(f64),
    /// So many times the wall time of this contender of the group.
    WallTimes(usize, f64),
}

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    logcollector: String,
    bench: String,
}

impl Programs {
    /// This program and the logcollector beside it, unless another is named.
    pub(crate) fn find(logcollector: Option<&Path>) -> Result<Self> {
        let bench = env::current_exe()?;
        let logcollector = match logcollector {
            Some(path) => path.to_owned(),
            None => bench.with_file_name("logcollector"),
        };
        let logcollector = logcollector.canonicalize().map_err(|error| {
            format!("{}: {error}; build it with `cargo build --release`", logcollector.display())
        })?;
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        Ok(Self { logcollector: text(logcollector), bench: text(bench) })
    }

    /// A contender whose command is `line`, of which `logcollector` and `bench` are ours.
    fn contender(&self, line: &str, goal: Option<Goal>) -> Contender {
        let program = |word: &str| match word {
            "logcollector" => self.logcollector.clone(),
            "bench" => self.bench.clone(),
            other => other.to_owned(),
        };
        Contender {
            name: line.to_owned(),
            command: line.split(' ').map(program).collect(),
            passes: 1,
            goal,
            ours: line.split(' ').any(|word| word == "logcollector"),
        }
    }

    /// `parse` of standard input, for the time from start to exit.
    pub(crate) fn small(&self) -> Contender {
        self.contender("logcollector parse -o json", None)
    }

    /// `telemetry who` of a file of manifests.
    pub(crate) fn who(&self, file: &Path) -> Vec<String> {
        let file = file.to_string_lossy();
        let words = [&self.logcollector, "telemetry", "who", "-o", "json", "-f", &file];
        words.map(str::to_owned).to_vec()
    }

    /// `sidecar suggest` of a log, under a file of manifests.
    pub(crate) fn suggest(&self, objects: &Path, log: &Path) -> Vec<String> {
        let (objects, log) = (objects.to_string_lossy(), log.to_string_lossy());
        let words = [&self.logcollector, "sidecar", "suggest", "-f", &objects, &log];
        words.map(str::to_owned).to_vec()
    }

    /// The contenders of every file, those left out that are not installed: their names go to
    /// `missing`.
    pub(crate) fn groups(&self, corpora: &Corpora, missing: &mut Vec<&'static str>) -> Vec<Group> {
        let mut groups = Vec::new();
        for (title, file, lines) in GROUPS {
            let mut contenders = vec![self.wc(file)];
            contenders.extend(lines.iter().map(|(line, goal)| self.contender(line, *goal)));
            contenders.retain(|contender| installed(contender, missing));
            if contenders.len() > 1 {
                groups.push(Group { title, file: corpora.dir().join(file), contenders });
            }
        }
        groups
    }

    /// Ten passes over the file, so that starting the process does not count.
    fn wc(&self, file: &str) -> Contender {
        let line = format!("wc -l{}", format!(" {file}").repeat(10));
        let name = format!("wc -l {file}");
        Contender { name, passes: 10, ..self.contender(&line, None) }
    }
}

/// A command as one would type it, and its goal.
type Line = (&'static str, Option<Goal>);

const fn times_wc(times: f64) -> Option<Goal> {
    Some(Goal::TimesWc(times))
}

/// Title, file and commands of each group. `wc -l` of the file comes first in each, and so has the
/// index 0 in what a goal refers to; what a goal refers to stands before those that may be missing.
const GROUPS: &[(&str, &str, &[Line])] = &[
    (
        "Istio's text format",
        "istio.log",
        &[
            ("taskset -c 0 logcollector parse istio.log -o json", times_wc(8.0)),
            (
                "taskset -c 0 logcollector parse istio.log --fields response_code,duration -o json",
                times_wc(5.0),
            ),
            ("taskset -c 0 logcollector parse istio.log -o none", times_wc(5.0)),
            (
                "taskset -c 0 logcollector parse istio.log --where response.code>=500 -o json",
                times_wc(6.0),
            ),
            ("bench regex istio.log", None),
            ("lnav -n -I lnav -f sum.lnav istio.log", None),
            ("goaccess istio.log -p goaccess.conf -o json", None),
        ],
    ),
    (
        "Hostile: quotes in every user agent",
        "hostile.log",
        &[("taskset -c 0 logcollector parse hostile.log -o json", Some(Goal::TimesClean(5.0)))],
    ),
    (
        "A key=value format",
        "kv.log",
        &[("taskset -c 0 logcollector parse kv.log --format @kv.format -o json", times_wc(10.0))],
    ),
    (
        "Istio's text format and the attempt count",
        "attempts.log",
        &[("taskset -c 0 logcollector parse attempts.log -o json", times_wc(10.0))],
    ),
    (
        "Istio's JSON format",
        "json.log",
        &[
            ("taskset -c 0 logcollector parse json.log -o json", times_wc(15.0)),
            ("jq -c . json.log", None),
        ],
    ),
    (
        "CRI log file",
        "cri.log",
        &[("taskset -c 0 logcollector parse cri.log -o json", times_wc(10.0))],
    ),
    (
        "gzip, MB of text",
        "istio-quarter.log",
        &[
            ("bench decompress istio-quarter.log.gz", None),
            (
                "taskset -c 0 logcollector parse istio-quarter.log.gz -o json",
                Some(Goal::OnTopOf(1, 8.0)),
            ),
            ("logcollector parse istio-quarter.log.gz -o json", None),
        ],
    ),
    (
        "zstd, MB of text",
        "istio-quarter.log",
        &[
            ("bench decompress istio-quarter.log.zst", None),
            (
                "taskset -c 0 logcollector parse istio-quarter.log.zst -o json",
                Some(Goal::OnTopOf(1, 8.0)),
            ),
            ("logcollector parse istio-quarter.log.zst -o json", None),
        ],
    ),
    (
        "One core and two, wall time",
        "istio.log",
        &[
            ("taskset -c 0 logcollector parse istio.log -o json", None),
            ("taskset -c 0,1 logcollector parse istio.log -o json", Some(Goal::WallTimes(1, 0.6))),
        ],
    ),
];

/// Whether a contender's program is there; if not, its name goes to `missing`.
fn installed(contender: &Contender, missing: &mut Vec<&'static str>) -> bool {
    let Some(program) = contender.command.first().filter(|program| !program.contains('/')) else {
        return true;
    };
    let paths = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&paths).any(|dir| dir.join(program).is_file()) {
        return true;
    }
    let known = ["jq", "lnav", "goaccess", "taskset", "wc"];
    let name = known.into_iter().find(|known| known == program);
    missing.extend(name.filter(|name| !missing.contains(name)));
    false
}
