//! Following a file: across rename and create, across truncation, and from before it exists.
//!
//! [`Follower::poll`] never waits, so that it can be tested without time; who calls it waits a
//! little when there is nothing new.

use std::io;
use std::path::{Path, PathBuf};

use super::growing::{Found, Growing, Identity, Room};
use super::refuse_compressed;

/// How many polls without news a renamed file gets beside the new one. A writer goes on with the
/// old one until it is told to open the new one, and logrotate may take its time to tell.
const PATIENCE: u32 = 100;

/// Follows a file by its name.
#[derive(Debug)]
pub(crate) struct Follower {
    path: PathBuf,
    /// The file that was found last under the name.
    current: Option<Growing>,
    /// The file that had the name before.
    old: Option<Old>,
    /// Whether it was said that there is no file under the name.
    missing: bool,
    /// Whether anything was read yet.
    begun: bool,
    room: Room,
}

#[derive(Debug)]
struct Old {
    file: Growing,
    /// Polls since it had news.
    quiet: u32,
}

/// What a poll found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// There may be more at once.
    More,
    /// There is nothing new.
    Nothing,
    /// What was read of the file is no longer there, and it is read from its start.
    Truncated,
    /// There is no file under the name (any more); told once.
    Missing,
}

impl Follower {
    /// Follows the file under `path`, from its start.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            current: None,
            old: None,
            missing: false,
            begun: false,
            room: Room::default(),
        }
    }

    /// Reads what is new: the lines that became whole are in `lines` then, whatever the event.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is there at first and cannot be opened.
    pub(crate) fn poll(&mut self, lines: &mut Vec<u8>) -> io::Result<Event> {
        lines.clear();
        let event = self.look(lines)?;
        Ok(if event == Event::Nothing { self.be_patient(lines) } else { event })
    }

    /// Puts what is held of unended lines into `lines`: no more will be read.
    pub(crate) fn finish(&mut self, lines: &mut Vec<u8>) {
        lines.clear();
        let old = self.old.iter_mut().map(|old| &mut old.file);
        old.chain(&mut self.current).for_each(|file| file.finish(lines));
    }

    /// Whether anything was read.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    fn look(&mut self, lines: &mut Vec<u8>) -> io::Result<Event> {
        // The lines of one file must not stand within a line of the other.
        if !self.current.as_ref().is_some_and(|file| file.within_line) && self.read_old(lines) {
            return Ok(Event::More);
        }
        if self.old.as_ref().is_some_and(|old| old.file.within_line) {
            return Ok(Event::Nothing);
        }
        let Some(current) = &mut self.current else { return self.open_first() };
        match current.read(&mut self.room, lines)? {
            Found::More => {
                if !std::mem::replace(&mut self.begun, true) {
                    refuse_compressed(current.start())?;
                }
                Ok(Event::More)
            }
            Found::Truncated => Ok(Event::Truncated),
            Found::Nothing => self.look_at_name(lines),
        }
    }

    fn open_first(&mut self) -> io::Result<Event> {
        self.current = self.open()?;
        let found = self.current.is_some();
        let told = std::mem::replace(&mut self.missing, !found);
        Ok(match (found, told) {
            (true, _) => Event::More,
            (false, true) => Event::Nothing,
            (false, false) => Event::Missing,
        })
    }

    /// Opens the file under the name, if there is one.
    fn open(&self) -> io::Result<Option<Growing>> {
        match Growing::open(&self.path) {
            // A rotated file may get its permissions only after its name.
            Err(error) if self.begun || error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found,
        }
    }

    /// Reads the file that had the name before; whether it had news.
    fn read_old(&mut self, lines: &mut Vec<u8>) -> bool {
        let Some(old) = &mut self.old else { return false };
        match old.file.read(&mut self.room, lines) {
            Ok(Found::Nothing) => false,
            Ok(Found::More) => {
                old.quiet = 0;
                true
            }
            // It was cleared away: whatever stands there now, no proxy wrote it.
            Ok(Found::Truncated) | Err(_) => {
                self.drop_old(lines);
                true
            }
        }
    }

    fn drop_old(&mut self, lines: &mut Vec<u8>) {
        if let Some(mut old) = self.old.take() {
            old.file.finish(lines);
        }
    }

    /// Gives the old file up when it was quiet for long.
    fn be_patient(&mut self, lines: &mut Vec<u8>) -> Event {
        if let Some(old) = &mut self.old {
            old.quiet += 1;
            if old.quiet >= PATIENCE {
                self.drop_old(lines);
                return Event::More;
            }
        }
        Event::Nothing
    }

    /// Sees whether the name still stands for the file that was read to its end.
    fn look_at_name(&mut self, lines: &mut Vec<u8>) -> io::Result<Event> {
        let now = match std::fs::metadata(&self.path) {
            Ok(metadata) => metadata.is_file().then(|| Identity::of(&metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if now.is_none() {
            let told = std::mem::replace(&mut self.missing, true);
            return Ok(if told { Event::Nothing } else { Event::Missing });
        }
        self.missing = false;
        if now == self.current.as_ref().map(|file| file.identity) {
            return Ok(Event::Nothing);
        }
        let Some(new) = self.open()? else { return Ok(Event::Nothing) };
        self.rotate(new, lines);
        Ok(Event::More)
    }

    /// Goes on with a new file, beside the one that was read so far. The one before that was just
    /// read a last time.
    fn rotate(&mut self, new: Growing, lines: &mut Vec<u8>) {
        let Some(mut current) = self.current.take() else { return };
        if let Some(old) = self.old.take_if(|old| old.file.identity == new.identity) {
            // The name went back to the file that had it before.
            self.current = Some(old.file);
        } else {
            if current.within_line && self.old.is_some() {
                current.finish(lines);
            }
            self.drop_old(lines);
            self.current = Some(new);
        }
        self.old = Some(Old { file: current, quiet: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{OpenOptions, remove_file, rename, write};
    use std::io::Write as _;

    /// Polls so often, and gives the lines and events as short texts.
    fn events(follower: &mut Follower, polls: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut found = Vec::new();
        for _ in 0..polls {
            let event = follower.poll(&mut lines).unwrap();
            if !lines.is_empty() {
                found.push(String::from_utf8_lossy(&lines).into());
            }
            if !matches!(event, Event::More | Event::Nothing) {
                found.push(format!("{event:?}"));
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
        assert_eq!(events(&mut follower, 3), Vec::<String>::new(), "the line has no end yet");
        append(&path, "c\nd");
        assert_eq!(events(&mut follower, 3), ["bc\n"]);
        let mut rest = Vec::new();
        follower.finish(&mut rest);
        assert_eq!(rest, b"d\n");
    }

    #[test]
    fn a_line_that_is_too_long_to_hold_comes_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let long = "x".repeat(300_000);
        write(&path, &long).unwrap();
        let mut follower = Follower::new(&path);
        let begun = events(&mut follower, 20).concat();
        assert!(long.starts_with(&begun) && begun.len() > 200_000);
        append(&path, "\nb\n");
        let ended = events(&mut follower, 3).concat();
        assert_eq!(begun + &ended, long + "\nb\n");
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
        assert_eq!(events(&mut follower, 3), ["a\n"]);
        rename(&path, &old).unwrap();
        assert_eq!(events(&mut follower, 2), ["Missing"]);
        append(&old, "b\n");
        assert_eq!(events(&mut follower, 2), ["b\n"], "the writer goes on with the old one");
        write(&path, "c\n").unwrap();
        append(&old, "d\n");
        assert_eq!(events(&mut follower, 8), ["d\n", "c\n"]);
    }

    /// Follows a file that was renamed after it was read, with a new one under its name.
    fn rotated(folder: &Path) -> (PathBuf, PathBuf, Follower) {
        let (path, old) = (folder.join("log"), folder.join("log.1"));
        write(&path, "a\n").unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 3), ["a\n"]);
        rename(&path, &old).unwrap();
        write(&path, "b\n").unwrap();
        assert_eq!(events(&mut follower, 3), ["b\n"]);
        (path, old, follower)
    }

    #[test]
    fn reads_the_old_file_beside_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old, mut follower) = rotated(folder.path());
        let polls = PATIENCE as usize - 10;
        assert_eq!(events(&mut follower, polls), Vec::<String>::new());
        append(&path, "new\nnew ");
        append(&old, "old\nold ");
        assert_eq!(events(&mut follower, polls), ["old\n", "new\n"]);
        append(&path, "end\n");
        append(&old, "end\n");
        assert_eq!(events(&mut follower, polls), ["old end\n", "new end\n"]);
        append(&old, "cut");
        assert_eq!(events(&mut follower, 2 * PATIENCE as usize), ["cut\n"]);
        append(&old, "too late\n");
        append(&path, "c\n");
        assert_eq!(events(&mut follower, 4), ["c\n"]);
    }

    #[test]
    fn another_rotation_ends_the_oldest_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, oldest, mut follower) = rotated(folder.path());
        let old = folder.path().join("log.2");
        append(&oldest, "1");
        append(&path, "2\n");
        rename(&path, &old).unwrap();
        write(&path, "3\n").unwrap();
        assert_eq!(events(&mut follower, 6), ["2\n", "1\n", "3\n"]);
        append(&oldest, "too late\n");
        append(&old, "4\n");
        assert_eq!(events(&mut follower, 4), ["4\n"]);
    }

    #[test]
    fn nothing_comes_twice_when_the_name_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old, mut follower) = rotated(folder.path());
        rename(&old, &path).unwrap();
        append(&path, "c\n");
        assert_eq!(events(&mut follower, 6), ["c\n"]);
        append(&path, "d\n");
        assert_eq!(events(&mut follower, 6), ["d\n"]);
    }

    #[test]
    fn starts_again_after_truncation() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let long = "long line\n".repeat(100);
        let cases = [
            ("empty", "line 1\n", String::new()),
            ("shorter", "line 1\n", "2\n".to_owned()),
            ("as long", "line 1\n", "line 2\n".to_owned()),
            ("longer", "line 1\n", "line 2\nline 3\n".to_owned()),
            ("with the same end", &long, format!("diff line\n{}", long.repeat(2))),
        ];
        for (name, before, after) in cases {
            write(&path, before).unwrap();
            let mut follower = Follower::new(&path);
            assert_eq!(events(&mut follower, 3), [before], "{name}");
            // Truncates and writes, in the same file.
            write(&path, &after).unwrap();
            let found = events(&mut follower, 4);
            assert_eq!(found.iter().filter(|event| *event == "Truncated").count(), 1, "{name}");
            assert_eq!(found.concat(), format!("Truncated{after}"), "{name}");
        }
    }

    #[test]
    fn truncation_ends_the_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        write(&path, "a\nb").unwrap();
        let mut follower = Follower::new(&path);
        assert_eq!(events(&mut follower, 3), ["a\n"]);
        write(&path, "c\n").unwrap();
        assert_eq!(events(&mut follower, 3), ["b\n", "Truncated", "c\n"]);
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
        assert_eq!(events(&mut follower, 8), ["b\n"]);
    }
}
