//! The marks on the objects that are made here, by which they are found again.

use jiff::Timestamp;
use mesh::{Labels, Meta};

/// The label that says who made an object, of
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#app-kubernetes-io-managed-by>.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The value of [`MANAGED_BY`] on the objects that are made here.
pub const MANAGER: &str = "logcollector";

/// The annotation with the time, as of RFC 3339, from which an object may be removed by anybody.
pub const EXPIRES: &str = "logcollector.io/expires";

/// The labels of a new object.
pub(super) fn labels() -> Labels {
    Labels::from([(MANAGED_BY.to_owned(), MANAGER.to_owned())])
}

/// The annotations of a new object.
pub(super) fn annotations(expires: Timestamp) -> Labels {
    Labels::from([(EXPIRES.to_owned(), expires.to_string())])
}

/// Whether a Telemetry was made here: it has both marks. All others are never touched.
pub fn is_ours(meta: &Meta) -> bool {
    meta.labels.get(MANAGED_BY).is_some_and(|it| it == MANAGER)
        && meta.annotations.contains_key(EXPIRES)
}

/// When an object that was made here expires; `None` for all others, and where the annotation is no
/// time.
pub fn expires(meta: &Meta) -> Option<Timestamp> {
    meta.annotations.get(EXPIRES).filter(|_| is_ours(meta))?.parse().ok()
}

/// Whether an object was made here and its time is over. One whose time cannot be read never expires.
pub fn is_expired(meta: &Meta, at: Timestamp) -> bool {
    expires(meta).is_some_and(|expires| expires <= at)
}

/// Whether somebody changed the spec of an object that was made here, so that removing it would undo
/// more than was done here; never for manifests without a `generation`.
pub fn was_changed(meta: &Meta) -> bool {
    is_ours(meta) && meta.generation.is_some_and(|generation| generation > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_by_their_marks() {
        let at: Timestamp = "2026-11-26T00:15:00Z".parse().expect("a time");
        for (name, manager, expires, generation, ours, expired, changed) in [
            ("ours", "logcollector", Some("2026-11-26T00:15:01Z"), None, true, false, false),
            (
                "on the second",
                "logcollector",
                Some("2026-11-26T00:15:00Z"),
                None,
                true,
                true,
                false,
            ),
            (
                "another zone",
                "logcollector",
                Some("2026-11-26T01:15:00+01:00"),
                None,
                true,
                true,
                false,
            ),
            ("no time", "logcollector", Some("tomorrow"), None, true, false, false),
            ("no annotation", "logcollector", None, Some(2), false, false, false),
            ("Helm's", "Helm", Some("2020-01-01T00:00:00Z"), Some(2), false, false, false),
            (
                "as created",
                "logcollector",
                Some("2030-01-01T00:00:00Z"),
                Some(1),
                true,
                false,
                false,
            ),
            ("changed", "logcollector", Some("2030-01-01T00:00:00Z"), Some(2), true, false, true),
        ] {
            let meta = Meta {
                labels: Labels::from([(MANAGED_BY.to_owned(), manager.to_owned())]),
                annotations: expires
                    .map(|it| (EXPIRES.to_owned(), it.to_owned()))
                    .into_iter()
                    .collect(),
                generation,
                ..Meta::default()
            };
            assert_eq!(is_ours(&meta), ours, "{name}");
            assert_eq!(is_expired(&meta, at), expired, "{name}");
            assert_eq!(was_changed(&meta), changed, "{name}");
        }
    }
}
