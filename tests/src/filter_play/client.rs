//! A client that sends requests byte for byte over one connection, and reads the answers.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to Envoy.
#[derive(Debug)]
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects to a listener.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        // The limit makes a hanging exchange end; nothing is expected to reach it.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a request and does not wait for its answer.
    pub fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(request)
    }

    /// Sends a request, reads the whole answer, and returns its status code.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.send(request)?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut length = 0;
        while line != "\r\n" {
            line.clear();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        io::copy(&mut self.0.by_ref().take(length), &mut io::sink())?;
        code.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// A GET request with these headers.
pub fn request<V: AsRef<[u8]>>(path: &[u8], headers: &[(&str, V)]) -> Vec<u8> {
    let mut out = [b"GET ", path, b" HTTP/1.1\r\n"].concat();
    if !headers.iter().any(|(name, _)| *name == "host") {
        out.extend(b"host: h\r\n");
    }
    for (name, value) in headers {
        out.extend([name.as_bytes(), b": ", value.as_ref(), b"\r\n"].concat());
    }
    out.extend(b"\r\n");
    out
}
