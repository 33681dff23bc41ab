//! The rules as cases: `cases.txt`, read from top to bottom, is the specification.

use std::collections::BTreeMap;
use std::net::IpAddr;

use accesslog::{Format, FormatOptions, Preset, Reader};
use serde_json::Value;

use super::*;

const CASES: &str = include_str!("cases.txt");

/// One case: a line, and what it tells with and without the pod's address.
struct Case<'c> {
    name: &'c str,
    /// The name of a preset or a format string.
    format: &'c str,
    line: &'c str,
    /// The pod's address, if it is known, and the traffic.
    expected: Vec<(Option<IpAddr>, Value)>,
}

/// The cases of the file: paragraphs, each a name, a format, a line, and expectations.
fn cases() -> Vec<Case<'static>> {
    let paragraphs = CASES.split("\n\n").map(str::trim).filter(|text| !text.is_empty());
    paragraphs.filter(|text| !text.starts_with('#')).map(case).collect()
}

fn case(paragraph: &'static str) -> Case<'static> {
    let mut lines = paragraph.lines();
    let mut next = || lines.next().unwrap_or_else(|| panic!("incomplete: {paragraph}"));
    let (name, format, line) = (next(), next(), next());
    let expected: Vec<_> = lines.flat_map(|line| expectations(line, paragraph)).collect();
    assert!(!expected.is_empty(), "no expectation: {paragraph}");
    Case { name, format, line, expected }
}

/// What `pod 10.0.0.1: JSON`, `no pod: JSON` or `pod 10.0.0.1 or none: JSON` says.
fn expectations(line: &str, paragraph: &str) -> Vec<(Option<IpAddr>, Value)> {
    let (pods, json) = line.split_once(": ").unwrap_or_else(|| panic!("in {paragraph}"));
    let traffic: Value = serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {paragraph}"));
    let pods: Vec<&str> = pods.trim_start_matches("pod ").split(" or ").collect();
    let address = |pod: &str| match pod {
        "no pod" | "none" => None,
        address => Some(address.parse().unwrap_or_else(|e| panic!("{e}: {paragraph}"))),
    };
    pods.into_iter().map(|pod| (address(pod), traffic.clone())).collect()
}

fn reader(format: &str) -> Reader {
    let options = FormatOptions::new();
    let format = match Preset::from_name(format) {
        Some(preset) => preset.compile(&options).unwrap(),
        None if format.starts_with('{') => Format::compile_json(format).unwrap(),
        None => Format::compile(format).unwrap(),
    };
    Reader::new(format.into())
}

#[test]
fn every_case_is_told_as_the_file_says() {
    let mut readers = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in cases() {
        let reader = readers.entry(case.format).or_insert_with(|| reader(case.format));
        let record = reader.read(case.line.as_bytes());
        let record = record.unwrap_or_else(|e| panic!("{}: {e:?}", case.name));
        for (pod, expected) in &case.expected {
            let traffic = classify(&record, pod.map(PodAddress::from));
            let found = serde_json::to_value(traffic).unwrap();
            if found != *expected {
                wrong.push(format!("{} ({pod:?}):\n  {found}\n  {expected}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cases_are_many_and_have_names_of_their_own() {
    let cases = cases();
    let names: std::collections::BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len(), "names are given once");
    assert!(cases.len() >= 45, "{} cases", cases.len());
    for preset in Preset::ALL {
        assert!(cases.iter().any(|case| case.format == preset.name()), "{}", preset.name());
    }
    for class in Class::ALL {
        let has = |case: &Case<'_>| case.expected.iter().any(|(_, t)| t["class"] == class.as_str());
        assert!(cases.iter().any(has), "{}", class.as_str());
    }
}

#[test]
fn both_ways_to_write_json_agree() {
    for case in cases() {
        let mut reader = reader(case.format);
        let record = reader.read(case.line.as_bytes()).unwrap();
        let traffic = classify(&record, None);
        let mut json = Vec::new();
        traffic.write_json(&mut json);
        assert_eq!(json, serde_json::to_vec(&traffic).unwrap(), "{}", case.name);
    }
}

#[test]
fn what_is_not_printed_is_there() {
    let line = br#"[2026-11-25T18:00:00.000Z] "- - -" 0 - - - "-" 5 5 1 - "-" "-" "-" "-" "10.244.2.7:9080" inbound|9080|| 127.0.0.6:40511 10.244.2.7:9080 10.244.1.5:50134 outbound_.9080_.v1_.reviews.bookinfo.svc.cluster.local -"#;
    let mut reader = reader("istio");
    let traffic = classify(&reader.read(line).unwrap(), None);
    let server_name = traffic.server_name.unwrap();
    assert_eq!((server_name.port, server_name.subset), (9080, "v1"));
    assert_eq!(server_name.namespace(), Some("bookinfo"));
    assert_eq!(traffic.source, "10.244.1.5:50134".parse().ok());
    assert_eq!(traffic.destination, "10.244.2.7:9080".parse().ok());
    assert_eq!(traffic.host, None);
}

#[test]
fn a_disputed_field_is_not_known() {
    let format = Format::compile("%REQ(A)% %UPSTREAM_CLUSTER% %REQ(B)%").unwrap();
    let mut reader = Reader::new(format.into());
    let certain = reader.read(b"x inbound|80|| y").unwrap();
    assert_eq!(classify(&certain, None).class, Class::Inbound);
    let disputed = reader.read(b"x inbound|80|| BlackHoleCluster y").unwrap();
    assert!(disputed.ambiguity().is_some());
    assert_eq!(classify(&disputed, None).class, Class::Unknown);
}
