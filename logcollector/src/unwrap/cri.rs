//! Log files of container runtimes (CRI): `TIME stdout|stderr TAGS MESSAGE`.
//!
//! See <https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/kubelet/kuberuntime/logs/logs.go>.

use super::Stream;

/// What a runtime wrote after the time.
pub(super) struct Cri<'a> {
    pub(super) stream: Stream,
    pub(super) partial: bool,
    pub(super) body: &'a [u8],
}

/// Reads what follows the time and its space.
#[inline]
pub(super) fn parse(rest: &[u8]) -> Option<Cri<'_>> {
    let (name, rest) = rest.split_first_chunk::<7>()?;
    let stream = match name {
        b"stdout " => Stream::Stdout,
        b"stderr " => Stream::Stderr,
        _ => return None,
    };
    if let [b'F', b' ', body @ ..] = rest {
        return Some(Cri { stream, partial: false, body });
    }
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (tags, body) = rest.split_at(end);
    let partial = match tags.split(|&byte| byte == b':').next() {
        Some(b"P") => true,
        Some(b"F") => false,
        _ => return None,
    };
    Some(Cri { stream, partial, body: body.strip_prefix(b" ").unwrap_or(body) })
}
