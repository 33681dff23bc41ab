//! Decompression alone, with the libraries that logcollector uses: what reading a compressed file
//! cannot cost less than.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::Result;

/// As much as `logcollector parse` reads at a time.
const BLOCK: usize = 256 * 1024;

/// Decompresses `file` to standard output; its name tells how.
pub(crate) fn run(file: &Path) -> Result<()> {
    let compressed = File::open(file)?;
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => copy(flate2::read::MultiGzDecoder::new(compressed)),
        Some("zst") => copy(zstd::Decoder::new(compressed)?),
        _ => Err(format!("`{}` is neither .gz nor .zst", file.display()).into()),
    }
}

fn copy(mut from: impl Read) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut block = vec![0; BLOCK];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(()),
            count => out.write_all(block.get(..count).unwrap_or_default())?,
        }
    }
}
