//! Taking off what kubectl or a container runtime put around lines, a thousand at a time.

use bench::corpus::Kind;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use logcollector::unwrap::{self, Form, Joined, Joiner};

use crate::lines;

/// Lines without a wrapper: seeing that there is none.
#[divan::bench]
fn none(bencher: Bencher<'_, '_>) {
    look(bencher, &lines(Kind::Istio));
}

#[divan::bench]
fn none_json(bencher: Bencher<'_, '_>) {
    look(bencher, &lines(Kind::Json));
}

#[divan::bench]
fn kubectl_prefix(bencher: Bencher<'_, '_>) {
    look(bencher, &prefixed("[pod/reviews-v1-5b9c7fd4d8-x2x7q/istio-proxy] "));
}

#[divan::bench]
fn kubectl_timestamps(bencher: Bencher<'_, '_>) {
    look(bencher, &prefixed("2026-11-20T12:00:00.123456789Z "));
}

#[divan::bench]
fn cri(bencher: Bencher<'_, '_>) {
    look(bencher, &lines(Kind::Cri));
}

/// With the parts of lines joined.
#[divan::bench]
fn cri_joined(bencher: Bencher<'_, '_>) {
    let lines = lines(Kind::Cri);
    let mut joiner = Joiner::new(1 << 20);
    counted(bencher, &lines).bench_local(|| {
        let mut length = 0;
        for line in black_box(&lines) {
            if let Form::Cri { time, stream, partial, body } = unwrap::look(line).form
                && let Joined::Line { body, .. } = joiner.push(stream, time.text, body, partial)
            {
                length += body.len();
            }
        }
        length
    });
}

#[divan::bench]
fn docker(bencher: Bencher<'_, '_>) {
    let lines: Vec<_> = lines(Kind::Istio).iter().map(|line| to_docker(line)).collect();
    look(bencher, &lines);
}

fn look(bencher: Bencher<'_, '_>, lines: &[Vec<u8>]) {
    counted(bencher, lines).bench_local(|| {
        let wrapped = |line: &&Vec<u8>| unwrap::look(line).form != Form::Plain;
        black_box(lines).iter().filter(wrapped).count()
    });
}

fn counted<'a, 'b>(bencher: Bencher<'a, 'b>, lines: &[Vec<u8>]) -> Bencher<'a, 'b> {
    let bytes = lines.iter().map(Vec::len).sum::<usize>();
    bencher.counter(ItemsCount::new(lines.len())).counter(BytesCount::new(bytes))
}

fn prefixed(prefix: &str) -> Vec<Vec<u8>> {
    lines(Kind::Istio).iter().map(|line| [prefix.as_bytes(), line].concat()).collect()
}

/// A line of docker's json-file log driver.
fn to_docker(line: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(line).replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "{{\"log\":\"{text}\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T12:48:45.123456789Z\"}}"
    )
    .into_bytes()
}
