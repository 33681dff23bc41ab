//! Reads what the real Envoy logs, in many formats, and compares it with its JSON logger.
//!
//! Every case of the table is played once. Each record is written in every format twice, by a text
//! logger and by a JSON logger with the same operators. Then, line by line:
//!
//! - a line with one reading equals the JSON record, value for value and type for type;
//! - a line is ambiguous exactly where the reference finds several readings, its disputed fields and
//!   text are those of the reference, and all others equal the JSON record;
//! - the JSON lines, read as a JSON log, give the same records.

use std::path::Path;

use accesslog::{FormatOptions, Reader};
use tests::cases::{Case, table};
use tests::config::{self, Logger, World};
use tests::envoy::Envoy;
use tests::formats;
use tests::judge::{self, Verdict, judge};
use tests::pair::{Line, Pair};
use tests::play;
use tests::reference::Reference;
use tests::report::Report;
use tests::truth::Truth;

#[test]
fn every_line_is_read_as_envoy_meant_it() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path());
    let cases = table::all();
    let pairs: Vec<Pair> =
        formats::all().into_iter().enumerate().map(|(n, f)| Pair::new(n, f)).collect();
    let owners = log_everything(&world, &pairs, &cases);
    let mut report = Report::default();
    for pair in &pairs {
        report.begin(pair.format.name);
        let lines = pair.lines(&world);
        assert_eq!(lines.len(), owners.len(), "{}: one line a record", pair.format.name);
        read_text(pair, &lines, &owners, &cases, &mut report);
        read_json(pair, &lines, &mut report);
    }
    println!("{} cases, {} records, flags: {:?}", cases.len(), owners.len(), play::flags_seen(&world));
    println!("{report}");
    let complaints = report.complaints();
    let some: String = complaints.iter().take(40).map(|text| format!("{text}\n")).collect();
    assert!(complaints.is_empty(), "{} complaints, such as:\n{some}", complaints.len());
}

#[test]
fn the_table_is_large_and_its_names_are_unique() {
    let cases = table::all();
    let names: std::collections::BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len());
    assert!(cases.len() >= 60, "{} cases", cases.len());
    assert!(formats::all().len() >= 20, "{} formats", formats::all().len());
}

/// Plays all cases; returns the case of each record.
fn log_everything(world: &World, pairs: &[Pair], cases: &[Case]) -> Vec<usize> {
    let mut loggers: Vec<Logger> = vec![play::control()];
    loggers.extend(pairs.iter().flat_map(|pair| [pair.text.clone(), pair.json.clone()]));
    let dir: &Path = &world.dir;
    let envoy = Envoy::start(&config::bootstrap(world, &loggers), dir);
    let owners = play::play(&envoy, world, cases);
    envoy.stop();
    owners
}

fn read_text(pair: &Pair, lines: &[Line], owners: &[usize], cases: &[Case], report: &mut Report) {
    let reference = Reference::new(&pair.compiled);
    let mut reader = Reader::new(pair.compiled.clone().into());
    for (line, owner) in lines.iter().zip(owners) {
        let case = &cases[*owner];
        let readings = reference.read(&line.text);
        let judgement = judge(pair, line, reader.read(&line.text).ok(), &readings);
        if judgement.verdict == Verdict::Ambiguous && pair.format.sound && !case.forges {
            report.complain(format!(
                "{}: ambiguous without a forgery: {}",
                case.name,
                line.text.escape_ascii(),
            ));
        }
        report.add(judgement, || format!("{}: {}", case.name, line.text.escape_ascii()));
    }
}

/// Reads the JSON logger's own lines as a JSON log.
fn read_json(pair: &Pair, lines: &[Line], report: &mut Report) {
    let template: serde_json::Map<_, _> =
        pair.members.iter().map(|(key, operator)| (key.clone(), operator.clone().into())).collect();
    let options = FormatOptions::new().omit_empty_values(pair.format.omit_empty_values);
    let format = options.compile_json(&serde_json::Value::from(template).to_string()).unwrap();
    let mut reader = Reader::new(format.into());
    for line in lines {
        let complaint = match reader.read(&line.json) {
            Err(mismatch) => Some(format!("{mismatch:?}")),
            Ok(record) => {
                let printed = Truth::Object(judge::printed(&record));
                (!says_the_same(&printed, &line.truth)).then(|| format!("read as {printed:?}"))
            }
        };
        if let Some(complaint) = complaint {
            report.complain(format!("JSON log: {}: {complaint}", line.json.escape_ascii()));
        }
    }
}

/// Whether a JSON line was read as it stands.
///
/// Envoys of old printed every value as a string and absent ones as `"-"`. A line of strings alone
/// can be of theirs, so there `"-"` reads as absent; a line with a value of any other type cannot.
fn says_the_same(printed: &Truth, truth: &Truth) -> bool {
    let (ours, theirs) = (printed.members(), truth.members());
    let strings = theirs.values().all(|value| matches!(value, Truth::Text(_)));
    let is_dash = |value: &Truth| matches!(value, Truth::Text(text) if text == b"-");
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|((key, ours), (name, theirs))| {
            let absent = strings && is_dash(theirs) && *ours == Truth::Null;
            key == name && (ours == theirs || absent)
        })
}
