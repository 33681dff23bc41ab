//! Sources: where the bytes come from.

mod decode;
mod follow;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub(crate) use decode::is_compressed;
pub(crate) use follow::{Event, Follower};

/// An input that is read from start to end.
pub(crate) struct Source {
    /// How the input is named in what is said about it.
    pub(crate) name: String,
    reader: Box<dyn Read>,
    /// How many bytes the file has, if it is a regular file.
    pub(crate) size: Option<u64>,
    /// How many of them were read, before they were decompressed.
    position: decode::Position,
}

/// The name of standard input in what is said about it.
pub(crate) const STDIN: &str = "stdin";

impl Source {
    /// Opens a file, or standard input for `-`. What is compressed is decompressed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let position = decode::Position::default();
        if path == Path::new("-") {
            let reader = decode::decoded(position.count(io::stdin()))?;
            return Ok(Self { name: STDIN.to_owned(), reader, size: None, position });
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let size = metadata.is_file().then_some(metadata.len());
        let reader = decode::decoded(position.count(file))?;
        Ok(Self { name: path.display().to_string(), reader, size, position })
    }

    /// Reads until `block` is full or the input ends; gives how much was read.
    pub(crate) fn fill(&mut self, block: &mut [u8]) -> io::Result<usize> {
        decode::fill(&mut self.reader, block)
    }

    /// How many bytes of the file were read.
    pub(crate) fn position(&self) -> u64 {
        self.position.value()
    }
}
