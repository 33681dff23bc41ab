//! Reads what the real Envoy logs, in many formats, and compares it with its JSON logger.
//!
//! Every case of the table is played once. Each record is written in every format twice, by a text
//! logger and by a JSON logger with the same operators. Then, line by line:
//!
//! - a line with one reading equals the JSON record, value for value and type for type;
//! - a line is ambiguous exactly where the reference finds several readings, its disputed fields and
//!   text are those of the reference, and all others equal the JSON record;
//! - the JSON lines, read as a JSON log, give the same records;
//! - the lines of a preset are recognised as those of that preset.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::path::Path;

use accesslog::{Detector, Format, FormatOptions, Preset, Reader, WarningKind, twins};
use tests::cases::{self, Case, table};
use tests::client::{self, Door};
use tests::config::{self, Logger, Template, World};
use tests::envoy::Envoy;
use tests::formats::{self, JsonFormat};
use tests::judge::{self, Judgement, Verdict, judge};
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
    let json_logs: Vec<JsonLog> = formats::json().into_iter().map(JsonLog::new).collect();
    let owners = log_everything(&world, &pairs, &json_logs, &cases);
    let mut report = Report::default();
    for pair in &pairs {
        report.begin(pair.format.name);
        let lines = pair.lines(&world);
        assert_eq!(lines.len(), owners.len(), "{}: one line a record", pair.format.name);
        read_text(pair, &lines, &owners, &cases, &mut report);
        read_json_of_text(pair, &lines, &mut report);
        detect(pair, &lines, &mut report);
    }
    for log in &json_logs {
        report.begin(log.format.name);
        let lines = read_json(log, &world, &mut report);
        assert_eq!(lines, owners.len(), "{}: one line a record", log.format.name);
    }
    println!(
        "{} cases, {} records, flags: {:?}",
        cases.len(),
        owners.len(),
        play::flags_seen(&world)
    );
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

#[test]
fn a_newline_that_a_client_sends_is_warned_of() {
    let format = Format::compile("%REQ(:METHOD)% \"%QUERY_PARAM(q)%\" %RESPONSE_CODE%\n").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path());
    let logger = Logger {
        file: "torn.log".to_owned(),
        template: Template::Text(format.text().to_owned()),
        omit_empty_values: false,
        filter: None,
    };
    let envoy = Envoy::start(&config::minimal(&world, std::slice::from_ref(&logger)), dir.path());
    let case = cases::get("forged line", "/?q=a%22%20200%0aGET%20%22forged");
    let door = Door::Tcp(envoy.ports()["minimal"]);
    client::play(&door, None, &world.certs, &case.act());
    let log = envoy.wait_for_lines(&logger.path(&world), 2, &case.name);
    // One request, two lines that both read well: nothing in them shows that one is forged.
    assert_eq!(log, b"GET \"a\" 200\nGET \"forged\" 200\n");
    let is_newline = |kind: &WarningKind| matches!(kind, WarningKind::MayPrintNewline { .. });
    assert!(format.warnings().iter().any(|warning| is_newline(warning.kind())));
}

/// A JSON format and its logger.
struct JsonLog {
    format: JsonFormat,
    logger: Logger,
}

impl JsonLog {
    fn new(format: JsonFormat) -> Self {
        let logger = Logger {
            file: format!("{}.log", format.name),
            template: Template::Json(serde_json::from_str(&format.text).unwrap()),
            omit_empty_values: format.omit_empty_values,
            filter: None,
        };
        Self { format, logger }
    }
}

/// Plays all cases; returns the case of each record.
fn log_everything(world: &World, pairs: &[Pair], logs: &[JsonLog], cases: &[Case]) -> Vec<usize> {
    let mut loggers: Vec<Logger> = vec![play::control()];
    loggers.extend(pairs.iter().flat_map(|pair| [pair.text.clone(), pair.json.clone()]));
    loggers.extend(logs.iter().map(|log| log.logger.clone()));
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
        if let Err(difference) = twins::compare(&pair.compiled, &line.text) {
            report.complain(difference);
        }
        report.add(judgement, || format!("{}: {}", case.name, line.text.escape_ascii()));
    }
}

/// Reads the JSON logger's own lines as a JSON log.
fn read_json_of_text(pair: &Pair, lines: &[Line], report: &mut Report) {
    let template: serde_json::Value = pair.members.iter().cloned().collect();
    let options = FormatOptions::new().omit_empty_values(pair.format.omit_empty_values);
    let mut reader = Reader::new(options.compile_json(&template.to_string()).unwrap().into());
    let complaints = lines.iter().filter_map(|line| json_complaint(&mut reader, &line.json));
    complaints.for_each(|complaint| report.complain(complaint));
}

/// Reads a log in a JSON format; returns how many lines it has.
fn read_json(log: &JsonLog, world: &World, report: &mut Report) -> usize {
    let mut reader = Reader::new(log.format.compile().into());
    let bytes = std::fs::read(log.logger.path(world)).unwrap();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|l| !l.is_empty()).collect();
    for line in &lines {
        let complaint = json_complaint(&mut reader, line);
        let complaint = complaint.or_else(|| twins::compare(reader.format(), line).err());
        let verdict = if complaint.is_none() { Verdict::Unique } else { Verdict::Wrong };
        let complaints = complaint.into_iter().collect();
        report.add(Judgement { verdict, complaints }, || "JSON log".to_owned());
    }
    lines.len()
}

fn json_complaint(reader: &mut Reader, line: &[u8]) -> Option<String> {
    let truth = Truth::parse(line).expect("Envoy writes JSON");
    let wrong = match reader.read(line) {
        Err(mismatch) => format!("{mismatch:?}"),
        Ok(record) => {
            let printed = Truth::Object(judge::printed(&record));
            (!says_the_same(&printed, &truth)).then(|| format!("read as {printed:?}"))?
        }
    };
    Some(format!("{}: {wrong}", line.escape_ascii()))
}

/// The lines of a preset are recognised as its own, whatever clients put into them.
fn detect(pair: &Pair, lines: &[Line], report: &mut Report) {
    let expected = match pair.format.name {
        "istio@1.9" | "istio@1.23" | "istio + attempts" => "istio",
        name if Preset::from_name(name).is_some() => name,
        _ => return,
    };
    let texts = lines.iter().map(|line| line.text.as_slice());
    let detected = Detector::new(FormatOptions::new()).detect(texts);
    let found = detected.map_or("nothing", |detected| detected.preset().name());
    if found != expected {
        report.complain(format!("detected {found}"));
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
