//! What the suites send: named cases, each with what its access-log record must show.
//!
//! [`mod@table`] lists them; this module says what a case is.

mod random;
pub mod table;

use crate::client::{Act, Tls};
use crate::frames;

/// One exchange with Envoy.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it shows; unique.
    pub name: String,
    /// The listener it goes to.
    pub listener: &'static str,
    /// How the client introduces itself, on TLS listeners.
    pub tls: Option<Tls>,
    /// How many records it leaves.
    pub records: usize,
    /// Response flags of one of the records, as a set, if they matter.
    pub flags: Option<&'static str>,
    /// The response code of one of the records, if it matters.
    pub code: Option<u16>,
    /// Whether the client's bytes hold delimiters of a log line.
    pub forges: bool,
    exchange: Exchange,
}

#[derive(Debug, Clone)]
enum Exchange {
    Http1 { request: Request, leaves: bool },
    Http2 { request: Request, resets: bool },
    Raw(Act),
}

/// An HTTP request of any bytes.
#[derive(Debug, Clone)]
struct Request {
    method: Vec<u8>,
    path: Vec<u8>,
    version: &'static str,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

/// A GET request over HTTP/1.1, to the listener `sidecar`.
pub fn get(name: impl Into<String>, path: &str) -> Case {
    let request = Request {
        method: b"GET".to_vec(),
        path: path.as_bytes().to_vec(),
        version: "HTTP/1.1",
        headers: vec![
            ("host", b"svc.example:8080".to_vec()),
            ("user-agent", b"curl/8.5.0".to_vec()),
        ],
        body: Vec::new(),
    };
    Case {
        name: name.into(),
        listener: "sidecar",
        tls: None,
        records: 1,
        flags: None,
        code: None,
        forges: false,
        exchange: Exchange::Http1 { request, leaves: false },
    }
}

/// A GET request over HTTP/2, to the listener `sidecar`.
pub fn get2(name: impl Into<String>, path: &[u8]) -> Case {
    let mut case = get(name, "");
    case.request().path = path.to_vec();
    let request = case.request().clone();
    case.exchange = Exchange::Http2 { request, resets: false };
    case
}

/// Bytes to a listener, and what follows them.
pub fn raw(name: &'static str, listener: &'static str, act: Act) -> Case {
    Case { listener, exchange: Exchange::Raw(act), ..get(name, "") }
}

/// A few bytes over TCP, to a TCP listener.
pub fn tcp(name: &'static str, listener: &'static str) -> Case {
    raw(name, listener, Act::SayAndFinish(b"abc".to_vec()))
}

impl Case {
    /// Sends the case to another listener.
    pub fn via(mut self, listener: &'static str) -> Self {
        self.listener = listener;
        self
    }

    /// Speaks TLS.
    pub fn tls(mut self, sni: Option<&'static str>, certificate: bool) -> Self {
        let alpn = match self.exchange {
            Exchange::Http1 { .. } => "http/1.1",
            Exchange::Http2 { .. } => "h2",
            Exchange::Raw(_) => "echo",
        };
        self.tls = Some(Tls { sni, certificate, alpn });
        self
    }

    /// Adds a header, or replaces the user agent or the host.
    pub fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let headers = &mut self.request().headers;
        if matches!(name, "user-agent" | "host") {
            headers.retain(|(other, _)| *other != name);
        }
        headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Adds a header once more, whatever it is.
    pub fn again(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.request().headers.push((name, value.as_ref().to_vec()));
        self
    }

    /// Takes a header out.
    pub fn without(mut self, name: &str) -> Self {
        self.request().headers.retain(|(other, _)| *other != name);
        self
    }

    /// Sets the user agent.
    pub fn agent(self, value: impl AsRef<[u8]>) -> Self {
        self.header("user-agent", value)
    }

    /// Sets the authority.
    pub fn host(self, value: impl AsRef<[u8]>) -> Self {
        self.header("host", value)
    }

    /// Tells the server behind Envoy what to do, attempt by attempt.
    pub fn upstream(self, behaviours: &'static str) -> Self {
        self.header("x-upstream", behaviours)
    }

    /// Sends a body, with its length.
    pub fn post(mut self, method: &'static str, body: &[u8]) -> Self {
        let request = self.request();
        request.method = method.into();
        request.body = body.to_vec();
        self.header("content-length", body.len().to_string())
    }

    /// Uses another method, without a body.
    pub fn method(mut self, method: impl AsRef<[u8]>) -> Self {
        self.request().method = method.as_ref().to_vec();
        self
    }

    /// Claims another version of HTTP/1.
    pub fn version(mut self, version: &'static str) -> Self {
        self.request().version = version;
        self
    }

    /// Goes away without waiting for the answer; over HTTP/2, resets the stream.
    pub fn leaving(mut self) -> Self {
        match &mut self.exchange {
            Exchange::Http1 { leaves, .. } => *leaves = true,
            Exchange::Http2 { resets, .. } => *resets = true,
            Exchange::Raw(_) => panic!("{}: raw bytes say themselves what follows", self.name),
        }
        self
    }

    /// Says that the client's bytes hold delimiters of a log line.
    pub fn forging(mut self) -> Self {
        self.forges = true;
        self
    }

    /// Expects these response flags, in any order.
    pub fn flags(mut self, flags: &'static str) -> Self {
        self.flags = Some(flags);
        self
    }

    /// Expects this response code.
    pub fn code(mut self, code: u16) -> Self {
        self.code = Some(code);
        self
    }

    /// Expects this many records.
    pub fn records(mut self, records: usize) -> Self {
        self.records = records;
        self
    }

    /// What the client does, to the byte.
    pub fn act(&self) -> Act {
        match &self.exchange {
            Exchange::Http1 { request, leaves: false } => Act::Say(request.http1()),
            Exchange::Http1 { request, leaves: true } => Act::SayAndLeave(request.http1()),
            Exchange::Http2 { request, resets: false } => Act::Stream(request.http2()),
            Exchange::Http2 { request, resets: true } => Act::StreamAndReset(request.http2()),
            Exchange::Raw(act) => act.clone(),
        }
    }

    fn request(&mut self) -> &mut Request {
        match &mut self.exchange {
            Exchange::Http1 { request, .. } | Exchange::Http2 { request, .. } => request,
            Exchange::Raw(_) => panic!("{}: raw bytes have no parts", self.name),
        }
    }
}

impl Request {
    fn http1(&self) -> Vec<u8> {
        let mut out = [&*self.method, b" ", &*self.path, b" ", self.version.as_bytes()].concat();
        out.extend(b"\r\nconnection: close");
        for (name, value) in &self.headers {
            out.extend([b"\r\n", name.as_bytes(), b": ", value].concat());
        }
        out.extend(b"\r\n\r\n");
        out.extend(&self.body);
        out
    }

    fn http2(&self) -> Vec<u8> {
        let mut fields = vec![
            (":method", self.method.clone()),
            (":scheme", b"http".to_vec()),
            (":path", self.path.clone()),
        ];
        let rename = |name| if name == "host" { ":authority" } else { name };
        let (host, rest): (Vec<_>, Vec<_>) =
            self.headers.iter().cloned().partition(|(name, _)| *name == "host");
        fields.extend(host.into_iter().chain(rest).map(|(name, value)| (rename(name), value)));
        frames::block(&fields)
    }
}
