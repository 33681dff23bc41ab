//! Requests to the API server, by hand: the harness trusts no client that is tested.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use serde_json::Value;

use super::{ADMIN, RealKube};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the API server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The document; null where it is none.
    pub body: Value,
}

impl RealKube {
    /// Asks as somebody who may do everything; `None` where nothing answers.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Option<Answer> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.certs.roots())
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(self.api_address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = StreamOwned::new(tls, stream);
        let body = body.map(Value::to_string).unwrap_or_default();
        // Of HTTP/1.0, so that the body is what comes up to the end.
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {ADMIN}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.api_address,
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        // A server that ends without a word of TLS has said all the same.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Answer { status, body: serde_json::from_str(body).unwrap_or_default() })
    }

    /// The same of a request that must be answered with what was asked for.
    ///
    /// # Panics
    ///
    /// If it is not.
    pub fn must(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.request(method, path, body).expect("the API server answers");
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.body);
        answer.body
    }
}
