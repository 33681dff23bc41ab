//! Texts in messages.

/// The most characters of a found text that a message repeats.
const CLIP: usize = 60;

/// A found text, cut where it is long, with control characters escaped.
pub(crate) fn clipped(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(CLIP)
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if text.chars().nth(CLIP).is_some() {
        out.push_str("...");
    }
    out
}
