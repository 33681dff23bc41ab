//! A loader: requests over a few connections, one at a time on each.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::{Result, Route};

/// How many connections there are. Their requests are sent together and their responses awaited
/// together, so that Envoy finds as many requests at a time in every slice.
const CONNECTIONS: usize = 8;
/// A response that takes longer is an error.
const PATIENCE: Duration = Duration::from_secs(30);

const HEADERS: &str =
    "HTTP/1.1\r\nhost: shop.example\r\nuser-agent: bench\r\nx-tenant: acme\r\n\r\n";
const PATH: &str = "?item=17&token=0123456789abcdef";

/// Open connections to an Envoy.
#[derive(Debug)]
pub(crate) struct Load {
    connections: Vec<TcpStream>,
}

impl Load {
    pub(crate) fn connect(to: SocketAddr) -> Result<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(to)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            connections.push(stream);
        }
        Ok(Self { connections })
    }

    /// Sends so many requests and reads their responses.
    ///
    /// # Errors
    ///
    /// When a response is not a whole one with the status 200.
    pub(crate) fn run(&mut self, route: Route, requests: u32) -> Result<()> {
        let path = match route {
            Route::Proxied => "/proxied",
            Route::Direct => "/direct",
        };
        let request = format!("GET {path}{PATH} {HEADERS}");
        let mut left = usize::try_from(requests)?;
        while left > 0 {
            let batch = left.min(CONNECTIONS);
            for stream in self.connections.iter_mut().take(batch) {
                stream.write_all(request.as_bytes())?;
            }
            for stream in self.connections.iter_mut().take(batch) {
                read_response(stream)?;
            }
            left -= batch;
        }
        Ok(())
    }
}

fn read_response(stream: &mut TcpStream) -> Result<()> {
    let mut buffer = [0; 2048];
    let mut filled = 0;
    loop {
        let room = buffer.get_mut(filled..).filter(|room| !room.is_empty());
        let read = stream.read(room.ok_or("a response that is too long")?)?;
        filled += read;
        let text = std::str::from_utf8(buffer.get(..filled).unwrap_or_default())?;
        if is_whole(text) {
            return if text.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(text.into()) };
        }
        if read == 0 {
            return Err(format!("the connection ended after {text:?}").into());
        }
    }
}

/// Whether the headers and as much of a body as they tell are there.
fn is_whole(response: &str) -> bool {
    let Some((head, body)) = response.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.and_then(|length| length.parse().ok()).is_none_or(|length: usize| body.len() >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_responses() {
        assert!(is_whole("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        assert!(!is_whole("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no"));
        assert!(!is_whole("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"));
    }
}
