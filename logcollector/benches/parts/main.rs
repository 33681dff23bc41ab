//! Benches of this crate's parts: framing and unwrapping.
//!
//! `cargo bench -p logcollector` runs them. What the whole program costs is measured elsewhere, see
//! `docs/performance.md`.

#![allow(missing_docs, reason = "benches are named for what they measure")]

mod framing;
mod unwrap;

use bench::corpus::Kind;

fn main() {
    divan::main();
}

/// How many lines a bench takes in one go.
const LINES: usize = 1000;

/// Lines of a kind, without their newlines.
fn lines(kind: Kind) -> Vec<Vec<u8>> {
    let bytes = kind.records(1, LINES);
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(<[u8]>::to_vec).collect()
}
