//! Reading ahead: a thread reads an input, so that what has come can be told from what is to come.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle};

use super::decode;

/// How much is read at a time: what a pipe holds.
const PIECE: usize = 64 * 1024;
/// How many pieces are read ahead.
const MOST: usize = 8;

/// An input that a thread reads. It ends with the end of the input, or with an error.
pub(super) struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Pieces that were taken, to be used again.
    used: Sender<Vec<u8>>,
    /// What has come and was not taken, and how much of it was.
    here: Option<(io::Result<Vec<u8>>, usize)>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Starts to read. Where no thread can be started, that is the error that the input ends with.
    pub(super) fn start(reader: Box<dyn Read + Send>) -> Self {
        let (sender, pieces) = mpsc::sync_channel(MOST);
        let (used, free) = mpsc::channel();
        let read = move || read_all(reader, &sender, &free);
        let (thread, here) = match thread::Builder::new().name("read".to_owned()).spawn(read) {
            Ok(thread) => (Some(thread), None),
            Err(error) => (None, Some((Err(error), 0))),
        };
        Self { pieces, used, here, thread }
    }

    /// Gives what has come, as much as fits into `block`, and waits only when there is nothing; 0 at the
    /// end. What came before an error is given first.
    pub(super) fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        if self.here.is_none() {
            let piece = self.pieces.recv().ok().or_else(|| self.failure().map(Err));
            self.here = piece.map(|piece| (piece, 0));
        }
        let mut filled = 0;
        while filled < block.len() && !self.may_wait() {
            let (Some((Ok(piece), taken)), Some(free)) = (&mut self.here, block.get_mut(filled..))
            else {
                break;
            };
            let rest = piece.get(*taken..).unwrap_or_default();
            let count = rest.len().min(free.len());
            if let (Some(free), Some(rest)) = (free.get_mut(..count), rest.get(..count)) {
                free.copy_from_slice(rest);
            }
            (filled, *taken) = (filled + count, *taken + count);
            if *taken == piece.len()
                && let Some((Ok(piece), _)) = self.here.take()
            {
                // The thread may have come to the end.
                let _ = self.used.send(piece);
            }
        }
        match self.here.take_if(|(piece, _)| filled == 0 && piece.is_err()) {
            Some((Err(error), _)) => Err(error),
            _ => Ok(filled),
        }
    }

    /// Why the thread has ended before the input, if it has.
    fn failure(&mut self) -> Option<io::Error> {
        let ended = self.thread.take()?.join();
        ended.is_err().then(|| io::Error::other("reading it has failed"))
    }

    /// Whether nothing is there that was not taken.
    pub(super) fn may_wait(&mut self) -> bool {
        if self.here.is_none() {
            self.here = self.pieces.try_recv().ok().map(|piece| (piece, 0));
        }
        self.here.is_none()
    }
}

fn read_all(
    mut reader: Box<dyn Read + Send>,
    pieces: &SyncSender<io::Result<Vec<u8>>>,
    free: &Receiver<Vec<u8>>,
) {
    loop {
        let mut piece = free.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let read = match decode::read(&mut reader, &mut piece) {
            Ok(0) => return,
            Ok(count) => {
                piece.truncate(count);
                Ok(piece)
            }
            Err(error) => Err(error),
        };
        let ended = read.is_err();
        // Where nobody takes it, the work is over.
        if pieces.send(read).is_err() || ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its parts one by one, and an error where one has no text.
    struct Parts(Vec<Option<&'static [u8]>>);

    impl Read for Parts {
        fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let text = self.0.remove(0).ok_or_else(|| io::Error::other("broken"))?;
            block[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    fn content(parts: Vec<Option<&'static [u8]>>, size: usize) -> (Vec<u8>, bool) {
        let mut ahead = Ahead::start(Box::new(Parts(parts)));
        let (mut content, mut block) = (Vec::new(), vec![0; size]);
        loop {
            match ahead.read(&mut block) {
                Ok(0) => return (content, true),
                Ok(count) => content.extend_from_slice(&block[..count]),
                Err(_) => return (content, false),
            }
        }
    }

    #[test]
    fn all_is_given_in_order_and_errors_last() {
        let parts: Vec<Option<&'static [u8]>> = vec![Some(b"ab"), Some(b"c"), Some(b"defg")];
        for size in [1, 2, 3, 100] {
            assert_eq!(content(parts.clone(), size), (b"abcdefg".to_vec(), true), "{size}");
            let broken = [parts.clone(), vec![None]].concat();
            assert_eq!(content(broken, size), (b"abcdefg".to_vec(), false), "{size}");
        }
        assert_eq!(content(Vec::new(), 3), (Vec::new(), true), "empty");
    }

    #[test]
    fn a_thread_that_fails_is_no_end_of_the_input() {
        // It does not fit into what is read at a time.
        const LONG: &[u8] = &[b'x'; PIECE + 1];
        assert_eq!(content(vec![Some(b"ab"), Some(LONG)], 10), (b"ab".to_vec(), false));
    }
}
