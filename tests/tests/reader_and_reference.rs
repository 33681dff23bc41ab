//! The crate's reader against the reference, on random formats and random lines.
//!
//! No Envoy is needed to compare the two: most lines here are ones that no Envoy would write. What
//! the reader says of them must be what the reference says, reading for reading.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failing step is a failing test; results go to the test output"
)]

use accesslog::{
    Absent, Encoding, Field, Format, FormatOptions, Kind, Preset, Reader, Segment, Shape, twins,
};
use tests::dice::Dice;
use tests::judge;
use tests::reference::{Readings, Reference};
use tests::truth::Truth;

const FORMATS: u64 = 1000;
const LINES: u64 = 25;

/// Operators of every shape.
const OPERATORS: &[&str] = &[
    "%REQ(A)%",
    "%REQ(B)%",
    "%REQ(C):3%",
    "%REQ(:PATH)%",
    "%REQ(:PATH):4%",
    "%REQ(:METHOD)%",
    "%PROTOCOL%",
    "%RESPONSE_CODE%",
    "%RESPONSE_FLAGS%",
    "%CUSTOM_FLAGS%",
    "%BYTES_SENT%",
    "%DURATION%",
    "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
    "%RESPONSE_CODE_DETAILS%",
    "%UPSTREAM_CLUSTER%",
    "%UPSTREAM_HOST%",
    "%DOWNSTREAM_LOCAL_ADDRESS%",
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%DOWNSTREAM_LOCAL_PORT%",
    "%UPSTREAM_LOCAL_PORT%",
    "%UNIQUE_ID%",
    "%START_TIME%",
    "%START_TIME(%s.%3f)%",
    "%START_TIME(%d/%b/%Y:%H:%M:%S %z)%",
    "%DYNAMIC_METADATA(a:b)%",
    "%FILTER_STATE(wasm.upstream_attempts:PLAIN)%",
    "%FILTER_STATE(wasm.access_log:PLAIN)%",
    "%FILTER_STATE(wasm.keep:PLAIN)%",
    "%UNKNOWN_TO_ENVOY%",
];

/// Texts of a field, some with bytes that delimiters are made of.
fn texts(field: &Field) -> &'static [&'static str] {
    match field.shape() {
        Shape::Any => &[
            "",
            "a",
            "a b",
            "\"",
            "\" \"",
            "x|y",
            "7",
            " ",
            "-,-",
            "/run/a b",
            "\\",
            "\\\"",
            "\u{1}\u{7f}",
            "a\tb",
            "café",
            "1.2.3.4:80",
            "200 - 7",
            "HTTP/1.1",
            "HTTP/1.1\" 200 - - - \"-\" 0 1 2 3 \"",
            "{\"a\":1}",
            "curl/8.5.0",
        ],
        Shape::NoSpace => &["via_upstream", "a{b|c}", "\"x\"", ""],
        Shape::Path => &["/", "/a|b", "/\"q\"", "/x-7", "/é", ""],
        Shape::Name => &["GET", "M-SEARCH", "a.b:80"],
        Shape::Token => &["up", "outbound|80||a.b", "a,b"],
        Shape::Object => &["{}", r#"{"a":"b\"c|"}"#],
        Shape::Code => &["0", "200", "503"],
        Shape::Counter => &["0", "7", "80", "1234"],
        Shape::Signed => &["-5", "77"],
        Shape::Flags => &["UF", "UF,URX", "NR", "A,B_1"],
        Shape::Protocol => &["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"],
        Shape::Address => &[
            "1.2.3.4:80",
            "[::1]:8080",
            "[2001:db8::1]:1",
            "/run/a b",
            "@x y",
            "envoy://l/e 1",
            "envoy://l/",
        ],
        Shape::AddressWithoutPort => &["1.2.3.4", "::1", "/run/x", "1.2.0.0/16", "::/16"],
        Shape::Uuid => &["5bb12ba8-33ac-4b1c-8c4e-4bd1e9a8a8f1"],
        Shape::Time => match field.argument() {
            None => &["2026-11-20T12:48:45.922Z"],
            Some("%s.%3f") => &["1795178925.922"],
            Some(_) => &["20/Nov/2026:12:48:45 +0000"],
        },
    }
}

/// What stands between operators.
const LITERALS: &[&str] = &[
    "", " ", " ", "\" \"", "\" \"", "|", ",", "-", " - ", ":", "a", "7", "{\"", "\t", "/", "é",
    "@", ", ",
];

#[test]
fn they_say_the_same_of_random_lines() {
    let mut counts = [0; 3];
    for seed in 0..FORMATS {
        let mut dice = Dice::new(seed);
        let text = random_format(&mut dice);
        let options = FormatOptions::new().omit_empty_values(dice.roll(5) == 0);
        let format = options.compile(&text).unwrap();
        let reference = Reference::new(&format);
        let mut reader = Reader::new(format.clone().into());
        for _ in 0..LINES {
            let line = random_line(&mut dice, &format);
            if let Err(difference) = twins::compare(&format, &line) {
                panic!("{difference}\nformat: {text}\nline:   {}", line.escape_ascii());
            }
            let readings = reference.read(&line);
            if let Err(difference) = compare(&mut reader, &line, &readings) {
                panic!("{difference}\nformat: {text}\nline:   {}", line.escape_ascii());
            }
            let several = !readings.disputed().is_empty();
            counts[if readings.is_empty() { 0 } else { 1 + usize::from(several) }] += 1;
        }
    }
    let [none, one, several] = counts;
    println!("{none} lines with no reading, {one} with one, {several} with several");
    assert!(none > 500 && one > 500 && several > 500, "{counts:?}: a poor mixture");
}

/// A format string: one in four is a preset.
fn random_format(dice: &mut Dice) -> String {
    if dice.roll(4) == 0 {
        let presets: Vec<_> =
            Preset::ALL.iter().filter(|p| p.encoding() == Encoding::Text).collect();
        return dice.pick(&presets).text().to_owned();
    }
    let mut text = dice.pick::<&str>(LITERALS).to_string();
    for _ in 0..2 + dice.roll(6) {
        text.push_str(dice.pick::<&str>(OPERATORS));
        text.push_str(dice.pick::<&str>(LITERALS));
    }
    text
}

/// A line of the format, sometimes with a value of another field, sometimes damaged.
fn random_line(dice: &mut Dice, format: &Format) -> Vec<u8> {
    let mut line = Vec::new();
    for segment in format.segments() {
        match segment {
            Segment::Literal(bytes) => line.extend(bytes),
            Segment::Field(index) => line.extend(random_value(dice, format, *index)),
        }
    }
    let at = dice.roll(line.len() as u32 + 1) as usize;
    match dice.roll(10) {
        0 if at < line.len() => drop(line.remove(at)),
        1 => drop(line.splice(at..at, dice.pick::<&str>(LITERALS).bytes())),
        2 => drop(line.splice(at..at, *b"\xff")),
        _ => {}
    }
    line
}

fn random_value(dice: &mut Dice, format: &Format, index: usize) -> Vec<u8> {
    let field = &format.fields()[index];
    if field.absent() != Absent::Never && dice.roll(6) == 0 {
        let dash = field.absent() != Absent::EmptyString && !format.omits_empty_values();
        return if dash { b"-".to_vec() } else { Vec::new() };
    }
    let stranger = dice.roll(50) == 0;
    let field = if stranger { dice.pick(format.fields()) } else { field };
    let text = dice.pick::<&str>(texts(field)).as_bytes();
    let length = if stranger { text.len() } else { field.max_length().unwrap_or(text.len()) };
    text.get(..length).unwrap_or(text).to_vec()
}

/// Whether the reader gives the readings of the reference.
fn compare(reader: &mut Reader, line: &[u8], readings: &Readings) -> Result<(), String> {
    let Ok(record) = reader.read(line) else {
        let known = readings.is_empty();
        return if known { Ok(()) } else { Err(format!("not read: {:?}", readings.some(2))) };
    };
    if readings.is_empty() {
        return Err("read, but the reference finds no reading".to_owned());
    }
    let fields = record.format().fields();
    let disputed: Vec<usize> = (0..fields.len()).filter(|f| record.is_disputed(*f)).collect();
    if disputed != readings.disputed() {
        return Err(format!("disputed {disputed:?}, of {:#?}", readings.some(5)));
    }
    let text = record.ambiguity().map(|ambiguity| ambiguity.text()).unwrap_or_default();
    if text != readings.disputed_text() {
        return Err(format!("disputed text `{}`", text.escape_ascii()));
    }
    let printed = judge::printed(&record);
    for (index, field) in fields.iter().enumerate() {
        let Some(expected) = readings.agreed(index) else { continue };
        let found = record.value(index).to_bytes();
        let absent = found.is_none() && matches!(expected, b"-" | b"");
        if !absent && found.as_deref() != Some(expected) {
            return Err(format!("{}: {found:?}", field.text()));
        }
        let text = Truth::Text(expected.to_vec());
        if !absent && field.kind() == Kind::String && printed.get(field.key()) != Some(&text) {
            return Err(format!("{}: printed {:?}", field.text(), printed.get(field.key())));
        }
    }
    Ok(())
}
