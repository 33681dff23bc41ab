//! Log files of container runtimes (CRI): `TIME stdout|stderr TAGS MESSAGE`.
//!
//! See <https://github.com/kubernetes/kubernetes/blob/v1.32.0/pkg/kubelet/kuberuntime/logs/logs.go>.

use super::{Form, Stream, Time};

/// Reads what follows the time and its space.
pub(super) fn parse<'a>(time: Time<'a>, rest: &'a [u8]) -> Option<Form<'a>> {
    let (name, rest) = rest.split_at_checked(6)?;
    let stream = Stream::from_bytes(name)?;
    let rest = rest.strip_prefix(b" ")?;
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let (tags, body) = rest.split_at(end);
    let partial = match tags.split(|&byte| byte == b':').next() {
        Some(b"P") => true,
        Some(b"F") => false,
        _ => return None,
    };
    Some(Form::Cri { time, stream, partial, body: body.strip_prefix(b" ").unwrap_or(body) })
}
