//! Unwrapping: what kubectl, a container runtime's log file or docker put around a line.
//!
//! [`look`] tells from one line alone which wrapper it seems to have, and where the message begins.
//! Whether it really has one can need a try at reading: an access log may itself begin with a time.
//! That choice is made by the pipeline, with [`prefers_wrapper`]. [`Joiner`] puts the parts of long
//! lines together again.

mod cri;
mod docker;
mod join;
mod kubectl;
mod time;

use std::borrow::Cow;

pub use join::{Joined, Joiner};
pub use time::Time;

/// What a wrapper tells about a line; each part is there only if the wrapper told it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Wrapper<'a> {
    /// The pod's namespace.
    pub namespace: Option<&'a [u8]>,
    /// The pod's name.
    pub pod: Option<&'a [u8]>,
    /// The container's name.
    pub container: Option<&'a [u8]>,
    /// `stdout` or `stderr`.
    pub stream: Option<Stream>,
    /// When the runtime took the line, as the wrapper wrote it.
    pub time: Option<&'a [u8]>,
}

/// The stream of a container that a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The name as runtimes write it: `stdout` or `stderr`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    fn from_bytes(name: &[u8]) -> Option<Self> {
        match name {
            b"stdout" => Some(Self::Stdout),
            b"stderr" => Some(Self::Stderr),
            _ => None,
        }
    }
}

/// The wrapper that a line seems to have, judged by the line alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look<'a> {
    /// The pod and the container of a `[pod/NAME/CONTAINER] ` prefix.
    pub prefix: Option<(&'a [u8], &'a [u8])>,
    /// The line after that prefix.
    pub unprefixed: &'a [u8],
    /// The form of what follows the prefix.
    pub form: Form<'a>,
}

/// The form of a line after kubectl's pod prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form<'a> {
    /// Nothing that looks like a wrapper.
    Plain,
    /// A time and a space, as `kubectl logs --timestamps` writes it, or the message's own.
    Timestamp {
        /// The time.
        time: Time<'a>,
        /// What follows the space.
        body: &'a [u8],
    },
    /// A line of a container runtime's log file.
    Cri {
        /// The time.
        time: Time<'a>,
        /// The stream.
        stream: Stream,
        /// Whether the message goes on in the stream's next line.
        partial: bool,
        /// The message or a part of it.
        body: &'a [u8],
    },
    /// A line of docker's json-file log driver.
    Docker {
        /// The time.
        time: Cow<'a, str>,
        /// The stream.
        stream: Stream,
        /// Whether the message goes on in the stream's next line.
        partial: bool,
        /// The message or a part of it, without its newline.
        body: Cow<'a, str>,
    },
}

/// Tells which wrapper `line` seems to have.
pub fn look(line: &[u8]) -> Look<'_> {
    let (prefix, unprefixed) = match kubectl::prefix(line) {
        Some((pod, container, rest)) => (Some((pod, container)), rest),
        None => (None, line),
    };
    Look { prefix, unprefixed, form: form(unprefixed) }
}

fn form(line: &[u8]) -> Form<'_> {
    if let Some(docker) = docker::parse(line) {
        return docker;
    }
    match timed(line) {
        Some(Timed { time, part: Some((stream, partial)), body }) => {
            Form::Cri { time, stream, partial, body }
        }
        Some(Timed { time, part: None, body }) => Form::Timestamp { time, body },
        None => Form::Plain,
    }
}

/// A line that starts with a time and a space.
pub(crate) struct Timed<'a> {
    pub(crate) time: Time<'a>,
    /// The stream, and whether the message goes on in its next line, where it is a runtime's.
    pub(crate) part: Option<(Stream, bool)>,
    /// The message or a part of it.
    pub(crate) body: &'a [u8],
}

/// Splits a line that has no pod prefix behind its time, and behind what a runtime wrote after that.
#[inline]
pub(crate) fn timed(line: &[u8]) -> Option<Timed<'_>> {
    let (time, rest) = Time::at_start(line)?;
    let rest = rest.strip_prefix(b" ")?;
    Some(match cri::parse(rest) {
        Some(cri) => Timed { time, part: Some((cri.stream, cri.partial)), body: cri.body },
        None => Timed { time, part: None, body: rest },
    })
}

/// Whether a line may be one of docker's, judged by its first bytes: no other line is.
#[inline]
pub fn may_be_docker(line: &[u8]) -> bool {
    line.starts_with(b"{") && docker::may_be(line)
}

/// Whether a line that reads both with and without its leading time is taken as wrapped.
///
/// Runtimes write nine digits (kubectl) or an offset; Envoy writes three digits and `Z`. Anything
/// between goes the way of the records before it in the same input.
pub fn prefers_wrapper(time: Time<'_>, wrapped_before: bool) -> bool {
    match (time.fraction_digits, time.utc) {
        (9, _) | (_, false) => true,
        (3, true) => false,
        _ => wrapped_before,
    }
}

#[cfg(test)]
mod tests;
