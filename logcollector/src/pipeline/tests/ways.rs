//! The ways of taking lines: whichever is taken, what comes out is the same.

use std::path::Path;

use accesslog::{FormatOptions, Preset};
use expression::Expression;

use super::*;
use crate::select::Where;

/// How the lines of a test go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One by one, all the ordinary way.
    Alone,
    /// Those that are like others, in stretches.
    Stretches,
    /// The same, in other threads where a chunk is one of whole lines.
    Workers,
    /// The same, where no other thread could be started.
    NoWorkers,
}

const WAYS: [Way; 3] = [Way::Stretches, Way::Workers, Way::NoWorkers];

/// What a test asks for.
#[derive(Debug, Clone, Copy)]
struct Asked {
    sink: usize,
    format: usize,
    filter: bool,
    show_other: bool,
}

const SINKS: usize = 8;

fn sink(number: usize) -> Sink {
    let names = "time,response_code,stream,user_agent,extra,x,access_log,nothing,ambiguous";
    let columns = || Some(Columns::chosen(names.split(',').map(str::to_owned).collect()));
    let two = || Some(Columns::chosen(vec!["user_agent".to_owned(), "start_time".to_owned()]));
    match number {
        0 => Sink::json(None, false),
        1 => Sink::json(columns(), true),
        2 => Sink::Raw,
        3 => Sink::logfmt(columns(), false),
        4 => Sink::csv(None),
        5 => Sink::json(two(), false),
        6 => Sink::pretty(None, Paint::stdout(), false),
        _ => Sink::None,
    }
}

fn format(number: usize) -> Choice {
    match number {
        0 => auto(),
        1 => fixed(Preset::from_name("istio").unwrap().text()),
        2 => fixed("%START_TIME% %REQ(USER-AGENT)%"),
        // Keys that docker has, too.
        _ => {
            let text = r#"{"time":"%START_TIME%","stream":"%REQ(X-A)%","response_code":"%RESPONSE_CODE%"}"#;
            Choice::Fixed(FormatOptions::new().compile_json(text).unwrap().into())
        }
    }
}

/// Everything that an input leads to.
fn result(way: Way, asked: Asked, inputs: &[&[&[u8]]]) -> (String, String, String) {
    let expression = Expression::parse("response.code >= 400 && request.useragent != 'b'").unwrap();
    // What a format does not tell ends the work.
    let filter = asked.filter && asked.format < 2;
    let settings = Settings {
        format: format(asked.format),
        pod: None,
        enricher: None,
        selection: filter.then(|| Selection::Where(Where::new(expression))),
        max_line: 400,
        other: if asked.show_other {
            OtherLines::Between(Paint::stdout())
        } else {
            OtherLines::Dropped
        },
        sink: sink(asked.sink),
    };
    let mut written = Vec::new();
    let output = Output::new(&mut written, Guard::Off);
    let mut pipeline = Pipeline::new(settings, output, Notes::new());
    match way {
        Way::Alone | Way::Stretches => {}
        Way::Workers => pipeline.use_threads(3),
        Way::NoWorkers => {
            pipeline.use_threads(2);
            pipeline.workers = Some(Workers::start(0));
        }
    }
    let mut stopped = Ok(());
    for (number, chunks) in inputs.iter().enumerate() {
        pipeline.begin(&format!("input {number}"));
        if way == Way::Alone {
            pipeline.lines.never_stretch();
        }
        stopped = chunks.iter().try_for_each(|chunk| match way {
            Way::Alone | Way::Stretches => pipeline.chunk(chunk),
            Way::Workers | Way::NoWorkers => {
                pipeline.patience = Patience::default();
                pipeline.block(chunk.to_vec()).map(|_| ())
            }
        });
        stopped = stopped.and_then(|()| pipeline.end());
        if stopped.is_err() {
            break;
        }
    }
    let remarks = pipeline.lines.messages.remarks();
    let finished = pipeline.finish();
    assert!(finished.flushed.is_ok());
    let remark = finished.selection.as_ref().and_then(Selection::remark);
    let end = format!("{stopped:?} {remark:?} {remarks:?}");
    (String::from_utf8_lossy(&written).into_owned(), finished.account.to_string(), end)
}

fn assert_same(asked: Asked, inputs: &[&[&[u8]]]) -> usize {
    let alone = result(Way::Alone, asked, inputs);
    for way in WAYS {
        let other = result(way, asked, inputs);
        assert_eq!(other, alone, "{way:?} {asked:?}");
    }
    alone.0.lines().count()
}

#[test]
fn every_fixture_is_read_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let (mut files, mut printed) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for (sink, size) in (0..SINKS).zip([7, 200, 1000, 1 << 20].into_iter().cycle()) {
            let chunks = chunks(&bytes, &[size], sink % 3 > 0);
            let asked = Asked { sink, format: 0, filter: false, show_other: sink % 2 == 0 };
            printed += assert_same(asked, &[&chunks]);
        }
        files += 1;
    }
    assert!(files > 20 && printed > 200, "the fixtures are there: {files}, {printed}");
}

/// Lines that would be records by a stretch's reading, and are something else.
#[test]
fn odd_lines_go_the_ordinary_way() {
    let nine = "2026-11-20T12:00:00.123456789Z";
    let three = "2026-11-20T12:00:00.123Z";
    let json = r#"{"time":"a","stream":"b","response_code":500}"#;
    let docker = format!(r#"{{"log":"x\n","stream":"stdout","time":"{nine}"}}"#);
    let runtime = format!("{nine} stdout F {three} a");
    let cases: [(&str, usize, &[&str]); 5] = [
        ("docker's keys are keys of the format", 3, &[json, json, &docker, json]),
        (
            "the whole line is tried first",
            2,
            &[&runtime, &runtime, &format!("{three} stdout F {three} a"), &runtime],
        ),
        (
            "the same without a stream",
            2,
            &[&runtime, &runtime, &format!("{three} {three} a"), &runtime],
        ),
        (
            "the end of a line that is itself a record",
            2,
            &[&runtime, &runtime, &format!("{nine} stdout P {three} a"), &runtime, &runtime],
        ),
        (
            "a wrapper that would end in the next line",
            2,
            &[&runtime, &runtime, &format!("{nine} stdout F:"), &format!("x {three} a"), &runtime],
        ),
    ];
    for (name, format, lines) in cases {
        let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let asked = Asked { sink: 0, format, filter: false, show_other: true };
        for size in [1, input.len() / 2, input.len()] {
            let printed = assert_same(asked, &[&chunks(input.as_bytes(), &[size], true)]);
            assert!(printed >= 3, "{name}: they are read");
        }
    }
}

/// The chunks of an input, of about these sizes in turn; `whole` says that they end with their lines.
fn chunks<'i>(input: &'i [u8], sizes: &[usize], whole: bool) -> Vec<&'i [u8]> {
    let mut rest = input;
    let sizes = sizes.iter().cycle();
    let next = sizes.map_while(|size| {
        let mut size = rest.len().min(*size);
        if whole {
            let more = rest[size..].iter().position(|byte| *byte == b'\n');
            size = more.map_or(rest.len(), |more| size + more + 1);
        }
        let (chunk, after) = rest.split_at(size);
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    });
    next.collect()
}

/// What a proxy and its neighbours write.
fn body() -> impl Strategy<Value = String> {
    let time = "[2026-11-20T12:00:00.000Z]";
    let request = move |code: u16, agent: &str, behind: &str| {
        format!(
            "{time} \"GET /a HTTP/1.1\" {code} - via_upstream - \"-\" 0 5 7 6 \"-\" \"{agent}\" \
             \"id\" \"a\" \"10.0.0.1:80\" outbound|80||a 10.0.0.9:1 10.0.0.2:80 10.0.0.3:4 - {behind}"
        )
    };
    let agents = prop_oneof![
        Just("a"),
        Just("b"),
        Just("a \"b"),
        Just("a\" \"b"),
        Just("-"),
        Just("\u{e9}\\")
    ];
    let behind = prop_oneof![8 => Just("default"), 1 => Just("default 2"), 1 => Just("a b"), 1 => Just("x {}")];
    prop_oneof![
        12 => (prop_oneof![Just(200_u16), Just(503)], agents, behind)
            .prop_map(move |(code, agent, behind)| request(code, agent, behind)),
        1 => Just(format!("{time} \"GET / HTTP/1.1\" 200 - 0 5 7 6 \"-\" \"c\" \"id\" \"a\" \"1.1.1.1:1\"")),
        1 => Just(r#"{"start_time":"x","method":"GET","response_code":500,"user_agent":"b","stream":1,"x":2,"x":3}"#.to_owned()),
        3 => Just(r#"{"time":"a","stream":"b","response_code":500}"#.to_owned()),
        1 => Just(r#"{"time":"a","x":2}"#.to_owned()),
        1 => Just("[2026-11-20 07:46:40.649][7][critical][main] x".to_owned()),
        1 => Just("  #0: y".to_owned()),
        1 => Just(String::new()),
        1 => Just("x".repeat(401)),
        1 => Just("2026-11-20T12:00:00.123Z stdout F evil".to_owned()),
        3 => "2026-11-20T12:00:00\\.(123|123456)Z [a-z ]{0,6}",
        1 => "[ -~]{0,20}",
    ]
}

/// How many kinds of [`wrapped`] there are.
const KINDS: usize = 15;

/// What stands around it.
fn wrapped(kind: usize, body: &str) -> String {
    let (nine, three) = ("2026-11-20T12:00:00.123456789Z", "2026-11-20T12:00:00.123Z");
    let (head, tail) = body.split_at(body.floor_char_boundary(body.len() / 2));
    match kind {
        0 => body.to_owned(),
        1 => format!("{nine} stdout F {body}"),
        2 => format!("{nine} stderr F {body}"),
        3 => format!("{nine} stdout P {head}\n{nine} stdout F {tail}"),
        4 => format!("{nine} stderr P {body}"),
        5 => format!("{three} stdout F {body}"),
        6 => format!("{nine} {body}"),
        7 => format!("{three} {body}"),
        8 => format!("[pod/p/c] {body}"),
        9 => format!("[pod/p/c] {nine} {body}"),
        10 => format!("[pod/p/c] {nine} stdout F {body}"),
        11 => format!("2026-11-20T12:00:00.1+02:00 stdout F {body}"),
        12 => {
            let log = serde_json::to_string(&format!("{body}\n")).unwrap();
            format!(r#"{{"log":{log},"stream":"stdout","time":"{nine}"}}"#)
        }
        13 => format!("{nine} stdout P {body}"),
        _ => format!("{body}\r"),
    }
}

/// An input: some lines that come alike, then some that come in another way, and so on.
fn input() -> impl Strategy<Value = String> {
    let kind = prop_oneof![4 => Just(0_usize), 4 => Just(1), 2 => Just(2), 4 => 0..KINDS];
    let lines = proptest::collection::vec(body(), 1..12);
    let odd = prop_oneof![4 => Just(None), 2 => (0..KINDS).prop_map(Some), 1 => Just(Some(13))];
    let part = (kind, lines, odd).prop_map(|(kind, lines, odd)| {
        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            let kind = odd.filter(|_| at % 4 == 3).unwrap_or(kind);
            text.push_str(&wrapped(kind, line));
            text.push('\n');
        }
        text
    });
    let parts = proptest::collection::vec(part, 1..6).prop_map(|parts| parts.concat());
    (parts, any::<bool>()).prop_map(|(mut text, whole)| {
        if !whole {
            text.pop();
        }
        text
    })
}

fn asked() -> impl Strategy<Value = Asked> {
    let format = prop_oneof![5 => Just(0_usize), 1 => Just(1), 2 => Just(2), 2 => Just(3)];
    let all = (0..SINKS, format, any::<bool>(), any::<bool>());
    all.prop_map(|(sink, format, filter, show_other)| Asked { sink, format, filter, show_other })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Stretches say what the ordinary way says, and so do workers.
    #[test]
    fn every_way_gives_the_same(
        asked in asked(),
        inputs in proptest::collection::vec(input(), 1..3),
        sizes in proptest::collection::vec(1_usize..3000, 1..5),
        whole in proptest::bool::weighted(0.8),
    ) {
        let chunked: Vec<Vec<&[u8]>> =
            inputs.iter().map(|input| chunks(input.as_bytes(), &sizes, whole)).collect();
        let chunked: Vec<&[&[u8]]> = chunked.iter().map(Vec::as_slice).collect();
        assert_same(asked, &chunked);
    }
}
