//! What runs in the pods: servers that answer whatever they are asked, and the calls.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle, sleep};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::network::Namespace;

const STEP: Duration = Duration::from_millis(2);
/// Makes a hanging exchange end; nothing is expected to reach it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that answers HTTP requests and sends everything else back; it ends with its handle.
#[derive(Debug)]
pub struct App {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What a call says.
#[derive(Debug, Clone, Copy)]
pub enum Words {
    /// A request of this host for this path.
    Http(&'static str, &'static str),
    /// Bytes of no protocol that a proxy knows.
    Tcp,
    /// A TLS handshake that asks for this server name.
    Tls(&'static str),
}

impl App {
    /// Serves these ports of `ip` in a namespace.
    pub fn serve(namespace: &Namespace, ip: Ipv4Addr, ports: &[u16]) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let listen = |port: &u16| TcpListener::bind((ip, *port)).unwrap();
        let listeners: Vec<_> = namespace.within(|| ports.iter().map(listen).collect());
        let threads = listeners.into_iter().map(|listener| {
            let over = over.clone();
            thread::spawn(move || accept(&listener, &over))
        });
        Self { threads: threads.collect(), over }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, over: &AtomicBool) {
    // Whoever would wake a waiting thread is in another namespace.
    listener.set_nonblocking(true).unwrap();
    while !over.load(Ordering::SeqCst) {
        match listener.accept() {
            Ok((stream, _)) => drop(thread::spawn(move || answer(stream))),
            Err(_) => sleep(STEP),
        }
    }
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut bytes = [0; 4096];
    loop {
        let length = stream.read(&mut bytes)?;
        let said = bytes.get(..length).unwrap_or_default();
        if said.is_empty() {
            return Ok(());
        }
        if said.starts_with(b"GET ") {
            return stream.write_all(
                b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nhi\n",
            );
        }
        stream.write_all(said)?;
    }
}

/// Calls `to` out of a namespace and waits for the end. What comes back is of no interest: the
/// access logs are.
pub fn call(namespace: &Namespace, to: SocketAddr, words: Words) {
    let bytes = match words {
        Words::Http(host, path) => {
            format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").into()
        }
        Words::Tcp => b"\x00\x01 hello\n".to_vec(),
        Words::Tls(server_name) => hello(server_name),
    };
    // A proxy that refuses the call may hang up at any point of it.
    let _ = namespace.within(|| exchange(to, &bytes, matches!(words, Words::Http(..))));
}

fn exchange(to: SocketAddr, bytes: &[u8], is_request: bool) -> io::Result<()> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(bytes)?;
    if !is_request {
        // Read before the end is said, so that the call is whole even where Envoy half-closes.
        stream.read_exact(&mut vec![0; bytes.len()])?;
        stream.shutdown(Shutdown::Write)?;
    }
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// The first message of a TLS client.
fn hello(server_name: &'static str) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from(server_name).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut bytes).unwrap();
    }
    bytes
}
