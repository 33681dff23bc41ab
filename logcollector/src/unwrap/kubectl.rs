//! The prefix of `kubectl logs --prefix`: `[pod/NAME/CONTAINER] `.

/// Splits a line into pod, container and what follows the prefix.
pub(super) fn prefix(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = line.strip_prefix(b"[pod/")?;
    let (pod, rest) = name(rest)?;
    let (container, rest) = name(rest.strip_prefix(b"/")?)?;
    Some((pod, container, rest.strip_prefix(b"] ")?))
}

/// Splits after the name of a Kubernetes object.
fn name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    // No pod or container name is longer than this, so that a hostile line is not walked through.
    const LONGEST: usize = 253;
    let end = bytes
        .iter()
        .take(LONGEST + 1)
        .take_while(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        })
        .count();
    if end == 0 { None } else { bytes.split_at_checked(end) }
}
