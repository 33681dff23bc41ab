//! Streams: what is remembered of each container's output among the lines of an input.

use std::collections::HashMap;

use crate::enrich::Writer;
use crate::other::Other;
use crate::pipeline::Block;
use crate::unwrap::Wrapper;
use crate::visible;

/// More streams than this share one memory, so that hostile prefixes cannot fill ours.
const MOST: usize = 4096;

/// What is remembered of a stream.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The format that its lines are read with: an index among those in use.
    pub(crate) format: Option<usize>,
    /// The formats that manifests give its pod, likeliest first.
    pub(crate) given: Vec<usize>,
    /// How many of them, at the front, are those of now; the others were given before.
    pub(crate) current: usize,
    /// The edition of the pods' formats that they are from.
    pub(crate) edition: u64,
    /// The pod that writes it, once that was looked up.
    pub(crate) writer: Option<Writer>,
    /// Whose log the last line was, if it was no record.
    pub(crate) last_other: Option<Other>,
    /// The chunk whose lines were looked through for a format, in vain.
    pub(crate) searched: Option<u64>,
    /// How many times the format has changed.
    pub(crate) changes: u32,
    /// The beginning of a record of several lines.
    pub(crate) block: Block,
    /// The pod and the container, as they are shown; empty if the wrapper did not tell.
    pub(crate) name: String,
}

/// The streams of one input.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    list: Vec<Stream>,
    by_key: HashMap<Vec<u8>, usize>,
    /// The places of streams that have ended.
    free: Vec<usize>,
    last: Option<usize>,
    last_key: Vec<u8>,
    key: Vec<u8>,
}

impl Streams {
    /// The stream of a line: what its wrapper tells of pod, container and stream.
    pub(crate) fn of(&mut self, wrapper: &Wrapper<'_>) -> &mut Stream {
        write_key(wrapper, &mut self.key);
        let known = self.last.filter(|_| self.key == self.last_key);
        let at = match known.or_else(|| self.by_key.get(&self.key).copied()) {
            Some(at) => at,
            None => self.add(wrapper),
        };
        if known.is_none() {
            self.last = Some(at);
            self.last_key.clone_from(&self.key);
        }
        if self.list.len() <= at {
            self.list.resize_with(at + 1, Stream::default);
        }
        &mut self.list[at]
    }

    /// The stream of a line, if it had lines before.
    pub(crate) fn known(&mut self, wrapper: &Wrapper<'_>) -> Option<&mut Stream> {
        write_key(wrapper, &mut self.key);
        let at = *self.by_key.get(&self.key)?;
        self.list.get_mut(at)
    }

    /// Forgets a stream that has ended.
    pub(crate) fn forget(&mut self, wrapper: &Wrapper<'_>) {
        write_key(wrapper, &mut self.key);
        if let Some(at) = self.by_key.remove(&self.key) {
            self.last = None;
            self.free.push(at);
        }
    }

    /// All streams.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.list.iter_mut()
    }

    fn add(&mut self, wrapper: &Wrapper<'_>) -> usize {
        if self.list.len() >= MOST && self.free.is_empty() {
            return MOST;
        }
        let name = [wrapper.pod, wrapper.container];
        let name: Vec<String> = name.into_iter().flatten().map(visible::text).collect();
        let stream = Stream { name: name.join("/"), ..Stream::default() };
        let at = self.free.pop().unwrap_or(self.list.len());
        match self.list.get_mut(at) {
            Some(place) => *place = stream,
            None => self.list.push(stream),
        }
        self.by_key.insert(self.key.clone(), at);
        at
    }
}

fn write_key(wrapper: &Wrapper<'_>, key: &mut Vec<u8>) {
    key.clear();
    if (wrapper.pod, wrapper.container, wrapper.stream) == (None, None, None) {
        return;
    }
    let stream = wrapper.stream.map(|stream| stream.as_str().as_bytes());
    for part in [wrapper.namespace, wrapper.pod, wrapper.container, stream] {
        key.extend_from_slice(part.unwrap_or_default());
        key.push(b'/');
    }
}

/// Whether two lines are of one stream.
pub(crate) fn same(left: &Wrapper<'_>, right: &Wrapper<'_>) -> bool {
    left.namespace == right.namespace
        && (left.pod, left.container, left.stream) == (right.pod, right.container, right.stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_told_apart_and_bounded() {
        let mut streams = Streams::default();
        let pod = |name: &'static str| Wrapper { pod: Some(name.as_bytes()), ..Wrapper::default() };
        assert!(streams.known(&pod("a")).is_none());
        streams.of(&pod("a")).changes = 1;
        streams.of(&pod("b")).changes = 2;
        assert_eq!(streams.known(&pod("a")).map(|stream| stream.changes), Some(1));
        assert_eq!(streams.of(&pod("a")).changes, 1);
        assert_eq!(streams.of(&pod("b")).changes, 2);
        assert_eq!(streams.of(&pod("b")).name, "b");
        for number in 0..2 * MOST {
            let name = number.to_string();
            streams.of(&Wrapper { pod: Some(name.as_bytes()), ..Wrapper::default() }).changes = 3;
        }
        assert_eq!(streams.of(&pod("a")).changes, 1);
        assert!(streams.known(&pod("8191")).is_none(), "it shares a memory");
        assert!(streams.list.len() <= MOST + 1 && streams.by_key.len() <= MOST);
        streams.forget(&pod("a"));
        assert_eq!(streams.of(&pod("a")).changes, 0, "a place is free again");
        streams.of(&pod("a")).changes = 4;
        assert_eq!(streams.of(&pod("b")).changes, 2);
        assert_eq!(streams.of(&pod("a")).changes, 4);
    }
}
