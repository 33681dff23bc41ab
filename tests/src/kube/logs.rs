//! The logs of containers, as the kubelet keeps them and answers for them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// `2006-01-02T15:04:05.000000000Z `, which the kubelet sets before a line.
const STAMP: usize = 31;
/// The most bytes of one write; longer lines are written whole.
const BATCH: usize = 64 * 1024;

/// Namespace, pod and container.
pub(crate) type LogKey = (String, String, String);

/// All logs.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    containers: Mutex<BTreeMap<LogKey, Arc<Mutex<Log>>>>,
}

/// The log of a container: of the run that is, and of the one before.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) current: Arc<Run>,
    pub(crate) previous: Option<Arc<Run>>,
}

/// The lines of a container from its start to its end.
#[derive(Debug)]
pub(crate) struct Run {
    state: Mutex<RunState>,
    wake: watch::Sender<()>,
}

#[derive(Debug)]
struct RunState {
    lines: VecDeque<Line>,
    /// How many lines came before those that are kept.
    first: u64,
    /// The first line of the file that a new request reads: a rotation begins a new one.
    file: u64,
    /// The most lines to keep.
    most: usize,
    last: Timestamp,
    ended: bool,
}

#[derive(Debug, Clone)]
struct Line {
    time: Timestamp,
    /// With its time before it and its newline behind it.
    stamped: Bytes,
}

/// What a request wants of a log.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) follow: bool,
    pub(crate) timestamps: bool,
    pub(crate) previous: bool,
    pub(crate) since: Option<Timestamp>,
    pub(crate) tail: Option<u64>,
    pub(crate) limit: Option<u64>,
}

impl Logs {
    /// The log of this container, a new one if there is none.
    pub(crate) fn of(&self, key: &LogKey) -> Arc<Mutex<Log>> {
        self.containers.lock().unwrap().entry(key.clone()).or_default().clone()
    }

    /// Ends and forgets the logs of this pod.
    pub(crate) fn forget(&self, namespace: &str, pod: &str) {
        self.containers.lock().unwrap().retain(|(of, name, _), log| {
            let gone = of == namespace && name == pod;
            if gone {
                log.lock().unwrap().current.end();
            }
            !gone
        });
    }
}

impl Log {
    /// Ends the run, which becomes the previous one.
    pub(crate) fn restart(&mut self) {
        self.current.end();
        let most = self.current.state.lock().unwrap().most;
        let ended = std::mem::take(&mut self.current);
        self.current.keep(most);
        self.previous = Some(ended);
    }
}

impl Default for Run {
    fn default() -> Self {
        let state = RunState {
            lines: VecDeque::new(),
            first: 0,
            file: 0,
            most: usize::MAX,
            last: Timestamp::MIN,
            ended: false,
        };
        Self { state: Mutex::new(state), wake: watch::Sender::new(()) }
    }
}

impl Run {
    /// Adds lines, each a nanosecond or more after the one before. Without a time it is now.
    pub(crate) fn append(&self, time: Option<Timestamp>, lines: &[impl AsRef<[u8]>]) {
        let mut text = BytesMut::new();
        let mut ends = Vec::with_capacity(lines.len());
        let mut state = self.state.lock().unwrap();
        let mut time = time.unwrap_or_else(|| Timestamp::now().max(state.last + TICK));
        for line in lines {
            stamp(&mut text, time);
            text.extend_from_slice(line.as_ref());
            text.extend_from_slice(b"\n");
            ends.push((time, text.len()));
            time += TICK;
        }
        let mut text = text.freeze();
        let mut taken = 0;
        for (time, end) in ends {
            let stamped = text.split_to(end - taken);
            taken = end;
            state.last = time;
            state.lines.push_back(Line { time, stamped });
        }
        while state.lines.len() > state.most {
            state.lines.pop_front();
            state.first += 1;
        }
        drop(state);
        self.wake.send_replace(());
    }

    /// Begins a new file, which is all that new requests read.
    pub(crate) fn rotate(&self) {
        let mut state = self.state.lock().unwrap();
        state.file = state.first + state.lines.len() as u64;
    }

    /// Keeps no more than the newest `most` lines, also for those who are reading.
    pub(crate) fn keep(&self, most: usize) {
        self.state.lock().unwrap().most = most;
    }

    /// No line comes any more.
    pub(crate) fn end(&self) {
        self.state.lock().unwrap().ended = true;
        self.wake.send_replace(());
    }

    /// Tells of new lines and of the end.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    /// Where to begin: the kubelet counts the tail from the end of the file, and only then looks at times.
    pub(crate) fn start(&self, wanted: &Wanted) -> u64 {
        let state = self.state.lock().unwrap();
        let end = state.first + state.lines.len() as u64;
        let file = state.file.max(state.first);
        wanted.tail.map_or(file, |tail| end.saturating_sub(tail).max(file))
    }

    /// The next bytes from `cursor`, which moves on, and whether they are the last that will ever come.
    pub(crate) fn read(&self, cursor: &mut u64, wanted: &Wanted) -> (Bytes, bool) {
        let state = self.state.lock().unwrap();
        let mut bytes = BytesMut::new();
        *cursor = (*cursor).max(state.first);
        let from = usize::try_from(*cursor - state.first).unwrap();
        for line in state.lines.range(from.min(state.lines.len())..) {
            if bytes.len() >= BATCH {
                return (bytes.freeze(), false);
            }
            *cursor += 1;
            if wanted.since.is_none_or(|since| line.time >= since) {
                let skipped = if wanted.timestamps { 0 } else { STAMP };
                bytes.extend_from_slice(&line.stamped[skipped..]);
            }
        }
        (bytes.freeze(), state.ended)
    }
}

const TICK: SignedDuration = SignedDuration::from_nanos(1);

/// Writes the time with nine digits, as the kubelet does whatever the runtime wrote.
fn stamp(text: &mut BytesMut, time: Timestamp) {
    text.extend_from_slice(format!("{time:.9} ").as_bytes());
}

/// The second that `sinceTime` means: the API server passes it on to the kubelet without its fraction.
pub(crate) fn since_time(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    Timestamp::from_second(time.as_nanosecond().div_euclid(1_000_000_000).try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        let run = Run::default();
        for (time, line) in [
            ("2026-01-02T03:04:04.9Z", "a"),
            ("2026-01-02T03:04:05Z", "b"),
            ("2026-01-02T03:04:05.5Z", "c"),
            ("2026-01-02T03:04:06.000000001Z", "d"),
        ] {
            run.append(Some(time.parse().unwrap()), &[line]);
        }
        run
    }

    fn read(run: &Run, wanted: &Wanted) -> String {
        let mut cursor = run.start(wanted);
        let (bytes, _) = run.read(&mut cursor, wanted);
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn begins_where_the_kubelet_does() {
        for (label, since, tail, expected) in [
            ("all", None, None, "a\nb\nc\nd\n"),
            ("a whole second", Some("2026-01-02T03:04:05Z"), None, "b\nc\nd\n"),
            ("a fraction is dropped", Some("2026-01-02T03:04:05.9Z"), None, "b\nc\nd\n"),
            ("another zone", Some("2026-01-02T04:04:06+01:00"), None, "d\n"),
            ("the future", Some("2027-01-02T03:04:05Z"), None, ""),
            ("tail", None, Some(2), "c\nd\n"),
            ("no tail", None, Some(0), ""),
            ("a long tail", None, Some(9), "a\nb\nc\nd\n"),
            ("tail before since", Some("2026-01-02T03:04:06Z"), Some(3), "d\n"),
        ] {
            let since = since.map(|text| since_time(text).unwrap());
            let wanted = Wanted { since, tail, ..Wanted::default() };
            assert_eq!(read(&run(), &wanted), expected, "{label}");
        }
    }

    #[test]
    fn stamps_with_nine_digits() {
        let wanted = Wanted { timestamps: true, tail: Some(2), ..Wanted::default() };
        assert_eq!(
            read(&run(), &wanted),
            "2026-01-02T03:04:05.500000000Z c\n2026-01-02T03:04:06.000000001Z d\n"
        );
    }

    #[test]
    fn stamps_strictly_rising_times() {
        let run = Run::default();
        run.append(None, &["a", "b"]);
        run.append(None, &["c"]);
        let times: Vec<_> = run.state.lock().unwrap().lines.iter().map(|line| line.time).collect();
        assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    }

    #[test]
    fn rotates_for_new_requests_only() {
        let run = run();
        let mut reading = run.start(&Wanted::default());
        run.rotate();
        run.append(None, &["e"]);
        let wanted = Wanted { tail: Some(3), ..Wanted::default() };
        assert_eq!(read(&run, &wanted), "e\n", "new");
        let (bytes, _) = run.read(&mut reading, &Wanted::default());
        assert_eq!(&bytes[..], b"a\nb\nc\nd\ne\n", "reading already");
    }

    #[test]
    fn keeps_no_more_than_asked() {
        let run = run();
        run.keep(2);
        run.append(None, &["e"]);
        assert_eq!(read(&run, &Wanted::default()), "d\ne\n");
    }

    #[test]
    fn restarts() {
        let mut log = Log::default();
        log.current.append(None, &["a"]);
        log.restart();
        log.current.append(None, &["b"]);
        assert_eq!(read(&log.current, &Wanted::default()), "b\n");
        let previous = log.previous.unwrap();
        assert_eq!(read(&previous, &Wanted::default()), "a\n");
        assert!(previous.read(&mut 1, &Wanted::default()).1, "ended");
    }
}
