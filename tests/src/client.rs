//! Clients that send exactly the bytes they are given: TCP, unix sockets, TLS, HTTP/2.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::certs::Certs;
use crate::frames;

/// Where Envoy listens.
#[derive(Debug, Clone)]
pub enum Door {
    /// TCP.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

/// How the client introduces itself in TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls {
    /// The server name it asks for; none sends no SNI.
    pub sni: Option<&'static str>,
    /// Whether it shows its certificate.
    pub certificate: bool,
    /// The protocol it offers (ALPN).
    pub alpn: &'static str,
}

/// What the client does with its connection.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends bytes and reads until the other side is done.
    Say(Vec<u8>),
    /// Sends bytes, says that no more come, and reads until the other side is done.
    SayAndFinish(Vec<u8>),
    /// Sends bytes and is gone.
    SayAndLeave(Vec<u8>),
    /// Sends an HTTP/2 header block as stream 1 and waits for the stream's end.
    Stream(Vec<u8>),
    /// Sends an HTTP/2 header block as stream 1 and then resets the stream.
    StreamAndReset(Vec<u8>),
}

/// A connection of any kind.
trait Connection: Read + Write {
    /// Says that no more bytes come.
    fn finish(&mut self) -> io::Result<()>;
}

impl Connection for TcpStream {
    fn finish(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Connection for UnixStream {
    fn finish(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Connection for StreamOwned<ClientConnection, TcpStream> {
    fn finish(&mut self) -> io::Result<()> {
        self.conn.send_close_notify();
        self.flush()
    }
}

/// Plays `act` at `door`. What comes back is of no interest: the access log is.
pub fn play(door: &Door, tls: Option<Tls>, certs: &Certs, act: &Act) {
    let mut connection = connect(door, tls, certs);
    // An Envoy that refuses the request may hang up while the client still talks.
    let _ = perform(connection.as_mut(), act);
}

fn connect(door: &Door, tls: Option<Tls>, certs: &Certs) -> Box<dyn Connection> {
    // The limit makes a hanging exchange end; nothing is expected to reach it.
    let limit = Some(Duration::from_secs(10));
    match door {
        Door::Unix(path) => {
            let stream = UnixStream::connect(path).unwrap();
            stream.set_read_timeout(limit).unwrap();
            Box::new(stream)
        }
        Door::Tcp(address) => {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(limit).unwrap();
            match tls {
                None => Box::new(stream),
                Some(tls) => Box::new(StreamOwned::new(session(tls, certs), stream)),
            }
        }
    }
}

fn session(tls: Tls, certs: &Certs) -> ClientConnection {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(certs.roots());
    let mut config = if tls.certificate {
        let (chain, key) = (certs.client.chain(), certs.client.private_key());
        builder.with_client_auth_cert(chain, key).unwrap()
    } else {
        builder.with_no_client_auth()
    };
    config.alpn_protocols = vec![tls.alpn.as_bytes().to_vec()];
    // An IP address as server name sends no SNI.
    let name = ServerName::try_from(tls.sni.unwrap_or("127.0.0.1")).unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

fn perform(connection: &mut dyn Connection, act: &Act) -> io::Result<()> {
    match act {
        Act::Say(bytes) => connection.write_all(bytes)?,
        Act::SayAndFinish(bytes) => {
            connection.write_all(bytes)?;
            connection.finish()?;
        }
        Act::SayAndLeave(bytes) => return connection.write_all(bytes),
        Act::Stream(block) => return stream(connection, block, None),
        Act::StreamAndReset(block) => {
            let cancel = frames::frame(frames::RST_STREAM, 0, 1, &8u32.to_be_bytes());
            return stream(connection, block, Some(cancel));
        }
    }
    io::copy(connection, &mut io::sink()).map(drop)
}

/// Opens stream 1 with a header block, sends `then` if any, and reads until the stream is over.
fn stream(connection: &mut dyn Connection, block: &[u8], then: Option<Vec<u8>>) -> io::Result<()> {
    let end = if then.is_some() { 0 } else { frames::END_STREAM };
    let mut bytes = frames::PREFACE.to_vec();
    bytes.extend(frames::frame(frames::SETTINGS, 0, 0, &[]));
    bytes.extend(frames::frame(frames::HEADERS, frames::END_HEADERS | end, 1, block));
    connection.write_all(&bytes)?;
    if let Some(bytes) = then {
        return connection.write_all(&bytes);
    }
    loop {
        let frame = frames::read(&mut &mut *connection)?;
        let over = frame.stream == 1 && frame.kind <= 1 && frame.flags & frames::END_STREAM != 0;
        if over || matches!(frame.kind, frames::RST_STREAM | frames::GOAWAY) {
            return Ok(());
        }
        if frame.kind == frames::SETTINGS && frame.flags & frames::END_STREAM == 0 {
            connection.write_all(&frames::frame(frames::SETTINGS, frames::END_STREAM, 0, &[]))?;
        }
    }
}
