//! Decompression, told by the first bytes and not by the name.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// How much is read ahead of a decompressor.
const AHEAD: usize = 64 * 1024;

/// Whether a file that begins so is compressed in a way known here.
pub(super) fn is_compressed(start: &[u8]) -> bool {
    start.starts_with(GZIP) || start.starts_with(ZSTD)
}

/// A reader of the content of `input`, which may be compressed with gzip or zstd, also in several
/// members or frames.
pub(super) fn decoded(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    // More than the magic, so that what a pipe holds already comes out in one read.
    let mut start = vec![0; AHEAD];
    let mut length = 0;
    while length < ZSTD.len() {
        match read(&mut input, start.get_mut(length..).unwrap_or_default())? {
            0 => break,
            count => length += count,
        }
    }
    start.truncate(length);
    let (gzip, zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
    let whole = Cursor::new(start).chain(input);
    Ok(if gzip {
        Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(AHEAD, whole)))
    } else if zstd {
        Box::new(zstd::Decoder::new(whole)?)
    } else {
        Box::new(whole)
    })
}

/// Reads once, and again only when a signal came between.
pub(super) fn read(input: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Reads until `block` is full or the input ends; gives how much was read.
pub(crate) fn fill(input: &mut impl Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(free) = block.get_mut(filled..).filter(|free| !free.is_empty()) {
        match read(input, free) {
            Ok(0) => break,
            Ok(count) => filled += count,
            // What came before an error is good; the next call meets the error again.
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// How much of an input was read, shared with the reader that counts it.
#[derive(Debug, Clone, Default)]
pub(super) struct Position(Arc<AtomicU64>);

impl Position {
    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// `input`, with what is read from it counted here.
    pub(super) fn count<R: Read + Send>(&self, input: R) -> impl Read + Send + use<R> {
        Counted { input, position: self.clone() }
    }
}

struct Counted<R> {
    input: R,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(block)?;
        self.position.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn content(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        decoded(Cursor::new(bytes))?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn compressed_input_is_recognised() {
        let zst = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let cases: [(&str, Vec<u8>, &[u8]); 8] = [
            ("plain", b"a\nb\n".to_vec(), b"a\nb\n"),
            ("empty", Vec::new(), b""),
            ("shorter than any magic", b"a".to_vec(), b"a"),
            ("gzip", gzip(b"a\n"), b"a\n"),
            ("two gzip members", [gzip(b"a\n"), gzip(b"b\n")].concat(), b"a\nb\n"),
            ("zstd", zst(b"a\n"), b"a\n"),
            ("two zstd frames", [zst(b"a\n"), zst(b"b\n")].concat(), b"a\nb\n"),
            ("like gzip at first", b"\x1fabc".to_vec(), b"\x1fabc"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(content(bytes).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn cut_input_is_an_error_after_what_came() {
        let mut bytes = gzip(b"some text\n");
        bytes.truncate(bytes.len() - 4);
        let mut reader = decoded(Cursor::new(bytes)).unwrap();
        let mut block = [0; 64];
        assert_eq!(fill(&mut reader, &mut block).unwrap(), 10);
        assert!(fill(&mut reader, &mut block).is_err());
    }
}
