//! Plays cases against Envoy, and tells which record is whose.
//!
//! One logger, [`control`], is there for this alone: after each case its log must have grown by the
//! case's records. Envoy runs one worker, and all loggers write a record at the same moment, so the
//! records of a case stand on the same lines of every log.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::cases::Case;
use crate::client::{self, Door};
use crate::config::{Logger, Template, World};
use crate::envoy::Envoy;

/// The logger that the play is controlled by.
pub fn control() -> Logger {
    Logger {
        file: "control.log".to_owned(),
        omit_empty_values: false,
        filter: None,
        template: Template::Json(json!({
            "code": "%RESPONSE_CODE%",
            "flags": "%RESPONSE_FLAGS%",
            "details": "%RESPONSE_CODE_DETAILS%",
        })),
    }
}

/// Plays all cases in order; returns for each record, by line, the index of its case.
pub fn play(envoy: &Envoy, world: &World, cases: &[Case]) -> Vec<usize> {
    let doors = doors(envoy, world);
    let log = control().path(world);
    let mut owners = Vec::new();
    let mut surprises = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let door = doors.get(case.listener).unwrap_or_else(|| panic!("no {}", case.listener));
        client::play(door, case.tls, &world.certs, &case.act());
        let before = owners.len();
        owners.extend(std::iter::repeat_n(index, case.records));
        let bytes = envoy.wait_for_lines(&log, owners.len(), &case.name);
        let records = records(&bytes);
        assert_eq!(records.len(), owners.len(), "{}: more records than it should", case.name);
        surprises.extend(surprise(case, records.get(before..).unwrap_or_default()));
    }
    assert!(surprises.is_empty(), "cases that went otherwise:\n{}", surprises.join("\n"));
    owners
}

/// The names of flags that were seen in the control log.
pub fn flags_seen(world: &World) -> BTreeSet<String> {
    let bytes = std::fs::read(control().path(world)).unwrap();
    let flags = records(&bytes);
    flags.iter().flat_map(|r| r["flags"].as_str().unwrap().split(',')).map(str::to_owned).collect()
}

/// What is wrong if the case did not do what its name says.
fn surprise(case: &Case, records: &[Value]) -> Option<String> {
    let set = |flags: &str| flags.split(',').map(str::to_owned).collect::<BTreeSet<_>>();
    let flags = |r: &Value| case.flags.is_none_or(|f| set(f) == set(r["flags"].as_str().unwrap()));
    let code = |r: &Value| case.code.is_none_or(|code| r["code"] == code);
    let expected = records.iter().any(|record| flags(record) && code(record));
    (!expected).then(|| {
        let (name, code, flags) = (&case.name, case.code, case.flags);
        format!("{name}: expected code {code:?} and flags {flags:?}, got {records:?}")
    })
}

fn records(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n"));
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn doors(envoy: &Envoy, world: &World) -> BTreeMap<String, Door> {
    let ports = envoy.ports().into_iter().map(|(name, address)| (name, Door::Tcp(address)));
    let unix: &Path = &world.unix_listener();
    ports.chain([("unix".to_owned(), Door::Unix(unix.to_owned()))]).collect()
}
