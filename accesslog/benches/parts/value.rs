//! Looking at the values of a record that was read.

use accesslog::WellKnown;
use bench::corpus::Kind;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

use crate::{lines, preset, reader};

/// Every value of a line of Istio's text format.
#[divan::bench]
fn all_of_istio(bencher: Bencher<'_, '_>) {
    let (mut reader, lines) = (reader(preset("istio")), lines(Kind::Istio));
    let record = reader.read(lines.first().unwrap()).unwrap();
    bencher.counter(ItemsCount::new(record.len())).bench_local(|| {
        (0..record.len()).filter(|&at| black_box(&record).value(at).is_absent()).count()
    });
}

/// Every value of a line of Istio's JSON format.
#[divan::bench]
fn all_of_istio_json(bencher: Bencher<'_, '_>) {
    let (mut reader, lines) = (reader(preset("istio-json")), lines(Kind::Json));
    let record = reader.read(lines.first().unwrap()).unwrap();
    bencher.counter(ItemsCount::new(record.len())).bench_local(|| {
        (0..record.len()).filter(|&at| black_box(&record).value(at).is_absent()).count()
    });
}

#[divan::bench]
fn by_key(bencher: Bencher<'_, '_>) {
    let (mut reader, lines) = (reader(preset("istio")), lines(Kind::Istio));
    let record = reader.read(lines.first().unwrap()).unwrap();
    bencher.bench_local(|| black_box(&record).get(black_box("route_name")));
}

#[divan::bench]
fn well_known_number(bencher: Bencher<'_, '_>) {
    let (mut reader, lines) = (reader(preset("istio")), lines(Kind::Istio));
    let record = reader.read(lines.first().unwrap()).unwrap();
    bencher.bench_local(|| {
        black_box(&record).well_known(WellKnown::ResponseCode).and_then(accesslog::Value::as_u64)
    });
}
