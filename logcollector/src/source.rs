//! Sources: where the bytes come from.

mod decode;
mod follow;
mod growing;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;
pub(crate) use decode::fill;
pub(crate) use follow::{Event, Follower};

/// An input that is read from start to end.
pub(crate) struct Source {
    /// How the input is named in what is said about it.
    pub(crate) name: String,
    reader: Box<dyn Read>,
    /// How many bytes the file has, if it is a regular file. Anything else is read as it comes.
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

    /// Reads what there is into `block`; gives how much that was, and 0 at the end. A file fills the
    /// block; a pipe gives what has arrived, and waits only when there is nothing.
    pub(crate) fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        match self.size {
            Some(_) => decode::fill(&mut self.reader, block),
            None => decode::read(&mut self.reader, block),
        }
    }

    /// Whether the next read may have to wait for what is to come.
    pub(crate) fn may_wait(&self) -> bool {
        self.size.is_none()
    }

    /// How many bytes of the file were read.
    pub(crate) fn position(&self) -> u64 {
        self.position.value()
    }
}

/// Sees that no more than one of the paths is standard input: it would be empty for the second.
///
/// # Errors
///
/// When `-` is among them more than once.
pub(crate) fn one_stdin<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), Error> {
    let stdin = paths.into_iter().filter(|path| *path == Path::new("-"));
    if stdin.count() > 1 { Err(Error::StdinTwice) } else { Ok(()) }
}

/// Sees that what is followed is not compressed, by its first bytes.
pub(crate) fn refuse_compressed(start: &[u8]) -> io::Result<()> {
    if decode::is_compressed(start) {
        let said = "compressed files do not grow by lines; `logcollector parse` reads them";
        return Err(io::Error::other(said));
    }
    Ok(())
}
