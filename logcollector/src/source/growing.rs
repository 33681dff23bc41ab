//! A file that grows: its lines as they become whole, and whether it is still what was read.

use std::fs::{File, Metadata};
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

use super::decode::fill;

/// How much is read at a time, and how much of an unended line is held.
const BLOCK: usize = 64 * 1024;
/// How much of the start, and of what was read last, is compared before more is read.
const REMEMBERED: usize = 256;

/// The room that a read takes.
#[derive(Debug)]
pub(super) struct Room(Vec<u8>);

impl Default for Room {
    fn default() -> Self {
        Self(vec![0; BLOCK + REMEMBERED])
    }
}

/// A file, how far it was read, and what it held there.
#[derive(Debug)]
pub(super) struct Growing {
    file: File,
    pub(super) identity: Identity,
    position: u64,
    /// The first bytes of the file.
    head: Vec<u8>,
    /// The last bytes before the position.
    tail: Vec<u8>,
    /// What was read of a line that has not ended.
    held: Vec<u8>,
    /// Whether a line was too long to hold, so that its beginning was given out without its end.
    pub(super) within_line: bool,
}

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// More of the file, though perhaps no whole line.
    More,
    /// Nothing new.
    Nothing,
    /// What was read before is no longer there.
    Truncated,
}

impl Growing {
    /// Opens a file; `None` when what has the name is no regular file.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        // Opening a FIFO would wait for a writer.
        if !std::fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let file = File::open(path)?;
        let identity = Identity::of(&file.metadata()?);
        let (head, tail, held) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Some(Self { file, identity, position: 0, head, tail, held, within_line: false }))
    }

    /// Appends the lines that became whole to `lines`. After [`Found::Truncated`] the next read
    /// begins at the start, and what was held of a last line stands in `lines`.
    pub(super) fn read(&mut self, room: &mut Room, lines: &mut Vec<u8>) -> io::Result<Found> {
        match self.unread(room)? {
            None => {
                self.finish(lines);
                self.position = 0;
                self.head.clear();
                self.tail.clear();
                Ok(Found::Truncated)
            }
            Some([]) => Ok(Found::Nothing),
            Some(new) => {
                self.remember(new);
                self.give(new, lines);
                Ok(Found::More)
            }
        }
    }

    /// What stands after the position; `None` when what was read before it is no longer there.
    ///
    /// A length tells nothing: who truncates a file can write as much again between two reads. And
    /// what was read last is read once more with what is new, so that nothing can come between.
    fn unread<'r>(&mut self, room: &'r mut Room) -> io::Result<Option<&'r [u8]>> {
        let start = self.position.saturating_sub(self.tail.len() as u64);
        if start > 0 {
            let mut head = vec![0; self.head.len()];
            let count = self.read_at(0, &mut head)?;
            if head.get(..count) != Some(self.head.as_slice()) {
                return Ok(None);
            }
        }
        let count = self.read_at(start, &mut room.0)?;
        Ok(room.0.get(..count).and_then(|read| read.strip_prefix(self.tail.as_slice())))
    }

    fn read_at(&mut self, position: u64, block: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(position))?;
        fill(&mut self.file, block)
    }

    fn remember(&mut self, new: &[u8]) {
        self.position += new.len() as u64;
        let room = REMEMBERED.saturating_sub(self.head.len());
        self.head.extend(new.iter().take(room));
        self.tail.extend_from_slice(new.get(new.len().saturating_sub(REMEMBERED)..).unwrap_or(new));
        let forgotten = self.tail.len().saturating_sub(REMEMBERED);
        self.tail.drain(..forgotten);
    }

    fn give(&mut self, new: &[u8], lines: &mut Vec<u8>) {
        let whole = memchr::memrchr(b'\n', new).map_or(0, |at| at + 1);
        let (whole, begun) = new.split_at(whole);
        if !whole.is_empty() {
            lines.append(&mut self.held);
            lines.extend_from_slice(whole);
            self.within_line = false;
        }
        self.held.extend_from_slice(begun);
        if self.held.len() > BLOCK {
            lines.append(&mut self.held);
            self.within_line = true;
        }
    }

    /// Appends what is held of a last line, ended: no more of it will come.
    pub(super) fn finish(&mut self, lines: &mut Vec<u8>) {
        if !self.held.is_empty() || std::mem::take(&mut self.within_line) {
            lines.append(&mut self.held);
            lines.push(b'\n');
        }
        self.within_line = false;
    }

    /// The first bytes of the file, as far as they were read.
    pub(super) fn start(&self) -> &[u8] {
        &self.head
    }
}

/// What makes a file the same under another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Without inodes, the time of creation tells files apart.
    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        let created = metadata.created().ok();
        let since = created.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Self(
            since.map_or(0, |time| time.as_secs()),
            since.map_or(0, |time| time.subsec_nanos().into()),
        )
    }
}
