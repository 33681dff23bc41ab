//! Requests as lines, without the newline.

use std::fmt;
use std::io::Write as _;

use super::request::Request;

/// A value, or `-`.
struct Dash<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for Dash<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("-"),
        }
    }
}

/// Milliseconds since midnight, as `%START_TIME%` prints them. Days after the first are skipped.
pub(super) struct Time(pub(super) u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000 % 86_400, self.0 % 1000);
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "2026-11-20T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
    }
}

/// Istio's default text format.
pub(super) fn istio(request: &Request, out: &mut Vec<u8>) {
    let Request { code, bytes_received, bytes_sent, duration, .. } = request;
    // Writing to memory cannot fail.
    let _ = write!(
        out,
        "[{}] \"{} {} {}\" {code} {} {} - \"{}\" {bytes_received} {bytes_sent} {duration} {} ",
        Time(request.time),
        Dash(&request.method),
        Dash(&request.path),
        Dash(&request.protocol),
        Dash(&request.flags),
        Dash(&request.details),
        Dash(&request.failure_reason),
        Dash(&request.service_time),
    );
    let _ = write!(
        out,
        "\"{}\" \"{}\" \"{}\" \"{}\" \"{}\" {} {} {} {} {} {}",
        Dash(&request.forwarded_for),
        Dash(&request.user_agent),
        Dash(&request.request_id),
        Dash(&request.authority),
        Dash(&request.upstream_host),
        Dash(&request.cluster),
        Dash(&request.upstream_local),
        Dash(&request.downstream_local),
        Dash(&request.downstream_remote),
        Dash(&request.server_name),
        Dash(&request.route),
    );
}

/// Istio's default text format and the attempt count.
pub(super) fn attempts(request: &Request, out: &mut Vec<u8>) {
    istio(request, out);
    let _ = write!(out, " {}", request.attempts);
}

/// The format [`super::KEY_VALUE`].
pub(super) fn key_value(request: &Request, out: &mut Vec<u8>) {
    let Request { code, bytes_received, bytes_sent, duration, .. } = request;
    let _ = write!(
        out,
        "ts={} method={} path={} proto={} code={code} flags={} in={bytes_received} \
         out={bytes_sent} ms={duration} host={} upstream={} cluster={} id={} ua=\"{}\"",
        Time(request.time),
        Dash(&request.method),
        Dash(&request.path),
        Dash(&request.protocol),
        Dash(&request.flags),
        Dash(&request.authority),
        Dash(&request.upstream_host),
        Dash(&request.cluster),
        Dash(&request.request_id),
        Dash(&request.user_agent),
    );
}

/// Istio's default JSON format, keys in the order in which Istio gives them.
pub(super) fn json(request: &Request, out: &mut Vec<u8>) {
    let mut object = Object { out, first: true };
    object.string("start_time", Some(Time(request.time)));
    object.string("route_name", request.route);
    object.string("method", request.method);
    object.string("path", request.path.as_ref());
    object.string("protocol", request.protocol);
    object.raw("response_code", request.code);
    object.string("response_flags", Some(request.flags.unwrap_or("-")));
    object.string("response_code_details", request.details);
    object.raw("connection_termination_details", "null");
    object.raw("bytes_received", request.bytes_received);
    object.raw("bytes_sent", request.bytes_sent);
    object.raw("duration", request.duration);
    object.string("upstream_service_time", request.service_time);
    object.string("x_forwarded_for", request.forwarded_for.as_ref());
    object.string("user_agent", request.user_agent.as_ref());
    object.string("request_id", request.request_id.as_ref());
    object.string("authority", request.authority.as_ref());
    object.string("upstream_host", request.upstream_host.as_ref());
    object.string("upstream_cluster", request.cluster.as_ref());
    object.string("upstream_local_address", request.upstream_local.as_ref());
    object.string("downstream_local_address", request.downstream_local.as_ref());
    object.string("downstream_remote_address", request.downstream_remote.as_ref());
    object.string("requested_server_name", request.server_name.as_ref());
    object.string("upstream_transport_failure_reason", request.failure_reason);
    out.push(b'}');
}

/// A JSON object on its way out. Values hold nothing that JSON escapes.
struct Object<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Object<'_> {
    fn raw(&mut self, key: &str, value: impl fmt::Display) {
        let before = if std::mem::take(&mut self.first) { '{' } else { ',' };
        let _ = write!(self.out, "{before}\"{key}\":{value}");
    }

    fn string(&mut self, key: &str, value: Option<impl fmt::Display>) {
        match value {
            Some(value) => self.raw(key, format_args!("\"{value}\"")),
            None => self.raw(key, "null"),
        }
    }
}
