//! Other logs that share a stream with access logs: Envoy's own log, the agent's, kubectl's notices.
//!
//! A line is asked about here only after it did not read as an access log record.

use std::borrow::Cow;

use serde::Deserialize;

use crate::unwrap::Time;

/// Who wrote a line that is no access log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    /// Envoy's application log.
    Envoy,
    /// The agent beside Envoy (Istio's pilot-agent).
    Agent,
    /// kubectl, or the kubelet through it.
    Kubectl,
}

/// How kubectl's and the kubelet's notices begin.
const KUBECTL: &[&str] = &[
    "Defaulted container ",
    "Defaulting container name to ",
    "Use 'kubectl describe pod",
    "error: ",
    "Error from server",
    "Unable to connect to the server",
    "The connection to the server ",
    "unable to retrieve container logs for ",
    "failed to create fsnotify watcher: ",
    "failed to watch file ",
    "failed to try resolving symlinks in path ",
    "rpc error: ",
    "unexpected stream type ",
];

impl Other {
    /// Tells who wrote `line`, if it is a log line of a kind known here.
    pub(crate) fn classify(line: &[u8]) -> Option<Self> {
        if is_envoy(line) {
            return Some(Self::Envoy);
        }
        tab_separated(line)
            .or_else(|| json(line))
            .or_else(|| is_kubectl(line).then_some(Self::Kubectl))
    }

    /// Whether `line` goes on with a log entry of several lines (a backtrace, a dump).
    pub(crate) fn is_continuation(line: &[u8]) -> bool {
        line.first().is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'}' | b']'))
    }
}

/// Envoy's default: `[2026-11-20 07:46:40.649][7210][warning][main] ...`.
fn is_envoy(line: &[u8]) -> bool {
    let Some((time, rest)) = line.split_at_checked(25) else {
        return false;
    };
    let time_fits = time
        .iter()
        .zip(b"[0000-00-00 00:00:00.000]")
        .all(|(byte, wanted)| if *wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted });
    time_fits && rest.starts_with(b"[")
}

/// Istio's form, of the agent and of Envoy below it: `TIME<TAB>LEVEL<TAB>SCOPE<TAB>...`.
fn tab_separated(line: &[u8]) -> Option<Other> {
    let (_, rest) = Time::at_start(line)?;
    let mut columns = rest.strip_prefix(b"\t")?.splitn(3, |&byte| byte == b'\t');
    is_level(columns.next()?).then_some(())?;
    Some(if columns.next()?.starts_with(b"envoy ") { Other::Envoy } else { Other::Agent })
}

fn is_level(word: &[u8]) -> bool {
    const LEVELS: [&[u8]; 9] = [
        b"trace",
        b"debug",
        b"info",
        b"warn",
        b"warning",
        b"error",
        b"critical",
        b"fatal",
        b"none",
    ];
    LEVELS.contains(&word)
}

/// The keys that tell a log entry in JSON from an access log record in JSON.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    level: Cow<'a, str>,
    #[serde(borrow, alias = "message")]
    msg: Cow<'a, str>,
    #[serde(borrow, default)]
    scope: Option<Cow<'a, str>>,
    #[serde(default)]
    response_code: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    response_flags: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    start_time: Option<serde::de::IgnoredAny>,
}

/// An entry with `level`, `msg` and no key of an access log, as written under log-as-json.
fn json(line: &[u8]) -> Option<Other> {
    if !line.starts_with(b"{") {
        return None;
    }
    let entry: Entry<'_> = serde_json::from_slice(line).ok()?;
    let access_log = entry.response_code.is_some()
        || entry.response_flags.is_some()
        || entry.start_time.is_some();
    if access_log || entry.level.is_empty() || entry.msg.is_empty() {
        return None;
    }
    let envoy = entry.scope.is_some_and(|scope| scope.starts_with("envoy"));
    Some(if envoy { Other::Envoy } else { Other::Agent })
}

fn is_kubectl(line: &[u8]) -> bool {
    KUBECTL.iter().any(|start| line.starts_with(start.as_bytes()))
        || is_choice_of_pod(line)
        || is_klog(line)
}

/// `Found 3 pods, using pod/reviews-v1-...`.
fn is_choice_of_pod(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"Found ") else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.get(digits..).is_some_and(|rest| rest.starts_with(b" pods, using "))
}

/// What kubectl's client library says: `E1120 12:00:00.123456   12345 memcache.go:265] ...`.
fn is_klog(line: &[u8]) -> bool {
    line.len() > 21
        && line.iter().zip(b"E0000 00:00:00.000000 ").all(|(byte, wanted)| match wanted {
            b'E' => matches!(byte, b'I' | b'W' | b'E' | b'F'),
            b'0' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_kinds() {
        use Other::{Agent, Envoy, Kubectl};
        let cases: &[(Other, &str)] = &[
            (
                Envoy,
                "[2026-11-20 07:46:40.649][7210][warning][main] [source/server/server.cc:1028] caught ENVOY_SIGTERM",
            ),
            (
                Envoy,
                "2026-11-20T12:59:55.612076Z\tinfo\tenvoy main source/server/server.cc:1167\tshutting down\tthread=15671",
            ),
            (
                Envoy,
                r#"{"level":"info","time":"2026-11-20T12:59:55.612076Z","scope":"envoy main","msg":"x"}"#,
            ),
            (Agent, "2026-11-20T12:59:55.612076Z\tinfo\tEnvoy proxy is ready"),
            (Agent, "2026-11-20T12:59:55.612076Z\twarn\tca\tca request failed"),
            (
                Agent,
                r#"{"level":"info","time":"2026-11-20T12:59:55.612076Z","msg":"Envoy proxy is ready"}"#,
            ),
            (
                Agent,
                r#"{"level":"info","time":"2026-11-20T12:59:55.612076Z","scope":"ads","msg":"x"}"#,
            ),
            (
                Kubectl,
                r#"Defaulted container "istio-proxy" out of: istio-proxy, app, istio-init (init)"#,
            ),
            (Kubectl, "error: timed out waiting for the condition"),
            (Kubectl, "unable to retrieve container logs for containerd://4f2a"),
            (Kubectl, "failed to create fsnotify watcher: too many open files"),
            (Kubectl, "rpc error: code = NotFound desc = an error occurred"),
            (Kubectl, "Found 3 pods, using pod/reviews-v1-5b5d6494f4-x2x7p"),
            (
                Kubectl,
                "E1120 12:00:00.123456   12345 memcache.go:265] couldn't get current server API group list",
            ),
        ];
        for (kind, line) in cases {
            assert_eq!(Other::classify(line.as_bytes()), Some(*kind), "{line}");
        }
    }

    #[test]
    fn ok_not_known() {
        let cases = [
            "[2026-11-20T07:46:40.649Z] \"GET / HTTP/1.1\" 200",
            "[2026-11-20 07:46:40.649] x",
            "2026-11-20T12:59:55.612076Z\tnothing\tenvoy main",
            "2026-11-20T12:59:55.612076Z\tinfo",
            r#"{"level":"info","msg":"x","response_code":200}"#,
            r#"{"msg":"x"}"#,
            r#"{"level":"info","msg":"x""#,
            "Found it",
            "E1120",
            "",
        ];
        for line in cases {
            assert_eq!(Other::classify(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn continuation_lines() {
        for line in ["", " x", "\tat y", "}", "]", "},"] {
            assert!(Other::is_continuation(line.as_bytes()), "{line:?}");
        }
        for line in ["x", "{", "["] {
            assert!(!Other::is_continuation(line.as_bytes()), "{line:?}");
        }
    }
}
