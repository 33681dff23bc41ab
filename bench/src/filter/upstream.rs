//! A server behind Envoy that answers every request alike.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::Result;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that runs as long as this process.
#[derive(Debug)]
pub(crate) struct Upstream(SocketAddr);

impl Upstream {
    /// Listens on a free port.
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || serve(stream));
            }
        });
        Ok(Self(address))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0
    }
}

/// Answers whenever the end of a request's headers is there; requests have no bodies.
fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 4096];
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if buffer.get(..filled).is_some_and(|request| request.ends_with(b"\r\n\r\n")) {
            stream.write_all(RESPONSE)?;
            filled = 0;
        }
    }
}
