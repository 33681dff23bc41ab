//! Lines as they stand in a container runtime's log file.

use std::io::Write as _;

use super::request::Request;
use super::text::Time;
use crate::rng::Rng;

/// Lines of other logs of a sidecar: the stream, what follows the time, the tab or space included.
const OTHERS: &[(&str, &str)] = &[
    (
        "stderr",
        "\twarning\tenvoy config external/envoy/source/extensions/config_subscription/grpc/grpc_stream.h:155\tStreamAggregatedResources gRPC config stream to xds-grpc closed: 0, \tthread=15",
    ),
    (
        "stdout",
        "\tinfo\txdsproxy\tconnected to delta upstream XDS server: istiod.istio-system.svc:15012\tid=12",
    ),
    (
        "stdout",
        "\tinfo\tcache\tgenerated new workload certificate\tresourceName=default latency=86.2ms ttl=23h59m59s",
    ),
];

/// Appends an access log line as a runtime writes it. One line in 200 comes in two parts, and
/// before one in 50 stands a line of another log.
pub(super) fn wrap(request: &Request, line: &[u8], rng: &mut Rng, out: &mut Vec<u8>) {
    if rng.below(50) == 0 {
        let (stream, rest) = rng.choose(OTHERS);
        begin(request, rng, stream, "F", out);
        let time = Time(request.time).to_string();
        let _ = write!(out, "{}000Z{rest}", time.trim_end_matches('Z'));
        out.push(b'\n');
    }
    let parts = if rng.below(200) == 0 {
        let cut = usize::try_from(rng.below(line.len() as u64)).unwrap_or_default();
        line.split_at_checked(cut)
    } else {
        None
    };
    let (first, last) = parts.unwrap_or((b"", line));
    if parts.is_some() {
        begin(request, rng, "stdout", "P", out);
        out.extend_from_slice(first);
        out.push(b'\n');
    }
    begin(request, rng, "stdout", "F", out);
    out.extend_from_slice(last);
    out.push(b'\n');
}

/// Appends what stands before a message: a time with nanoseconds, the stream and the tag.
fn begin(request: &Request, rng: &mut Rng, stream: &str, tag: &str, out: &mut Vec<u8>) {
    let time = Time(request.time + 1).to_string();
    let nanos = rng.below(1_000_000);
    let _ = write!(out, "{}{nanos:06}Z {stream} {tag} ", time.trim_end_matches('Z'));
}
