//! Every operator of the table at least once: Envoy accepts it, and what it prints is read back.
//!
//! One format holds all operators, as `NAME=%NAME(ARGUMENT)%|`, with and without the argument where
//! it is optional. HTTP, TCP and TLS traffic is logged in it as text and as JSON. `EMIT_TIME` and
//! `UNIQUE_ID` are worked out anew by each logger, so only their shape is compared.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::collections::BTreeMap;
use std::path::Path;

use accesslog::{Argument, ArgumentKind, Format, OPERATORS, Operator, Reader};
use tests::cases::{Case, table};
use tests::config::{self, World};
use tests::envoy::Envoy;
use tests::formats::TextFormat;
use tests::judge;
use tests::pair::{Line, Pair};
use tests::play;
use tests::truth::Truth;

#[test]
fn every_operator_is_read_as_envoy_prints_it() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::create(dir.path());
    let members: Vec<String> = OPERATORS.iter().flat_map(|o| members(o, &world.dir)).collect();
    let text = format!("{}\n", members.concat());
    let format = TextFormat { name: "every operator", text, omit_empty_values: false, sound: true };
    let pair = Pair::new(0, format);
    let cases = table::friendly();
    let owners = log(&world, &pair, &cases);
    let lines = pair.lines(&world);
    let mut complaints = BTreeMap::new();
    let mut reader = Reader::new(pair.compiled.clone().into());
    for (line, owner) in lines.iter().zip(&owners) {
        for complaint in read(&pair, &mut reader, line, &members) {
            complaints.entry(complaint).or_insert(&cases[*owner].name);
        }
    }
    println!("{} operators in {} forms, {} records", OPERATORS.len(), members.len(), lines.len());
    println!("without a value in every record: {:?}", without_value(&pair, &lines));
    assert!(complaints.is_empty(), "{complaints:#?}");
}

fn log(world: &World, pair: &Pair, cases: &[Case]) -> Vec<usize> {
    let loggers = [play::control(), pair.text.clone(), pair.json.clone()];
    let envoy = Envoy::start(&config::bootstrap(world, &loggers), &world.dir);
    let owners = play::play(&envoy, world, cases);
    envoy.stop();
    owners
}

/// What is wrong with the crate's reading of a line.
fn read(pair: &Pair, reader: &mut Reader, line: &Line, members: &[String]) -> Vec<String> {
    let Ok(record) = reader.read(&line.text) else {
        return unreadable(&line.text, members);
    };
    let disputed: Vec<_> = record.ambiguity().iter().flat_map(|a| a.fields()).collect();
    let mut complaints = judge::compare_values(pair, &record, &line.truth);
    if !disputed.is_empty() {
        complaints.push(format!("disputed: {disputed:?}"));
    }
    complaints
}

/// The members of a line that cannot be read, each tried by itself.
fn unreadable(line: &[u8], members: &[String]) -> Vec<String> {
    let line = String::from_utf8_lossy(line);
    let mut rest = line.as_ref();
    let mut complaints = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let next = members.get(index + 1).and_then(|next| next.split('%').next());
        let end =
            next.and_then(|next| rest.find(&format!("|{next}"))).map_or(rest.len(), |n| n + 1);
        let (piece, tail) = rest.split_at(end);
        let format = Format::compile(member).unwrap();
        if Reader::new(format.into()).read(piece.as_bytes()).is_err() {
            complaints.push(format!("`{member}` does not read `{piece}`"));
        }
        rest = tail;
    }
    assert!(!complaints.is_empty(), "every member can be read, but not the line: {line}");
    complaints
}

/// The operators that were absent in all records.
fn without_value<'a>(pair: &'a Pair, lines: &[Line]) -> Vec<&'a str> {
    let has_value = |key: &str, line: &Line| {
        line.truth.members().get(key).is_some_and(|value| *value != Truth::Null)
    };
    let silent = |key: &str| !lines.iter().any(|line| has_value(key, line));
    let members = pair.members.iter().filter(|(key, _)| silent(key));
    members.map(|(_, operator)| operator.as_str()).collect()
}

/// An operator with its name before it, in every form that its argument allows.
fn members(operator: &Operator, dir: &Path) -> Vec<String> {
    let name = operator.name;
    let bare = format!("{name}=%{name}%|");
    let with = |kind: ArgumentKind| {
        let argument = argument(operator, kind, dir);
        let length = if operator.length { ":3000" } else { "" };
        format!("{name}()=%{name}({argument}){length}%|")
    };
    match operator.argument {
        Argument::None => vec![bare],
        Argument::Optional(kind) => vec![bare, with(kind)],
        Argument::Required(kind) => vec![with(kind)],
    }
}

/// An argument for which the traffic has something to print.
fn argument(operator: &Operator, kind: ArgumentKind, dir: &Path) -> String {
    let header = match operator.name {
        name if name.contains("TRAILER") => "GRPC-STATUS",
        name if name.starts_with("RESP") => "X-ANSWER?CONTENT-LENGTH",
        "REQ_WITHOUT_QUERY" => ":PATH",
        _ => "X-REQUEST-ID?:PATH",
    };
    let text = match kind {
        ArgumentKind::Time => "%d/%b/%Y:%H:%M:%S.%3f %z",
        ArgumentKind::MaskBits => "16",
        ArgumentKind::Whitespace => "ALLOW_WHITESPACES",
        ArgumentKind::Header => header,
        ArgumentKind::Metadata => "test",
        ArgumentKind::TypedMetadata => "ROUTE:test:r",
        ArgumentKind::Environment => "ACCESS_LOG_TEST",
        ArgumentKind::QueryParameter => "q",
        ArgumentKind::Path => "NQ:ORIG_OR_PATH",
        ArgumentKind::QueryParameters => "ORIG",
        ArgumentKind::FilterState => "test.const:TYPED",
        ArgumentKind::Cel => "request.method",
        ArgumentKind::Coalesce => {
            r#"{"operators":[{"command":"REQ","param":"x-nothing"},"PROTOCOL"]}"#
        }
        ArgumentKind::CommonDuration => "DS_RX_BEG:DS_TX_END:us",
        ArgumentKind::GrpcStatus => "SNAKE_STRING",
        ArgumentKind::ServerName => "HOST_FIRST:ORIG_OR_HOST",
        ArgumentKind::File => return dir.join("content.txt").display().to_string(),
        ArgumentKind::Secret => "token",
    };
    text.to_owned()
}
