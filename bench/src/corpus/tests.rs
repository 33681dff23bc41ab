//! What the measurements rely on.

use accesslog::{Format, FormatOptions, Preset, Reader};

use super::*;

const SEED: u64 = 7;

fn preset(name: &str) -> Reader {
    let preset = Preset::from_name(name).unwrap();
    Reader::new(preset.compile(&FormatOptions::new()).unwrap().into())
}

fn text(format: &str) -> Reader {
    Reader::new(Format::compile(format).unwrap().into())
}

/// A reader for the lines of a kind, unless they stand in a wrapper.
fn reader(kind: Kind) -> Option<Reader> {
    match kind {
        Kind::Istio | Kind::Hostile => Some(preset("istio")),
        Kind::Json => Some(preset("istio-json")),
        Kind::KeyValue => Some(text(KEY_VALUE)),
        Kind::Attempts => {
            let istio = Preset::from_name("istio").unwrap().text().trim_end();
            Some(text(&format!("{istio} %UPSTREAM_REQUEST_ATTEMPT_COUNT%\n")))
        }
        Kind::Cri => None,
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

#[test]
fn a_seed_gives_the_same_bytes() {
    for kind in Kind::ALL {
        assert_eq!(kind.records(SEED, 200), kind.records(SEED, 200), "{kind:?}");
        assert_ne!(kind.records(SEED, 200), kind.records(SEED + 1, 200), "{kind:?}");
        let mut written = Vec::new();
        kind.write(SEED, 50_000, &mut written).unwrap();
        assert!((50_000..60_000).contains(&written.len()), "{kind:?}");
        assert!(kind.records(SEED, 1000).starts_with(&written), "{kind:?}");
    }
}

#[test]
fn clean_lines_have_one_reading() {
    for kind in [Kind::Istio, Kind::Attempts, Kind::KeyValue, Kind::Json] {
        let mut reader = reader(kind).unwrap();
        for line in lines(&kind.records(SEED, 5000)) {
            let shown = String::from_utf8_lossy(line);
            let record = reader.read(line).unwrap_or_else(|_| panic!("{kind:?}: {shown}"));
            assert!(record.ambiguity().is_none(), "{kind:?}: {shown}");
        }
    }
}

#[test]
fn text_and_json_say_the_same() {
    let (mut text, mut json) = (preset("istio"), preset("istio-json"));
    let (texts, jsons) = (Kind::Istio.records(SEED, 500), Kind::Json.records(SEED, 500));
    for (text_line, json_line) in lines(&texts).zip(lines(&jsons)) {
        let (a, b) = (text.read(text_line).unwrap(), json.read(json_line).unwrap());
        for at in 0..a.len() {
            let other = b.get(a.key(at)).unwrap();
            assert_eq!(a.value(at).to_bytes(), other.to_bytes(), "{}", a.key(at));
        }
    }
}

#[test]
fn hostile_lines_are_records_that_need_the_search() {
    let mut reader = reader(Kind::Hostile).unwrap();
    let mut ambiguous = 0;
    for line in lines(&Kind::Hostile.records(SEED, 1000)) {
        let quotes = line.iter().filter(|&&byte| byte == b'"').count();
        assert!(quotes > 14, "{}", String::from_utf8_lossy(line));
        ambiguous += usize::from(reader.read(line).unwrap().ambiguity().is_some());
    }
    assert!((100..900).contains(&ambiguous), "{ambiguous} of 1000 are ambiguous");
}

#[test]
fn lines_are_as_long_as_said() {
    let mean = |kind: Kind| kind.records(SEED, 20_000).len() / 20_000;
    assert!((395..=411).contains(&mean(Kind::Istio)), "{}", mean(Kind::Istio));
}

#[test]
fn runtimes_split_lines_and_mix_logs() {
    let bytes = Kind::Cri.records(SEED, 2000);
    let count =
        |tag: &str| lines(&bytes).filter(|line| line[31..].starts_with(tag.as_bytes())).count();
    let parts = count("stdout P ");
    assert!((1..100).contains(&parts), "{parts}");
    let others = lines(&bytes).count() - 2000 - parts;
    assert!((10..200).contains(&others), "{others}");
    assert!(count("stderr F ") > 0);
}
