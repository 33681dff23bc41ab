//! HTTP/2 frames written by hand, so that a test can send bytes that no client library admits.
//!
//! Header blocks use literal fields without indexing and without Huffman coding only. Nothing here
//! decodes a header block: a test needs to know that a stream has ended, not what it said.

use std::io::{self, Read};

/// What an HTTP/2 client says first.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The frame type of a request or response body.
pub const DATA: u8 = 0;
/// The frame type of a header block.
pub const HEADERS: u8 = 1;
/// The frame type that ends a stream at once.
pub const RST_STREAM: u8 = 3;
/// The frame type of connection settings.
pub const SETTINGS: u8 = 4;
/// The frame type that ends a connection.
pub const GOAWAY: u8 = 7;
/// The flag of the last frame of a stream, and of a settings acknowledgement.
pub const END_STREAM: u8 = 1;
/// The flag of a complete header block.
pub const END_HEADERS: u8 = 4;

/// A frame as read from a connection.
#[derive(Debug)]
pub struct Frame {
    /// The frame type.
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// The stream, 0 for the connection.
    pub stream: u32,
}

/// Writes one frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut out = length[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// Writes a header block of literal fields.
pub fn block<N: AsRef<[u8]>, V: AsRef<[u8]>>(headers: &[(N, V)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in headers {
        out.push(0);
        string(name.as_ref(), &mut out);
        string(value.as_ref(), &mut out);
    }
    out
}

/// Reads the head of the next frame and skips its payload.
pub fn read(stream: &mut impl Read) -> io::Result<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [a, b, c, kind, flags, s0, s1, s2, s3] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload)?;
    Ok(Frame { kind, flags, stream: u32::from_be_bytes([s0, s1, s2, s3]) })
}

/// A length with a 7 bit prefix and then the bytes (RFC 7541, 5.1 and 5.2).
fn string(bytes: &[u8], out: &mut Vec<u8>) {
    let mut length = bytes.len();
    if length < 127 {
        out.push(length as u8);
    } else {
        out.push(127);
        length -= 127;
        while length >= 128 {
            out.push((length % 128) as u8 | 128);
            length /= 128;
        }
        out.push(length as u8);
    }
    out.extend(bytes);
}
