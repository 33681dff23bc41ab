//! Whether lines are to come of what was switched on.

use std::time::Duration;

use tokio::time::Instant;

/// Whether lines are to come of what was switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Nothing,
    /// The first, since this time.
    Lines(Instant),
    /// The first, and it was said that it takes long.
    Late(Instant),
}

impl Expected {
    /// When it takes long.
    pub(super) fn late(self) -> Option<Instant> {
        /// How long the first line may take.
        const SOON: Duration = Duration::from_secs(20);
        match self {
            Self::Lines(since) => Some(since + SOON),
            Self::Nothing | Self::Late(_) => None,
        }
    }
}
