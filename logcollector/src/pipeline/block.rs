//! Blocks: the lines of one record, for formats that have newlines inside.

use std::collections::VecDeque;

use crate::unwrap::Wrapper;

/// Lines of a stream that may become one record together.
#[derive(Debug, Default)]
pub(crate) struct Block {
    lines: VecDeque<Line>,
}

/// A line that waits for those after it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) body: Vec<u8>,
    /// Its number in the input, from 1.
    pub(crate) number: u64,
    time: Option<Vec<u8>>,
}

impl Block {
    /// Takes a line, and its time if the wrapper told one.
    pub(super) fn push(&mut self, wrapper: &Wrapper<'_>, body: &[u8], number: u64) {
        let time = wrapper.time.map(<[u8]>::to_vec);
        self.lines.push_back(Line { body: body.to_vec(), number, time });
    }

    /// How many lines wait.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// All lines that wait as one message, and the time of the first.
    pub(super) fn joined(&self) -> (Vec<u8>, Option<&[u8]>) {
        let bodies: Vec<&[u8]> = self.lines.iter().map(|line| line.body.as_slice()).collect();
        (bodies.join(&b'\n'), self.lines.front().and_then(|line| line.time.as_deref()))
    }

    /// Takes the oldest line out.
    pub(super) fn pop(&mut self) -> Option<Line> {
        self.lines.pop_front()
    }

    /// Forgets the lines: they were a record.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
    }
}
