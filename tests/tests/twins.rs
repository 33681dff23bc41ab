//! Every line of the fixtures, read in every way that there is: with all shortcuts and with none, on each
//! level of instructions that this processor has.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use std::fs;
use std::path::Path;

use accesslog::{Format, FormatOptions, Preset, Reader, twins};

#[test]
fn every_way_says_the_same_of_the_fixtures() {
    let presets = Preset::ALL.iter().map(|preset| preset.compile(&FormatOptions::new()).unwrap());
    let formats: Vec<Format> = presets.collect();
    let (mut records, mut others) = (0, 0);
    for line in fixture_lines() {
        for format in &formats {
            if let Err(difference) = twins::compare(format, &line) {
                panic!("{difference}\nformat: {}\nline:   {}", format.text(), line.escape_ascii());
            }
            let read = Reader::new(format.clone().into()).read(&line).is_ok();
            *if read { &mut records } else { &mut others } += 1;
        }
    }
    println!("{records} records, {others} lines of other formats");
    assert!(records > 400 && others > 400, "{records} {others}: a poor mixture");
}

/// The lines of all fixtures, shortened: what is longer than any record takes the search long.
fn fixture_lines() -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let logs = files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let mut lines = Vec::new();
    for path in logs {
        let bytes = fs::read(path).unwrap();
        let own = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.extend(own.map(|line| line[..line.len().min(4096)].to_vec()));
    }
    lines
}
