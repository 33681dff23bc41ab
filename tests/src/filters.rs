//! CEL filters: the fixtures, the formats in which their records are read, and the verdicts on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use accesslog::{Format, FormatOptions, Preset, Reader};
use expression::{Expression, Verdict, known_attributes};
use serde_json::json;

use crate::config::{Logger, Template, World};

/// What tells a record from all others.
const IDENTITY: &str = "%CONNECTION_ID%/%START_TIME(%s.%6f)%\n";

/// A filter of a fixture.
#[derive(Debug)]
pub struct Case {
    /// The expression.
    pub expression: Expression,
    /// Whether there are records on which it cannot be decided, even where the log carries
    /// everything: a limit within the millisecond that a duration is cut to, say.
    pub may_be_open: bool,
}

/// The lines of a fixture; blank lines and those that start with `#` are comments.
pub fn fixture(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/filters").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("# "));
    lines.map(str::to_owned).collect()
}

/// The filters that Envoy loads.
pub fn loaded() -> Vec<Case> {
    let case = |line: String| {
        let text = line.strip_prefix("~ ").unwrap_or(&line);
        let expression = Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        Case { may_be_open: line.starts_with("~ "), expression }
    };
    fixture("loaded.txt").into_iter().map(case).collect()
}

/// A logger that writes nothing but what tells its records apart.
pub fn identity(file: impl Into<String>, filter: Option<&str>) -> Logger {
    Logger {
        file: file.into(),
        template: Template::Text(IDENTITY.to_owned()),
        omit_empty_values: false,
        filter: filter.map(str::to_owned),
    }
}

/// The lines of a log.
pub fn lines(logger: &Logger, world: &World) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(logger.path(world)).unwrap();
    let mut lines: Vec<_> = bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    assert_eq!(lines.pop(), Some(Vec::new()), "{}: a log ends in a newline", logger.file);
    lines
}

/// A format that filters are judged in, and its logger, which logs everything.
#[derive(Debug)]
pub struct Carrier {
    /// What the table calls it.
    pub name: String,
    /// The format as the crate compiles it.
    pub format: Format,
    /// The logger.
    pub logger: Logger,
    /// Whether it was made to carry every attribute.
    pub is_complete: bool,
}

impl Carrier {
    fn json(name: &str, members: &BTreeMap<String, String>, is_complete: bool) -> Self {
        let template = json!(members);
        let format = FormatOptions::new().compile_json(&template.to_string());
        Self {
            name: name.to_owned(),
            format: format.unwrap_or_else(|error| panic!("{name}: {error}")),
            logger: logger(name, Template::Json(template)),
            is_complete,
        }
    }

    fn text(name: &str, text: &str, is_complete: bool) -> Self {
        Self {
            name: name.to_owned(),
            format: Format::compile(text).unwrap_or_else(|error| panic!("{name}: {error}")),
            logger: logger(name, Template::Text(text.to_owned())),
            is_complete,
        }
    }
}

fn logger(name: &str, template: Template) -> Logger {
    let file = format!("carrier {name}.log");
    Logger { file, template, omit_empty_values: false, filter: None }
}

/// Every format: with the operators that carry the attributes of the filters, each of the ways to
/// carry one in turn; with `%TYPED_CEL()%` and `%CEL()%`; as JSON and as text; and Istio's own.
pub fn carriers(cases: &[Case]) -> Vec<Carrier> {
    let paths = paths(cases);
    let mut carriers = vec![
        Carrier::json("operators", &operators(cases), true),
        Carrier::text("operators, text", &as_text(&operators(cases)), true),
        Carrier::json("TYPED_CEL", &cel("TYPED_CEL", &paths), true),
        Carrier::text("CEL, text", &as_text(&cel("CEL", &on_one_line(&paths))), false),
    ];
    let most = known_attributes().map(|a| a.carriers().count()).max().unwrap_or(0);
    for way in 1..most {
        let name = format!("operators, way {}", way + 1);
        carriers.push(Carrier::json(&name, &way_operators(way, &paths), false));
    }
    for name in ["istio", "istio-json"] {
        let text = Preset::from_name(name).unwrap().text();
        carriers.push(match name {
            "istio" => Carrier::text(name, text, false),
            _ => Carrier::json(name, &serde_json::from_str(text).unwrap(), false),
        });
    }
    carriers
}

/// The attributes that the filters look up.
fn paths(cases: &[Case]) -> BTreeSet<String> {
    let nothing = Format::compile("nothing\n").unwrap();
    let missing = |case: &Case| {
        let filter = case.expression.bind(&nothing);
        filter.missing().iter().map(|missing| missing.path().to_owned()).collect::<Vec<_>>()
    };
    cases.iter().flat_map(missing).collect()
}

/// The operators that the filters ask for.
fn operators(cases: &[Case]) -> BTreeMap<String, String> {
    let nothing = Format::compile("nothing\n").unwrap();
    let missing = |case: &Case| {
        let filter = case.expression.bind(&nothing);
        filter.missing().iter().flat_map(|m| m.operators().to_vec()).collect::<Vec<_>>()
    };
    keyed(cases.iter().flat_map(missing).collect())
}

/// Without certificates, which are of several lines.
fn on_one_line(paths: &BTreeSet<String>) -> BTreeSet<String> {
    paths.iter().filter(|path| !path.ends_with(".peer_certificate")).cloned().collect()
}

fn cel(operator: &str, paths: &BTreeSet<String>) -> BTreeMap<String, String> {
    keyed(paths.iter().map(|path| format!("%{operator}({path})%")).collect())
}

/// The operators of each attribute's carrier of this number, where it has as many.
fn way_operators(way: usize, paths: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut operators = BTreeSet::new();
    for attribute in known_attributes() {
        let carrier = attribute.carriers().nth(way);
        let plain = |operator: &&&str| !operator.contains("{}") && !operator.ends_with(':');
        let own = carrier.into_iter().flatten().filter(plain);
        operators.extend(own.map(|operator| format!("%{operator}%")));
    }
    // Metadata of the filters, through the operator that reads all kinds of it.
    for (start, kind) in [
        ("metadata.filter_metadata", "DYNAMIC"),
        ("xds.cluster_metadata.filter_metadata", "CLUSTER"),
        ("xds.upstream_host_metadata.filter_metadata", "UPSTREAM_HOST"),
    ] {
        let namespaces: BTreeSet<_> = paths
            .iter()
            .filter_map(|path| path.strip_prefix(start)?.strip_prefix('.'))
            .filter_map(|rest| rest.split('.').next())
            .collect();
        operators.extend(namespaces.iter().map(|name| format!("%METADATA({kind}:{name})%")));
    }
    // Operators of extensions cannot be repeated under a key of their own.
    keyed(operators)
}

fn keyed(operators: BTreeSet<String>) -> BTreeMap<String, String> {
    operators.into_iter().enumerate().map(|(n, text)| (format!("k{n:03}"), text)).collect()
}

/// A text format with delimiters that no ordinary value holds.
fn as_text(members: &BTreeMap<String, String>) -> String {
    let parts: Vec<String> = members.iter().map(|(k, text)| format!("{k}=<[{text}]>")).collect();
    parts.join(" ") + "\n"
}

/// How the verdicts of one format compare with what Envoy did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Verdicts that are Envoy's.
    pub right: usize,
    /// Records that cannot be told.
    pub open: usize,
    /// Verdicts that are not Envoy's, of filters whose attributes are only nearly told: how many
    /// by attribute; and those on records whose text has a dash for a value.
    pub near: BTreeMap<String, usize>,
    /// What is wrong.
    pub complaints: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { right, open, near, complaints } = self;
        let sum: usize = near.values().sum();
        write!(f, "{right:>7} {open:>7} {sum:>7} {:>7}  ", complaints.len())?;
        near.iter().try_for_each(|(cause, count)| write!(f, " {cause} {count}"))
    }
}

/// Judges all records of a format's log by every filter. `kept` tells of each filter which records
/// Envoy logged, by number. `excuse` says whether a record may be misjudged for an attribute that is
/// only nearly told, or, without one, for what text loses.
pub fn judge(
    carrier: &Carrier,
    lines: &[Vec<u8>],
    cases: &[Case],
    kept: &[BTreeSet<usize>],
    excuse: impl Fn(Option<&str>, usize) -> bool,
) -> Tally {
    let mut tally = Tally::default();
    let mut reader = Reader::new(carrier.format.clone().into());
    let filters: Vec<_> = cases.iter().map(|case| case.expression.bind(&carrier.format)).collect();
    for (number, line) in lines.iter().enumerate() {
        let record = reader
            .read(line)
            .unwrap_or_else(|e| panic!("{}: {e}: {}", carrier.name, line.escape_ascii()));
        let is_ambiguous = record.ambiguity().is_some();
        for ((case, filter), kept) in cases.iter().zip(&filters).zip(kept) {
            let expected = if kept.contains(&number) { Verdict::Kept } else { Verdict::LeftOut };
            let verdict = filter.judge(&record);
            let near = filter.approximations().iter().map(|near| Some(near.path()));
            let excuses: Vec<Option<&str>> = near.chain([None]).collect();
            let may_be_open = case.may_be_open || is_ambiguous || !carrier.is_complete;
            match verdict {
                found if found == expected => tally.right += 1,
                Verdict::CannotTell if may_be_open => tally.open += 1,
                _ => match excuses.iter().find(|cause| excuse(**cause, number)) {
                    Some(cause) => {
                        *tally.near.entry(cause.unwrap_or("dash").to_owned()).or_default() += 1;
                    }
                    None => tally.complaints.push(format!(
                        "{}: `{}` is {verdict:?}, Envoy says {expected:?}: {}",
                        carrier.name,
                        case.expression.text(),
                        line.escape_ascii()
                    )),
                },
            }
        }
    }
    tally
}
