//! Reading a thousand lines, without looking at the values.

use accesslog::{Format, Reader};
use bench::corpus::{KEY_VALUE, Kind};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use crate::{lines, preset, reader};

#[divan::bench]
fn istio(bencher: Bencher<'_, '_>) {
    all(bencher, reader(preset("istio")), &lines(Kind::Istio));
}

#[divan::bench]
fn istio_hostile(bencher: Bencher<'_, '_>) {
    all(bencher, reader(preset("istio")), &lines(Kind::Hostile));
}

/// Lines with all of Istio's fields are no lines of Envoy's format; these are cut to it.
#[divan::bench]
fn envoy(bencher: Bencher<'_, '_>) {
    let lines: Vec<_> = lines(Kind::Istio).iter().filter_map(|line| to_envoy(line)).collect();
    all(bencher, reader(preset("envoy")), &lines);
}

#[divan::bench]
fn key_value(bencher: Bencher<'_, '_>) {
    all(bencher, reader(Format::compile(KEY_VALUE).unwrap()), &lines(Kind::KeyValue));
}

#[divan::bench]
fn istio_json(bencher: Bencher<'_, '_>) {
    all(bencher, reader(preset("istio-json")), &lines(Kind::Json));
}

/// Lines of another format: how soon they are given up.
#[divan::bench]
fn mismatch(bencher: Bencher<'_, '_>) {
    let (mut reader, lines) = (reader(preset("istio")), lines(Kind::KeyValue));
    bencher
        .counter(ItemsCount::new(lines.len()))
        .bench_local(|| black_box(&lines).iter().filter(|line| reader.read(line).is_err()).count());
}

fn all(bencher: Bencher<'_, '_>, mut reader: Reader, lines: &[Vec<u8>]) {
    let read = lines.iter().filter(|line| reader.read(line).is_ok()).count();
    assert_eq!(read, lines.len(), "every line is one of the format");
    let bytes = lines.iter().map(Vec::len).sum::<usize>();
    bencher
        .counter(ItemsCount::new(lines.len()))
        .counter(BytesCount::new(bytes))
        .bench_local(|| black_box(lines).iter().filter(|line| reader.read(line).is_ok()).count());
}

/// A line of Istio's format without the fields that Envoy's does not have.
fn to_envoy(line: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(line).ok()?;
    let words: Vec<&str> = text.split(' ').collect();
    let (flags, bytes) = (words.get(..6)?, words.get(9..words.len() - 6)?);
    Some([flags.join(" "), bytes.join(" ")].join(" ").into_bytes())
}
