//! What can become of a request, one scenario after the other.

use super::check::arrived_of;
use super::client::{Client, request};
use super::line::Line;
use super::{Scene, complaints, shape};
use crate::certs::Certs;
use crate::client::{Act, Door, play};
use crate::envoy::Envoy;
use crate::frames;

/// A request and what its records say.
#[derive(Debug)]
pub struct Scenario {
    /// Its name, which is also the request's id.
    pub name: &'static str,
    /// The listener.
    pub listener: &'static str,
    /// How the request is sent.
    pub by: By,
    /// The path.
    pub path: &'static str,
    /// What the servers do; see [`super::journal`].
    pub script: &'static str,
    /// Its records.
    pub records: &'static [Expected],
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// In HTTP/1.
    Http1,
    /// In HTTP/1, by a client that leaves once so many attempts have reached a server.
    Leaving(usize),
    /// In HTTP/2, as gRPC does it.
    Http2,
    /// As bytes of no protocol.
    Tcp,
}

/// What a record says.
#[derive(Debug)]
pub struct Expected {
    /// The status code; 0 where there is none.
    pub code: u64,
    /// The response flags, as Envoy writes them.
    pub flags: &'static str,
    /// The [`shape`] of the history.
    pub history: &'static str,
    /// What the filter says of retries; empty where it says nothing.
    pub retry: &'static str,
}

const fn says(
    code: u64,
    flags: &'static str,
    history: &'static str,
    retry: &'static str,
) -> Expected {
    Expected { code, flags, history, retry }
}

macro_rules! scenario {
    ($name:literal, $listener:literal, $by:expr, $path:literal, $script:literal, $($record:expr),+) => {
        Scenario {
            name: $name,
            listener: $listener,
            by: $by,
            path: $path,
            script: $script,
            records: const { &[$($record),+] },
        }
    };
}

/// Why nothing can be reached on a port where nobody listens.
macro_rules! refused {
    () => {
        "-/delayed_connect_error:_Connection_refused"
    };
}

/// All scenarios.
#[rustfmt::skip]
pub const ALL: &[Scenario] = &[
    scenario!("success", "http", By::Http1, "/ok", "200", says(200, "-", "200", "none")),
    scenario!("not found by the upstream", "http", By::Http1, "/ok", "404", says(404, "-", "404", "none")),
    scenario!("503 then 200", "http", By::Http1, "/retry", "503,200", says(200, "-", "503 200", "recovered")),
    scenario!("503 then 404", "http", By::Http1, "/retry", "503,404", says(404, "-", "503 404", "recovered")),
    scenario!("hung up on, then 200", "http", By::Http1, "/retry", "close,200", says(200, "-", "- 200", "recovered")),
    scenario!("retries exhausted", "http", By::Http1, "/retry", "503", says(503, "URX", "503 503 503", "exhausted")),
    scenario!("503 without a retry", "http", By::Http1, "/ok", "503", says(503, "-", "503", "none")),
    scenario!("refused then 200", "http", By::Http1, "/refused-first", "200",
        says(200, "-", concat!(refused!(), " 200"), "recovered")),
    scenario!("refused each time", "http", By::Http1, "/refused", "200",
        says(503, "URX,UF", concat!(refused!(), " ", refused!(), " ", refused!()), "exhausted")),
    scenario!("per-try timeout then 200", "http", By::Http1, "/impatient", "hold,200", says(200, "-", "- 200", "recovered")),
    scenario!("per-try timeout each time", "http", By::Http1, "/impatient", "hold", says(504, "URX,UT", "- - -", "exhausted")),
    scenario!("client gone in attempt 1", "http", By::Leaving(1), "/ok", "hold", says(0, "DC", "?", "none")),
    scenario!("client gone in attempt 2", "http", By::Leaving(2), "/retry", "503,hold", says(0, "DC", "503 ?", "")),
    scenario!("direct response", "http", By::Http1, "/direct", "200", says(203, "-", "absent", "none")),
    scenario!("no route", "http", By::Http1, "/nowhere", "200", says(404, "NR", "absent", "none")),
    scenario!("overflow", "http", By::Http1, "/full", "200", says(503, "UO", "-", "none")),
    scenario!("overflow of pending ones", "http", By::Http1, "/pending", "200", says(503, "UO", "absent", "none")),
    scenario!("no host", "http", By::Http1, "/empty", "200", says(503, "UH", "absent", "none")),
    scenario!("no cluster", "http", By::Http1, "/missing", "200", says(503, "NC", "absent", "none")),
    scenario!("redirect", "http", By::Http1, "/redirect", "302,200",
        says(302, "-", "302", "none"), says(200, "-", "200", "none")),
    scenario!("redirect survived", "surviving", By::Http1, "/redirect", "302,200",
        says(302, "-", "302", "none"), says(200, "-", "302 200", "none")),
    scenario!("503 then 200, surviving", "surviving", By::Http1, "/retry", "503,200", says(200, "-", "503 200", "recovered")),
    scenario!("hedged, the 2nd wins", "http", By::Http1, "/hedged", "hold,200", says(200, "-", "- 200", "recovered")),
    scenario!("hedged, the 1st wins", "http", By::Http1, "/hedged", "wait,hold", says(200, "-", "200 -", "recovered")),
    scenario!("hedged, the 3rd wins", "http", By::Http1, "/hedged", "hold,hold,200", says(200, "-", "- - 200", "recovered")),
    scenario!("hedged, the 2nd fails", "http", By::Http1, "/hedged", "hold,503,200", says(200, "-", "- 503 200", "recovered")),
    scenario!("hedged, client gone", "http", By::Leaving(2), "/hedged", "hold,hold", says(0, "DC", "? ?", "")),
    scenario!("HTTP/2", "http", By::Http2, "/retry", "503,200", says(200, "-", "503 200", "recovered")),
    scenario!("grpc-ok", "http", By::Http2, "/grpc-ok/Call", "", says(200, "-", "200", "none")),
    scenario!("grpc-not-found", "http", By::Http2, "/grpc-not-found/Call", "", says(200, "-", "200", "none")),
    scenario!("grpc-unavailable-once", "http", By::Http2, "/grpc-unavailable-once/Call", "",
        says(200, "-", "200/grpc_status_14 200", "recovered")),
    scenario!("grpc-unavailable", "http", By::Http2, "/grpc-unavailable/Call", "",
        says(200, "URX", "200/grpc_status_14 200/grpc_status_14 200/grpc_status_14", "exhausted")),
    scenario!("grpc-strange", "http", By::Http2, "/grpc-strange/Call", "",
        says(200, "-", "200/grpc_status_1_4;a=\"b\\%", "none")),
    scenario!("TCP", "tcp", By::Tcp, "", "", says(0, "-", "absent", "")),
];

/// The listener whose histories outlive internal redirects.
const SURVIVING: &str = "surviving";

/// The head of the rows that [`Scenario::play`] prints.
pub fn print_head() {
    println!("scenario                   code flags   attempts  retry      history");
}

impl Scenario {
    /// Sends the request, prints a row for each record, and says what is wrong with it.
    pub fn play(&self, scene: &Scene, envoy: &Envoy, certs: &Certs) -> Vec<String> {
        let before = scene.lines(self.listener).len();
        self.send(scene, envoy, certs);
        let log = scene.log(self.listener);
        envoy.wait_for_lines(&log, before + self.records.len(), self.name);
        let arrivals = scene.journal.of(self.name);
        let mut wrong = Vec::new();
        // How many attempts, and how many of them that reached a server, the records so far tell of.
        let (mut attempts, mut arrived) = (0, 0);
        for (line, expected) in scene.lines(self.listener)[before..].iter().zip(self.records) {
            let reached = arrived_of(line, &line.history().unwrap_or_default()).len();
            let (earlier, first) =
                if self.listener == SURVIVING { (attempts, 0) } else { (0, arrived) };
            let seen = arrivals.get(first..first + reached).unwrap_or_default();
            wrong.extend(self.surprise(line, expected));
            wrong.extend(complaints(line, seen, earlier));
            attempts += line.number("attempts").unwrap_or(0);
            arrived = first + reached;
        }
        if arrived != arrivals.len() {
            wrong.push(format!("{arrived} of {arrivals:?} in its records"));
        }
        wrong.into_iter().map(|text| format!("{}: {text}", self.name)).collect()
    }

    /// Prints a record, and says what is wrong if it is not as expected.
    fn surprise(&self, line: &Line, expected: &Expected) -> Option<String> {
        let retry = line.object().and_then(|object| object["retry"].as_str().map(str::to_owned));
        let (code, flags, retry) = (
            line.number("code")?,
            line.text("flags").unwrap_or_default(),
            retry.unwrap_or_default(),
        );
        let (history, count) = (shape(line), line.number("attempts").unwrap_or(0));
        println!("{:26} {code:4} {flags:7} {count:8}  {retry:9}  {history}", self.name);
        let is_expected = code == expected.code
            && flags == expected.flags
            && retry == expected.retry
            && history == expected.history;
        (!is_expected).then(|| format!("expected {expected:?}, got {line:?}"))
    }

    fn send(&self, scene: &Scene, envoy: &Envoy, certs: &Certs) {
        let address = envoy.ports()[self.listener];
        let headers = [("x-request-id", self.name), ("x-upstream", self.script)];
        let request = request(self.path.as_bytes(), &headers);
        match self.by {
            By::Http1 => drop(Client::connect(address).ask(&request).unwrap()),
            By::Leaving(attempt) => {
                let mut client = Client::connect(address);
                client.send(&request).unwrap();
                scene.journal.wait_for(self.name, attempt);
            }
            By::Http2 => {
                let block = call(self.path, self.name, self.script);
                play(&Door::Tcp(address), None, certs, &Act::Stream(block));
            }
            By::Tcp => play(&Door::Tcp(address), None, certs, &Act::SayAndFinish(b"hi".to_vec())),
        }
    }
}

/// The header block of a gRPC call.
fn call(path: &str, id: &str, script: &str) -> Vec<u8> {
    let mut headers = vec![
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "h"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("x-request-id", id),
    ];
    if !script.is_empty() {
        headers.push(("x-upstream", script));
    }
    frames::block(&headers)
}

/// Checks that the text log of a listener says what its JSON log does, each value as one word.
pub fn compare_text(scene: &Scene, listener: &str) -> Vec<String> {
    let text = std::fs::read_to_string(scene.text_log(listener)).unwrap();
    let lines = scene.lines(listener);
    assert_eq!(text.lines().count(), lines.len(), "{listener}: one line of text for each of JSON");
    let differ = |(text, line): (&str, &Line)| {
        let words = text.split(' ').count();
        (words != 4 || text != line.as_text()).then(|| format!("{text}: {line:?}"))
    };
    text.lines().zip(&lines).filter_map(differ).collect()
}
