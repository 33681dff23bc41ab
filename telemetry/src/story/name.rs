//! Names for the objects that a story suggests.

use mesh::name_of;

use crate::attach::{GATEWAY_NAME, Target};

/// A name for an object about a proxy.
pub(super) fn name(target: &Target<'_>) -> String {
    let service = target.service.map(|service| service.name.as_str());
    let gateway = || target.labels.get(GATEWAY_NAME).map(String::as_str);
    let of = service.or_else(gateway).or_else(|| name_of(target.labels)).unwrap_or_default();
    match plain(of).as_str() {
        "" => "access-log".to_owned(),
        of => format!("{of}-access-log"),
    }
}

/// A text in characters that a name can have; empty where none is left.
pub(crate) fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = text.chars().take(200).map(plain).collect();
    text.trim_matches('-').to_owned()
}
