//! Writing JSON.

use accesslog::{Reader, write_json_string};
use bench::corpus::Kind;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use crate::{lines, preset, reader};

#[divan::bench]
fn record_of_istio(bencher: Bencher<'_, '_>) {
    record(bencher, reader(preset("istio")), Kind::Istio);
}

#[divan::bench]
fn record_of_istio_json(bencher: Bencher<'_, '_>) {
    record(bencher, reader(preset("istio-json")), Kind::Json);
}

/// A line whose user agent holds what JSON escapes, and with names of fields in dispute.
#[divan::bench]
fn record_of_hostile(bencher: Bencher<'_, '_>) {
    record(bencher, reader(preset("istio")), Kind::Hostile);
}

/// Strings of so many bytes that need no escape.
#[divan::bench(args = [1, 8, 36, 120, 1000])]
fn plain_string(bencher: Bencher<'_, '_>, length: usize) {
    string(bencher, &b"a".repeat(length));
}

#[divan::bench]
fn string_with_quotes(bencher: Bencher<'_, '_>) {
    string(bencher, b"foo \"bar\" baz\\");
}

#[divan::bench]
fn string_with_control_characters(bencher: Bencher<'_, '_>) {
    string(bencher, b"tab\tand\x01");
}

#[divan::bench]
fn string_in_utf8(bencher: Bencher<'_, '_>) {
    string(bencher, "caf\u{e9} \u{4e2d}\u{6587}".as_bytes());
}

#[divan::bench]
fn string_not_in_utf8(bencher: Bencher<'_, '_>) {
    string(bencher, b"caf\xe9 \xff\xfe");
}

/// The third line of a kind, read once and written again and again.
fn record(bencher: Bencher<'_, '_>, mut reader: Reader, kind: Kind) {
    let lines = lines(kind);
    let record = reader.read(lines.get(2).unwrap()).unwrap();
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        out.clear();
        black_box(&record).write_json(&mut out);
        out.len()
    });
}

fn string(bencher: Bencher<'_, '_>, bytes: &[u8]) {
    let mut out = Vec::new();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        out.clear();
        write_json_string(black_box(bytes), &mut out);
        out.len()
    });
}
