//! The ways of reading that a line and a processor choose between, held to each other by tests.
//!
//! Only with the feature `twins`, which no build for use has.

use crate::format::Format;
use crate::read::Reader;
use crate::simd;

/// Reads a line in every way that there is, and compares what comes of it: on each level of
/// instructions that this processor has, and without any shortcut, by the search and value by value.
///
/// # Errors
///
/// When two ways do not agree; the text says which, and on what.
pub fn compare(format: &Format, line: &[u8]) -> Result<(), String> {
    let slow = simd::at_most(simd::LEAST, || outcome(&without_shortcuts(format), line));
    for level in simd::LEVELS {
        let fast = simd::at_most(level, || outcome(format, line));
        if fast != slow {
            let [fast, slow] = [fast, slow].map(|bytes| bytes.escape_ascii().to_string());
            return Err(format!("level {level}:\n  {fast}\nwithout shortcuts:\n  {slow}"));
        }
    }
    Ok(())
}

fn without_shortcuts(format: &Format) -> Format {
    let mut slow = format.clone();
    slow.plan.drop_shortcuts();
    slow.plain_fields = None;
    slow
}

/// The record as JSON with and without absent values, or where and why the line is none.
fn outcome(format: &Format, line: &[u8]) -> Vec<u8> {
    let mut reader = Reader::new(format.clone().into());
    match reader.read(line) {
        Ok(record) => {
            let mut json = Vec::new();
            record.write_json_members(&mut json, false);
            json.push(b'\n');
            record.write_json_members(&mut json, true);
            json
        }
        Err(mismatch) => format!("{mismatch}, {}", mismatch.expected(format)).into_bytes(),
    }
}
