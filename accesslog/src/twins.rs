//! The ways of reading that a line and a processor choose between, held to each other by tests.
//!
//! Only with the feature `twins`, which no build for use has.

use crate::format::Format;
use crate::read::{Mismatch, Reader};
use crate::record::Record;
use crate::simd;

/// Reads a line in every way that there is, and compares what comes of it: on each level of
/// instructions that this processor has, alone and with another one behind it, and without any shortcut,
/// by the search and value by value.
///
/// # Errors
///
/// When two ways do not agree; the text says which, and on what.
pub fn compare(format: &Format, line: &[u8]) -> Result<(), String> {
    let slow = simd::at_most(simd::LEAST, || outcome(&without_shortcuts(format), line));
    for level in simd::LEVELS {
        let fast = simd::at_most(level, || outcome(format, line));
        let first = simd::at_most(level, || outcome_of_first(format, line));
        let both = std::iter::once(fast).chain(first);
        for (fast, way) in both.zip(["alone", "in front of another"]) {
            if fast != slow {
                let [fast, slow] = [&fast, &slow].map(|bytes| bytes.escape_ascii().to_string());
                return Err(format!(
                    "level {level}, {way}:\n  {fast}\nwithout shortcuts:\n  {slow}"
                ));
            }
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
    told(format, Reader::new(format.clone().into()).read(line))
}

/// The same by [`Reader::read_first`], where the line is one.
fn outcome_of_first(format: &Format, line: &[u8]) -> Option<Vec<u8>> {
    let text = [line, b"\n", line, b"\n"].concat();
    let mut reader = Reader::new(format.clone().into());
    let (length, record) = reader.read_first(&text)?;
    (length == line.len()).then(|| told(format, record))
}

fn told(format: &Format, record: Result<Record<'_>, Mismatch>) -> Vec<u8> {
    match record {
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
