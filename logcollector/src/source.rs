//! Sources: where the bytes come from.

mod ahead;
mod decode;
mod follow;
mod growing;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::Error;
use ahead::Ahead;
pub(crate) use decode::fill;
pub(crate) use follow::{Event, Follower};

/// An input that is read from start to end.
pub(crate) struct Source {
    /// How the input is named in what is said about it.
    pub(crate) name: String,
    input: Input,
    /// How many bytes the file has, if it is a regular file. Anything else is read as it comes.
    pub(crate) size: Option<u64>,
    /// How many of them were read, before they were decompressed.
    position: decode::Position,
}

/// Where the bytes of a source come from.
enum Input {
    /// A regular file, whose bytes are all there.
    File(Box<dyn Read + Send>),
    /// A pipe or a device, and how many bytes have come.
    Pipe(Box<dyn Read + Send>, u64),
    /// The same, read by a thread.
    Ahead(Ahead),
}

/// The name of standard input in what is said about it.
pub(crate) const STDIN: &str = "stdin";
/// From how many bytes on a pipe is read by a thread.
const BUSY: u64 = 1 << 20;

impl Source {
    /// Opens a file, or standard input for `-`. What is compressed is decompressed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            let file = redirected();
            return match file {
                Some((file, size)) => Self::of(file, STDIN.to_owned(), Some(size)),
                None => Self::of(io::stdin(), STDIN.to_owned(), None),
            };
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let size = metadata.is_file().then_some(metadata.len());
        Self::of(file, path.display().to_string(), size)
    }

    fn of(input: impl Read + Send + 'static, name: String, size: Option<u64>) -> io::Result<Self> {
        let position = decode::Position::default();
        let reader = decode::decoded(position.count(input))?;
        let input = match size {
            Some(_) => Input::File(reader),
            None => Input::Pipe(reader, 0),
        };
        Ok(Self { name, input, size, position })
    }

    /// Reads what there is into `block`; gives how much that was, and 0 at the end. A file fills the
    /// block; a pipe gives what has arrived, and waits only when there is nothing.
    pub(crate) fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        match &mut self.input {
            Input::File(reader) => decode::fill(reader, block),
            Input::Pipe(reader, came) => {
                let count = decode::read(reader, block)?;
                *came += count as u64;
                Ok(count)
            }
            Input::Ahead(ahead) => ahead.read(block),
        }
    }

    /// Lets a thread read a pipe from which much has come: it waits for more while that is taken, so that
    /// all that has come by then can be given at once.
    pub(crate) fn read_ahead(&mut self) {
        if let Input::Pipe(_, BUSY..) = self.input {
            let empty = Input::File(Box::new(io::empty()));
            self.input = match std::mem::replace(&mut self.input, empty) {
                Input::Pipe(reader, _) => Input::Ahead(Ahead::start(reader)),
                other => other,
            };
        }
    }

    /// Whether the next read may have to wait for what is to come.
    pub(crate) fn may_wait(&mut self) -> bool {
        match &mut self.input {
            Input::File(_) => false,
            Input::Pipe(..) => true,
            Input::Ahead(ahead) => ahead.may_wait(),
        }
    }

    /// How many bytes of the file were read.
    pub(crate) fn position(&self) -> u64 {
        self.position.value()
    }
}

/// The file that standard input is, and its size, if it is a regular one.
#[cfg(unix)]
fn redirected() -> Option<(File, u64)> {
    use std::os::fd::AsFd;
    let file = File::from(io::stdin().as_fd().try_clone_to_owned().ok()?);
    let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some((file, metadata.len()))
}

#[cfg(not(unix))]
fn redirected() -> Option<(File, u64)> {
    None
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
