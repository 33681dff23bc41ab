//! Pretty: one line a record that a person reads at a glance.

mod names;
mod wasm;

use accesslog::{Record, WellKnown};
use anstyle::{AnsiColor, Style};
use filter::history::{self, History};

use super::columns::disputed_names;
use super::logfmt::{write_key, write_pairs, write_value};
use super::wasm::history_text;
use super::{Columns, Entry};
use crate::enrich::Enriched;
use crate::paint::{BOLD, CYAN, DIM, GREEN, Paint, RED, YELLOW};
use crate::visible;
use names::Names;

/// Writes one line a record, in colour where that is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Pretty {
    pub(super) columns: Option<Columns>,
    paint: Paint,
    /// Whether pods are named with their namespaces.
    namespaces: bool,
    line: Vec<u8>,
}

impl Pretty {
    pub(super) fn new(columns: Option<Columns>, paint: Paint, namespaces: bool) -> Self {
        Self { columns, paint, namespaces, line: Vec::new() }
    }

    #[inline(never)]
    pub(super) fn record(&mut self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        if let Some(columns) = &mut self.columns {
            self.line.clear();
            write_pairs(columns, entry, false, &mut self.line);
            visible::write(&self.line, out);
            end_line(out, start);
        } else {
            self.glance(entry, out);
        }
    }

    fn glance(&self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        let text = history_text(entry.record);
        let history = text.as_deref().and_then(history::parse);
        let history = history.as_ref();
        let glance =
            Glance { record: entry.record, traffic: entry.traffic, history, paint: self.paint };
        glance.write_source(entry, self.namespaces, out);
        if glance.is_told() {
            glance.write(out);
        } else {
            glance.write_pairs(out);
        }
        glance.write_dispute(out);
        end_line(out, start);
        if let Some(history) = history {
            wasm::write_attempts(history, self.paint, out);
        }
    }
}

/// The styles of pods; red is for errors.
const PODS: [Style; 9] = {
    use AnsiColor::{
        Blue, BrightBlue, BrightCyan, BrightGreen, BrightMagenta, BrightYellow, Cyan, Green,
        Magenta,
    };
    [
        Magenta.on_default(),
        Cyan.on_default(),
        Blue.on_default(),
        Green.on_default(),
        BrightMagenta.on_default(),
        BrightCyan.on_default(),
        BrightYellow.on_default(),
        BrightBlue.on_default(),
        BrightGreen.on_default(),
    ]
};

/// The style of a pod, the same wherever it is named.
fn style_of(pod: &[u8]) -> Style {
    let hash = pod
        .iter()
        .fold(0_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    PODS.get(hash % PODS.len()).copied().unwrap_or_default()
}

/// What is shown of a record.
struct Glance<'a> {
    record: &'a Record<'a>,
    traffic: Option<&'a Enriched<'a>>,
    history: Option<&'a History<'a>>,
    paint: Paint,
}

impl Glance<'_> {
    /// Whether the record has enough of the fields that a glance is made of.
    fn is_told(&self) -> bool {
        use WellKnown::{Authority, Method, Path, ResponseCode, UpstreamHost};
        let told = [ResponseCode, Method, Path, Authority, UpstreamHost];
        told.into_iter().filter(|&field| self.has(field)).count() >= 2
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.write_time(out);
        self.write_code(out);
        self.write_flags(out);
        if self.is_tcp() {
            self.write_connection(out);
        } else {
            self.write_request(out);
        }
        self.write_upstream(out);
        if self.is_tcp() {
            self.write_bytes(out);
        }
        if let Some(duration) = self.text(WellKnown::Duration) {
            out.extend_from_slice(format!(" {duration}ms").as_bytes());
        }
        self.write_attempt_count(out);
        self.write_reason(out);
        self.write_added(out);
    }

    /// Why it failed, when the response flags say that it did.
    fn write_reason(&self, out: &mut Vec<u8>) {
        let flags = self.text(WellKnown::ResponseFlags);
        let failed = flags.is_some_and(|flags| !matches!(flags.as_str(), "" | "-"));
        let transport = self.text(WellKnown::UpstreamTransportFailureReason);
        let reason = transport.or_else(|| self.text(WellKnown::ResponseCodeDetails));
        let told =
            reason.filter(|reason| failed && !matches!(reason.as_str(), "" | "via_upstream"));
        if let Some(reason) = told {
            self.styled(DIM, &format!(" {reason}"), out);
        }
    }

    /// Who wrote the line, where the wrapper told.
    fn write_source(&self, entry: &Entry<'_>, namespaces: bool, out: &mut Vec<u8>) {
        let Some(pod) = entry.wrapper.pod else { return };
        let namespace = entry.wrapper.namespace.filter(|_| namespaces);
        let mut name = namespace.map(|name| visible::text(name) + "/").unwrap_or_default();
        name.push_str(&visible::text(pod));
        if let Some(container) = entry.wrapper.container.filter(|name| *name != b"istio-proxy") {
            name.push('/');
            name.push_str(&visible::text(container));
        }
        self.styled(style_of(pod), &name, out);
        out.push(b' ');
    }

    /// The time of day of Envoy's default form, or the whole text of another.
    fn write_time(&self, out: &mut Vec<u8>) {
        let Some(time) = self.text(WellKnown::StartTime) else { return };
        let of_day = time.get(11..23).filter(|_| {
            time.as_bytes().get(10) == Some(&b'T') && time.as_bytes().get(19) == Some(&b'.')
        });
        self.styled(DIM, of_day.unwrap_or(&time), out);
        out.push(b' ');
    }

    fn write_code(&self, out: &mut Vec<u8>) {
        let Some(code) = self.text(WellKnown::ResponseCode) else { return };
        self.styled(code_style(&code), &format!("{code:>3}"), out);
        out.push(b' ');
    }

    /// The response flags, in a column of their own so that the paths stand below each other.
    fn write_flags(&self, out: &mut Vec<u8>) {
        let Some(flags) = self.text(WellKnown::ResponseFlags) else { return };
        let style = if flags == "-" { DIM } else { RED };
        self.styled(style, &flags, out);
        out.extend(std::iter::repeat_n(b' ', 4_usize.saturating_sub(flags.len()).max(1)));
    }

    fn write_request(&self, out: &mut Vec<u8>) {
        let has_target = self.has(WellKnown::Authority) || self.has(WellKnown::Path);
        if self.has(WellKnown::Method) {
            let method = self.text(WellKnown::Method).unwrap_or_else(|| "-".to_owned());
            self.styled(BOLD, &method, out);
            let gap = if has_target { 4_usize.saturating_sub(method.len()) + 1 } else { 0 };
            out.extend(std::iter::repeat_n(b' ', gap));
        }
        if has_target {
            let authority = self.text(WellKnown::Authority).unwrap_or_default();
            let path = self.text(WellKnown::Path).unwrap_or_default();
            let both = if authority.is_empty() && path.is_empty() { "-" } else { "" };
            out.extend_from_slice(format!("{authority}{path}{both}").as_bytes());
        }
    }

    /// A TCP connection: the name that the client asked for, or else where it connected to.
    fn write_connection(&self, out: &mut Vec<u8>) {
        self.styled(BOLD, "TCP", out);
        let asked = self.text(WellKnown::RequestedServerName);
        let target = asked.or_else(|| self.text(WellKnown::DownstreamLocalAddress));
        if let Some(target) = target {
            out.extend_from_slice(format!("  {target}").as_bytes());
        }
    }

    fn write_upstream(&self, out: &mut Vec<u8>) {
        let names = self.traffic.map(Names::of).unwrap_or_default();
        let cluster = || self.text(WellKnown::UpstreamCluster).filter(|_| !names.tell_cluster);
        let service = names.service.or_else(|| cluster().map(|cluster| service(&cluster)));
        let host = names.destination.or_else(|| self.text(WellKnown::UpstreamHost));
        if service.is_none() && host.is_none() && names.source.is_none() {
            return;
        }
        if let Some(source) = names.source {
            out.push(b' ');
            out.extend_from_slice(source.as_bytes());
        }
        self.styled(DIM, " ->", out);
        if let Some(service) = service {
            out.push(b' ');
            self.styled(CYAN, &service, out);
        }
        if let Some(host) = host {
            out.push(b' ');
            out.extend_from_slice(host.as_bytes());
        }
        if let Some((style, word)) = names.remark {
            self.styled(style, &format!(" {word}"), out);
        }
    }

    fn write_bytes(&self, out: &mut Vec<u8>) {
        for (name, field) in [("in", WellKnown::BytesReceived), ("out", WellKnown::BytesSent)] {
            if let Some(bytes) = self.text(field) {
                out.extend_from_slice(format!(" {name} {bytes}B").as_bytes());
            }
        }
    }

    fn write_dispute(&self, out: &mut Vec<u8>) {
        if self.record.ambiguity().is_some() {
            let names = visible::text(disputed_names(self.record).as_bytes());
            self.styled(YELLOW, &format!("  ambiguous: {names}"), out);
        }
    }

    /// Everything that the record has, for formats without the fields of a glance.
    fn write_pairs(&self, out: &mut Vec<u8>) {
        for at in 0..self.record.len() {
            let Some(value) = self.record.value(at).to_bytes() else { continue };
            let mut shown = Vec::new();
            write_key(self.record.key(at), &mut shown);
            self.styled(DIM, &visible::text(&shown), out);
            shown.clear();
            write_value(&value, &mut shown);
            visible::write(&shown, out);
            out.push(b' ');
        }
    }

    /// Whether this is a record of a connection rather than a request. A request that was never
    /// understood has no method either, but a protocol.
    fn is_tcp(&self) -> bool {
        let absent = |field| !self.has(field) || self.text(field).is_none();
        absent(WellKnown::Method)
            && absent(WellKnown::Protocol)
            && (self.has(WellKnown::Protocol) || self.has(WellKnown::Method))
            && self.record.ambiguity().is_none()
    }

    fn has(&self, field: WellKnown) -> bool {
        self.record.well_known(field).is_some()
    }

    /// A value with what a terminal could act on made visible; `None` when it is absent.
    fn text(&self, field: WellKnown) -> Option<String> {
        let value = self.record.well_known(field)?.to_bytes()?;
        Some(visible::text(&value))
    }

    fn styled(&self, style: Style, text: &str, out: &mut Vec<u8>) {
        self.paint.write(style, out, |out| out.extend_from_slice(text.as_bytes()));
    }
}

/// The service that a cluster of Istio stands for: `outbound|80||reviews.bookinfo.svc.cluster.local`
/// is `reviews.bookinfo:80`, with the subset in parentheses. Another cluster's name stays.
fn service(cluster: &str) -> String {
    let parts: Vec<&str> = cluster.split('|').collect();
    let [_, port, subset, host] = parts.as_slice() else {
        return cluster.to_owned();
    };
    if host.is_empty() {
        return cluster.to_owned();
    }
    names::service(host, Some(port), (!subset.is_empty()).then_some(subset))
}

fn code_style(code: &str) -> Style {
    match code.as_bytes().first() {
        Some(b'2') => GREEN,
        Some(b'3') => CYAN,
        Some(b'4') => YELLOW,
        Some(b'5') => RED,
        _ => DIM,
    }
}

/// Ends a line, without the spaces at the end of what was appended since `start`.
fn end_line(out: &mut Vec<u8>, start: usize) {
    while out.len() > start && out.last() == Some(&b' ') {
        out.pop();
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services() {
        let cases = [
            ("outbound|80||reviews.bookinfo.svc.cluster.local", "reviews.bookinfo:80"),
            ("outbound|80|v1|reviews.bookinfo.svc.cluster.local", "reviews.bookinfo:80 (v1)"),
            ("outbound|443||api.example.com", "api.example.com:443"),
            ("inbound|9080||", "inbound|9080||"),
            ("PassthroughCluster", "PassthroughCluster"),
            ("a|b|c|d|e", "a|b|c|d|e"),
        ];
        for (cluster, expected) in cases {
            assert_eq!(service(cluster), expected);
        }
    }
}
