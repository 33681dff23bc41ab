//! Which format the messages of a stream are read with: given, told from the lines, or changed.

use std::io::Write;

use super::{ANNOUNCED, Message, Messages, pod_of};
use crate::other::Other;
use crate::output::Stop;
use crate::streams::same;
use crate::unwrap::{self, Form, Wrapper};
use crate::visible;

/// How many formats are kept of those that a pod was given before.
const KEPT: usize = 4;

impl<W: Write> Messages<W> {
    /// The format of a stream, told from what has arrived of it if it was not known.
    pub(super) fn format_of(&mut self, candidates: &[Message<'_>], rest: &[u8]) -> Option<usize> {
        if let Some(fixed) = self.formats.fixed() {
            return Some(fixed);
        }
        let wrapper = &candidates.first()?.wrapper;
        let edition = self.formats.edition();
        let mut stream = self.streams.of(wrapper);
        if stream.edition != edition {
            stream.edition = edition;
            self.give(wrapper);
            stream = self.streams.of(wrapper);
        }
        if stream.format.is_some() || stream.searched == Some(self.chunk) {
            return stream.format;
        }
        // No search for a line that is none: a stream may hold nothing but the log of Envoy itself.
        let goes_on = stream.last_other.is_some();
        if stream.searched.is_some()
            && candidates.iter().any(|it| is_surely_other(it.body, goes_on))
        {
            return None;
        }
        let new = stream.searched.replace(self.chunk).is_none();
        if new && self.formats.knows_pods() {
            self.give(wrapper);
            if let Some(format) = self.streams.of(wrapper).format {
                return Some(format);
            }
        }
        let here = candidates.iter().map(|message| message.body);
        let ahead = &mut self.ahead;
        let lines = here.chain(messages_of(wrapper, rest, ahead));
        let (format, said) = self.formats.detect(lines)?;
        self.take(wrapper, format, &said);
        Some(format)
    }

    /// Gives a new stream the formats that the manifests have for its pod.
    fn give(&mut self, wrapper: &Wrapper<'_>) {
        let told = pod_of(wrapper);
        let Some(pod) = told.as_ref().or(self.input_pod.as_ref()) else { return };
        let given = self.formats.of_pod(pod);
        if let Some(&format) = given.as_deref().and_then(<[usize]>::first) {
            let stream = self.streams.of(wrapper);
            let mut all = given.unwrap_or_default();
            stream.current = all.len();
            // What was given before may still arrive for a while.
            all.extend(
                stream.given.iter().filter(|old| !all.contains(old)).copied().collect::<Vec<_>>(),
            );
            all.truncate(stream.current + KEPT);
            stream.given = all;
            stream.format = Some(format);
            self.first_format.get_or_insert(format);
            return;
        }
        if self.live {
            return;
        }
        let why = match given {
            Some(_) => "writes no access log, by the manifests",
            None => "is not in the manifests",
        };
        self.unknown_pods += 1;
        match self.unknown_pods {
            ..ANNOUNCED => {
                let name = visible::text(pod.name.as_bytes());
                self.notes
                    .say(&format!("{name}: the pod {why}; its format is told from its lines"));
            }
            ANNOUNCED => {
                self.notes.say("further pods without a format in the manifests are not told")
            }
            _ => {}
        }
    }

    /// Reads a message with the other formats that its pod may write with; the one that fits is
    /// tried first from then on.
    pub(super) fn read_as_given<'c, 'a>(
        &mut self,
        candidates: &'c [Message<'a>],
        tried: usize,
    ) -> Result<Option<&'c Message<'a>>, Stop> {
        let Some(first) = candidates.first() else { return Ok(None) };
        let given = std::mem::take(&mut self.streams.of(&first.wrapper).given);
        let mut found = None;
        'formats: for &format in given.iter().filter(|&&format| format != tried) {
            for message in candidates {
                if self.read(message, format)?.is_none() {
                    found = Some((format, message));
                    break 'formats;
                }
            }
        }
        let stream = self.streams.of(&first.wrapper);
        stream.given = given;
        if let Some((format, _)) = found
            && stream.given.iter().take(stream.current).any(|current| *current == format)
        {
            stream.format = Some(format);
        }
        Ok(found.map(|(_, message)| message))
    }

    /// The format to go on with when a stream whose lines ended in a route name has one that goes on
    /// with a number, or with what our filter leaves: it was added to the mesh's format meanwhile.
    pub(super) fn gained_fields(
        &mut self,
        candidates: &[Message<'_>],
        format: usize,
    ) -> Option<usize> {
        let message = candidates.iter().find(|message| ends_in_added_field(message.body))?;
        let given = !self.streams.of(&message.wrapper).given.is_empty();
        if given || self.formats.fixed().is_some() || !self.formats.ends_in_route_name(format) {
            return None;
        }
        let switched = self.switch(message);
        switched.then(|| self.streams.of(&message.wrapper).format).flatten()
    }

    /// Changes a stream's format when a line that does not read as the current one tells another.
    pub(super) fn switch(&mut self, message: &Message<'_>) -> bool {
        let Some((format, said)) = self.formats.detect([message.body]) else {
            return false;
        };
        let stream = self.streams.of(&message.wrapper);
        if stream.format == Some(format) {
            return false;
        }
        if stream.format.is_some() {
            stream.changes += 1;
        }
        let said = match stream.changes {
            0 => said,
            changes if changes < ANNOUNCED => format!("from line {} on {said}", self.line_number),
            ANNOUNCED => "the format keeps changing; further changes are not told".to_owned(),
            _ => String::new(),
        };
        self.take(&message.wrapper, format, &said);
        true
    }

    fn take(&mut self, wrapper: &Wrapper<'_>, format: usize, said: &str) {
        let stream = self.streams.of(wrapper);
        stream.format = Some(format);
        let known = self.first_format.is_some();
        let same = *self.first_format.get_or_insert(format) == format;
        if said.is_empty() || (known && same && stream.changes == 0) {
            return;
        }
        let name = if known && !stream.name.is_empty() {
            format!("{} {}", self.input, stream.name)
        } else {
            self.input.clone()
        };
        self.notes.say(&format!("{name}: {said}"));
    }
}

/// Whether a line is of another log, and reads in no format that is told from lines; `goes_on` says that the
/// line before was of another log. In JSON, one may be both.
fn is_surely_other(line: &[u8], goes_on: bool) -> bool {
    !line.starts_with(b"{")
        && (Other::classify(line).is_some() || (goes_on && Other::is_continuation(line)))
}

/// Whether a line ends in a number, or in what may be an object or a history of our filter.
#[inline]
pub(in crate::pipeline) fn ends_in_added_field(line: &[u8]) -> bool {
    matches!(line.last(), Some(b'0'..=b'9' | b'}' | b's')) && last_word_is_added(line)
}

fn last_word_is_added(line: &[u8]) -> bool {
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = line.get(..line.len() - digits).unwrap_or_default();
    let is_last_word = |byte: &&u8| **byte != b' ';
    match rest {
        [.., b' '] => digits > 0,
        [.., b'}'] => digits == 0,
        [.., b'm', b's'] => {
            digits == 0 && rest.iter().rev().take_while(is_last_word).any(|byte| *byte == b'=')
        }
        _ => false,
    }
}

/// The messages of a stream in what follows its first line in a chunk, as far as one look tells.
///
/// Takes each line from `ahead`, and ends when that is used up: in a chunk with lines of thousands of
/// streams, each looks through what follows its first line.
fn messages_of<'l>(
    wrapper: &Wrapper<'_>,
    rest: &'l [u8],
    ahead: &mut usize,
) -> impl Iterator<Item = &'l [u8]> {
    let mut rest = Some(rest);
    let lines = std::iter::from_fn(move || {
        let here = rest?;
        *ahead = ahead.checked_sub(1)?;
        let (line, after) = here.split_at(memchr::memchr(b'\n', here).unwrap_or(here.len()));
        rest = after.get(1..);
        Some(line)
    });
    lines.filter_map(move |line| {
        let look = unwrap::look(line.strip_suffix(b"\r").unwrap_or(line));
        let (pod, container) = look.prefix.unzip();
        let (stream, body) = match look.form {
            Form::Plain => (None, look.unprefixed),
            Form::Timestamp { body, .. } => (None, body),
            Form::Cri { stream, partial: false, body, .. } => (Some(stream), body),
            Form::Cri { .. } | Form::Docker { .. } => return None,
        };
        let found = Wrapper { pod, container, stream, ..Wrapper::default() };
        same(&found, wrapper).then_some(body)
    })
}
