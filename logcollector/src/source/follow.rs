//! Following a file: across rename and create, across truncation, and from before it exists.
//!
//! [`Follower::poll`] never waits, so that it can be tested without time; who calls it waits a
//! little when there is nothing new.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How many polls without news the old file gets after a new one stands in its place: a writer
/// often goes on with the old one for a moment.
const FAREWELL: u32 = 3;

/// Follows a file by its name.
#[derive(Debug)]
pub(crate) struct Follower {
    path: PathBuf,
    open: Option<Open>,
    /// Polls without news since another file was found under the name.
    farewell: u32,
    /// Whether it was said that there is no file under the name.
    missing: bool,
    /// Whether any file was read yet.
    begun: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    position: u64,
}

/// What makes a file the same under another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

/// What a poll found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// So many bytes were read.
    Data(usize),
    /// There is nothing new.
    Nothing,
    /// The file is over and another one has its name: an unterminated last line is complete.
    Replaced,
    /// The file became shorter and is read from its start: what was held of a last line is
    /// complete.
    Truncated,
    /// There is no file under the name (any more); told once.
    Missing,
}

impl Follower {
    /// Follows the file under `path`, from its start.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: None, farewell: 0, missing: false, begun: false }
    }

    /// Reads what is new into `block`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is there at first and cannot be opened.
    pub(crate) fn poll(&mut self, block: &mut [u8]) -> io::Result<Event> {
        let Some(open) = &mut self.open else {
            return match self.open_new()? {
                true => self.poll(block),
                false if self.missing => Ok(Event::Nothing),
                false => {
                    self.missing = true;
                    Ok(Event::Missing)
                }
            };
        };
        let count = open.read(block)?;
        if count > 0 {
            self.farewell = 0;
            return Ok(Event::Data(count));
        }
        if open.file.metadata()?.len() < open.position {
            open.position = open.file.seek(SeekFrom::Start(0))?;
            return Ok(Event::Truncated);
        }
        self.look_at_name()
    }

    /// Sees whether the name still stands for the file that was read to its end.
    fn look_at_name(&mut self) -> io::Result<Event> {
        let now = match std::fs::metadata(&self.path) {
            Ok(metadata) => Some(Identity::of(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let here = self.open.as_ref().map(|open| open.identity);
        if now == here {
            self.farewell = 0;
            self.missing = false;
            return Ok(Event::Nothing);
        }
        if now.is_none() {
            self.farewell = 0;
            let told = std::mem::replace(&mut self.missing, true);
            return Ok(if told { Event::Nothing } else { Event::Missing });
        }
        self.farewell += 1;
        if self.farewell < FAREWELL {
            return Ok(Event::Nothing);
        }
        self.open = None;
        self.farewell = 0;
        Ok(Event::Replaced)
    }

    /// Opens the file under the name; false when there is none.
    fn open_new(&mut self) -> io::Result<bool> {
        match File::open(&self.path) {
            Ok(file) => {
                let identity = Identity::of(&file.metadata()?);
                self.open = Some(Open { file, identity, position: 0 });
                self.missing = false;
                self.begun = true;
                Ok(true)
            }
            // A rotated file may get its permissions only after its name.
            Err(error) if self.begun || error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Open {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read(block) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.position += count as u64;
                    return Ok(count);
                }
            }
        }
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Without inodes, the time of creation tells files apart.
    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        let created = metadata.created().ok();
        let since = created.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Self(
            since.map_or(0, |time| time.as_secs()),
            since.map_or(0, |time| time.subsec_nanos().into()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{OpenOptions, remove_file, rename, write};
    use std::io::Write as _;

    /// Polls until `wanted` events have come, and gives them as short texts.
    fn events(follower: &mut Follower, polls: usize) -> Vec<String> {
        let mut block = [0; 1024];
        let mut found = Vec::new();
        for _ in 0..polls {
            match follower.poll(&mut block).unwrap() {
                Event::Data(count) => found.push(String::from_utf8_lossy(&block[..count]).into()),
                Event::Nothing => {}
                event => found.push(format!("{event:?}")),
            }
        }
        found
    }

    fn append(path: &Path, text: &str) {
        OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn follows_what_is_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        write(&path, "a\n").unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 3), ["a\n"]);
        append(&path, "b");
        assert_eq!(events(&mut follower, 3), ["b"]);
    }

    #[test]
    fn waits_for_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 3), ["Missing"]);
        write(&path, "a\n").unwrap();
        assert_eq!(events(&mut follower, 3), ["a\n"]);
    }

    #[test]
    fn goes_from_a_renamed_file_to_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
        write(&path, "a\n").unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 2), ["a\n"]);
        rename(&path, &old).unwrap();
        assert_eq!(events(&mut follower, 2), ["Missing"]);
        append(&old, "b\n");
        assert_eq!(events(&mut follower, 2), ["b\n"], "the writer goes on with the old one");
        write(&path, "c\n").unwrap();
        assert_eq!(events(&mut follower, 1), Vec::<String>::new());
        append(&old, "d\n");
        assert_eq!(events(&mut follower, 8), ["d\n", "Replaced", "c\n"]);
    }

    #[test]
    fn starts_again_after_truncation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        write(&path, "long line\n").unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 2), ["long line\n"]);
        OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
        assert_eq!(events(&mut follower, 2), ["Truncated"]);
        append(&path, "b\n");
        assert_eq!(events(&mut follower, 2), ["b\n"]);
    }

    #[test]
    fn waits_for_a_removed_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        write(&path, "a\n").unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 2), ["a\n"]);
        remove_file(&path).unwrap();
        assert_eq!(events(&mut follower, 3), ["Missing"]);
        write(&path, "b\n").unwrap();
        assert_eq!(events(&mut follower, 8), ["Replaced", "b\n"]);
    }
}
