//! Benches of this crate's parts: compiling, telling formats apart, reading, values, JSON.
//!
//! `cargo bench -p accesslog` runs them, `cargo bench -p accesslog -- read` some of them. What the
//! whole program costs is measured elsewhere, see `docs/performance.md`.

#![allow(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]
#![allow(missing_docs, reason = "benches are named for what they measure")]

mod compile;
mod detect;
mod json;
mod read;
mod value;

use accesslog::{Format, FormatOptions, Preset, Reader};
use bench::corpus::Kind;

fn main() {
    divan::main();
}

/// How many lines a bench reads in one go.
const LINES: usize = 1000;

/// Lines of a kind, without their newlines.
fn lines(kind: Kind) -> Vec<Vec<u8>> {
    let bytes = kind.records(1, LINES);
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}

fn preset(name: &str) -> Format {
    Preset::from_name(name).unwrap().compile(&FormatOptions::new()).unwrap()
}

fn reader(format: Format) -> Reader {
    Reader::new(format.into())
}
