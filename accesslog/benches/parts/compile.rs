//! Compiling a format string; once a run, or once for each format of a mesh.

use accesslog::{Format, Preset};
use bench::corpus::KEY_VALUE;
use divan::{Bencher, black_box};

#[divan::bench(args = Preset::ALL.iter().map(Preset::name))]
fn preset(bencher: Bencher<'_, '_>, name: &str) {
    let preset = Preset::from_name(name).unwrap();
    bencher.bench(|| black_box(preset).compile(&Default::default()).unwrap());
}

#[divan::bench]
fn key_value() -> Format {
    Format::compile(black_box(KEY_VALUE)).unwrap()
}
