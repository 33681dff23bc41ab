//! Servers that note in the journal what reaches them.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use super::journal::{Journal, Word};
use crate::frames;
use crate::upstream::{self, Upstream};

/// An HTTP/1 server. The request's script is its header `x-upstream`.
pub(super) fn http(journal: &Arc<Journal>) -> Upstream {
    let journal = journal.clone();
    Upstream::ip("127.0.0.1", move |stream| drop(serve(&stream, &journal)))
}

/// A gRPC server, of which every call counts as an attempt of the request `id`.
pub(super) fn grpc(journal: &Arc<Journal>, id: &'static str, script: &'static str) -> Upstream {
    let journal = journal.clone();
    Upstream::ip("127.0.0.1", move |stream| {
        let host = stream.local_addr().unwrap().to_string();
        let answer = |stream| match journal.note(id, &host, script) {
            Word::Call(status) => upstream::call(stream, &[("grpc-status", &status)]),
            Word::Only(status) => trailers_only(stream, &status),
            word => panic!("{word:?} of {id} is no gRPC"),
        };
        drop(upstream::serve_grpc(stream, answer));
    })
}

fn trailers_only(stream: u32, status: &str) -> Vec<u8> {
    let head = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", status)];
    let flags = frames::END_HEADERS | frames::END_STREAM;
    frames::frame(frames::HEADERS, flags, stream, &frames::block(&head))
}

fn serve(stream: &TcpStream, journal: &Journal) -> io::Result<()> {
    let host = stream.local_addr()?.to_string();
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let head = read_head(&mut reader)?;
        let id = header(&head, "x-request-id").unwrap_or_default();
        let id = String::from_utf8_lossy(id);
        let script = header(&head, "x-upstream").unwrap_or(b"200");
        let echo = header(&head, "x-echo");
        match journal.note(&id, &host, &String::from_utf8_lossy(script)) {
            Word::Status(code) => writer.write_all(&answer(code, echo))?,
            Word::Wait => {
                let so_far = journal.of(&id).len();
                journal.wait_for(&id, so_far + 1);
                writer.write_all(&answer(200, echo))?;
            }
            Word::Close => return Ok(()),
            _ => return io::copy(&mut reader, &mut io::sink()).map(drop),
        }
    }
}

/// The request line and the headers, as they came.
fn read_head(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head)
}

/// The value of a header.
fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b": ")?;
        Some(value.trim_ascii_end())
    })
}

/// A response that sends `echo` back as `x-answer`, byte for byte.
fn answer(code: u16, echo: Option<&[u8]>) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {code} Whatever\r\n").into_bytes();
    if code == 302 {
        out.extend(b"location: http://h/ok\r\n");
    }
    if let Some(echo) = echo {
        out.extend(b"x-answer: ");
        out.extend(echo);
        out.extend(b"\r\n");
    }
    out.extend(b"content-length: 6\r\n\r\nhello\n");
    out
}
