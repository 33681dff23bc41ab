//! Telling which default format lines are written in; once for each input.

use accesslog::Detector;
use bench::corpus::Kind;
use divan::{Bencher, black_box};

use crate::lines;

/// Making the detector compiles every preset.
#[divan::bench]
fn new_detector() -> Detector {
    Detector::new(Default::default())
}

#[divan::bench(args = ["istio", "attempts", "json", "hostile"])]
fn detect(bencher: Bencher<'_, '_>, kind: &str) {
    let lines = lines(Kind::from_name(kind).unwrap());
    let mut detector = Detector::new(Default::default());
    bencher.bench_local(|| detector.detect(black_box(&lines).iter().map(Vec::as_slice)).unwrap());
}

/// Lines that fit no preset: as many as are looked at before giving up.
#[divan::bench]
fn detect_nothing(bencher: Bencher<'_, '_>) {
    let lines = lines(Kind::KeyValue);
    let mut detector = Detector::new(Default::default());
    bencher.bench_local(|| detector.detect(black_box(&lines).iter().map(Vec::as_slice)).is_none());
}
