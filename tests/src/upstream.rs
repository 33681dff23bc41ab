//! Servers behind Envoy that misbehave on request.
//!
//! The request header `x-upstream` is a comma list with one behaviour an attempt (the last one goes
//! on): a status code, or a word of [`Behaviour`]. Envoy says which attempt it is in
//! `x-envoy-attempt-count`, so the servers keep no state.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certs::Certs;
use crate::frames;

/// A server that ends with its handle.
#[derive(Debug)]
pub struct Upstream {
    address: Address,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum Address {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// The path of a unix socket.
    Unix(PathBuf),
}

/// What the HTTP/1 server does with a request.
enum Behaviour<'a> {
    /// Answers with this status code.
    Status(&'a str),
    /// `hold`: never answers, until the other side hangs up.
    Hold,
    /// `close`: hangs up without an answer.
    Close,
    /// `garbage`: answers with something that is not HTTP.
    Garbage,
    /// `half`: promises 100 bytes, sends 4, hangs up.
    Half,
    /// `stall`: promises 100 bytes, sends 4, never the rest.
    Stall,
}

impl Upstream {
    /// A flaky HTTP/1 server on a free port of `ip`.
    pub fn http(ip: &str) -> Self {
        Self::ip(ip, |stream| drop(serve(stream)))
    }

    /// A flaky HTTP/1 server on a unix socket.
    pub fn unix(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        Self::run(
            Address::Unix(path.to_owned()),
            move || Ok(listener.accept()?.0),
            |s: UnixStream| {
                drop(serve(s));
            },
        )
    }

    /// A flaky HTTP/1 server that speaks TLS and wants a client certificate.
    pub fn tls(certs: &Certs) -> Self {
        Self::tls_at("127.0.0.1", 0, certs)
    }

    /// As [`Self::tls`], at an address of the machine; the port 0 is a free one.
    pub fn tls_at(ip: &str, port: u16, certs: &Certs) -> Self {
        let verifier = WebPkiClientVerifier::builder_with_provider(
            certs.roots().into(),
            rustls::crypto::ring::default_provider().into(),
        );
        let config =
            ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(verifier.build().unwrap())
                .with_single_cert(certs.server.chain(), certs.server.private_key())
                .unwrap();
        let config = Arc::new(config);
        Self::at(ip, port, move |stream| {
            let session = ServerConnection::new(config.clone()).unwrap();
            drop(serve(StreamOwned::new(session, stream)));
        })
    }

    /// An HTTP/1 server without TLS that refuses whatever it is sent, as servers do that are sent TLS.
    pub fn plain_at(ip: &str, port: u16) -> Self {
        Self::at(ip, port, |mut stream| {
            let read = stream.read(&mut [0; 4096]);
            let answer = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
            drop(read.and_then(|_| stream.write_all(answer)));
        })
    }

    /// A gRPC server over HTTP/2 that ends every call with the same trailers.
    pub fn grpc(trailers: &'static [(&'static str, &'static str)]) -> Self {
        Self::ip("127.0.0.1", |stream| drop(serve_grpc(stream, |id| call(id, trailers))))
    }

    /// A TCP server that sends back what it gets.
    pub fn echo() -> Self {
        Self::ip("127.0.0.1", |mut stream| {
            let mut reader = stream.try_clone().unwrap();
            drop(io::copy(&mut reader, &mut stream));
        })
    }

    /// A TCP server that resets each connection: it closes it with bytes unread.
    pub fn resetting() -> Self {
        Self::ip("127.0.0.1", |stream| drop(stream.peek(&mut [0])))
    }

    /// Where the server listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A server of any kind on a free port of `ip`.
    pub(crate) fn ip(ip: &str, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::at(ip, 0, serve)
    }

    /// A server of any kind on this port of `ip`.
    fn at(ip: &str, port: u16, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((ip, port)).unwrap();
        let address = listener.local_addr().unwrap();
        Self::run(Address::Ip(address), move || Ok(listener.accept()?.0), serve)
    }

    /// Accepts connections until the handle goes, one thread for each; a connection's thread ends
    /// with its connection, and those end with Envoy.
    fn run<S: Send + 'static>(
        address: Address,
        accept: impl Fn() -> io::Result<S> + Send + 'static,
        serve: impl Fn(S) + Send + Sync + 'static,
    ) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let flag = over.clone();
        let serve = Arc::new(serve);
        let thread = thread::spawn(move || {
            while let Ok(stream) = accept() {
                if flag.load(Ordering::SeqCst) {
                    break;
                }
                let serve = serve.clone();
                thread::spawn(move || serve(stream));
            }
        });
        Self { address, over, thread: Some(thread) }
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        match &self.address {
            Address::Ip(address) => drop(TcpStream::connect(address)),
            Address::Unix(path) => drop(UnixStream::connect(path)),
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves HTTP/1 requests until one of them says otherwise or the other side hangs up.
fn serve(mut stream: impl Read + Write) -> io::Result<()> {
    loop {
        let head = read_head(&mut stream)?;
        let text = String::from_utf8_lossy(&head).into_owned();
        skip_body(&mut stream, &text)?;
        match behaviour(&text) {
            Behaviour::Status(code) => stream.write_all(&answer(code, &head))?,
            Behaviour::Hold => return wait_for_end(&mut stream),
            Behaviour::Close => return Ok(()),
            Behaviour::Garbage => return stream.write_all(b"\x00\x01 this is not HTTP\r\n\r\n"),
            Behaviour::Half => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")?;
                return Ok(());
            }
            Behaviour::Stall => {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")?;
                return wait_for_end(&mut stream);
            }
        }
    }
}

fn read_head(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(head)
}

fn skip_body(stream: &mut impl Read, head: &str) -> io::Result<()> {
    if let Some(length) = header(head, "content-length").and_then(|n| n.parse().ok()) {
        io::copy(&mut stream.take(length), &mut io::sink())?;
    } else if header(head, "transfer-encoding").is_some() {
        // The chunked bodies of the cases end with an empty last chunk.
        let mut seen = Vec::new();
        let mut byte = [0];
        while !seen.ends_with(b"0\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            seen.extend(byte);
        }
    }
    Ok(())
}

fn wait_for_end(stream: &mut impl Read) -> io::Result<()> {
    io::copy(stream, &mut io::sink()).map(drop)
}

fn behaviour(head: &str) -> Behaviour<'_> {
    let attempt = header(head, "x-envoy-attempt-count").and_then(|n| n.parse().ok()).unwrap_or(1);
    let list = header(head, "x-upstream").unwrap_or("200");
    let word = list.split(',').take(attempt).last().unwrap_or("200");
    match word {
        "hold" => Behaviour::Hold,
        "close" => Behaviour::Close,
        "garbage" => Behaviour::Garbage,
        "half" => Behaviour::Half,
        "stall" => Behaviour::Stall,
        code => Behaviour::Status(code),
    }
}

/// A response that sends the request's `x-echo` back as `x-answer`, byte for byte.
fn answer(code: &str, head: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {code} Whatever\r\n").into_bytes();
    let echo = head.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"x-echo: "));
    if let Some(value) = echo {
        out.extend(b"x-answer: ");
        out.extend(value);
        out.extend(b"\n");
    }
    let body: &str = match (head.starts_with(b"HEAD "), code) {
        (true, _) | (_, "204" | "304") => "",
        _ => "upstream says hello\n",
    };
    out.extend(format!("content-length: {}\r\n\r\n{body}", body.len()).bytes());
    out
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Serves HTTP/2 streams; `answer` makes the frames of an answer to a stream.
pub(crate) fn serve_grpc(mut stream: TcpStream, answer: impl Fn(u32) -> Vec<u8>) -> io::Result<()> {
    stream.read_exact(&mut [0; frames::PREFACE.len()])?;
    stream.write_all(&frames::frame(frames::SETTINGS, 0, 0, &[]))?;
    loop {
        let frame = frames::read(&mut stream)?;
        let end = frame.flags & frames::END_STREAM != 0;
        match frame.kind {
            frames::SETTINGS if !end => {
                let ack = frames::frame(frames::SETTINGS, frames::END_STREAM, 0, &[]);
                stream.write_all(&ack)?;
            }
            frames::HEADERS | frames::DATA if end => stream.write_all(&answer(frame.stream))?,
            _ => {}
        }
    }
}

/// The frames of a gRPC call that brings one message and ends with these trailers.
pub(crate) fn call(stream: u32, trailers: &[(&str, &str)]) -> Vec<u8> {
    let head = frames::block(&[(":status", "200"), ("content-type", "application/grpc")]);
    let last = frames::END_HEADERS | frames::END_STREAM;
    let mut out = frames::frame(frames::HEADERS, frames::END_HEADERS, stream, &head);
    out.extend(frames::frame(frames::DATA, 0, stream, b"\0\0\0\0\x02hi"));
    out.extend(frames::frame(frames::HEADERS, last, stream, &frames::block(trailers)));
    out
}
