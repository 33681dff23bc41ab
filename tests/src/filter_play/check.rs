//! A history against what Envoy itself logged, and against what the servers saw.

use std::borrow::Cow;

use filter::history::{Attempt, History};

use super::journal::Arrival;
use super::line::Line;

/// What gRPC said, in place of a failure to get a response at all.
const OF_GRPC: &[u8] = b"grpc_status_";

/// A history without its hosts and times, as `503 -/failure ? 200`; `absent` where there is none.
pub fn shape(line: &Line) -> String {
    let Some(history) = line.history() else { return "absent".to_owned() };
    let entry = |attempt: &Attempt<'_>| match (attempt.duration_ms, attempt.code, text(attempt)) {
        (None, _, _) => "?".to_owned(),
        (_, Some(code), None) => code.to_string(),
        (_, Some(code), Some(failure)) => format!("{code}/{failure}"),
        (_, None, None) => "-".to_owned(),
        (_, None, Some(failure)) => format!("-/{failure}"),
    };
    let entries: Vec<String> = history.attempts.iter().map(entry).collect();
    entries.join(" ") + if history.more { " +" } else { "" }
}

/// What is wrong with a record: `arrivals` are those attempts of its history that reached a server,
/// and `earlier` is how many attempts of its history belong to records before it.
pub fn complaints(line: &Line, arrivals: &[Arrival], earlier: u64) -> Vec<String> {
    let Some(history) = line.history() else {
        return (!arrivals.is_empty())
            .then(|| format!("none of {arrivals:?}"))
            .into_iter()
            .collect();
    };
    let mut complaints = Vec::new();
    let mut compare = |what: &str, ours: Option<&str>, other: Option<&str>| {
        if ours != other {
            complaints.push(format!("{what}: {ours:?} in the history, {other:?} beside it"));
        }
    };
    let count = history.attempts.len().to_string();
    let native = line.number("attempts").map(|native| (native + earlier).to_string());
    compare("attempts", Some(&count), native.as_deref());
    if let Some(attempt) = decisive(line, &history.attempts) {
        compare("host", host(attempt).as_deref(), line.text("host"));
        let failure = text(attempt).filter(|text| !text.as_bytes().starts_with(OF_GRPC));
        let reason = line.text("reason").map(|reason| reason.replace(' ', "_"));
        compare("failure", failure.as_deref(), reason.as_deref());
    }
    let reached = arrived_of(line, &history);
    compare("reached", Some(&reached.len().to_string()), Some(&arrivals.len().to_string()));
    for (attempt, arrival) in reached.iter().zip(arrivals) {
        compare("server", host(attempt).as_deref(), Some(&arrival.host));
        let code = |code: Option<u16>| code.map(|code| code.to_string());
        compare("code", code(attempt.code).as_deref(), code(arrival.word.code()).as_deref());
    }
    complaints
}

/// The attempt that the record's own values are about: the last one, unless one before it brought the
/// response, as can happen when attempts run side by side.
fn decisive<'h, 'a>(line: &Line, attempts: &'h [Attempt<'a>]) -> Option<&'h Attempt<'a>> {
    let last = attempts.last()?;
    if last.code.is_none() && line.text("details") == Some("via_upstream") {
        return attempts.iter().rfind(|a| a.code.map(u64::from) == line.number("code"));
    }
    Some(last)
}

fn host<'a>(attempt: &'a Attempt<'_>) -> Option<Cow<'a, str>> {
    attempt.host.as_deref().map(String::from_utf8_lossy)
}

fn text<'a>(attempt: &'a Attempt<'_>) -> Option<Cow<'a, str>> {
    attempt.failure.as_deref().map(String::from_utf8_lossy)
}

/// The attempts of a record that got as far as a server.
pub(super) fn arrived_of<'h, 'a>(line: &Line, history: &'h History<'a>) -> Vec<&'h Attempt<'a>> {
    // A circuit breaker keeps the last attempt from being sent.
    let is_overflow = line.text("flags").is_some_and(|flags| flags.contains("UO"));
    let sent = history.attempts.len().saturating_sub(usize::from(is_overflow));
    let is_sent = |attempt: &&Attempt<'_>| {
        attempt.failure.as_ref().is_none_or(|failure| failure.starts_with(OF_GRPC))
    };
    history.attempts.iter().take(sent).filter(is_sent).collect()
}
