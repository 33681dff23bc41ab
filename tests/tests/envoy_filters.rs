//! CEL filters on the access loggers of the real Envoy, and the crate's verdict on the same records.
//!
//! Every filter of the fixture is put on a logger of one Envoy, beside loggers without a filter
//! whose formats carry the attributes in every way there is. All cases of the reading suite are
//! played. For each filter the records that Envoy logged are those that the crate keeps, HTTP and
//! TCP; that a record cannot be told is allowed where the format does not carry an attribute, and
//! where the fixture says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::{BTreeMap, BTreeSet};

use expression::{Expression, known_attributes};
use tests::cases::table;
use tests::config::{self, Logger, World};
use tests::envoy::Envoy;
use tests::filters::{self, Carrier, Case};
use tests::play;
use tests::truth::Truth;

#[test]
fn every_filter_keeps_what_envoy_keeps() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path());
    let cases = filters::loaded();
    assert!(cases.len() >= 150, "{} filters", cases.len());
    let carriers = filters::carriers(&cases);
    let all = filters::identity("all.log", None);
    let filtered: Vec<Logger> = cases
        .iter()
        .enumerate()
        .map(|(n, case)| {
            filters::identity(format!("filter {n:03}.log"), Some(case.expression.text()))
        })
        .collect();
    let mut loggers = vec![play::control(), all.clone()];
    loggers.extend(carriers.iter().map(|carrier| carrier.logger.clone()));
    loggers.extend(filtered.iter().cloned());
    let envoy = Envoy::start(&config::bootstrap(&world, &loggers), &world.dir);
    let plays = table::all();
    let owners = play::play(&envoy, &world, &plays);
    envoy.stop();

    let numbers = numbers(&filters::lines(&all, &world));
    assert_eq!(numbers.len(), owners.len(), "one identity a record");
    let kept: Vec<BTreeSet<usize>> =
        filtered.iter().map(|logger| kept(&filters::lines(logger, &world), &numbers)).collect();
    print_filters(&cases, &kept, owners.len());
    assert_attributes_are_covered(&cases, &kept, owners.len());

    let complete = filters::lines(&carriers[0].logger, &world);
    let dashes =
        records_with(&complete, |_, value| matches!(value, Truth::Text(t) if t == b"-"), 2);
    let original = carriers[0]
        .format
        .fields()
        .iter()
        .find(|f| f.text() == "%REQ(X-ENVOY-ORIGINAL-PATH)%")
        .unwrap();
    let originals =
        records_with(&complete, |key, value| key == original.key() && *value != Truth::Null, 1);
    println!("{:24} {:>7} {:>7} {:>7} {:>7}", "format", "right", "open", "near", "wrong");
    let mut complaints = Vec::new();
    for carrier in &carriers {
        let lines = filters::lines(&carrier.logger, &world);
        assert_eq!(lines.len(), owners.len(), "{}: one line a record", carrier.name);
        let text = is_text(carrier);
        let excuse = |attribute: Option<&str>, record: usize| match attribute {
            // The logged path is the one that the client claimed, or the one before a rewrite.
            Some("request.path" | "request.url_path" | "request.query") => {
                originals.contains(&record)
            }
            Some("xds.cluster_name") => plays[owners[record]].name.contains("another name"),
            Some(path) if path.starts_with("metadata.") => text,
            // A value of just a dash cannot be told from none in text.
            _ => text && dashes.contains(&record),
        };
        let tally = filters::judge(carrier, &lines, &cases, &kept, excuse);
        println!("{:24} {tally}", carrier.name);
        complaints.extend(tally.complaints);
    }
    let some: String = complaints.iter().take(40).map(|text| format!("{text}\n")).collect();
    assert!(complaints.is_empty(), "{} complaints, such as:\n{some}", complaints.len());
}

#[test]
fn what_envoy_refuses_is_said_to_be_refused() {
    let loaded: Vec<String> =
        filters::loaded().iter().map(|case| case.expression.text().to_owned()).collect();
    let refused = filters::fixture("refused.txt");
    let no_cel = filters::fixture("no-cel.txt");
    assert!(refused.len() >= 40, "{} refused filters", refused.len());
    let texts: Vec<&String> = loaded.iter().chain(&refused).chain(&no_cel).collect();
    let refusals = ask_envoy(&texts);
    let mut wrong = Vec::new();
    for (text, refusal) in texts.iter().zip(&refusals) {
        let ours = match Expression::parse(text) {
            Err(error) => Some(error.to_string()),
            Ok(expression) => expression
                .findings()
                .iter()
                .find(|finding| finding.is_refused_by_envoy())
                .map(ToString::to_string),
        };
        if ours.is_some() != refusal.is_some() {
            wrong.push(format!("`{text}`: we say {ours:?}, Envoy says {refusal:?}"));
        }
    }
    for text in &no_cel {
        assert!(Expression::parse(text).is_err(), "`{text}` is no CEL");
    }
    println!("{} loaded, {} refused, {} no CEL", loaded.len(), refused.len(), no_cel.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn is_text(carrier: &Carrier) -> bool {
    carrier.format.encoding() == accesslog::Encoding::Text
}

/// The records with at least so many members of a kind.
fn records_with(
    lines: &[Vec<u8>],
    is_one: impl Fn(&str, &Truth) -> bool,
    least: usize,
) -> BTreeSet<usize> {
    let has = |line: &[u8]| {
        let truth = Truth::parse(line).expect("Envoy writes JSON");
        truth.members().iter().filter(|(key, value)| is_one(key, value)).count() >= least
    };
    lines.iter().enumerate().filter(|(_, line)| has(line)).map(|(number, _)| number).collect()
}

/// The number of each record, by what tells it apart.
fn numbers(identities: &[Vec<u8>]) -> BTreeMap<Vec<u8>, usize> {
    identities.iter().cloned().enumerate().map(|(number, identity)| (identity, number)).collect()
}

/// The numbers of the records that a filtered logger wrote.
fn kept(identities: &[Vec<u8>], numbers: &BTreeMap<Vec<u8>, usize>) -> BTreeSet<usize> {
    let kept: BTreeSet<usize> = identities.iter().map(|identity| numbers[identity]).collect();
    assert_eq!(kept.len(), identities.len(), "every record once");
    kept
}

fn print_filters(cases: &[Case], kept: &[BTreeSet<usize>], records: usize) {
    let both = kept.iter().filter(|kept| !kept.is_empty() && kept.len() < records).count();
    let none = kept.iter().filter(|kept| kept.is_empty()).count();
    println!(
        "{} filters, {records} records: {both} filters keep some, {none} none, {} all",
        cases.len(),
        cases.len() - both - none
    );
}

/// Every attribute is asked for by a filter that keeps some records and leaves out others, unless
/// the traffic has but one value of it.
fn assert_attributes_are_covered(cases: &[Case], kept: &[BTreeSet<usize>], records: usize) {
    /// Attributes that no filter can split the traffic by: no listener has a direction, no locality
    /// has metadata, and nothing sets these.
    const ONE_VALUE: &[&str] = &[
        "metadata.typed_filter_metadata",
        "upstream.locality",
        "upstream_filter_state",
        "xds.listener_direction",
        "xds.node",
        "xds.upstream_host_locality_metadata.filter_metadata",
    ];
    let splits = |(case, kept): (&Case, &BTreeSet<usize>)| {
        let is_split = !kept.is_empty() && kept.len() < records;
        let paths = case.expression.attributes().map(|path| path.to_string());
        is_split.then(|| paths.collect::<Vec<_>>())
    };
    let paths: BTreeSet<String> = cases.iter().zip(kept).filter_map(splits).flatten().collect();
    let is_covered = |attribute: &str| {
        let leads = |path: &String| {
            path.strip_prefix(attribute).is_some_and(|rest| {
                !rest.starts_with('_') && !rest.starts_with(char::is_alphanumeric)
            })
        };
        paths.iter().any(leads)
    };
    let missing: Vec<_> = known_attributes()
        .map(|attribute| attribute.path())
        .filter(|path| !is_covered(path) && !ONE_VALUE.contains(path))
        .collect();
    assert!(missing.is_empty(), "no filter splits the traffic by {missing:?}");
}

/// Why Envoy refuses each of these filters; `None` for those that it loads.
fn ask_envoy(texts: &[&String]) -> Vec<Option<String>> {
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path());
    let loggers: Vec<Logger> =
        texts.iter().map(|text| filters::identity("any.log", Some(text))).collect();
    let envoy = Envoy::start(&config::one_by_one(&world, &loggers), &world.dir);
    let mut refusals = envoy.refusals();
    (0..loggers.len())
        .map(|index| refusals.remove(&index.to_string()).expect("a verdict on each listener"))
        .collect()
}
